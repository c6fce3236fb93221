#include "app/config.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>

namespace crmsync::app {

void PrintTo(const Problem& problem, std::ostream* out) { *out << to_string(problem); }

namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Sources with(std::map<std::string, std::string, std::less<>> environment)
{
    Sources sources;
    sources.environment = std::move(environment);
    sources.home = "/home/ann";
    sources.env_file_path = ".env";
    sources.toml_path = "crmsync.toml";
    return sources;
}

std::string value_of(const Config& config, std::string_view name)
{
    for (const Setting& setting : config.settings)
        if (setting.variable->name == name) return setting.value + " from " + setting.origin;
    return "";
}

TEST(Config, DefaultsAreWhatTheTableSays)
{
    const auto config = read_config(with({}));
    ASSERT_TRUE(config.has_value());
    EXPECT_EQ(config->state_dir, "/home/ann/.local/state/crmsync");
    EXPECT_EQ(config->database_url, "sqlite:/home/ann/.local/state/crmsync/crmsync.db");
    EXPECT_FALSE(config->database_configured);
    EXPECT_TRUE(config->is_rehearsal());
    EXPECT_EQ(config->listen_address, "127.0.0.1");
    EXPECT_EQ(config->listen_port, 8000);
    EXPECT_TRUE(config->api_docs);
    EXPECT_EQ(config->history_kept, std::chrono::days(90));
    const CrmConfig& brevo = config->crm[Crm::brevo];
    EXPECT_EQ(brevo.missing, "BREVO_API_KEY not configured");
    EXPECT_TRUE(brevo.run.enabled && brevo.run.auto_setup && brevo.run.drain && brevo.run.retry.exponential);
    EXPECT_EQ(brevo.run.interval, 5min);
    EXPECT_EQ(brevo.run.batch_size, 10u);
    EXPECT_EQ(brevo.run.retry.max_retries, 3);
    EXPECT_EQ(brevo.settings.at("API_BASE_URL"), "https://api.brevo.com/v3");
    EXPECT_EQ(config->crm[Crm::mautic].settings.at("HTTP_TIMEOUT_SECONDS"), "120");
    EXPECT_FALSE(config->crm[Crm::hubspot].run.auto_setup);
}

TEST(Config, SecretsMayBeKeptInFiles)
{
    Sources sources = with({{"BREVO_API_KEY_FILE", "/run/secrets/brevo"}, {"JWT_SECRET_KEY", std::string(32, 's')}});
    sources.env_file = "DATABASE_URL_FILE=/run/secrets/url\nJWT_SECRET_KEY_FILE=/absent\nBREVO_API_KEY=from-env-file\n";
    sources.read_secret = [](const std::string& path) -> std::optional<std::string> {
        if (path == "/run/secrets/brevo") return "xkeysib-1\r\n\n";
        if (path == "/run/secrets/url") return "postgresql://ann:pw@db/crm\n";
        return std::nullopt;
    };
    const auto config = read_config(sources);
    ASSERT_TRUE(config.has_value()) << to_string(config.error().front());
    EXPECT_EQ(config->crm[Crm::brevo].settings.at("API_KEY"), "xkeysib-1");
    EXPECT_EQ(value_of(*config, "BREVO_API_KEY"), "xkeysib-1 from /run/secrets/brevo");
    EXPECT_EQ(config->database_url, "postgresql://ann:pw@db/crm");
    EXPECT_EQ(config->jwt_secret.reveal(), std::string(32, 's')) << "the environment goes before the file";
    EXPECT_THAT(config->warnings, IsEmpty());
}

TEST(Config, ASecretFileThatIsOfNoUseIsAProblem)
{
    Sources sources = with({{"BREVO_API_KEY_FILE", "/a"},
                            {"BREVO_API_KEY", "xkeysib-1"},
                            {"HUBSPOT_API_KEY_FILE", "/absent"},
                            {"MAUTIC_PASSWORD_FILE", "/empty"},
                            {"N8N_API_KEY_FILE", ""}});
    sources.read_secret = [](const std::string& path) {
        return path == "/absent" ? std::nullopt : std::optional<std::string>(path == "/empty" ? "\n" : "secret");
    };
    const auto config = read_config(sources);
    ASSERT_FALSE(config.has_value());
    EXPECT_THAT(config.error(),
                ElementsAre(Problem{"BREVO_API_KEY_FILE", "is set, and so is BREVO_API_KEY; keep one of the two"},
                            Problem{"HUBSPOT_API_KEY_FILE", "names /absent, which cannot be read"},
                            Problem{"MAUTIC_PASSWORD_FILE", "names /empty, which is empty"}));
}

TEST(Config, EnvironmentGoesBeforeFileGoesBeforeDefault)
{
    Sources sources = with({{"CRMSYNC_LOG_LEVEL", "debug"}, {"BREVO_API_KEY", ""}});
    sources.env_file =
        "CRMSYNC_LOG_LEVEL=warn\nexport CRMSYNC_LISTEN=0.0.0.0:80\nBREVO_API_KEY=from-file\nCRMSYNC_API_DOCS=no\n";
    const auto config = read_config(sources);
    ASSERT_TRUE(config.has_value());
    EXPECT_EQ(value_of(*config, "CRMSYNC_LOG_LEVEL"), "debug from environment");
    EXPECT_EQ(value_of(*config, "CRMSYNC_LISTEN"), "0.0.0.0:80 from .env:2");
    EXPECT_EQ(value_of(*config, "DATABASE_POOL_SIZE"), "8 from default");
    EXPECT_FALSE(config->api_docs);
    // Set to nothing in the environment: unset, whatever the file says.
    EXPECT_FALSE(config->crm[Crm::brevo].configured);
}

TEST(Config, ListenAddressComesFromPortFirst)
{
    struct Case {
        std::string listen, port, address;
        int number;
    };
    const Case cases[] = {
        {"", "", "127.0.0.1", 8000},         {"0.0.0.0:9000", "", "0.0.0.0", 9000},
        {"[::1]:80", "", "::1", 80},         {"127.0.0.1:1", "5000", "0.0.0.0", 5000},
        {"localhost:0", "", "localhost", 0},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.listen);
        const auto config = read_config(with({{"CRMSYNC_LISTEN", c.listen}, {"PORT", c.port}}));
        ASSERT_TRUE(config.has_value());
        EXPECT_EQ(config->listen_address, c.address);
        EXPECT_EQ(config->listen_port, c.number);
    }
}

TEST(Config, MetricsHaveAnAddressOfTheirOwnWhenTheyAreGivenOne)
{
    EXPECT_EQ(read_config(with({{"PORT", "5000"}}))->metrics_address, "");
    EXPECT_TRUE(read_config(with({{"PORT", "5000"}}))->open_metrics);
    const auto config = read_config(with({{"CRMSYNC_METRICS_LISTEN", "[::]:9464"},
                                          {"CRMSYNC_METRICS_PUBLIC", "false"},
                                          {"CRMSYNC_EXCHANGES_KEPT", "20"}}));
    ASSERT_TRUE(config.has_value());
    EXPECT_EQ(config->metrics_address, "::");
    EXPECT_EQ(config->metrics_port, 9464);
    EXPECT_FALSE(config->open_metrics);
    EXPECT_EQ(config->exchanges_kept, 20U);
}

TEST(Config, EveryKindOfMistakeNamesItsVariable)
{
    const std::pair<std::string, std::string> mistakes[] = {
        {"DATABASE_URL", "mysql://x"},
        {"DATABASE_DIRECT_URL", "sqlite:x"},
        {"DATABASE_POOL_SIZE", "0"},
        {"DATABASE_POOL_SIZE", "eight"},
        {"CRMSYNC_LISTEN", "8000"},
        {"CRMSYNC_LISTEN", ":8000"},
        {"CRMSYNC_LISTEN", "localhost:70000"},
        {"CRMSYNC_METRICS_LISTEN", "9464"},
        {"CRMSYNC_EXCHANGES_KEPT", "1001"},
        {"PORT", "0"},
        {"CRMSYNC_LOG_LEVEL", "loud"},
        {"CRMSYNC_LOG_FORMAT", "xml"},
        {"JWT_SECRET_KEY", "short"},
        {"JWT_DEFAULT_ROLE", "root"},
        {"JWT_LEEWAY_SECONDS", "301"},
        {"CRMSYNC_CORS_ORIGINS", "*"},
        {"CRMSYNC_CORS_ORIGINS", "https://a.example/"},
        {"CRMSYNC_CORS_ORIGINS", "https://a.example, https://B.example"},
        {"CRMSYNC_CORS_ORIGINS", "https://ann@a.example"},
        {"CRMSYNC_DEFAULT_PHONE_REGION", "usa"},
        {"BREVO_API_BASE_URL", "brevo"},
        {"BREVO_SYNC_ENABLED", "maybe"},
        {"BREVO_SYNC_MAX_RETRIES", "-1"},
        {"BREVO_RATE_LIMIT_RESERVE_PERCENT", "100"},
        {"N8N_WEBHOOK_AUTH", "magic"},
        {"MAUTIC_HTTP_TIMEOUT_SECONDS", "1.5"},
    };
    for (const auto& [name, text] : mistakes) {
        SCOPED_TRACE(name + "=" + text);
        const auto config = read_config(with({{name, text}}));
        ASSERT_FALSE(config.has_value());
        EXPECT_THAT(config.error(), ElementsAre(Field(&Problem::where, name)));
    }
}

TEST(Config, TellsTheApiWhoMayCall)
{
    const auto usual = read_config(with({}));
    ASSERT_TRUE(usual.has_value());
    EXPECT_EQ(usual->jwt_default_role, Role::operator_);
    EXPECT_THAT(usual->cors_origins, IsEmpty());
    EXPECT_EQ(usual->requests_per_second, 0u);
    const auto config = read_config(with({{"JWT_JWKS", "https://login.example/keys"},
                                          {"JWT_ISSUER", "https://login.example/"},
                                          {"JWT_ROLE_CLAIM", "realm_access.roles"},
                                          {"JWT_DEFAULT_ROLE", "none"},
                                          {"JWT_LEEWAY_SECONDS", "0"},
                                          {"CRMSYNC_REQUESTS_PER_SECOND", "50"},
                                          {"CRMSYNC_CORS_ORIGINS", "https://a.example, http://localhost:5173,"}}));
    ASSERT_TRUE(config.has_value());
    EXPECT_EQ(config->jwt_jwks, "https://login.example/keys");
    EXPECT_EQ(config->jwt_issuer, "https://login.example/");
    EXPECT_EQ(config->jwt_role_claim, "realm_access.roles");
    EXPECT_EQ(config->jwt_default_role, std::nullopt);
    EXPECT_EQ(config->jwt_leeway, 0s);
    EXPECT_EQ(config->requests_per_second, 50u);
    EXPECT_THAT(config->cors_origins, ElementsAre("https://a.example", "http://localhost:5173"));
}

TEST(Config, WarnsOfCredentialsInPlainText)
{
    const auto warned = [](std::string address) {
        const auto config = read_config(with({{"MAUTIC_BASE_URL", std::move(address)}}));
        return config && !config->warnings.empty() ? config->warnings.front().where : "";
    };
    EXPECT_EQ(warned("http://mautic.example"), "MAUTIC_BASE_URL");
    EXPECT_EQ(warned("https://mautic.example"), "");
    EXPECT_EQ(warned("http://127.0.0.1:8080"), "");
    EXPECT_EQ(warned("http://localhost/mautic"), "");
}

TEST(Config, AllProblemsAreReportedAtOnce)
{
    Sources sources = with({{"PORT", "x"}, {"CRMSYNC_LOG_LEVEL", "loud"}});
    sources.env_file = "BREVO_SYNC_ENABLED=perhaps\nnonsense\n";
    sources.toml = "[brevo.fields]\nX = 5\n";
    const auto config = read_config(sources);
    ASSERT_FALSE(config.has_value());
    std::vector<std::string> places;
    for (const Problem& problem : config.error()) places.push_back(problem.where);
    EXPECT_THAT(places, testing::UnorderedElementsAre("PORT", "CRMSYNC_LOG_LEVEL", "BREVO_SYNC_ENABLED", ".env:2",
                                                      "crmsync.toml:2"));
}

TEST(Config, ProblemsNeverShowSecrets)
{
    Sources sources = with({{"JWT_SECRET_KEY", "s3cret"}, {"N8N_WEBHOOK_URL", "ftp://me:s3cret@host"}});
    sources.env_file = "BREVO_API_KEY='s3cret\n";
    const auto config = read_config(sources);
    ASSERT_FALSE(config.has_value());
    EXPECT_EQ(config.error().size(), 3u);
    for (const Problem& problem : config.error()) EXPECT_THAT(to_string(problem), Not(HasSubstr("s3cret")));
}

TEST(Config, ASlipInTheFileIsPointedOut)
{
    Sources sources = with({});
    sources.env_file = "BREVO_APIKEY=x\nSOMETHING_ELSE_ENTIRELY=1\n";
    const auto config = read_config(sources);
    ASSERT_TRUE(config.has_value());
    EXPECT_THAT(config->warnings,
                ElementsAre(Problem{".env:1", "BREVO_APIKEY is no setting; did you mean BREVO_API_KEY?"}));
}

TEST(Config, ReadsWhoIsToldAndHow)
{
    const auto config = read_config(with({{"SMTP_URL", "smtps://mail.example.com"},
                                          {"SMTP_USERNAME", "ann"},
                                          {"SMTP_PASSWORD", "pw"},
                                          {"SMTP_FROM", "Our CRM <crmsync@example.com>"},
                                          {"BREVO_SYNC_FAILURE_NOTIFICATION_EMAIL", "ann@example.com, bob@example.com"},
                                          {"ALERT_WEBHOOK_URL", "https://hooks.example.com/x"},
                                          {"ALERT_AFTER_SECONDS", "0"},
                                          {"ALERT_DIGEST_MINUTES", "5"}}));
    ASSERT_TRUE(config.has_value());
    EXPECT_THAT(config->warnings, testing::IsEmpty());
    EXPECT_EQ(config->alerts.smtp_password.reveal(), "pw");
    EXPECT_EQ(config->alerts.smtp_tls, "auto");
    EXPECT_EQ(config->alerts.recipients[Crm::brevo], "ann@example.com, bob@example.com");
    EXPECT_EQ(config->alerts.recipients[Crm::n8n], "");
    EXPECT_EQ(config->alerts.after, 0s);
    EXPECT_EQ(config->alerts.digest_every, 5min);
}

TEST(Config, MailThatReachesNobodyIsSaidSo)
{
    const auto nobody = read_config(with({{"SMTP_URL", "smtp://host"}}));
    ASSERT_TRUE(nobody.has_value());
    EXPECT_THAT(nobody->warnings, ElementsAre(Field(&Problem::where, "SMTP_URL")));
    const auto no_server = read_config(with({{"N8N_SYNC_FAILURE_NOTIFICATION_EMAIL", "ann@example.com"}}));
    ASSERT_TRUE(no_server.has_value());
    EXPECT_THAT(no_server->warnings, ElementsAre(Field(&Problem::where, "N8N_SYNC_FAILURE_NOTIFICATION_EMAIL")));
}

TEST(Config, MailThatCannotBeSentIsRefused)
{
    const auto wrong = read_config(with({{"SMTP_URL", "smtp://ann:canary@host"},
                                         {"SMTP_PASSWORD", "canary"},
                                         {"SMTP_FROM", "ann@example.com, bob@example.com"},
                                         {"BREVO_SYNC_FAILURE_NOTIFICATION_EMAIL", "ann@example.com\r\nBcc: eve"}}));
    ASSERT_FALSE(wrong.has_value());
    EXPECT_THAT(wrong.error(), testing::UnorderedElementsAre(
                                   Field(&Problem::where, "SMTP_URL"), Field(&Problem::where, "SMTP_USERNAME"),
                                   Field(&Problem::where, "SMTP_FROM"),
                                   Field(&Problem::where, "BREVO_SYNC_FAILURE_NOTIFICATION_EMAIL")));
    for (const Problem& problem : wrong.error()) EXPECT_FALSE(to_string(problem).contains("canary"));
    const auto no_sender =
        read_config(with({{"SMTP_URL", "smtp://host"}, {"BREVO_SYNC_FAILURE_NOTIFICATION_EMAIL", "ann@example.com"}}));
    ASSERT_FALSE(no_sender.has_value());
    EXPECT_THAT(no_sender.error(), ElementsAre(Field(&Problem::where, "SMTP_FROM")));
}

TEST(Config, ReadsFieldMappings)
{
    Sources sources = with({});
    sources.toml = R"(
[brevo.fields]
JOB_CONTEXT = "context"
SMS = { from = "phone" }
RAW_PHONE = { from = "phone", type = "text" }
PAGE_ID = false
)";
    const auto config = read_config(sources);
    ASSERT_TRUE(config.has_value());
    EXPECT_THAT(config->crm[Crm::brevo].fields,
                testing::UnorderedElementsAre(
                    FieldChange{"JOB_CONTEXT", FieldRule{SourceField::context, "JOB_CONTEXT", FieldType::text}},
                    FieldChange{"SMS", FieldRule{SourceField::phone, "SMS", FieldType::phone_e164}},
                    FieldChange{"RAW_PHONE", FieldRule{SourceField::phone, "RAW_PHONE", FieldType::text}},
                    FieldChange{"PAGE_ID", std::nullopt}));
}

TEST(Config, FieldMappingMistakesNameTheirLine)
{
    const std::pair<std::string, std::string> mistakes[] = {
        {"[zoho.fields]\nA = \"email\"", "crmsync.toml:1"},
        {"[brevo.field]\nA = \"email\"", "crmsync.toml:1"},
        {"[brevo.fields]\nA = \"shoe_size\"", "crmsync.toml:2"},
        {"[brevo.fields]\nA = true", "crmsync.toml:2"},
        {"[brevo.fields]\nA = { from = \"email\", type = \"colour\" }", "crmsync.toml:2"},
        {"[brevo", "crmsync.toml:1"},
    };
    for (const auto& [text, where] : mistakes) {
        SCOPED_TRACE(text);
        Sources sources = with({});
        sources.toml = text;
        const auto config = read_config(sources);
        ASSERT_FALSE(config.has_value());
        EXPECT_THAT(config.error(), ElementsAre(Field(&Problem::where, where)));
    }
}

TEST(Config, TokenKeyIsMadeOnceAndKeptPrivate)
{
    const auto dir = std::filesystem::temp_directory_path() / ("crmsync-key-" + to_string(random_uuid7({})));
    const auto config = read_config(with({{"CRMSYNC_STATE_DIR", dir}}));
    ASSERT_TRUE(config.has_value());
    const Result<Secret> first = token_key(*config);
    const Result<Secret> second = token_key(*config);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->reveal(), second->reveal());
    EXPECT_GE(first->reveal().size(), 32u);
    struct stat info{};
    ASSERT_EQ(::stat((dir / "jwt.key").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777u, 0600u);
    std::filesystem::remove_all(dir);
}

TEST(Config, SealingKeyIsTheConfiguredOneOrMadeOnce)
{
    const auto dir = std::filesystem::temp_directory_path() / ("crmsync-key-" + to_string(random_uuid7({})));
    std::filesystem::create_directories(dir);
    const std::string key(32, 'k');
    const auto key_of = [&](std::map<std::string, std::string, std::less<>> more) {
        more["CRMSYNC_STATE_DIR"] = dir;
        return sealing_key(read_config(with(more)).value());
    };
    EXPECT_EQ(key_of({{"CRMSYNC_KEY", key}})->reveal(), key);
    EXPECT_FALSE(std::filesystem::exists(dir / "seal.key"));
    const std::string made = key_of({})->reveal();
    EXPECT_GE(made.size(), 32u);
    EXPECT_EQ(key_of({})->reveal(), made);
    struct stat info{};
    ASSERT_EQ(::stat((dir / "seal.key").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777u, 0600u);

    EXPECT_THAT(read_config(with({{"CRMSYNC_KEY", "short"}})).error(),
                ElementsAre(Field(&Problem::where, "CRMSYNC_KEY")));
    std::filesystem::remove_all(dir);
}

TEST(Config, DatabaseAddressesLoseTheirPassword)
{
    const std::pair<std::string, std::string> cases[] = {
        {"sqlite:/var/x.db", "sqlite:/var/x.db"},
        {"postgresql://host/name", "postgresql://host/name"},
        {"postgresql://ann@host/name", "postgresql://ann@host/name"},
        {"postgresql://ann:pw@host:5432/name", "postgresql://ann@host:5432/name"},
        {"postgresql://ann:p@w@host/name?password=pw", "postgresql://ann@host/name"},
    };
    for (const auto& [url, shown] : cases) EXPECT_EQ(without_password(url), shown);
}

TEST(Config, AddressesWithASecretPathShowTheirHostAlone)
{
    const std::pair<std::string, std::string> cases[] = {
        {"https://hooks.example.com/services/T0/B0/token", "https://hooks.example.com/***"},
        {"https://ann:pw@hooks.example.com:8443/x?key=token", "https://ann@hooks.example.com:8443/***"},
        {"https://hooks.example.com?key=token", "https://hooks.example.com/***"},
        {"hooks.example.com/token", "***"},
    };
    for (const auto& [url, shown] : cases) EXPECT_EQ(host_alone(url), shown);
}

}  // namespace
}  // namespace crmsync::app
