#include <gmock/gmock.h>
#include <sys/stat.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "tests/support/paths.h"
#include "tests/support/program.h"

namespace crmsync::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view messy_csv =
    "E-mail,Full name,Phone\n"
    "ann@example.com,Ann Lee,(202) 555-0101\n"
    "ANN@Example.com,Ann Lee-Smith,\n"
    "no-address,Nobody,\n"
    "(blank),Nobody Else,\n"
    "\"zoe@example.org\",\"Núñez, Zoë\",\n";

boost::json::value json_of(const Program::Ended& ended)
{
    boost::system::error_code error;
    boost::json::value value = boost::json::parse(ended.out, error);
    EXPECT_FALSE(error) << ended.out << ended.err;
    return value;
}

TEST(Cli, WrongUsageExitsWith64)
{
    const Home home;
    const std::vector<std::vector<std::string>> wrong{
        {},
        {"frobnicate"},
        {"serve", "--nonsense"},
        {"contacts"},
        {"contacts", "list", "--limit", "0"},
        {"contacts", "list", "--sync-status", "brevo"},
        {"select", "brevo"},
        {"select", "zoho", "--all"},
        {"select", "brevo", "--all", "--name-contains", "x"},
        {"import"},
        {"import", "x.csv", "--format", "xml"},
        {"import", "x.csv", "--set", "shoe_size=44"},
        {"failed", "--crm", "zoho"},
        {"token", "--expires", "soon"},
        {"pause", "zoho"},
        {"backup"},
        {"verify", "--crm", "zoho"},
        {"verify", "--sample", "0%"},
        {"verify", "--sample", "half"},
        {"verify", "--sample", "5%", "--all"},
    };
    for (const auto& arguments : wrong) {
        SCOPED_TRACE(testing::PrintToString(arguments));
        const Program::Ended ended = home.run(arguments);
        EXPECT_EQ(ended.code, 64) << ended.out << ended.err;
        EXPECT_FALSE(ended.err.empty());
    }
}

TEST(Cli, AnUnknownCommandIsToldWithThoseThatWereMeant)
{
    const Home home;
    const std::pair<std::vector<std::string>, std::string> cases[] = {
        {{"frobnicate"}, "crmsync has no command \"frobnicate\"; crmsync --help lists all"},
        {{"statsu", "--json"}, "crmsync has no command \"statsu\"; did you mean status?; crmsync --help lists all"},
        {{"contacts", "shwo", "x"},
         "crmsync contacts has no command \"shwo\"; did you mean show?; crmsync contacts --help lists all"},
    };
    for (const auto& [arguments, message] : cases) {
        const Program::Ended ended = home.run(arguments);
        EXPECT_EQ(ended.code, 64);
        EXPECT_EQ(ended.err, "crmsync: " + message + "\n");
    }
}

TEST(Cli, EveryCommandHasHelp)
{
    const Home home;
    const Program::Ended all = home.run({"--help"});
    EXPECT_EQ(all.code, 0);
    const std::vector<std::string> commands{"serve",    "worker",  "simulate", "migrate", "backup", "import", "select",
                                            "unselect", "skip",    "sync",     "retry",   "status", "failed", "audit",
                                            "preview",  "setup",   "test",     "pause",   "resume", "token",  "config",
                                            "doctor",   "dismiss", "verify",   "alert"};
    for (const std::string& command : commands) {
        EXPECT_THAT(all.out, HasSubstr("  " + command));
        const Program::Ended ended = home.run({command, "--help"});
        EXPECT_EQ(ended.code, 0);
        EXPECT_THAT(ended.out, HasSubstr("Examples:\n  ")) << command;
        EXPECT_THAT(ended.out, HasSubstr("--json")) << command;
    }
    for (const std::string command : {"list", "show", "add", "edit", "delete"})
        EXPECT_THAT(home.run({"contacts", command, "--help"}).out, HasSubstr("crmsync contacts " + command));
    EXPECT_EQ(home.run({"--version"}).out, "crmsync " CRMSYNC_VERSION "\n");
    EXPECT_EQ(home.run({"version"}).out, "crmsync " CRMSYNC_VERSION "\n");
}

TEST(Cli, AllProblemsOfTheConfigurationAreToldAtOnce)
{
    Home home;
    home.environment["PORT"] = "x";
    home.environment["JWT_SECRET_KEY"] = "too-short";
    home.environment["BREVO_SYNC_ENABLED"] = "perhaps";
    const Program::Ended ended = home.run({"status"});
    EXPECT_EQ(ended.code, 1);
    for (const std::string name : {"PORT", "JWT_SECRET_KEY", "BREVO_SYNC_ENABLED"})
        EXPECT_THAT(ended.err, HasSubstr(name));
    EXPECT_THAT(ended.err, Not(HasSubstr("too-short")));
    EXPECT_FALSE(std::filesystem::exists(home.path() / "state"));
    EXPECT_EQ(home.run({"doctor"}).code, 1);
    EXPECT_EQ(home.run({"version"}).code, 0);
}

TEST(Cli, SettingsAreShownWithoutSecrets)
{
    Home home;
    home.environment["BREVO_API_KEY"] = "xkeysib-secret";
    home.environment["DATABASE_URL"] = "postgresql://ann:pw-secret@db/crm";
    const Program::Ended ended = home.run({"config", "--json"});
    EXPECT_EQ(ended.code, 0);
    EXPECT_THAT(ended.out, Not(HasSubstr("secret@")));
    EXPECT_THAT(ended.out, Not(HasSubstr("xkeysib")));
    EXPECT_EQ(json_of(ended).at("BREVO_API_KEY").at("value").as_string(), "***");
    EXPECT_EQ(json_of(ended).at("DATABASE_URL").at("value").as_string(), "postgresql://ann@db/crm");
}

TEST(Cli, ImportsAndReportsWhatItRefused)
{
    const Home home;
    const std::string csv = home.file("leads.csv", std::string(messy_csv));
    const Program::Ended first = home.run({"import", csv, "--rejects", home.path() / "bad.csv", "--json"});
    EXPECT_EQ(first.code, 2) << first.err;
    const boost::json::value report = json_of(first);
    EXPECT_EQ(report.at("read").to_number<int>(), 5);
    EXPECT_EQ(report.at("created").to_number<int>(), 2);
    EXPECT_EQ(report.at("merged").to_number<int>(), 1);
    EXPECT_EQ(report.at("refused").to_number<int>(), 2);
    EXPECT_THAT(home.read("bad.csv"), HasSubstr("\n4,"));
    EXPECT_THAT(home.read("bad.csv"), HasSubstr("\n5,"));

    const Program::Ended again = home.run({"import", "-"}, "email\nann@example.com\n");
    EXPECT_EQ(again.code, 0) << again.err;
    EXPECT_THAT(again.out, HasSubstr("0 created"));
    EXPECT_EQ(home.run({"import", home.path() / "absent.csv"}).code, 1);
    EXPECT_EQ(home.run({"import", csv, "--map", "email=Nowhere"}).code, 1);
}

TEST(Cli, ImportSeesWhatStandardInputHolds)
{
    const Home home;
    const std::pair<std::string, std::string> inputs[] = {
        {"\xef\xbb\xbf \n{\"email\":\"ann@example.com\"}\n", "1 row: 1 created"},
        {"name;email\nBob;bob@example.com\n", "1 row: 1 created"},
        {"name\temail\nCy;cy@example.com\tcy@example.com\n", "1 row: 1 created"},
    };
    for (const auto& [input, told] : inputs) {
        const Program::Ended ended = home.run({"import", "-"}, input);
        EXPECT_EQ(ended.code, 0) << ended.err;
        EXPECT_THAT(ended.out, HasSubstr(told)) << input;
    }
    const Program::Ended other = home.run({"import", "-"}, "name|email\nDi|di@example.com\n");
    EXPECT_EQ(other.code, 1);
    EXPECT_THAT(other.err, HasSubstr("say what separates them: delimiter"));
    EXPECT_EQ(home.run({"import", "-", "--delimiter", "|"}, "name|email\nDi|di@example.com\n").code, 0);
    EXPECT_EQ(home.run({"import", "-", "--set", "domain_id=7"}, "email\n").err,
              "crmsync: domain_id: \"7\" is not a UUID\n");
}

TEST(Cli, TheFileOfRejectsIsMadeByTheFirstAndHoldsNoLongLines)
{
    const Home home;
    const std::string rejects = home.path() / "bad.csv";
    EXPECT_EQ(home.run({"import", "-", "--rejects", rejects}, "email\nann@example.com\n").code, 0);
    EXPECT_FALSE(std::filesystem::exists(rejects));
    EXPECT_EQ(home.run({"import", "-", "--rejects", rejects}, "email\n" + std::string(5000, 'x') + "\n").code, 2);
    const std::string text = home.read("bad.csv");
    EXPECT_THAT(text, HasSubstr("line,code,reason,text\n2,malformed e-mail address,"));
    EXPECT_LT(text.size(), 1500u);
    EXPECT_EQ(home.run({"import", "-", "--rejects", home.path() / "absent" / "bad.csv"}, "email\n").code, 64);
}

TEST(Cli, AnInterruptedImportSaysWhatIsInAndLeavesAnAuditRow)
{
    const Home home;
    const std::string pipe = home.path() / "leads.csv";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    Program import = home.start({"import", pipe});
    std::ofstream feed(pipe);
    feed << "email\n";
    for (int i = 0; i < 6'000; ++i) feed << "person" << i << "@example.com\n";
    feed.flush();
    const auto contacts = [&] { return json_of(home.run({"status", "--json"})).at("total_contacts").as_int64(); };
    while (contacts() < 5'000) {
    }
    import.signal(SIGINT);
    const Program::Ended ended = import.finish();
    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.out, HasSubstr("Interrupted after 5,000 rows: 5,000 created"));
    const boost::json::value audit = json_of(home.run({"audit", "--json"}));
    EXPECT_EQ(audit.at(0).at("action").as_string(), "import");
    EXPECT_EQ(audit.at(0).at("detail").at("interrupted").as_bool(), true);
    EXPECT_EQ(audit.at(0).at("detail").at("created").as_int64(), 5'000);
}

TEST(Cli, ContactsAreAddedShownEditedAndDeleted)
{
    const Home home;
    const Program::Ended added = home.run({"contacts", "add", "Ann@Example.com", "--name", "Ann Lee"});
    ASSERT_EQ(added.code, 0) << added.err;
    const std::string id = added.out.substr(0, added.out.size() - 1);
    EXPECT_TRUE(parse_uuid(id));

    EXPECT_EQ(
        home.run({"contacts", "edit", "ann@example.com", "--phone-number", "202-555-0101", "--clear", "name"}).code, 0);
    const boost::json::value shown = json_of(home.run({"contacts", "show", id, "--json"}));
    EXPECT_EQ(shown.at("email").as_string(), "Ann@Example.com");
    EXPECT_TRUE(shown.at("name").is_null());
    EXPECT_EQ(shown.at("phone_number").as_string(), "202-555-0101");

    EXPECT_EQ(home.run({"contacts", "delete", id}).code, 0);
    const Program::Ended gone = home.run({"contacts", "show", id});
    EXPECT_EQ(gone.code, 1);
    EXPECT_THAT(gone.err, HasSubstr("Contact not found"));
}

TEST(Cli, DecisionsAreCountedPublishedAndAudited)
{
    const Home home;
    const std::string csv = home.file("leads.csv", std::string(messy_csv));
    home.run({"import", csv});
    const Program::Ended preview = home.run({"select", "brevo", "--all", "--preview", "--json"});
    EXPECT_EQ(json_of(preview).at("found_count").to_number<int>(), 2);
    EXPECT_EQ(home.run({"contacts", "list", "--sync-status", "brevo=Selected", "--ids"}).out, "");

    const std::string ids = home.run({"contacts", "list", "--email-contains", "@EXAMPLE.ORG", "--ids"}).out;
    const Program::Ended selected = home.run({"select", "brevo,n8n", "-", "--json"}, ids);
    EXPECT_EQ(selected.code, 0) << selected.err;
    EXPECT_EQ(json_of(selected).at("queued_count").to_number<int>(), 2);
    EXPECT_EQ(home.run({"contacts", "list", "--sync-status", "brevo=Selected", "--ids"}).out, ids);

    const boost::json::value status = json_of(home.run({"status", "--json"}));
    EXPECT_EQ(status.at("total_contacts").to_number<int>(), 2);
    EXPECT_EQ(status.at("crms").at("brevo").at("counts").at("Selected").to_number<int>(), 1);
    EXPECT_EQ(status.at("crms").at("brevo").at("queue").at("waiting").to_number<int>(), 1);

    EXPECT_EQ(home.run({"skip", "brevo", "--all"}).code, 0);
    EXPECT_EQ(home.run({"unselect", "n8n", "--all"}).code, 0);
    EXPECT_EQ(json_of(home.run({"failed", "--json"})).as_array().size(), 0u);
    const Program::Ended unknown = home.run({"select", "brevo", "0190d6a0-0000-7000-8000-000000000001"});
    EXPECT_EQ(unknown.code, 1);
    EXPECT_THAT(unknown.err, HasSubstr("No contacts found with provided IDs"));
    const Program::Ended audit = home.run({"audit"});
    EXPECT_THAT(audit.out, HasSubstr("\tcli:"));
    EXPECT_THAT(audit.out, HasSubstr("\tskip\t"));
}

TEST(Cli, TablesHaveTheirHeadAlsoInAPipe)
{
    const Home home;
    home.run({"contacts", "add", "ann@example.com"});
    EXPECT_THAT(home.run({"contacts", "list"}).out, testing::StartsWith("ID\tE-MAIL\tNAME\t"));
    const std::string bare = home.run({"contacts", "list", "--no-header"}).out;
    EXPECT_THAT(bare, Not(HasSubstr("E-MAIL")));
    EXPECT_THAT(bare, HasSubstr("\tann@example.com\t"));
}

TEST(Cli, StatusTellsWhatIsNotConfigured)
{
    Home home;
    home.environment["MAUTIC_BASE_URL"] = "https://mautic.example.com";
    home.environment["MAUTIC_SYNC_ENABLED"] = "false";
    const boost::json::value crms = json_of(home.run({"status", "--json"})).at("crms");
    EXPECT_EQ(crms.at("brevo").at("state").as_string(), "not configured");
    EXPECT_EQ(crms.at("brevo").at("reason").as_string(), "BREVO_API_KEY not configured");
    EXPECT_EQ(crms.at("brevo").at("configured").as_bool(), false);
    EXPECT_EQ(crms.at("mautic").at("state").as_string(), "disabled");
    EXPECT_EQ(crms.at("mautic").at("enabled").as_bool(), false);
    const boost::json::value rehearsed = json_of(home.run({"status", "--rehearsal", "--json"})).at("crms");
    EXPECT_EQ(rehearsed.at("brevo").at("state").as_string(), "healthy");
    EXPECT_EQ(rehearsed.at("hubspot").at("state").as_string(), "not configured");
    EXPECT_EQ(rehearsed.at("hubspot").at("reason").as_string(), "not part of the rehearsal");
}

TEST(Cli, OnlyMappedFieldsCanBeLeftOut)
{
    const Home home;
    for (const std::string command : {"retry", "select", "sync"}) {
        const Program::Ended ended = home.run({command, "brevo", "--all", "--without-field", "SMSS"});
        EXPECT_EQ(ended.code, 64);
        EXPECT_THAT(ended.err, HasSubstr("--without-field names SMSS, but what can be left out is FIRSTNAME, "));
    }
    EXPECT_EQ(home.run({"retry", "brevo", "--all", "--without-field", "SMS"}).code, 0);
    EXPECT_EQ(home.run({"preview", "brevo", "x", "--without-field", "SMSS"}).code, 64);
}

TEST(Cli, DismissalsAreCountedBeforeTheyAreDone)
{
    const Home home;
    EXPECT_EQ(home.run({"dismiss"}).code, 64);
    EXPECT_EQ(home.run({"dismiss", "--crm", "zoho"}).code, 64);
    const Program::Ended counted = home.run({"dismiss", "--crm", "brevo"});
    EXPECT_EQ(counted.code, 1);
    EXPECT_THAT(counted.err, HasSubstr("0 failure(s) would be dismissed; --yes does it"));
    EXPECT_EQ(home.run({"dismiss", "--crm", "brevo", "--yes"}).out, "0 failure(s) dismissed\n");
}

TEST(Cli, PauseAndResumeStayInTheDatabase)
{
    const Home home;
    EXPECT_EQ(home.run({"pause", "brevo"}).out, "Brevo is paused\n");
    const boost::json::value paused = json_of(home.run({"status", "--json"}));
    EXPECT_EQ(paused.at("crms").at("brevo").at("state").as_string(), "paused");
    EXPECT_EQ(home.run({"resume", "brevo"}).out, "Brevo goes on\n");
}

TEST(Cli, PreviewShowsThePayloadWithoutAKey)
{
    const Home home;
    home.run({"contacts", "add", "ann@example.com", "--name", "Ann Lee", "--phone-number", "202-555-0101"});
    const Program::Ended ended = home.run({"preview", "brevo", "ann@example.com", "--json"});
    EXPECT_EQ(ended.code, 0) << ended.err;
    const boost::json::value payload = json_of(ended).at("payload");
    EXPECT_EQ(payload.at("email").as_string(), "ann@example.com");
    EXPECT_EQ(payload.at("updateEnabled").as_bool(), true);
    EXPECT_EQ(payload.at("attributes").at("FIRSTNAME").as_string(), "Ann");
    EXPECT_EQ(payload.at("attributes").at("SMS").as_string(), "+12025550101");
    EXPECT_EQ(home.run({"test", "brevo"}).code, 1);
    EXPECT_THAT(home.run({"test", "brevo"}).err, HasSubstr("BREVO_API_KEY not configured"));
}

TEST(Cli, PreviewExplainsAndTakesSeveral)
{
    const Home home;
    home.run({"contacts", "add", "ann@example.com", "--name", "Ann Lee"});
    home.run({"contacts", "add", "nonsense"});
    const Program::Ended explained = home.run({"preview", "brevo", "ann@example.com", "--explain"});
    EXPECT_EQ(explained.code, 0) << explained.err;
    EXPECT_THAT(explained.out, HasSubstr("FIRSTNAME\tAnn\tfirst_name\t\n"));
    EXPECT_THAT(explained.out, HasSubstr("SMS\t\tphone as phone_e164, unique\tempty\n"));
    const Program::Ended both = home.run({"preview", "--all-crms", "ann@example.com", "nonsense", "--json"});
    EXPECT_EQ(both.code, 2) << both.err;
    const boost::json::array previews = json_of(both).as_array();
    ASSERT_GE(previews.size(), 2u);
    EXPECT_EQ(previews[0].at("crm").as_string(), "brevo");
    EXPECT_EQ(previews[0].at("payload").at("email").as_string(), "ann@example.com");
    EXPECT_EQ(previews[1].at("refusal").at("code").as_string(), "invalid_email");
    EXPECT_EQ(home.run({"preview", "brevo"}).code, 64);
    EXPECT_EQ(home.run({"preview", "brevo", "--all"}).code, 64);
}

TEST(Cli, ForecastsWhoWillMeetBeforeAnythingIsSent)
{
    const Home home;
    home.run({"contacts", "add", "ann@example.com", "--phone-number", "202-555-0101"});
    home.run({"contacts", "add", "ANN@example.com"});
    home.run({"contacts", "add", "bob@example.com", "--phone-number", "+1 202 555 0101"});
    const boost::json::value told = json_of(home.run({"preview", "brevo", "--forecast", "--all", "--json"}));
    EXPECT_EQ(told.at("contact_count").to_number<int>(), 3);
    EXPECT_EQ(told.at("same_address").at("group_count").to_number<int>(), 1);
    EXPECT_EQ(told.at("same_phone").at("contact_count").to_number<int>(), 2);
    EXPECT_THAT(home.run({"preview", "brevo", "--forecast", "--email-contains", "ann"}).out,
                HasSubstr("1 e-mail address(es) on 2 contacts: of each the newest goes, 1 will not be sent"));
    EXPECT_EQ(home.run({"preview", "brevo", "--forecast"}).code, 64);
    EXPECT_THAT(home.run({"select", "brevo", "--all"}).err,
                HasSubstr("1 share an e-mail address with a newer contact; 2 share a phone number, which Brevo takes "
                          "once; see who: crmsync preview brevo --forecast"));
}

TEST(Cli, MappingChangesReachThePayload)
{
    Home home;
    home.environment["CRMSYNC_CONFIG"] =
        home.file("crmsync.toml", "[brevo.fields]\nJOB = \"context\"\nLASTNAME = false\n");
    home.run({"contacts", "add", "ann@example.com", "--name", "Ann Lee", "--context", "met at a fair"});
    const boost::json::value attributes =
        json_of(home.run({"preview", "brevo", "ann@example.com", "--json"})).at("payload").at("attributes");
    EXPECT_EQ(attributes.at("JOB").as_string(), "met at a fair");
    EXPECT_FALSE(attributes.as_object().contains("LASTNAME"));
}

TEST(Cli, MigrateAndDoctorSayWhereTheDatabaseStands)
{
    const Home home;
    EXPECT_EQ(home.run({"doctor"}).code, 0);
    EXPECT_EQ(home.run({"migrate", "--dry-run"}).code, 0);
    EXPECT_THAT(home.run({"migrate", "status"}).out, Not(HasSubstr("\tyes")));
    EXPECT_EQ(home.run({"migrate"}).code, 0);
    EXPECT_THAT(home.run({"migrate", "status"}).out, Not(HasSubstr("\tno")));
    EXPECT_THAT(home.run({"migrate"}).out, HasSubstr("nothing to do"));
    const Program::Ended doctor = home.run({"doctor"});
    EXPECT_EQ(doctor.code, 0) << doctor.out;
    EXPECT_THAT(doctor.out, HasSubstr("BREVO_API_KEY not configured"));
}

TEST(Cli, DoctorNamesTheProgramAsItWasCalled)
{
    const Home home;
    EXPECT_EQ(home.run({"pause", "brevo"}).code, 0);
    EXPECT_THAT(home.run({"doctor"}).out, HasSubstr("mend with: " + built_program() + " resume brevo\n"));
}

TEST(Cli, DoctorFindsABadDatabaseAndAnOpenKeyFile)
{
    Home home;
    home.run({"token"});
    std::filesystem::permissions(home.path() / "state/jwt.key", std::filesystem::perms(0644));
    const Program::Ended open = home.run({"doctor"});
    EXPECT_EQ(open.code, 1);
    EXPECT_THAT(open.out, HasSubstr("mend with: chmod 600"));
    home.environment["DATABASE_URL"] = "sqlite:" + home.file("broken.db", "this is no database, only some text in it");
    const Program::Ended broken = home.run({"doctor"});
    EXPECT_EQ(broken.code, 1);
    EXPECT_THAT(broken.out, HasSubstr("wrong database"));
}

TEST(Cli, DoctorTellsADatabaseThatCannotBeMade)
{
    Home home;
    home.file("file", "");
    const std::pair<std::string, std::string> wrong[] = {
        {home.path() / "absent" / "x.db", "there is no directory " + (home.path() / "absent").string()},
        {home.path() / "file" / "x.db", "there is no directory " + (home.path() / "file").string()},
        {home.path(), "is a directory"},
    };
    for (const auto& [path, why] : wrong) {
        home.environment["DATABASE_URL"] = "sqlite:" + path;
        const Program::Ended ended = home.run({"doctor"});
        EXPECT_EQ(ended.code, 1) << path;
        EXPECT_THAT(ended.out, HasSubstr("wrong database: sqlite:" + path + ": " + why));
        EXPECT_THAT(ended.out, HasSubstr("mend DATABASE_URL"));
        EXPECT_EQ(home.run({"status"}).code, 1) << "and it is so";
    }
    home.environment["DATABASE_URL"] = "sqlite:" + (home.path() / "x.db").string();
    EXPECT_EQ(home.run({"doctor"}).code, 0);
    EXPECT_FALSE(std::filesystem::exists(home.path() / "x.db"));
}

TEST(Cli, ABackupHoldsWhatTheDatabaseHeld)
{
    Home home;
    home.run({"contacts", "add", "ann@example.com"});
    const std::string copy = home.path() / "copy.db";
    const Program::Ended made = home.run({"backup", copy, "--json"});
    ASSERT_EQ(made.code, 0) << made.err;
    const boost::json::value told = json_of(made);
    EXPECT_EQ(told.at("bytes").to_number<std::uintmax_t>(), std::filesystem::file_size(copy));
    EXPECT_EQ(told.at("migrations_missing").to_number<int>(), 0);
    struct stat info{};
    ASSERT_EQ(::stat(copy.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777u, 0600u);
    home.run({"contacts", "add", "bob@example.com"});
    EXPECT_EQ(home.run({"backup", copy}).err, "crmsync: " + copy + " is there already; a backup replaces nothing\n");
    home.environment["DATABASE_URL"] = "sqlite:" + copy;
    const std::string restored = home.run({"contacts", "list"}).out;
    EXPECT_THAT(restored, HasSubstr("ann@example.com"));
    EXPECT_THAT(restored, Not(HasSubstr("bob@example.com")));
}

TEST(Cli, ABackupOfPostgresIsItsOwnToolsWork)
{
    Home home;
    home.environment["DATABASE_URL"] = "postgresql://ann:hidden@db.example.com/leads";
    const Program::Ended ended = home.run({"backup", "copy.dump"});
    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.err, HasSubstr("pg_dump --format=custom --file='copy.dump' "
                                     "'postgresql://ann@db.example.com/leads'"));
    EXPECT_THAT(ended.err, Not(HasSubstr("hidden")));
}

TEST(Cli, TokensHaveThreeParts)
{
    const Home home;
    const Program::Ended ended = home.run({"token", "--subject", "ann", "--expires", "5m"});
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_EQ(std::ranges::count(ended.out, '.'), 2);
}

TEST(Cli, PausesAllCrmsAtOnce)
{
    const Home home;
    const auto paused = json_of(home.run({"pause", "--all", "--json"}));
    ASSERT_EQ(paused.as_array().size(), 4u);
    for (const auto& one : paused.as_array()) EXPECT_EQ(one.at("paused"), true);
    EXPECT_THAT(home.run({"resume", "--all"}).out, HasSubstr("n8n goes on"));
    EXPECT_EQ(home.run({"pause", "brevo", "--all"}).code, 64);
    EXPECT_EQ(home.run({"pause"}).code, 64);
}

TEST(Cli, ForgetsPeopleForGood)
{
    const Home home;
    EXPECT_EQ(home.run({"contacts", "add", "ann@example.com"}).code, 0);
    const Program::Ended forgotten = home.run({"forget", "Ann@example.com"});
    EXPECT_EQ(forgotten.code, 0) << forgotten.err;
    EXPECT_EQ(forgotten.out, "Ann@example.com: 1 contact(s) deleted here\n");
    EXPECT_THAT(forgotten.err, HasSubstr("--remote deletes it too"));
    EXPECT_EQ(json_of(home.run({"contacts", "list", "--json"})).as_array().size(), 0u);
    const Program::Ended again = home.run({"contacts", "add", "ann@example.com"});
    EXPECT_EQ(again.code, 1);
    EXPECT_THAT(again.err, HasSubstr("the address is on the suppression list"));
    EXPECT_EQ(home.run({"import", "-"}, "email\nann@example.com\n").code, 2);
    const auto list = json_of(home.run({"suppressed", "list", "--json"}));
    ASSERT_EQ(list.as_array().size(), 1u);
    EXPECT_EQ(list.at(0).at("reason"), "forgotten");
    EXPECT_EQ(home.run({"suppressed", "remove", "ann@example.com"}).err,
              "1 address(es) taken off the suppression list\n");
    EXPECT_EQ(home.run({"contacts", "add", "ann@example.com"}).code, 0);
    EXPECT_EQ(home.run({"suppressed", "add", "ann@example.com", "--reason", "by phone"}).code, 0);
    const Program::Ended remote = home.run({"forget", "bob@example.com", "--remote"});
    EXPECT_EQ(remote.code, 0);
    EXPECT_EQ(remote.out, "bob@example.com: 0 contact(s) deleted here\n");
    EXPECT_THAT(remote.err, HasSubstr("1 address(es) put on the suppression list\n"
                                      "Not asked to delete anything: Brevo (BREVO_API_KEY not configured), HubSpot ("));
    EXPECT_EQ(home.run({"forget"}).code, 64);
    EXPECT_EQ(home.run({"forget", "--ids", "7"}).code, 64);
}

}  // namespace
}  // namespace crmsync::test
