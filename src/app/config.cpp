#include "app/config.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "alerts/address.h"
#include "app/dotenv.h"
#include "app/field_changes.h"
#include "base/uuid.h"
#include "http/client.h"

namespace crmsync::app {

namespace {

constexpr std::size_t jwt_secret_min_bytes = 32;
constexpr std::size_t key_min_bytes = 32;

std::string prefix_of(Crm crm)
{
    std::string result(to_string(crm));
    for (char& c : result)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return result + "_";
}

std::optional<std::string> read_file(const std::string& path)
{
    std::ifstream in(path, std::ios::binary);
    if (!in) return std::nullopt;
    std::ostringstream text;
    text << in.rdbuf();
    return in.bad() ? std::nullopt : std::optional(std::move(text).str());
}

std::string environment_value(const char* name)
{
    const char* value = std::getenv(name);
    return value ? value : "";
}

/// systemd hands a service its credentials as files of their names in a directory: each counts as its NAME_FILE.
void add_credentials(const std::string& directory, Sources& sources)
{
    if (directory.empty()) return;
    for (const Variable& variable : variables()) {
        const std::string file = file_variable(variable);
        const std::filesystem::path path = std::filesystem::path(directory) / variable.name;
        std::error_code ignored;
        if (!file.empty() && std::filesystem::exists(path, ignored)) sources.environment.try_emplace(file, path);
    }
}

/// Gives every variable its value and collects what is wrong with it.
class Reader {
public:
    explicit Reader(const Sources& sources) : sources_(sources), problems_(sources.problems) { read_env_file(); }

    std::expected<Config, std::vector<Problem>> run()
    {
        for (const Variable& variable : variables()) settle(variable);
        general();
        tokens();
        listen();
        gate();
        outbound();
        if (!value("CRMSYNC_METRICS_LISTEN").empty())
            address_and_port("CRMSYNC_METRICS_LISTEN", config_.metrics_address, config_.metrics_port);
        database();
        for (const Crm crm : all_crms) connector(crm);
        mappings();
        alerts();
        notices();
        if (!problems_.empty()) return std::unexpected(std::move(problems_));
        return std::move(config_);
    }

private:
    struct FromFile {
        std::string value;
        int line = 0;
    };

    void read_env_file()
    {
        if (!sources_.env_file) return;
        Dotenv parsed = parse_dotenv(*sources_.env_file);
        for (DotenvProblem& problem : parsed.problems) add(at_line(problem.line), std::move(problem.message));
        for (DotenvEntry& entry : parsed.entries) {
            if (!is_known(entry.name)) warn_unknown(entry);
            from_file_[entry.name] = {std::move(entry.value), entry.line};
        }
    }

    static bool is_known(std::string_view name)
    {
        return find_variable(name) ||
               std::ranges::any_of(variables(), [&](const Variable& each) { return file_variable(each) == name; });
    }

    void warn_unknown(const DotenvEntry& entry)
    {
        const std::string_view similar = similar_variable(entry.name);
        if (similar.empty()) return;
        config_.warnings.push_back(
            {at_line(entry.line), fmt::format("{} is no setting; did you mean {}?", entry.name, similar)});
    }

    std::string at_line(int line) const { return fmt::format("{}:{}", sources_.env_file_path, line); }
    void add(std::string where, std::string message) { problems_.push_back({std::move(where), std::move(message)}); }

    void settle(const Variable& variable)
    {
        Setting setting{&variable, variable.fallback, "default"};
        if (const auto set = sources_.environment.find(variable.name); set != sources_.environment.end()) {
            if (!set->second.empty()) setting = {&variable, set->second, "environment"};
        } else if (const auto line = from_file_.find(variable.name); line != from_file_.end()) {
            if (!line->second.value.empty()) setting = {&variable, line->second.value, at_line(line->second.line)};
        }
        if (const std::string file = file_variable(variable); !file.empty()) settle_from_file(file, setting);
        if (std::string wrong = check(variable, setting.value); !wrong.empty()) {
            add(variable.name, std::move(wrong));
            setting.value = variable.fallback;
        }
        values_[variable.name] = config_.settings.size();
        config_.settings.push_back(std::move(setting));
    }

    /// NAME_FILE beside NAME: what the environment says goes before the `.env` file, as for all.
    void settle_from_file(const std::string& name, Setting& setting)
    {
        std::string path, origin;
        if (const auto set = sources_.environment.find(name);
            set != sources_.environment.end() && !set->second.empty()) {
            path = set->second;
            origin = "environment";
        } else if (const auto line = from_file_.find(name);
                   line != from_file_.end() && setting.origin != "environment") {
            path = line->second.value;
            origin = at_line(line->second.line);
        }
        if (path.empty()) return;
        const bool both = setting.origin != "default" && (origin == "environment") == (setting.origin == "environment");
        if (both) return add(name, fmt::format("is set, and so is {}; keep one of the two", setting.variable->name));
        std::optional<std::string> text = sources_.read_secret(path);
        if (!text) return add(name, fmt::format("names {}, which cannot be read", path));
        while (text->ends_with('\n') || text->ends_with('\r')) text->pop_back();
        if (text->empty()) return add(name, fmt::format("names {}, which is empty", path));
        setting.value = std::move(*text);
        setting.origin = path;
    }

    const std::string& value(std::string_view name) const { return config_.settings[values_.find(name)->second].value; }
    std::int64_t number(std::string_view name) const
    {
        const std::string& text = value(name);
        std::int64_t result = 0;
        std::from_chars(text.data(), text.data() + text.size(), result);
        return result;
    }

    void general()
    {
        config_.state_dir = value("CRMSYNC_STATE_DIR");
        if (config_.state_dir.empty())
            config_.state_dir = !sources_.xdg_state_home.empty()
                                    ? std::filesystem::path(sources_.xdg_state_home) / "crmsync"
                                : !sources_.home.empty() ? std::filesystem::path(sources_.home) / ".local/state/crmsync"
                                                         : std::filesystem::path("/var/lib/crmsync");
        config_.state_dir = std::filesystem::absolute(config_.state_dir);
        config_.log_level = value("CRMSYNC_LOG_LEVEL");
        config_.log_format = value("CRMSYNC_LOG_FORMAT");
        config_.api_docs = is_true(value("CRMSYNC_API_DOCS"));
        config_.open_metrics = is_true(value("CRMSYNC_METRICS_PUBLIC"));
        config_.exchanges_kept = static_cast<std::size_t>(number("CRMSYNC_EXCHANGES_KEPT"));
        config_.history_kept = std::chrono::days(number("CRMSYNC_HISTORY_DAYS"));
        config_.phone_region = value("CRMSYNC_DEFAULT_PHONE_REGION");
        const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
        if (config_.phone_region.size() != 2 || !std::ranges::all_of(config_.phone_region, is_capital))
            add("CRMSYNC_DEFAULT_PHONE_REGION",
                fmt::format("is \"{}\"; set it to two capital letters such as US or DE", config_.phone_region));
    }

    void tokens()
    {
        config_.jwt_audience = value("JWT_AUDIENCE");
        config_.jwt_issuer = value("JWT_ISSUER");
        config_.jwt_jwks = value("JWT_JWKS");
        config_.jwt_role_claim = value("JWT_ROLE_CLAIM");
        config_.jwt_default_role = parse_role(value("JWT_DEFAULT_ROLE"));
        config_.jwt_leeway = std::chrono::seconds(number("JWT_LEEWAY_SECONDS"));
        config_.jwt_secret = Secret(value("JWT_SECRET_KEY"));
        if (const std::size_t size = config_.jwt_secret.reveal().size(); size > 0 && size < jwt_secret_min_bytes)
            add("JWT_SECRET_KEY", fmt::format("has {} bytes and needs {}; make one with: openssl rand -base64 48", size,
                                              jwt_secret_min_bytes));
        config_.key = Secret(value("CRMSYNC_KEY"));
        if (const std::size_t size = config_.key.reveal().size(); size > 0 && size < key_min_bytes)
            add("CRMSYNC_KEY",
                fmt::format("has {} bytes and needs {}; make one with: openssl rand -base64 48", size, key_min_bytes));
    }

    void listen()
    {
        if (const std::int64_t port = number("PORT"); port > 0) {
            config_.listen_address = "0.0.0.0";
            config_.listen_port = static_cast<std::uint16_t>(port);
            return;
        }
        address_and_port("CRMSYNC_LISTEN", config_.listen_address, config_.listen_port);
    }

    void address_and_port(std::string_view name, std::string& address, std::uint16_t& number)
    {
        const std::string& text = value(name);
        const std::size_t colon = text.rfind(':');
        const std::string_view port =
            colon == std::string::npos ? std::string_view() : std::string_view(text).substr(colon + 1);
        const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
        if (colon == 0 || port.empty() || error != std::errc{} || end != port.data() + port.size())
            return add(std::string(name),
                       fmt::format("is \"{}\"; set it to ADDRESS:PORT such as 127.0.0.1:8000", text));
        address = text.substr(0, colon);
        if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
    }

    /// Who may connect to the API, and how.
    void gate()
    {
        config_.max_connections = static_cast<std::size_t>(number("CRMSYNC_MAX_CONNECTIONS"));
        config_.max_connections_per_client = static_cast<std::size_t>(number("CRMSYNC_MAX_CONNECTIONS_PER_CLIENT"));
        config_.requests_per_second = static_cast<std::size_t>(number("CRMSYNC_REQUESTS_PER_SECOND"));
        config_.confirm_above = static_cast<std::size_t>(number("CRMSYNC_CONFIRM_ABOVE"));
        const std::string& certificate = value("CRMSYNC_TLS_CERTIFICATE");
        const std::string& key = value("CRMSYNC_TLS_KEY");
        if (!certificate.empty() && !key.empty()) config_.tls = http::TlsFiles{certificate, key};
        if (certificate.empty() != key.empty())
            add(certificate.empty() ? "CRMSYNC_TLS_CERTIFICATE" : "CRMSYNC_TLS_KEY",
                "is missing: a certificate and its key go together");
        for (std::string& text : list_of("CRMSYNC_TRUSTED_PROXIES")) {
            if (const auto network = http::Network::parse(text))
                config_.trusted_proxies.push_back(*network);
            else
                add("CRMSYNC_TRUSTED_PROXIES", fmt::format("has \"{}\", {}", text, network.error().message));
        }
        for (std::string& text : list_of("CRMSYNC_CORS_ORIGINS")) {
            if (!is_origin(text))
                add("CRMSYNC_CORS_ORIGINS", fmt::format("has \"{}\"; write https://app.example.com", text));
            config_.cors_origins.push_back(std::move(text));
        }
    }

    /// How calls leave.
    void outbound()
    {
        config_.outbound = {.ca_file = value("CRMSYNC_CA_FILE"),
                            .proxy = value("CRMSYNC_PROXY"),
                            .direct = list_of("CRMSYNC_NO_PROXY")};
        const auto proxy = http::parse_url(config_.outbound.proxy);
        if (!config_.outbound.proxy.empty() && (!proxy || proxy->tls))
            add("CRMSYNC_PROXY", "must be of the form http://host:port");
        if (const std::string& path = config_.outbound.ca_file; !path.empty() && !sources_.read_secret(path))
            add("CRMSYNC_CA_FILE", fmt::format("names {}, which cannot be read", path));
    }

    std::vector<std::string> list_of(std::string_view name) const
    {
        std::vector<std::string> items;
        std::istringstream in(value(name));
        for (std::string item; std::getline(in, item, ',');) {
            std::erase(item, ' ');
            if (!item.empty()) items.push_back(std::move(item));
        }
        return items;
    }

    /// As browsers write an origin: scheme, host and port, in lower case, and nothing after them.
    static bool is_origin(const std::string& text)
    {
        const auto url = http::parse_url(text);
        const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
        return url && url->target == "/" && url->userinfo.empty() && !text.ends_with('/') &&
               std::ranges::none_of(text, is_upper);
    }

    void database()
    {
        const auto is_postgres = [](std::string_view url) {
            return url.starts_with("postgresql://") || url.starts_with("postgres://");
        };
        config_.database_url = value("DATABASE_URL");
        config_.database_direct_url = value("DATABASE_DIRECT_URL");
        config_.database_pool_size = static_cast<std::size_t>(number("DATABASE_POOL_SIZE"));
        config_.database_configured = !config_.database_url.empty();
        if (!config_.database_configured)
            config_.database_url = "sqlite:" + (config_.state_dir / "crmsync.db").string();
        if (!is_postgres(config_.database_url) && !config_.database_url.starts_with("sqlite:"))
            add("DATABASE_URL", "must begin with postgresql:// or sqlite:");
        if (!config_.database_direct_url.empty() && !is_postgres(config_.database_direct_url))
            add("DATABASE_DIRECT_URL", "must begin with postgresql://");
    }

    void connector(Crm crm)
    {
        const std::string prefix = prefix_of(crm);
        CrmConfig& target = config_.crm[crm];
        for (const Setting& setting : config_.settings)
            if (setting.variable->name.starts_with(prefix) && !setting.value.empty())
                target.settings[setting.variable->name.substr(prefix.size())] = setting.value;
        RunOptions& run = target.run;
        run.enabled = is_true(value(prefix + "SYNC_ENABLED"));
        run.auto_setup = target.settings.contains("AUTO_SETUP") && is_true(target.settings["AUTO_SETUP"]);
        run.interval = std::chrono::minutes(number(prefix + "SYNC_SCHEDULER_INTERVAL_MINUTES"));
        run.instances = static_cast<std::size_t>(number(prefix + "SYNC_SCHEDULER_MAX_INSTANCES"));
        run.batch_size = static_cast<std::size_t>(number(prefix + "SYNC_SCHEDULER_BATCH_SIZE"));
        run.drain = is_true(value(prefix + "SYNC_SCHEDULER_DRAIN"));
        run.retry.max_retries = static_cast<int>(number(prefix + "SYNC_MAX_RETRIES"));
        run.retry.base = std::chrono::minutes(number(prefix + "SYNC_RETRY_DELAY_MINUTES"));
        run.retry.exponential = is_true(value(prefix + "SYNC_RETRY_EXPONENTIAL"));
        target.missing = missing_credential(crm, target.settings);
        target.configured = target.missing.empty();
    }

    /// Names the credential without which the connector cannot exist.
    static std::string missing_credential(Crm crm, const Settings& settings)
    {
        const auto has = [&](std::string_view name) { return settings.contains(name); };
        switch (crm) {
            case Crm::brevo:
                return has("API_KEY") ? "" : "BREVO_API_KEY not configured";
            case Crm::hubspot:
                return has("API_KEY") || has("REFRESH_TOKEN") ? "" : "HUBSPOT_API_KEY not configured";
            case Crm::mautic:
                return has("BASE_URL") ? "" : "MAUTIC_BASE_URL not configured";
            case Crm::n8n:
                return has("WEBHOOK_URL") ? "" : "N8N_WEBHOOK_URL not configured";
        }
        __builtin_unreachable();
    }

    void mappings()
    {
        if (!sources_.toml) return;
        FieldChanges changes = parse_field_changes(*sources_.toml, sources_.toml_path, config_.phone_region);
        problems_.insert(problems_.end(), changes.problems.begin(), changes.problems.end());
        for (const Crm crm : all_crms) config_.crm[crm].fields = std::move(changes.fields[crm]);
    }

    void alerts()
    {
        AlertConfig& target = config_.alerts;
        target.smtp_url = value("SMTP_URL");
        target.smtp_username = value("SMTP_USERNAME");
        target.smtp_password = Secret(value("SMTP_PASSWORD"));
        target.smtp_from = value("SMTP_FROM");
        target.smtp_tls = value("SMTP_TLS");
        target.webhook_url = value("ALERT_WEBHOOK_URL");
        target.webhook_secret = Secret(value("ALERT_WEBHOOK_SECRET"));
        target.after = std::chrono::seconds(number("ALERT_AFTER_SECONDS"));
        target.digest_every = std::chrono::minutes(number("ALERT_DIGEST_MINUTES"));
        bool any = false;
        for (const Crm crm : all_crms) any |= recipients(crm);
        if (!target.smtp_url.empty()) mail_server(any);
    }

    /// Whether there are any.
    bool recipients(Crm crm)
    {
        const std::string name = prefix_of(crm) + "SYNC_FAILURE_NOTIFICATION_EMAIL";
        const std::string& text = config_.alerts.recipients[crm] = value(name);
        if (text.empty()) return false;
        if (const Result<std::vector<alerts::Mailbox>> parsed = alerts::parse_mailboxes(text); !parsed)
            add(name, parsed.error().message);
        if (config_.alerts.smtp_url.empty())
            config_.warnings.push_back({name, "is set, but SMTP_URL is not: no mail is sent"});
        return true;
    }

    void mail_server(bool has_recipients)
    {
        const AlertConfig& target = config_.alerts;
        if (const Result<alerts::MailServer> server = alerts::parse_mail_server(target.smtp_url); !server)
            add("SMTP_URL", server.error().message);
        if (!has_recipients)
            config_.warnings.push_back(
                {"SMTP_URL", "is set, but no CRM's SYNC_FAILURE_NOTIFICATION_EMAIL is: no mail is sent"});
        if (target.smtp_username.empty() != target.smtp_password.empty())
            add("SMTP_USERNAME", "goes with SMTP_PASSWORD; set both or none");
        if (target.smtp_from.empty()) {
            if (has_recipients) add("SMTP_FROM", "is not set; mail needs a sender such as crmsync@example.com");
        } else if (const auto from = alerts::parse_mailboxes(target.smtp_from); !from) {
            add("SMTP_FROM", from.error().message);
        } else if (from->size() != 1) {
            add("SMTP_FROM", "must be one address");
        }
    }

    /// What works and should be known: secrets in plain text on the wire.
    void notices()
    {
        for (const Crm crm : all_crms)
            for (const std::string_view name : {"API_BASE_URL", "BASE_URL", "WEBHOOK_URL"})
                warn_of_plain_text(crm, name);
    }

    void warn_of_plain_text(Crm crm, std::string_view name)
    {
        const Settings& settings = config_.crm[crm].settings;
        const auto address = settings.find(name);
        if (!config_.crm[crm].configured || address == settings.end()) return;
        const auto url = http::parse_url(address->second);
        if (url && !url->tls && !http::is_loopback(url->host))
            config_.warnings.push_back(
                {prefix_of(crm) + std::string(name),
                 "begins with http://: contacts and credentials go over the wire in plain text"});
    }

    const Sources& sources_;
    std::map<std::string, FromFile, std::less<>> from_file_;
    std::map<std::string, std::size_t, std::less<>> values_;  // Name -> index in config_.settings.
    std::vector<Problem> problems_;
    Config config_;
};

/// Creates the file with mode 0600 and the text, unless it exists.
Status create_private(const std::filesystem::path& path, std::string_view text)
{
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file < 0) {
        if (errno == EEXIST) return {};
        return fail(ErrorCode::unavailable, fmt::format("cannot write {}", path.string()));
    }
    const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    const bool synced = ::fsync(file) == 0;
    ::close(file);
    if (written && synced) return {};
    ::unlink(path.c_str());
    return fail(ErrorCode::unavailable, fmt::format("cannot write {}", path.string()));
}

/// A random key in the state directory, made when there is none.
Result<Secret> kept_key(const Config& config, std::string_view name)
{
    const std::filesystem::path path = config.state_dir / name;
    if (const Status made = make_state_dir(config); !made) return std::unexpected(made.error());
    const std::string fresh =
        fmt::format("{:016x}{:016x}{:016x}{:016x}", random_u64(), random_u64(), random_u64(), random_u64());
    if (const Status made = create_private(path, fresh); !made) return std::unexpected(made.error());
    const std::optional<std::string> text = read_file(path.string());
    if (!text || text->size() < key_min_bytes)
        return fail(ErrorCode::invalid, fmt::format("{} holds no key; remove it and start again", path.string()));
    return Secret(*text);
}

}  // namespace

std::string to_string(const Problem& problem) { return problem.where + " " + problem.message; }

bool Config::any_crm_configured() const
{
    return std::ranges::any_of(all_crms, [this](Crm c) { return crm[c].configured; });
}

Sources gather_sources()
{
    Sources sources;
    for (const Variable& variable : variables())
        for (const std::string& name : {variable.name, file_variable(variable)})
            if (const char* value = std::getenv(name.c_str())) sources.environment[name] = value;
    add_credentials(environment_value("CREDENTIALS_DIRECTORY"), sources);
    sources.read_secret = read_file;
    sources.home = environment_value("HOME");
    sources.xdg_state_home = environment_value("XDG_STATE_HOME");

    const auto load = [&](const char* variable, const std::string& usual, std::string& path) {
        const std::string named = environment_value(variable);
        path = named.empty() ? usual : named;
        std::optional<std::string> text = read_file(path);
        if (!text && !named.empty())
            sources.problems.push_back({variable, fmt::format("names {}, which cannot be read", path)});
        return text;
    };
    sources.env_file = load("CRMSYNC_ENV_FILE", ".env", sources.env_file_path);
    sources.toml = load("CRMSYNC_CONFIG", "crmsync.toml", sources.toml_path);
    return sources;
}

std::expected<Config, std::vector<Problem>> read_config(const Sources& sources) { return Reader(sources).run(); }

Status make_state_dir(const Config& config)
{
    std::error_code error;
    const bool made = std::filesystem::create_directories(config.state_dir, error);
    if (made) std::filesystem::permissions(config.state_dir, std::filesystem::perms::owner_all, error);
    if (!error) return {};
    return fail(ErrorCode::unavailable, fmt::format("cannot make the state directory {}: {}; set CRMSYNC_STATE_DIR",
                                                    config.state_dir.string(), error.message()));
}

Result<Secret> token_key(const Config& config)
{
    if (!config.jwt_secret.empty()) return config.jwt_secret;
    return kept_key(config, "jwt.key");
}

Result<Secret> sealing_key(const Config& config)
{
    if (!config.key.empty()) return config.key;
    return kept_key(config, "seal.key");
}

std::string without_password(const std::string& url)
{
    const std::size_t scheme = url.find("://");
    if (scheme == std::string::npos) return url;
    const std::size_t query = std::min(url.find('?', scheme), url.size());  // May carry password=...
    const std::size_t at = url.rfind('@', query);
    if (at == std::string::npos || at < scheme) return url.substr(0, query);
    const std::size_t colon = url.find(':', scheme + 3);
    const std::size_t user_end = std::min(colon, at);
    return url.substr(0, user_end) + url.substr(at, query - at);
}

bool no_color() { return !environment_value("NO_COLOR").empty() || environment_value("TERM") == "dumb"; }

}  // namespace crmsync::app
