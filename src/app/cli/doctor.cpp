#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "app/alerts.h"
#include "app/cli/command.h"
#include "app/cli/commands.h"
#include "app/connectors.h"
#include "app/store_config.h"
#include "domain/connector_state.h"
#include "store/migrate.h"
#include "store/open.h"

namespace crmsync::app {

namespace {

constexpr Duration clock_offset_max = 2s;

enum class Verdict { good, hint, wrong };

std::string_view to_string(Verdict verdict)
{
    switch (verdict) {
        case Verdict::good:
            return "ok";
        case Verdict::hint:
            return "hint";
        case Verdict::wrong:
            return "wrong";
    }
    __builtin_unreachable();
}

/// The file of an embedded database; nothing for another, and for one in memory.
std::optional<std::filesystem::path> file_of(const std::string& url)
{
    if (!is_embedded(url)) return std::nullopt;
    std::string path = url.substr(url.find(':') + 1);
    while (path.starts_with("//")) path.erase(0, 1);  // As the store reads it.
    if (path.starts_with(':') || path.starts_with("file:")) return std::nullopt;
    return path;
}

/// Why a database can't live there, as far as that can be told without making it; "" when it can. It writes files
/// beside its own.
std::string why_unusable(const std::filesystem::path& file)
{
    const auto directory = std::filesystem::absolute(file).parent_path();
    std::error_code ignored;
    if (!std::filesystem::is_directory(directory, ignored))
        return fmt::format("there is no directory {}", directory.string());
    if (::access(directory.c_str(), W_OK | X_OK) != 0)
        return fmt::format("the directory {} cannot be written by this user", directory.string());
    if (std::filesystem::is_directory(file, ignored)) return "is a directory";
    if (std::filesystem::exists(file, ignored) && ::access(file.c_str(), R_OK | W_OK) != 0)
        return "cannot be read and written by this user";
    return "";
}

struct Finding {
    std::string topic;
    Verdict verdict = Verdict::good;
    std::string message;
    std::string remedy = {};
};

/// Looks at one thing after the other; what an earlier finding makes pointless is left out.
class Doctor {
public:
    Doctor(Session& session, Executor executor) : session_(session), executor_(std::move(executor)) {}

    Task<std::vector<Finding>> examine()
    {
        configuration();
        if (!session_.problems.empty()) co_return std::move(findings_);
        state_directory();
        co_await database();
        for (const Crm crm : all_crms) co_await connector(crm);
        alerts();
        co_return std::move(findings_);
    }

private:
    void good(std::string topic, std::string message)
    {
        findings_.push_back({std::move(topic), Verdict::good, std::move(message)});
    }
    void hint(std::string topic, std::string message, std::string remedy)
    {
        findings_.push_back({std::move(topic), Verdict::hint, std::move(message), std::move(remedy)});
    }
    void wrong(std::string topic, std::string message, std::string remedy)
    {
        findings_.push_back({std::move(topic), Verdict::wrong, std::move(message), std::move(remedy)});
    }

    /// What to type for a command of this program.
    std::string command(std::string_view words) const { return fmt::format("{} {}", session_.program, words); }

    void configuration()
    {
        for (const Problem& problem : session_.problems)
            wrong("configuration", to_string(problem),
                  "mend it in the environment or the file; docs/configuration.md lists all");
        for (const Problem& warning : session_.config.warnings) hint("configuration", to_string(warning), "");
        if (session_.problems.empty()) good("configuration", "every setting can be read");
    }

    void state_directory()
    {
        const std::string path = session_.config.state_dir.string();
        const Result<Secret> key = token_key(session_.config);
        if (!key)
            return wrong("state directory", key.error().message, "set CRMSYNC_STATE_DIR to a directory you may write");
        struct stat info{};
        const std::string file = path + "/jwt.key";
        const bool open = ::stat(file.c_str(), &info) == 0 && (info.st_mode & 077u) != 0;
        if (open) return wrong("state directory", file + " can be read by others", "chmod 600 " + file);
        good("state directory", path);
    }

    Task<> database()
    {
        const std::string url = database_of(session_);
        const std::string shown = without_password(url);
        if (const auto file = file_of(url)) {
            if (const std::string why = why_unusable(*file); !why.empty()) {
                wrong("database", fmt::format("{}: {}", shown, why),
                      "make the directory and give this user the right to write there, or mend DATABASE_URL");
                co_return;
            }
            if (!std::filesystem::exists(*file)) {
                good("database", shown + " is not there yet; whatever needs it first makes it");
                co_return;
            }
        }
        const Result<std::vector<Migration>> known = migration_status(url);
        if (!known) {
            wrong("database", fmt::format("{}: {}", shown, known.error().message),
                  "start the database, or mend DATABASE_URL");
            co_return;
        }
        const auto open = std::ranges::count(*known, false, &Migration::applied);
        if (open > 0) {
            hint("database", fmt::format("{}: {} migration(s) are not applied yet", shown, open), command("migrate"));
            co_return;
        }
        StoreConfig config = store_config(session_.config, StoreUse::command);
        config.url = url;
        Result<std::unique_ptr<Store>> store = co_await open_store(executor_, session_.clock, config);
        if (!store) {
            wrong("database", fmt::format("{}: {}", shown, store.error().message), command("migrate"));
            co_return;
        }
        co_await examine_store(**store, shown);
        co_await (*store)->close();
    }

    Task<> examine_store(Store& store, const std::string& shown)
    {
        const Instant now = session_.clock.now();
        const Result<Store::Health> health = co_await store.health(now);
        if (!health) {
            wrong("database", fmt::format("{}: {}", shown, health.error().message), command("migrate"));
            co_return;
        }
        good("database", fmt::format("{}, {}, schema {}", shown, health->engine, health->schema_version));
        const Duration offset = health->clock_offset < Duration(0) ? -health->clock_offset : health->clock_offset;
        if (offset > clock_offset_max) {
            wrong("clock", fmt::format("differs from the database's by {} ms", offset / 1ms),
                  "set this machine's clock by NTP: timedatectl set-ntp true");
        } else {
            good("clock", fmt::format("{} ms from the database's", offset / 1ms));
        }
        const Result<PerCrm<ConnectorState>> states = co_await store.connector_states();
        if (!states) co_return;
        for (const Crm crm : all_crms) {
            const ConnectorState& state = (*states)[crm];
            const std::string topic(to_string(crm)), remedy = command("resume " + topic);
            if (state.paused) hint(topic, fmt::format("is paused by {}", state.paused_by), remedy);
            if (state.breaker.open) wrong(topic, "is not called for now: " + printable(state.breaker.reason), remedy);
        }
    }

    void alerts()
    {
        std::vector<std::string> warnings;
        const auto ways = make_ways(session_.config, executor_, session_.clock, warnings);
        for (const std::string& warning : warnings) wrong("alerts", warning, "mend it; docs/alerts.md");
        for (const auto& way : ways) {
            good("alerts", fmt::format("by {} to {}; try it with: {}", way->name(), way->destination(std::nullopt),
                                       command("alert test")));
            way->close();
        }
        if (ways.empty() && warnings.empty())
            hint("alerts", "nobody is told when a connector is in trouble or contacts fail",
                 "set SMTP_URL, SMTP_FROM and a CRM's SYNC_FAILURE_NOTIFICATION_EMAIL, or ALERT_WEBHOOK_URL");
    }

    Task<> connector(Crm crm)
    {
        const Status done = co_await with_vault(session_, crm, executor_, [&](TokenVault* vault) -> Task<Status> {
            co_await connector(crm, vault);
            co_return Status();
        });
        if (!done) wrong(std::string(to_string(crm)), printable(done.error().message), "");
    }

    Task<> connector(Crm crm, TokenVault* vault)
    {
        const std::string topic(to_string(crm));
        std::vector<std::string> warnings;
        Result<std::unique_ptr<Connector>> connector =
            make_connector(session_.config, crm, executor_, session_.clock, vault, warnings);
        for (const std::string& warning : warnings) hint(topic, warning, "");
        if (!connector) {
            off(crm, connector.error());
            co_return;
        }
        if (!session_.config.crm[crm].run.enabled)
            hint(topic, "is switched off by its SYNC_ENABLED=false", "set it to true");
        const Result<std::string> account = co_await (*connector)->test();
        if (account) {
            good(topic, "the credentials work, " + printable(*account));
            co_await attributes(crm, **connector);
            bulk(topic, **connector);
        } else {
            wrong(topic, printable(account.error().message), "mend its settings, then: " + command("test " + topic));
        }
        (*connector)->close();
    }

    void off(Crm crm, const Error& error)
    {
        const std::string topic(to_string(crm));
        if (error.code == ErrorCode::denied || error.code == ErrorCode::not_found)
            return hint(topic, "is off: " + error.message, "");
        wrong(topic, error.message, "mend its settings; docs/configuration.md lists them");
    }

    Task<> attributes(Crm crm, Connector& connector)
    {
        const std::string topic(to_string(crm)), remedy = command("setup " + topic);
        const Result<SetupReport> report = co_await connector.setup(false);
        if (!report) {
            wrong(topic, "its fields cannot be read: " + printable(report.error().message), "");
            co_return;
        }
        for (const std::string& problem : report->problems)
            wrong(topic, printable(problem), "mend it at the CRM or in the mapping");
        if (report->missing.empty()) {
            good(topic, fmt::format("all {} mapped fields are there", report->present.size()));
        } else if (session_.config.crm[crm].run.auto_setup) {
            hint(topic, fmt::format("fields to be made at start: {}", fmt::join(report->missing, ", ")), remedy);
        } else {
            wrong(topic, fmt::format("fields are missing: {}", fmt::join(report->missing, ", ")), remedy);
        }
    }

    /// How many go out, where the CRM has a quicker way than calls, and what it costs to be without it.
    void bulk(const std::string& topic, const Connector& connector)
    {
        const ConnectorTraits& traits = connector.traits();
        if (!traits.operations) return;
        constexpr std::int64_t many = 1'000'000;
        const auto by_calls =
            std::chrono::ceil<std::chrono::hours>(time_for_calls(ConnectorState{}, traits.budget, many, Instant{}));
        const std::string delivery = describe_delivery(traits.batch_max, traits.operations);
        const std::string why = traits.operations->obstacle.empty() ? connector.operation_obstacle() : "";
        if (why.empty() && traits.operations->obstacle.empty()) return good(topic, delivery);
        hint(topic,
             fmt::format("{}{}: a million contacts take {} h", delivery, why.empty() ? "" : "; not now, for " + why,
                         by_calls.count()),
             "set the list that contacts are put on");
    }

    Session& session_;
    Executor executor_;
    std::vector<Finding> findings_;
};

void print_findings(Console& console, const std::vector<Finding>& findings)
{
    if (console.json()) {
        boost::json::array rows;
        for (const Finding& finding : findings)
            rows.push_back({{"topic", finding.topic},
                            {"verdict", to_string(finding.verdict)},
                            {"message", finding.message},
                            {"remedy", finding.remedy}});
        return console.value(rows);
    }
    for (const Finding& finding : findings) {
        const Colour colour = finding.verdict == Verdict::good   ? Colour::green
                              : finding.verdict == Verdict::hint ? Colour::yellow
                                                                 : Colour::red;
        console.line(fmt::format("{} {}: {}", console.paint(colour, fmt::format("{:5}", to_string(finding.verdict))),
                                 finding.topic, finding.message));
        if (!finding.remedy.empty()) console.line(fmt::format("      mend with: {}", finding.remedy));
    }
}

int doctor(Session& session, const NoOptions&)
{
    return run_loop([&](Executor executor) -> Task<int> {
        Doctor doctor(session, executor);
        const std::vector<Finding> findings = co_await doctor.examine();
        print_findings(session.console, findings);
        const bool ill = std::ranges::any_of(findings, [](const Finding& f) { return f.verdict == Verdict::wrong; });
        co_return ill ? exit_error : exit_fine;
    });
}

}  // namespace

void add_doctor_command(Menu& menu)
{
    add_command<NoOptions>(menu.app, menu, "doctor", "Check settings, database, clock and CRMs; say how to mend them",
                           "  crmsync doctor\n  crmsync doctor --json", define_nothing, doctor, Needs::nothing);
}

}  // namespace crmsync::app
