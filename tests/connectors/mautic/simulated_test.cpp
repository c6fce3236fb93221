// Mautic's own ways, against an installation that has them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/simulated_crm.h"

namespace crmsync::mautic {
namespace {

namespace json = boost::json;

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

MappedContact contact(std::string email, std::vector<MappedField> fields = {})
{
    return {.email = std::move(email), .fields = std::move(fields)};
}

class SimulatedMautic : public testing::Test {
protected:
    test::SimulatedCrm& crm()
    {
        if (!crm_) crm_.emplace(Crm::mautic, settings, mapping);
        return *crm_;
    }
    std::vector<Outcome> send(const std::vector<MappedContact>& contacts)
    {
        auto answer = crm().send_all(contacts).answer;
        if (const auto* whole = std::get_if<WholeCall>(&answer)) return {whole->outcome};
        return std::get<PerItem>(answer).outcomes;
    }
    Upserted upserted(const MappedContact& sent)
    {
        const auto outcomes = send({sent});
        EXPECT_EQ(outcome_name(outcomes.at(0)), "upserted") << reason_of(outcomes.at(0));
        const auto* done = std::get_if<Upserted>(&outcomes.at(0));
        return done ? *done : Upserted{};
    }
    json::value held(std::string_view email, std::string_view alias)
    {
        const auto found = crm().find(email);
        return found.is_null() ? found : found.at("fields").at("all").at(alias);
    }
    std::int64_t calls(std::string_view route, std::string_view status)
    {
        const auto all = crm().calls().as_object();
        const auto* counts = all.if_contains(route);
        const auto* count = counts ? counts->as_object().if_contains(status) : nullptr;
        return count ? count->to_number<std::int64_t>() : 0;
    }
    /// A contact that was sent before, with what is known of it since.
    static MappedContact again(std::string email, const Upserted& before, std::vector<MappedField> fields = {})
    {
        MappedContact next = contact(std::move(email), std::move(fields));
        next.remote_id = before.remote_id;
        return next;
    }

    Settings settings;
    std::optional<FieldMapping> mapping;

private:
    std::optional<test::SimulatedCrm> crm_;
};

// ---- What arrives --------------------------------------------------------------------------------------------------

TEST_F(SimulatedMautic, StoresWhatWasMapped)
{
    settings = {{"TAGS", "crmsync,gov"}, {"SEGMENT_ID", "2"}};
    crm().set_up();
    const JobKey key{.contact_id = {}, .crm = Crm::mautic};
    const ContactFields fields{.email = "Ann@Example.com",
                               .name = "Ann van der Lee",
                               .phone_number = "(202) 456-1111",
                               .email_type = EmailType::corporate,
                               .has_gmail = false,
                               .source_url = "https://example.com/?a=b&c=" + std::string(300, 'd')};
    const auto mapped = std::get<MappedContact>(map_contact(fields, key, 1, crm().connector->traits().mapping, {}, {}));
    const Upserted done = upserted(mapped);
    EXPECT_THAT(done.warnings, IsEmpty());
    EXPECT_EQ(done.change, Upserted::Change::created);
    const auto found = crm().find("ann@example.com");
    EXPECT_EQ(done.remote_id, std::to_string(found.at("id").as_int64()));
    const auto& all = found.at("fields").at("all");
    EXPECT_EQ(all.at("firstname"), "Ann");
    EXPECT_EQ(all.at("lastname"), "van der Lee");
    EXPECT_EQ(all.at("phone"), "+12024561111");
    EXPECT_EQ(all.at("email_type"), "CORPORATE");
    EXPECT_EQ(all.at("has_gmail"), "false");
    EXPECT_EQ(all.at("source_url").as_string().size(), fields.source_url->size());
    EXPECT_EQ(found.at("tags").as_array().size(), 2u);
    EXPECT_EQ(json::serialize(found.at("segments")), "[2]");
}

TEST_F(SimulatedMautic, TellsOfEachContactOfABatch)
{
    crm().fault(R"({"match":{"email":"bad@b.io"},"effect":{"kind":"reject"}})");
    const auto outcomes = send({contact("a@b.io"), contact("bad@b.io"), contact("c&d@b.io"), contact("e@b.io")});
    ASSERT_EQ(outcomes.size(), 4u);
    EXPECT_EQ(outcome_name(outcomes[0]), "upserted");
    EXPECT_EQ(code_of(outcomes[1]), "invalid_email");
    EXPECT_EQ(code_of(outcomes[2]), "invalid_email") << "Mautic would make another address of it";
    EXPECT_EQ(outcome_name(outcomes[3]), "upserted");
    EXPECT_EQ(calls("POST /api/contacts/batch/new", "201"), 1);
    EXPECT_NE(std::get<Upserted>(outcomes[0]).remote_id, std::get<Upserted>(outcomes[3]).remote_id);
    EXPECT_EQ(held("e@b.io", "id"), json::value(std::get<Upserted>(outcomes[3]).remote_id));
}

TEST_F(SimulatedMautic, LearnsHowManyAreTakenAtOnce)
{
    crm().change_settings(R"({"batch_limit":2})");
    std::vector<MappedContact> five;
    for (int i = 0; i < 5; ++i) five.push_back(contact(std::to_string(i) + "@b.io"));
    for (int round = 1; round <= 2; ++round) {
        for (const Outcome& outcome : send(five)) EXPECT_EQ(outcome_name(outcome), "upserted");
        EXPECT_EQ(calls("POST /api/contacts/batch/new", "500"), 1);
        EXPECT_EQ(calls("POST /api/contacts/batch/new", "201"), 2 * round);
    }
}

TEST_F(SimulatedMautic, SendsNothingThatWouldBeDroppedOrRefused)
{
    const MappedContact bold = contact("a@b.io", {{"firstname", std::string(192, 'x')}, {"page_id", "p"}});
    EXPECT_THAT(upserted(bold).warnings, ElementsAre("firstname left out: Mautic takes at most 191 characters",
                                                     "page_id left out: Mautic has no such contact field"));
    crm().set_up();
    EXPECT_THAT(upserted(bold).warnings, ElementsAre(HasSubstr("firstname")));
    EXPECT_EQ(held("a@b.io", "page_id"), "p");
}

TEST_F(SimulatedMautic, NamesTheFieldThatMauticRefuses)
{
    // A field made in Mautic itself holds 64 characters, which 5.1 does not tell.
    crm().at_crm(http::Method::post, "/api/fields/contact/new", R"({"label":"page_id","alias":"page_id"})");
    const MappedContact long_value = contact("a@b.io", {{"page_id", std::string(65, 'x')}});
    EXPECT_EQ(std::get<Rejected>(send({long_value}).at(0)).repairable_field, "page_id");
    EXPECT_EQ(std::get<Rejected>(send({contact("c@d.io"), long_value}).at(1)).repairable_field, "page_id");
    crm().change_settings(R"({"shows_length":true})");
    crm().set_up();
    EXPECT_THAT(upserted(long_value).warnings, ElementsAre("page_id left out: Mautic takes at most 64 characters"));
}

TEST_F(SimulatedMautic, SaysWhatWasNotKept)
{
    crm().fault(R"({"effect":{"kind":"drop_attributes","attributes":["firstname"]}})");
    EXPECT_THAT(upserted(contact("a@b.io", {{"firstname", "Ann"}, {"lastname", "Lee"}})).warnings,
                ElementsAre("firstname: Mautic did not keep the value"));
}

TEST_F(SimulatedMautic, EmptiesFieldsWithoutTouchingOthers)
{
    upserted(contact("a@b.io", {{"firstname", "Ann"}, {"lastname", "Lee"}, {"phone", "+12024561111"}}));
    const std::vector two{contact("a@b.io", {{"firstname", Cleared{}}, {"lastname", "Li"}, {"city", Cleared{}}}),
                          contact("c@d.io", {{"firstname", Cleared{}}})};
    for (const Outcome& outcome : send(two)) EXPECT_EQ(outcome_name(outcome), "upserted");
    EXPECT_EQ(held("a@b.io", "firstname"), nullptr);
    EXPECT_EQ(held("a@b.io", "lastname"), "Li");
    EXPECT_EQ(held("a@b.io", "phone"), "+12024561111");
    send(two);
    EXPECT_EQ(calls("PATCH /api/contacts/batch/edit", "200"), 1) << "there was nothing left to empty";
    upserted(contact("a@b.io", {{"firstname", "Ann"}}));
    crm().fault(R"({"match":{"method":"PATCH"},"effect":{"kind":"respond","status":503}})");
    EXPECT_EQ(outcome_name(send(two).at(0)), "transient") << "not all was done";
}

// ---- Fields and segments -------------------------------------------------------------------------------------------

TEST_F(SimulatedMautic, FindsFieldsThatMauticRenamed)
{
    mapping = FieldMapping{.rules = {{SourceField::page_id, "id"}, {SourceField::domain_id, "owner_id"}}};
    // "id" is refused as a name of ours; what the contact table has for itself, Mautic numbers.
    const auto report = test::await(crm().loop, crm().connector->setup(true)).value();
    EXPECT_THAT(report.created, ElementsAre("owner_id (Mautic calls it owner_id1)"));
    EXPECT_THAT(report.problems, IsEmpty());
    upserted(contact("a@b.io", {{"owner_id", "x"}}));
    EXPECT_EQ(held("a@b.io", "owner_id1"), "x");
    crm().fault(R"({"match":{"method":"POST"},"effect":{"kind":"respond","status":400,
        "body":{"errors":[{"code":400,"message":"owner_id1: no","details":{"owner_id1":["no"]}}]}}})");
    const auto refused = send({contact("a@b.io", {{"owner_id", "x"}})}).at(0);
    EXPECT_EQ(std::get<Rejected>(refused).repairable_field, "owner_id") << "by our name for it";
}

TEST_F(SimulatedMautic, WaitsForFieldsMadeInTheBackground)
{
    crm().change_settings(R"({"background_fields":true})");
    const auto report = test::await(crm().loop, crm().connector->setup(true)).value();
    EXPECT_THAT(report.created, IsEmpty());
    EXPECT_THAT(report.problems, Contains("page_id is made by Mautic in the background and is not there yet"));
    EXPECT_THAT(upserted(contact("a@b.io", {{"page_id", "p"}})).warnings,
                ElementsAre("page_id left out: the field is not published at Mautic"));
}

TEST_F(SimulatedMautic, WarnsWhenTheSegmentFails)
{
    settings = {{"SEGMENT_ID", "2"}};
    crm().fault(R"({"match":{"path":"/api/segments/2/contacts"},"effect":{"kind":"respond","status":500}})");
    const auto outcomes = send({contact("a@b.io"), contact("c@d.io")});
    for (const Outcome& outcome : outcomes)
        EXPECT_THAT(std::get<Upserted>(outcome).warnings, ElementsAre(HasSubstr("Not added to segment 2: Mautic")));
    EXPECT_EQ(calls("other", "500"), 1) << "one call for the batch";
}

TEST_F(SimulatedMautic, KnowsThatTheSegmentIsMissing)
{
    settings = {{"SEGMENT_ID", "99"}};
    const auto report = test::await(crm().loop, crm().connector->setup(false)).value();
    EXPECT_THAT(report.problems, Contains(HasSubstr("MAUTIC_SEGMENT_ID: Mautic has no segment 99")));
    EXPECT_THAT(upserted(contact("a@b.io")).warnings,
                ElementsAre("Not added to segment 99: Mautic has no such segment"));
}

// ---- Identity ------------------------------------------------------------------------------------------------------

TEST_F(SimulatedMautic, MovesAContactWhoseAddressChanged)
{
    const Upserted before = upserted(contact("old@b.io", {{"firstname", "Ann"}}));
    const Upserted after = upserted(again("new@b.io", before));
    EXPECT_EQ(after.remote_id, before.remote_id);
    EXPECT_TRUE(crm().find("old@b.io").is_null());
    EXPECT_EQ(held("new@b.io", "firstname"), "Ann");
    EXPECT_EQ(upserted(again("new@b.io", after)).remote_id, before.remote_id) << "moved already";
}

TEST_F(SimulatedMautic, NeverMergesTwoContacts)
{
    const Upserted before = upserted(contact("old@b.io"));
    const Upserted other = upserted(contact("taken@b.io"));
    const Upserted after = upserted(again("taken@b.io", before));
    EXPECT_EQ(after.remote_id, other.remote_id);
    EXPECT_THAT(after.warnings, ElementsAre(HasSubstr("already had a contact with the new address")));
    EXPECT_FALSE(crm().find("old@b.io").is_null());
}

TEST_F(SimulatedMautic, CreatesAgainWhatWasDeletedThere)
{
    const Upserted before = upserted(contact("a@b.io"));
    crm().at_crm(http::Method::delete_, "/api/contacts/" + before.remote_id + "/delete");
    EXPECT_EQ(upserted(again("a@b.io", before)).change, Upserted::Change::created);
}

TEST_F(SimulatedMautic, WritesNothingBeforeItKnowsWhereAContactIs)
{
    const Upserted before = upserted(contact("old@b.io"));
    crm().fault(R"({"match":{"method":"GET"},"effect":{"kind":"respond","status":400}})");
    const auto outcome = send({again("new@b.io", before)}).at(0);
    EXPECT_EQ(outcome_name(outcome), "transient");
    EXPECT_TRUE(crm().find("new@b.io").is_null());
}

TEST_F(SimulatedMautic, OverlappingSendsWouldMakeDoubles)
{
    // What the engine must not do, and why: Mautic has no key that would keep two creates apart.
    for (const bool refuses : {false, true}) {
        SCOPED_TRACE(refuses);
        const std::string email = refuses ? "c@d.io" : "a@b.io";
        crm().change_settings(std::string(R"({"refuses_overlap":)") + (refuses ? "true" : "false") + "}");
        upserted(contact("first@b.io"));
        crm().fault(R"({"match":{"path":"/api/contacts/new"},"effect":{"latency_ms":100}})");
        const MappedContact same = contact(email);
        std::vector<Outcome> outcomes;
        for (int i = 0; i < 2; ++i)
            asio::co_spawn(
                crm().loop,
                [&]() -> Task<> {
                    const SendResult sent = co_await crm().connector->send(std::span(&same, 1));
                    outcomes.push_back(std::get<PerItem>(sent.answer).outcomes.at(0));
                },
                [](const std::exception_ptr& error) { EXPECT_FALSE(error); });
        while (outcomes.size() < 2) {
            crm().loop.restart();
            crm().loop.run_one();
        }
        crm().no_faults();
        EXPECT_EQ(crm().find(email).at("copies"), refuses ? 1 : 2);
        EXPECT_EQ(outcome_name(outcomes[0]), "upserted");
        EXPECT_EQ(outcome_name(outcomes[1]), refuses ? "transient" : "upserted");
        if (refuses) EXPECT_EQ(code_of(outcomes[1]), "must_be_unique");
        if (refuses) EXPECT_EQ(outcome_name(send({same}).at(0)), "upserted") << "the next attempt finds it";
    }
}

// ---- Consent -------------------------------------------------------------------------------------------------------

TEST_F(SimulatedMautic, LeavesOptOutsAlone)
{
    const Upserted before = upserted(contact("a@b.io"));
    crm().at_crm(http::Method::post, "/api/contacts/" + before.remote_id + "/dnc/email/add", R"({"reason":1})");
    upserted(contact("a@b.io", {{"firstname", "Ann"}, {"lastname", Cleared{}}}));
    send({contact("a@b.io", {{"firstname", Cleared{}}}), contact("c@d.io")});
    upserted(again("new@b.io", before));
    EXPECT_EQ(crm().find("new@b.io").at("doNotContact").as_array().size(), 1u);
    EXPECT_EQ(crm().state().at("consent_writes"), 1) << "but for the one by hand";
}

TEST_F(SimulatedMautic, MapsNothingToConsent)
{
    mapping = FieldMapping{.rules = {{SourceField::has_gmail, "doNotContact"}, {SourceField::name, "firstname"}}};
    EXPECT_EQ(crm().connector->traits().mapping.rules.size(), 1u);
}

// ---- Trouble -------------------------------------------------------------------------------------------------------

TEST_F(SimulatedMautic, SaysWhichSwitchIsOff)
{
    crm().change_settings(R"({"api_enabled":false})");
    const auto outcome = send({contact("a@b.io")}).at(0);
    EXPECT_THAT(std::string(reason_of(outcome)), HasSubstr("API"));
    EXPECT_EQ(outcome_name(outcome), "unauthorized");
    EXPECT_EQ(test::await(crm().loop, crm().connector->test()).error().code, ErrorCode::denied);
}

TEST_F(SimulatedMautic, TakesBasicAuthentication)
{
    settings = {{"CLIENT_ID", ""}, {"USERNAME", "user"}, {"PASSWORD", "pass"}};
    EXPECT_EQ(test::await(crm().loop, crm().connector->test()), "Mautic 5.1.0");
    crm().change_settings(R"({"basic_enabled":false})");
    EXPECT_EQ(code_of(send({contact("a@b.io")}).at(0)), "basic_auth_disabled");
    crm().change_settings(R"({"basic_enabled":true,"password":"other"})");
    EXPECT_EQ(code_of(send({contact("a@b.io")}).at(0)), "wrong_password");
}

TEST_F(SimulatedMautic, RenewsATokenThatIsRefused)
{
    upserted(contact("a@b.io"));
    crm().change_settings(R"({"revoke_tokens":true})");
    const MappedContact next = contact("c@d.io");
    const SendResult result = crm().send_all(next);
    EXPECT_EQ(outcome_name(std::get<PerItem>(result.answer).outcomes.at(0)), "upserted");
    EXPECT_EQ(result.exchange.calls, 2);
    EXPECT_EQ(crm().state().at("tokens"), 2);
}

TEST_F(SimulatedMautic, TakesARefreshToken)
{
    settings = {{"REFRESH_TOKEN", "refresh-0"}};
    upserted(contact("a@b.io"));
    crm().change_settings(R"({"revoke_tokens":true})");
    upserted(contact("a@b.io"));
    EXPECT_EQ(crm().state().at("tokens"), 2);
}

TEST_F(SimulatedMautic, SparesTheNeighboursOfAPoisonedContact)
{
    upserted(contact("warm@b.io"));
    crm().fault(R"({"match":{"method":"POST","email":"poison@b.io"},"effect":{"kind":"respond","status":500}})");
    std::vector<MappedContact> batch{contact("poison@b.io")};
    for (int i = 0; i < 4; ++i) batch.push_back(contact(std::to_string(i) + "@b.io"));
    const auto outcomes = send(batch);
    EXPECT_EQ(std::get<Transient>(outcomes.at(0)).scope, Transient::Scope::contact);
    for (std::size_t i = 1; i < outcomes.size(); ++i) EXPECT_EQ(outcome_name(outcomes[i]), "upserted") << i;
}

TEST_F(SimulatedMautic, MeetsAnOutageWithFewCalls)
{
    upserted(contact("warm@b.io"));
    crm().fault(R"({"match":{"method":"POST"},"effect":{"kind":"respond","status":500}})");
    std::vector<MappedContact> batch;
    for (int i = 0; i < 20; ++i) batch.push_back(contact(std::to_string(i) + "@b.io"));
    const SendResult result = crm().send_all(batch);
    EXPECT_EQ(result.exchange.calls, 3);
    for (const Outcome& outcome : std::get<PerItem>(result.answer).outcomes)
        EXPECT_EQ(std::get<Transient>(outcome).scope, Transient::Scope::crm);
}

TEST_F(SimulatedMautic, LetsTheEngineHalveWhatWasRefusedAsAWhole)
{
    upserted(contact("warm@b.io"));
    crm().fault(R"({"match":{"method":"POST"},"effect":{"kind":"respond","status":413}})");
    const SendResult result = crm().send_all(std::vector{contact("a@b.io"), contact("c@d.io")});
    EXPECT_EQ(outcome_name(std::get<WholeCall>(result.answer).outcome), "rejected");
}

TEST_F(SimulatedMautic, HonoursALimitWhereThereIsOne)
{
    crm().change_settings(R"({"requests_per_hour":3})");
    const MappedContact first = contact("a@b.io");
    const SendResult result = crm().send_all(first);
    ASSERT_FALSE(result.exchange.limits.empty());
    EXPECT_EQ(result.exchange.limits.back().limit, 3);
    EXPECT_EQ(result.exchange.limits.back().remaining, 1);
    upserted(first);
    const auto refused = send({first}).at(0);
    ASSERT_EQ(outcome_name(refused), "throttled");
    EXPECT_GT(*std::get<Throttled>(refused).retry_after, 59min);
}

// ---- Reading back --------------------------------------------------------------------------------------------------

TEST_F(SimulatedMautic, ReadsBackWhatWasSent)
{
    crm().set_up();
    const Upserted ann = upserted(contact("ann@b.io", {{"firstname", "Ann"}, {"has_gmail", true}}));
    upserted(contact("bob@b.io", {{"phone", "+12024561111"}}));
    crm().at_crm(http::Method::post, "/api/contacts/2/dnc/email/add", R"({"reason":1})");
    const std::vector<Lookup> lookups{{.email = "ann@b.io", .remote_id = ann.remote_id, .second_id = {}},
                                      {.email = "nobody@b.io", .remote_id = "99", .second_id = {}},
                                      {.email = "Bob@b.io", .remote_id = {}, .second_id = {}}};
    const auto read = test::await(crm().loop, crm().connector->read_back(lookups)).value();
    ASSERT_EQ(read.contacts.size(), 3u);
    EXPECT_EQ(read.exchange.calls, 2);
    EXPECT_EQ(read.contacts[0]->remote_id, ann.remote_id);
    EXPECT_THAT(read.contacts[0]->fields,
                ElementsAre(RemoteValue{"firstname", "Ann"}, RemoteValue{"has_gmail", "true"}));
    EXPECT_FALSE(read.contacts[0]->opted_out);
    EXPECT_FALSE(read.contacts[1]);
    EXPECT_THAT(read.contacts[2]->fields, ElementsAre(RemoteValue{"phone", "+12024561111"}));
    EXPECT_TRUE(read.contacts[2]->opted_out);
}

TEST_F(SimulatedMautic, ReadsBackAsManyAsItSays)
{
    std::vector<MappedContact> batch;
    std::vector<Lookup> lookups;
    const std::string long_part(60, 'x');
    for (std::size_t i = 0; i < crm().connector->traits().read_back_max; ++i) {
        const std::string email = std::to_string(i) + "@" + long_part + "." + long_part + "." + long_part + ".io";
        batch.push_back(contact(email));
        lookups.push_back({.email = email, .remote_id = {}, .second_id = {}});
    }
    send({batch.begin(), batch.begin() + 50});
    send({batch.begin() + 50, batch.end()});
    const auto read = test::await(crm().loop, crm().connector->read_back(lookups)).value();
    for (std::size_t i = 0; i < lookups.size(); ++i) {
        ASSERT_TRUE(read.contacts[i]) << i;
        EXPECT_EQ(read.contacts[i]->email, lookups[i].email);
    }
    EXPECT_EQ(read.exchange.calls, 4) << "as request lines allow";
    crm().fault(R"({"match":{"method":"GET"},"effect":{"kind":"respond","status":503}})");
    EXPECT_EQ(test::await(crm().loop, crm().connector->read_back(lookups)).error().code, ErrorCode::unavailable);
}

TEST_F(SimulatedMautic, ErasesByIdAndByAddress)
{
    const Upserted ann = upserted(contact("ann@example.com"));
    upserted(contact("bob@example.com"));
    const auto erase = [&](Lookup lookup) {
        const auto erased = test::await(crm().loop, crm().connector->erase(std::move(lookup)));
        return erased ? erased->existed : std::nullopt;
    };
    EXPECT_EQ(erase({.email = "", .remote_id = ann.remote_id}), true);
    EXPECT_TRUE(crm().find("ann@example.com").is_null());
    EXPECT_EQ(erase({.email = "bob@example.com"}), true);
    EXPECT_TRUE(crm().find("bob@example.com").is_null());
    EXPECT_EQ(erase({.email = "bob@example.com", .remote_id = ann.remote_id}), false);
}

}  // namespace
}  // namespace crmsync::mautic
