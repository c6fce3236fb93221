// What every connector does, whatever its CRM: run for each entry of the registry, and for the example of
// docs/connectors.md, against its simulator.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "tests/examples/acme/connector.h"
#include "tests/examples/acme/simulator.h"
#include "tests/support/simulated_crm.h"

namespace crmsync {
namespace {

namespace json = boost::json;

using testing::HasSubstr;
using testing::Not;

/// A connector under test. Goes for its CRM where a case is about one.
struct Subject {
    const ConnectorEntry* entry;
    std::string_view name;  ///< Of its simulated CRM.
    std::vector<simulator::CrmFactory> simulated = {};
    operator Crm() const { return entry->crm; }
};

/// The one of docs/connectors.md, as it would stand in the registry.
const ConnectorEntry acme_entry{Crm::brevo, acme::default_mapping, acme::create, {{"API_KEY", "preview"}}};

std::vector<Subject> subjects()
{
    std::vector<Subject> all;
    for (const ConnectorEntry& entry : connector_registry()) all.push_back({&entry, to_string(entry.crm)});
    all.push_back({&acme_entry, "acme", {[](Clock&, simulator::FaultPlan& faults) {
                       return acme::simulated(std::string(test::secret_key), faults);
                   }}});
    return all;
}

std::string name_of(const testing::TestParamInfo<Subject>& info) { return std::string(info.param.name); }

class ConnectorConformance : public testing::TestWithParam<Subject> {
protected:
    ConnectorConformance() : crm(*GetParam().entry, GetParam().name, GetParam().simulated) { crm.set_up(); }

    /// The contact in the CRM's terms, by the connector's own mapping.
    MappedContact mapped(const ContactFields& fields, std::uint8_t number = 1)
    {
        JobKey key{.contact_id = {}, .crm = GetParam()};
        key.contact_id.bytes[15] = number;
        return std::get<MappedContact>(map_contact(fields, key, 1, crm.connector->traits().mapping, {}, {}));
    }
    MappedContact ann() { return mapped({.email = "ann@example.com", .name = "Ann Lee", .has_gmail = false}); }

    std::int64_t writes_of(std::string_view email)
    {
        const auto found = crm.find(email);
        return found.is_null() ? 0 : found.at("writes").to_number<std::int64_t>();
    }

    test::SimulatedCrm crm;
};

// ---- Success -------------------------------------------------------------------------------------------------------

TEST_P(ConnectorConformance, CreatesThenUpdatesOneRecord)
{
    const Outcome created = crm.send(ann());
    ASSERT_TRUE(std::holds_alternative<Upserted>(created)) << reason_of(created);
    EXPECT_FALSE(std::get<Upserted>(created).remote_id.empty());
    MappedContact again = ann();
    again.remote_id = std::get<Upserted>(created).remote_id;
    again.second_id = std::get<Upserted>(created).second_id;
    again.idempotency_key += "0";  // A person selected it again.
    const Outcome updated = crm.send(again);
    ASSERT_TRUE(std::holds_alternative<Upserted>(updated)) << reason_of(updated);
    // n8n shows the execution that took the contact, which is another each time.
    if (GetParam() != Crm::n8n) EXPECT_EQ(std::get<Upserted>(updated).remote_id, *again.remote_id);
    EXPECT_EQ(writes_of("ann@example.com"), 2);
}

TEST_P(ConnectorConformance, KeepsEveryCharacter)
{
    // Mautic strips tags from every text.
    const std::string tag = GetParam() == Crm::mautic ? "<" : "</script>";
    const std::string name = "Zoë \"Q\" \\ 日本 😀 " + tag + " ' ; --";
    const Outcome outcome = crm.send(mapped({.email = "zoe@bücher.example", .name = name}));
    ASSERT_TRUE(std::holds_alternative<Upserted>(outcome)) << reason_of(outcome);
    const auto found = crm.find("zoe@xn--bcher-kva.example");
    ASSERT_FALSE(found.is_null());
    EXPECT_THAT(json::serialize(found), HasSubstr(R"(\"Q\" \\ 日本 😀 )" + tag + " ' ; --"));
    EXPECT_THAT(json::serialize(found), HasSubstr("Zoë"));
}

TEST_P(ConnectorConformance, SendsAContactThatIsNothingButAnAddress)
{
    const Outcome outcome = crm.send(mapped({.email = "bare@example.com"}));
    EXPECT_TRUE(std::holds_alternative<Upserted>(outcome)) << reason_of(outcome);
}

TEST_P(ConnectorConformance, SendsLongValuesWholeOrSaysWhyNot)
{
    const std::string long_name(20'000, 'x');
    const Outcome outcome = crm.send(mapped({.email = "long@example.com", .name = long_name}));
    ASSERT_TRUE(std::holds_alternative<Upserted>(outcome)) << reason_of(outcome);
    const bool whole = json::serialize(crm.find("long@example.com")).contains(long_name);
    const auto& warnings = std::get<Upserted>(outcome).warnings;
    EXPECT_TRUE(whole || testing::Value(warnings, testing::ElementsAre(HasSubstr("characters"))));
}

TEST_P(ConnectorConformance, SaysNothingOfConsentUnasked)
{
    const std::string payload = crm.connector->payload(ann());
    for (const char* word : {"lacklist", "optout", "opt_in", "oNotContact", "marketable", "onsent", "legal"})
        EXPECT_THAT(payload, Not(HasSubstr(word)));
}

// ---- Failures ------------------------------------------------------------------------------------------------------

struct FaultCase {
    std::string_view name;
    std::string_view effect;
    std::string_view outcome;
    bool against_crm = true;            // Of a transient one.
    bool workflows_may_say_so = false;  // A success at n8n, where any JSON or none is the workflow's own answer.
};

const FaultCase faults[] = {
    {"bad request", R"({"kind":"respond","status":400})", "rejected"},
    {"unprocessable", R"({"kind":"respond","status":422})", "rejected"},
    {"rejected contact", R"({"kind":"reject"})", "rejected"},
    {"wrong key", R"({"kind":"unauthorized"})", "unauthorized"},
    {"unknown IP address", R"({"kind":"ip_unauthorized"})", "unauthorized"},
    {"forbidden", R"({"kind":"respond","status":403})", "unauthorized"},
    {"too fast", R"({"kind":"rate_limited","retry_after_s":3})", "throttled"},
    {"too early", R"({"kind":"respond","status":425})", "transient", false},
    {"request timeout", R"({"kind":"respond","status":408})", "transient"},
    {"server fault", R"({"kind":"respond","status":500})", "transient"},
    {"bad gateway", R"({"kind":"respond","status":502,"body":"<html>Bad gateway</html>"})", "transient"},
    {"unavailable", R"({"kind":"respond","status":503})", "transient"},
    {"redirect", R"({"kind":"respond","status":302,"headers":{"location":"http://127.0.0.1:1/"}})", "transient"},
    {"empty success", R"({"kind":"respond","status":200,"body":" "})", "transient", true, true},
    {"success of a login page", R"({"kind":"respond","status":200,"body":"<html>Log in</html>"})", "transient"},
    {"success cut short", R"({"kind":"respond","status":201,"body":"{\"id\":12"})", "transient"},
    {"success of another shape", R"({"kind":"respond","status":200,"body":"[]"})", "transient", true, true},
    {"reset", R"({"kind":"reset_before"})", "transient"},
    {"closed without an answer", R"({"kind":"close_before"})", "transient"},
    {"no answer in time", R"({"kind":"never"})", "transient"},
};

/// Hits the sending of contacts, not what a connector asks beside.
std::string on_contacts(std::string_view effect)
{
    return R"({"match":{"email":"ann@example.com"},"effect":)" + std::string(effect) + "}";
}

TEST_P(ConnectorConformance, TellsEveryFailureForWhatItIs)
{
    for (const FaultCase& c : faults) {
        if (c.workflows_may_say_so && GetParam() == Crm::n8n) continue;
        SCOPED_TRACE(c.name);
        crm.fault(on_contacts(c.effect));
        const Outcome outcome = crm.send(ann());
        EXPECT_EQ(outcome_name(outcome), c.outcome) << reason_of(outcome);
        if (const auto* transient = std::get_if<Transient>(&outcome))
            EXPECT_EQ(transient->scope == Transient::Scope::crm, c.against_crm);
        EXPECT_THAT(std::string(reason_of(outcome)), HasSubstr(display_name(GetParam())))
            << "as the error column reads";
        EXPECT_THAT(std::string(reason_of(outcome)), Not(HasSubstr(test::secret_key)));
        EXPECT_THAT(std::string(reason_of(outcome)), Not(HasSubstr("ann@example.com")));
        EXPECT_FALSE(code_of(outcome).empty());
        EXPECT_EQ(writes_of("ann@example.com"), 0);
    }
    crm.no_faults();
    EXPECT_TRUE(std::holds_alternative<Upserted>(crm.send(ann())));
}

TEST_P(ConnectorConformance, PassesOnHowLongToWait)
{
    crm.fault(on_contacts(R"({"kind":"rate_limited","retry_after_s":3})"));
    const auto wait = std::get<Throttled>(crm.send(ann())).retry_after;
    ASSERT_TRUE(wait);
    EXPECT_GE(*wait, 3s);
    EXPECT_LT(*wait, 4s) << "where the CRM names an instant, it has whole seconds";
}

TEST_P(ConnectorConformance, RefusesAnAnswerWithoutEnd)
{
    crm.fault(on_contacts(R"({"kind":"respond","status":200,"body":")" + std::string(20 << 20, 'x') + "\"}"));
    const Outcome outcome = crm.send(ann());
    EXPECT_EQ(outcome_name(outcome), "transient");
}

TEST_P(ConnectorConformance, RepeatsALostAnswerWithoutADouble)
{
    for (const std::string_view kind : {"reset_after", "never_after"}) {
        SCOPED_TRACE(kind);
        const auto before = writes_of("ann@example.com");
        MappedContact contact = ann();
        contact.idempotency_key += kind;
        crm.fault(on_contacts(R"({"kind":")" + std::string(kind) + R"("})"));
        EXPECT_EQ(outcome_name(crm.send(contact)), "transient");
        EXPECT_EQ(writes_of("ann@example.com"), before + 1);
        crm.no_faults();
        EXPECT_EQ(outcome_name(crm.send(contact)), "upserted");
        // The others write the same once more; n8n's workflow recognises the key.
        EXPECT_EQ(writes_of("ann@example.com"), before + (GetParam() == Crm::n8n ? 1 : 2));
    }
}

TEST_P(ConnectorConformance, RecoversWhenTheKeyIsMended)
{
    crm.fault(on_contacts(R"({"kind":"unauthorized"})"));
    EXPECT_EQ(outcome_name(crm.send(ann())), "unauthorized");
    EXPECT_FALSE(crm.connector->traits().mapping.rules.empty());
    crm.no_faults();
    EXPECT_EQ(outcome_name(crm.send(ann())), "upserted");
}

TEST_P(ConnectorConformance, EndsSoonWhenCancelled)
{
    crm.fault(on_contacts(R"({"kind":"never"})"));
    asio::cancellation_signal stop;
    std::optional<SendResult> result;
    const MappedContact contact = ann();
    asio::co_spawn(
        crm.loop,
        [&]() -> Task<> {
            co_await asio::this_coro::throw_if_cancelled(false);
            result = co_await crm.connector->send(std::span(&contact, 1));
        },
        asio::bind_cancellation_slot(stop.slot(), [](const std::exception_ptr& error) { EXPECT_FALSE(error); }));
    crm.loop.restart();
    crm.loop.poll();
    stop.emit(asio::cancellation_type::terminal);
    const SystemClock clock;
    const auto begun = clock.monotonic();
    while (!result) crm.loop.run_one();
    EXPECT_LT(clock.monotonic() - begun, 500ms);
    EXPECT_EQ(outcome_name(std::get<PerItem>(result->answer).outcomes.at(0)), "transient");
}

TEST_P(ConnectorConformance, JudgesEachContactOfABatch)
{
    if (crm.connector->traits().batch_max < 3) GTEST_SKIP() << "one contact per call";
    const std::vector<MappedContact> three{mapped({.email = "a@example.com", .name = "A"}, 1),
                                           mapped({.email = "bad@example.com", .name = "B"}, 2),
                                           mapped({.email = "c@example.com", .name = "C"}, 3)};
    crm.fault(R"({"match":{"email":"bad@example.com"},"effect":{"kind":"reject"}})");
    const SendResult result = crm.send_all(three);
    EXPECT_GE(result.exchange.calls, 1);
    if (const auto* whole = std::get_if<WholeCall>(&result.answer)) {
        EXPECT_EQ(outcome_name(whole->outcome), "rejected") << "for the engine to bisect";
        EXPECT_EQ(writes_of("a@example.com") + writes_of("c@example.com"), 0);
        return;
    }
    const auto& outcomes = std::get<PerItem>(result.answer).outcomes;
    ASSERT_EQ(outcomes.size(), 3u);
    EXPECT_EQ(outcome_name(outcomes[0]), "upserted") << reason_of(outcomes[0]);
    EXPECT_EQ(outcome_name(outcomes[1]), "rejected") << reason_of(outcomes[1]);
    EXPECT_EQ(outcome_name(outcomes[2]), "upserted") << reason_of(outcomes[2]);
    EXPECT_NE(std::get<Upserted>(outcomes[0]).remote_id, std::get<Upserted>(outcomes[2]).remote_id);
    EXPECT_EQ(writes_of("bad@example.com"), 0);
}

TEST_P(ConnectorConformance, SharesAnOutageAmongABatch)
{
    if (crm.connector->traits().batch_max < 2) GTEST_SKIP() << "one contact per call";
    const std::vector<MappedContact> two{ann(), mapped({.email = "bob@example.com", .name = "Bob"}, 2)};
    crm.fault(on_contacts(R"({"kind":"respond","status":503})"));
    const SendResult result = crm.send_all(two);
    if (const auto* whole = std::get_if<WholeCall>(&result.answer))
        EXPECT_EQ(outcome_name(whole->outcome), "transient");
    else
        for (const Outcome& outcome : std::get<PerItem>(result.answer).outcomes)
            EXPECT_EQ(outcome_name(outcome), "transient");
}

// ---- Beside sending ------------------------------------------------------------------------------------------------

TEST_P(ConnectorConformance, TestsTheCredentials)
{
    EXPECT_TRUE(test::await(crm.loop, crm.connector->test()));
    crm.fault(R"({"effect":{"kind":"unauthorized"}})");
    const auto refused = test::await(crm.loop, crm.connector->test());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::denied);
    EXPECT_THAT(refused.error().message, Not(HasSubstr(test::secret_key)));
}

TEST_P(ConnectorConformance, SetsUpOnceAndForAll)
{
    const auto again = test::await(crm.loop, crm.connector->setup(true));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_THAT(again->created, testing::IsEmpty());
    EXPECT_THAT(again->missing, testing::IsEmpty());
    EXPECT_THAT(again->problems, testing::IsEmpty());
    EXPECT_THAT(again->present, Not(testing::IsEmpty()));
}

TEST_P(ConnectorConformance, ReadsBackWhatItSent)
{
    if (crm.connector->traits().read_back_max == 0) GTEST_SKIP() << "this CRM cannot be asked";
    const auto upserted = std::get<Upserted>(crm.send(ann()));
    const std::vector<Lookup> lookups{
        {.email = "ann@example.com", .remote_id = upserted.remote_id, .second_id = upserted.second_id},
        {.email = "nobody@example.com"}};
    const auto back = test::await(crm.loop, crm.connector->read_back(std::span(lookups).first(
                                                std::min(lookups.size(), crm.connector->traits().read_back_max))));
    ASSERT_TRUE(back) << back.error().message;
    ASSERT_TRUE(back->contacts.at(0));
    EXPECT_EQ(back->contacts[0]->remote_id, upserted.remote_id);
    EXPECT_EQ(back->contacts[0]->email, "ann@example.com");
    EXPECT_FALSE(back->contacts[0]->opted_out);
    EXPECT_EQ(back->contacts[0]->fields.at(0).text, "Ann");
    if (back->contacts.size() > 1) EXPECT_FALSE(back->contacts[1]);
}

/// The person opts out at the CRM itself; false where the CRM keeps no such mark.
bool opt_out(test::SimulatedCrm& crm, Crm which, std::string_view email, const std::string& remote_id)
{
    const auto said = [&](http::Method method, std::string target, std::string body) {
        return crm.at_crm(method, std::move(target), std::move(body)).status / 100 == 2;
    };
    switch (which) {
        case Crm::brevo:
            return said(http::Method::put, "/contacts/" + http::encode_component(email),
                        R"({"emailBlacklisted":true})");
        case Crm::hubspot:
            return said(http::Method::post, "/communication-preferences/v3/unsubscribe",
                        R"({"subscriptionId":"1","emailAddress":")" + std::string(email) + "\"}");
        case Crm::mautic:
            return said(http::Method::post, "/api/contacts/" + remote_id + "/dnc/email/add", R"({"reason":1})");
        case Crm::n8n:
            return false;
    }
    __builtin_unreachable();
}

TEST_P(ConnectorConformance, LeavesAnOptOutAsItIs)
{
    MappedContact contact = ann();
    const auto first = std::get<Upserted>(crm.send(contact));
    if (!opt_out(crm, GetParam(), contact.email, first.remote_id)) GTEST_SKIP() << "this CRM keeps no opt-outs";
    const auto opted_out = [&] {
        const Lookup lookup{.email = "ann@example.com", .remote_id = first.remote_id, .second_id = first.second_id};
        const auto back = test::await(crm.loop, crm.connector->read_back(std::span(&lookup, 1))).value();
        return back.contacts.at(0).value().opted_out;
    };
    EXPECT_TRUE(opted_out());
    // The first time as to a CRM that is new to us, then as an update, changed and with a field emptied.
    EXPECT_EQ(outcome_name(crm.send(contact)), "upserted");
    contact = mapped({.email = "ann@example.com", .name = "Anna Leigh", .has_gmail = true});
    contact.remote_id = first.remote_id;
    contact.second_id = first.second_id;
    contact.fields.front().value = Cleared{};
    EXPECT_EQ(outcome_name(crm.send(contact)), "upserted");
    EXPECT_TRUE(opted_out());
}

TEST_P(ConnectorConformance, FailsCallsAfterItWasClosed)
{
    crm.connector->close();
    EXPECT_EQ(outcome_name(crm.send(ann())), "transient");
}

INSTANTIATE_TEST_SUITE_P(All, ConnectorConformance, testing::ValuesIn(subjects()), name_of);

}  // namespace
}  // namespace crmsync
