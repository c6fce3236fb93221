#include "app/field_changes.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <random>
#include <sstream>

#include "connectors/registry.h"
#include "tests/support/paths.h"

namespace crmsync::app {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

FieldChanges parsed(std::string_view toml) { return parse_field_changes(toml, "crmsync.toml", "US"); }

/// The rule that one line of [hubspot.fields] makes.
FieldRule rule_of(const std::string& line)
{
    const FieldChanges changes = parsed("[hubspot.fields]\n" + line);
    EXPECT_THAT(changes.problems, IsEmpty()) << line;
    const auto& fields = changes.fields[Crm::hubspot];
    return fields.size() == 1 && fields[0].rule ? *fields[0].rule : FieldRule();
}

TEST(FieldChanges, ReadEveryKindOfRule)
{
    const std::pair<const char*, FieldRule> cases[] = {
        {"a = 'context'", {SourceField::context, "a"}},
        {"a = 'phone'", {SourceField::phone, "a", FieldType::phone_e164}},
        {"a = { from = 'phone', type = 'text' }", {SourceField::phone, "a"}},
        {"a = { from = 'phone', unique = true }", {SourceField::phone, "a", FieldType::phone_e164, true}},
        {"a = { value = 'crmsync' }", {.target = "a", .parts = {"crmsync"}}},
        {"a = { value = true }", {.target = "a", .type = FieldType::boolean, .parts = {"true"}}},
        {"a = { value = 'true', type = 'boolean' }", {.target = "a", .type = FieldType::boolean, .parts = {"true"}}},
        {"a = { value = -12 }", {.target = "a", .type = FieldType::number, .parts = {"-12"}}},
        {"a = { value = 1.5 }", {.target = "a", .type = FieldType::number, .parts = {"1.5"}}},
        {"a = { value = 2026-11-20 }", {.target = "a", .type = FieldType::date, .parts = {"2026-11-20"}}},
        {"a = { value = 2026-11-20T12:30:00+01:00 }",
         {.target = "a", .type = FieldType::datetime, .parts = {"2026-11-20T12:30:00+01:00"}}},
        {"a = { template = '{name}!' }", {.target = "a", .parts = {SourceField::name, "!"}}},
        {"a = { from = 'name', transform = ['rest', 'upper'] }",
         {.source = SourceField::name, .target = "a", .transforms = {Transform::rest, Transform::upper}}},
        {"a = { from = 'name', transform = 'lower' }",
         {.source = SourceField::name, .target = "a", .transforms = {Transform::lower}}},
        {"a = { from = 'name', default = 'nobody' }",
         {.source = SourceField::name, .target = "a", .fallback = "nobody"}},
        {"a = { from = 'has_gmail', default = false }",
         {.source = SourceField::has_gmail, .target = "a", .type = FieldType::boolean, .fallback = "false"}},
        {"a = { from = 'name', empty = 'clear' }",
         {.source = SourceField::name, .target = "a", .when_empty = WhenEmpty::clear}},
        {"a = { from = 'name', empty = 'leave' }", {.source = SourceField::name, .target = "a"}},
        {"hs_email_optout = { value = true, consent = true }",
         {.target = "hs_email_optout", .type = FieldType::boolean, .parts = {"true"}, .consent = true}},
    };
    for (const auto& [line, rule] : cases) EXPECT_EQ(rule_of(line), rule) << line;
}

TEST(FieldChanges, RemoveAndRename)
{
    const FieldChanges changes = parsed("[brevo.fields]\nSMS = false\nFIRSTNAME = { rename = \"VORNAME\" }");
    EXPECT_THAT(changes.problems, IsEmpty());
    EXPECT_THAT(changes.fields[Crm::brevo],
                ElementsAre(FieldChange{"FIRSTNAME", std::nullopt, "VORNAME"}, FieldChange{"SMS", std::nullopt}));
}

TEST(FieldChanges, MistakesNameLineFieldAndRemedy)
{
    const std::pair<const char*, const char*> mistakes[] = {
        {"A = 'shoe_size'", "A: a contact has no field \"shoe_size\"; use one of email, name"},
        {"A = true", "A needs the name of a contact's field, a table, or false"},
        {"A = {}", "A: needs a source: from, value or template"},
        {"A = { from = 'name', value = 'x' }", "A: has two sources at once"},
        {"A = { from = 1 }", "A: from must be a text in quotes"},
        {"A = { form = 'name', from = 'name' }", "A: form is not known; a field takes from, value, template"},
        {"A = { from = 'name', type = 'int' }", "A: type \"int\" is none of text"},
        {"A = { from = 'email', type = 'date' }", "A: email never holds a date; use type = \"text\""},
        {"A = { from = 'name', transform = ['reverse'] }", "A: transform \"reverse\" is none of trim"},
        {"A = { from = 'name', transform = 1 }", "A: transform must be a list such as"},
        {"A = { template = '{name' }", "A: the template has a { without its }"},
        {"A = { template = '{nam}' }", "A: the template names \"nam\""},
        {"A = { template = 'x' }", "A: the template names no field of a contact; use value"},
        {"A = { value = 12:30:00 }", "A: value must be a text, a number, a date, or true or false"},
        {"A = { value = 'maybe', type = 'boolean' }", "A: the value is neither true nor false"},
        {"A = { value = inf }", "A: the value is not a number"},
        {"A = { from = 'name', default = '' }", "A: default is empty; remove it"},
        {"A = { from = 'phone', default = 'none' }", "A: the default is not a phone number"},
        {"A = { from = 'name', empty = 'null' }", "A: empty \"null\" is neither leave nor clear"},
        {"A = { from = 'name', empty = 'clear', default = 'x' }", "A: with a default it is never empty"},
        {"A = { from = 'name', unique = 'yes' }", "A: unique must be true or false"},
        {"SMS = { rename = 'PHONE', type = 'text' }", "SMS: rename goes alone"},
        {"SMS = { rename = '' }", "SMS: rename needs the CRM's name of a field"},
        {"SMS = { rename = 'smsBlacklisted' }", "SMS: rename leads to a field about consent"},
        {"SMS = { rename = 'LASTNAME' }", "LASTNAME: two rules fill it; rename or remove one"},
        {"NONE = { rename = 'B' }", "NONE: there is no default of that name to rename"},
        {"emailBlacklisted = 'context'", "emailBlacklisted: says whether a contact wants mail; add consent = true"},
        {"listIds = { value = '3', consent = true }", "listIds: is about consent and cannot be set from a mapping"},
        {"A = { from = 'name', consent = true }", "A: is no field about consent; remove consent = true"},
    };
    for (const auto& [line, message] : mistakes) {
        const FieldChanges changes = parsed(fmt::format("# a comment\n[brevo.fields]\n{}\n", line));
        ASSERT_EQ(changes.problems.size(), 1u) << line;
        EXPECT_EQ(changes.problems[0].where, "crmsync.toml:3") << line;
        EXPECT_THAT(changes.problems[0].message, testing::StartsWith(message)) << line;
    }
}

TEST(FieldChanges, ConsentHasToBeMarkedAtEveryCrmAndThenOnlyOptsOut)
{
    const std::pair<Crm, const char*> fields[] = {{Crm::brevo, "emailBlacklisted"},
                                                  {Crm::brevo, "smsBlacklisted"},
                                                  {Crm::hubspot, "hs_email_optout"},
                                                  {Crm::hubspot, "hs_email_optout_1"},
                                                  {Crm::mautic, "doNotContact"}};
    for (const auto& [crm, field] : fields) {
        const auto changes = [&](std::string_view rest) {
            return parsed(fmt::format("[{}.fields]\n{} = {{ from = 'context', type = 'boolean'{} }}", to_string(crm),
                                      field, rest));
        };
        EXPECT_EQ(changes("").problems.size(), 1u) << field;
        const FieldChanges marked = changes(", consent = true");
        EXPECT_THAT(marked.problems, IsEmpty()) << field;
        const FieldMapping mapping = with_changes({}, marked.fields[crm]);
        for (const auto& [said, sent] : {std::pair{"true", 1u}, {"false", 0u}, {"", 0u}, {"perhaps", 0u}}) {
            const auto mapped = map_contact({.email = "a@b.co", .context = said}, {{}, crm}, 1, mapping, {}, {});
            EXPECT_EQ(std::get<MappedContact>(mapped).fields.size(), sent) << field << ' ' << said;
        }
    }
}

TEST(FieldChanges, MistakesAreToldAllAtOnce)
{
    const FieldChanges changes = parsed(
        "[brevo.fields]\n"
        "A = { from = 'shoe', type = 'int', transform = ['reverse', 'twist'], unique = 1 }\n"
        "[hubspot.fields]\n"
        "b = { template = '{' }\n"
        "[zoho.fields]\n");
    std::vector<std::string> places;
    for (const Problem& problem : changes.problems) places.push_back(problem.where);
    EXPECT_THAT(places,
                testing::UnorderedElementsAre("crmsync.toml:2", "crmsync.toml:2", "crmsync.toml:2", "crmsync.toml:2",
                                              "crmsync.toml:2", "crmsync.toml:4", "crmsync.toml:5"));
}

// ---- docs/configuration.md ----------------------------------------------------------------------------------------

/// What stands between the marks, each time.
std::vector<std::string> between(const std::string& text, std::string_view begin, std::string_view end)
{
    std::vector<std::string> parts;
    for (std::size_t at = 0; (at = text.find(begin, at)) != std::string::npos;) {
        at += begin.size();
        parts.push_back(text.substr(at, text.find(end, at) - at));
    }
    return parts;
}

std::string mapping_section()
{
    std::ifstream file(test::source_file("docs/configuration.md"));
    const std::string page{std::istreambuf_iterator<char>(file), {}};
    return page.substr(page.find("## Field mappings"));
}

/// Field -> value as the page's table has it; "" where nothing is sent.
std::map<std::string, std::string> documented(std::size_t column)
{
    std::map<std::string, std::string> values;
    for (const std::string& row : between(mapping_section(), "\n| `", "\n")) {
        const std::vector<std::string> cells = between("| `" + row, "| ", " |");
        if (cells.size() != 3) continue;
        const std::string_view field(cells[0]);
        values[std::string(field.substr(1, field.size() - 2))] = cells[column] == " " ? "" : cells[column];
    }
    std::erase_if(values, [](const auto& entry) { return entry.second.empty() || entry.second.starts_with("|"); });
    return values;
}

std::map<std::string, std::string> sent(const ContactFields& contact)
{
    const FieldChanges changes = parsed(between(mapping_section(), "```toml\n", "```").at(0));
    EXPECT_THAT(changes.problems, IsEmpty());
    const FieldMapping mapping =
        with_changes(find_connector(Crm::brevo)->default_mapping(), changes.fields[Crm::brevo]);
    std::map<std::string, std::string> values;
    const auto mapped = std::get<MappedContact>(map_contact(contact, {{}, Crm::brevo}, 1, mapping, {}, {}));
    for (const MappedField& field : mapped.fields) values[field.name] = to_text(field.value);
    return values;
}

TEST(FieldMappingPage, ItsExamplesSendWhatItSays)
{
    EXPECT_EQ(sent({.email = "ann@example.com",
                    .name = "Ann van der Lee",
                    .phone_number = "(202) 456-1111",
                    .email_type = EmailType::corporate,
                    .context = "Plumber"}),
              documented(1));
    EXPECT_EQ(sent({.email = "bob@example.com"}), documented(2));
}

TEST(FieldMappingPage, ItsOtherExamplesAreTaken)
{
    for (const std::string& example : between(mapping_section(), "```toml\n", "```"))
        EXPECT_THAT(parsed(example).problems, IsEmpty()) << example;
}

TEST(FieldMappingPage, NamesEveryWord)
{
    const std::string page = mapping_section();
    std::istringstream names(source_field_names() + ", " + field_type_names() + ", " + transform_names());
    for (std::string name; names >> name;) {
        if (name.ends_with(',')) name.pop_back();
        EXPECT_NE(page.find("`" + name + "`"), std::string::npos) << name;
    }
}

/// What was acknowledged stays so when somebody sorts the file.
RC_GTEST_PROP(FieldChanges, OrderInTheFileChangesNoFingerprint, (unsigned seed))
{
    std::vector<std::string> lines{"ZIP = 'context'", "ALPHA = { value = 'crmsync' }",
                                   "MIDDLE = { template = '{first_name} {email}' }", "LASTNAME = false",
                                   "SMS = { rename = 'PHONE' }"};
    const ContactFields contact{.email = "a@b.co", .name = "Ann Lee", .context = "1"};
    const auto fingerprint = [&](std::string_view value) {
        std::string toml = "[brevo.fields]\n";
        for (const std::string& line : lines) toml += line + "\n";
        if (const auto at = toml.find("crmsync"); !value.empty()) toml.replace(at, 7, value);
        const FieldMapping mapping = with_changes(
            {.rules = {{SourceField::last_name, "LASTNAME"}, {SourceField::phone, "SMS", FieldType::phone_e164}}},
            parsed(toml).fields[Crm::brevo]);
        return std::get<MappedContact>(map_contact(contact, {{}, Crm::brevo}, 1, mapping, {}, {})).fingerprint;
    };
    const std::string before = fingerprint("");
    std::ranges::shuffle(lines, std::minstd_rand(seed));
    RC_ASSERT(fingerprint("") == before);
    RC_ASSERT(fingerprint("other") != before);
}

}  // namespace
}  // namespace crmsync::app
