#include "api/operations.h"

#include <fmt/format.h>

#include "tests/api/api_fixture.h"

namespace crmsync::api {
namespace {

class OperationsTest : public ApiTest {
protected:
    /// More than one chunk.
    static constexpr std::size_t many = 5'001;

    void add_many()
    {
        std::vector<ImportRow> rows;
        for (std::size_t i = 0; i < many; ++i) rows.push_back({.fields = {.email = fmt::format("c{}@example.com", i)}});
        for (std::size_t from = 0; from < many; from += 5'000) {
            std::vector<ImportRow> some(rows.begin() + static_cast<std::ptrdiff_t>(from),
                                        rows.begin() + static_cast<std::ptrdiff_t>(std::min(from + 5'000, many)));
            ASSERT_TRUE(loop_.run(store_->import_contacts(std::move(some), clock_.now())));
        }
    }
    /// Begins one that nobody works at.
    std::string begin_unattended()
    {
        const OperationHold hold = new_hold(random_uuid7(clock_.now()), clock_);
        const BulkAction work{.action = Action::sync, .crms = {Crm::brevo}, .filter = {}, .options = {}};
        EXPECT_TRUE(loop_.run(store_->begin_operation(
            {.hold = hold, .work = work, .actor = "api:ann", .total = 5'001, .now = clock_.now()})));
        EXPECT_TRUE(loop_.run(store_->advance_operation(hold, clock_.now())));
        return to_string(hold.id);
    }
};

TEST_F(OperationsTest, WhatIsDoneSoonAnswersWithItsResult)
{
    const auto id = add("a@example.com");
    const auto answer = post("/contacts/brevo/sync/filtered", {{"email_contains", "a@"}});
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.at("/message"), "Queued 1 contact for Brevo sync");
    const auto list = get("/operations");
    ASSERT_EQ(list.body.as_array().size(), 1u);
    const auto& one = list.body.as_array()[0];
    EXPECT_EQ(one.at("kind"), "sync");
    EXPECT_EQ(one.at("state"), "done");
    EXPECT_EQ(one.at("actor"), "api:ann");
    EXPECT_EQ(one.at("crms"), json::array{"brevo"});
    EXPECT_EQ(one.at("filter"), (json::value{{"email_contains", "a@"}}));
    EXPECT_EQ(one.at("done"), 1);
    EXPECT_EQ(one.at("total"), 1);
    EXPECT_EQ(one.at("result"), answer.body);
    EXPECT_EQ(get("/operations?state=running").body, json::array{});
    EXPECT_EQ(column_of(id, "brevo_sync_status"), "Queued");
}

TEST_F(OperationsTest, WhatTakesLongerIsFollowedByItsId)
{
    add_many();
    engine_.patient = false;
    const auto answer = post("/contacts/brevo/sync/filtered", json::object{});
    EXPECT_EQ(answer.status, 202);
    EXPECT_EQ(answer.at("/total"), many);
    const std::string location = header(answer, "Location");
    EXPECT_EQ(location, "/api/v3/operations/" + std::string(answer.at("/operation_id").as_string()));
    loop_.run(engine_.runner->stop());  // It gives up after a chunk at the latest.
    const auto found = get(location.substr(std::string_view("/api/v3").size()));
    EXPECT_EQ(found.status, 200);
    EXPECT_EQ(found.at("/total"), many);
    EXPECT_EQ(found.at("/state"), found.at("/done") == many ? "done" : "interrupted");
}

TEST_F(OperationsTest, CancelledItKeepsWhatWasDone)
{
    add_many();
    const std::string id = begin_unattended();
    const auto running = get("/operations/" + id);
    EXPECT_EQ(running.at("/state"), "running");
    EXPECT_EQ(running.at("/done"), 5'000);
    EXPECT_EQ(running.at("/result"), nullptr);

    const auto cancelled = post("/operations/" + id + "/cancel", json::object{});
    EXPECT_EQ(cancelled.status, 200);
    EXPECT_EQ(cancelled.at("/state"), "cancelled");
    EXPECT_EQ(cancelled.at("/done"), 5'000);
    EXPECT_EQ(cancelled.at("/counts/queued_count"), 5'000);
    EXPECT_EQ(get("/crm/status/summary").at("/brevo/queued"), 5'000);

    add("z@example.org");
    post("/contacts/brevo/sync/filtered", {{"email_contains", "z@"}});
    const auto done = get("/operations?state=done");
    ASSERT_EQ(done.body.as_array().size(), 1u);
    const std::string ended(done.body.as_array()[0].at("id").as_string());
    EXPECT_EQ(post("/operations/" + ended + "/cancel", json::object{}).status, 409);
}

TEST_F(OperationsTest, TellsWhatIsMissingOrMalformed)
{
    const std::string nobody = "0193a5b6-c7d8-7e9f-8a0b-1c2d3e4f5061";
    EXPECT_EQ(get("/operations/" + nobody).status, 404);
    EXPECT_EQ(detail(get("/operations/" + nobody)), "Operation not found");
    EXPECT_EQ(post("/operations/" + nobody + "/cancel", json::object{}).status, 404);
    EXPECT_EQ(get("/operations/7").status, 422);
    EXPECT_EQ(get("/operations?state=lost").status, 422);
    EXPECT_EQ(get("/operations?limit=201").status, 422);
}

class BrakeTest : public OperationsTest {
protected:
    BrakeTest()
    {
        loop_.run(server_->stop(1s));
        server_ =
            ApiServer::start(loop_.executor(), *store_, engine_, clock_, {.auth = auth_, .confirm_above = 2}).value();
        client_->close();
        client_ = http::Client::create(loop_.executor(), "http://127.0.0.1:" + std::to_string(server_->port())).value();
        for (const auto* email : {"a@example.com", "b@example.com", "c@example.com"}) ids_.push_back(add(email));
    }
    std::vector<std::string> ids_;
};

TEST_F(BrakeTest, AsksHowManyAreExpected)
{
    const auto refused = post("/contacts/brevo/sync/filtered", json::object{});
    EXPECT_EQ(refused.status, 409);
    EXPECT_EQ(refused.at("/count"), 3);
    EXPECT_EQ(
        detail(refused),
        "This meets 3 contacts, more than the 2 that need no confirmation (CRMSYNC_CONFIRM_ABOVE). To go on, send "
        "\"expected_count\": 3");
    EXPECT_EQ(column_of(ids_[0], "brevo_sync_status"), "New");
    EXPECT_EQ(get("/operations").body, json::array{});

    EXPECT_EQ(detail(post("/contacts/brevo/sync/filtered", {{"expected_count", 2}})),
              "This meets 3 contacts, more than the 2 expected. To go on, send \"expected_count\": 3");
    EXPECT_EQ(post("/contacts/brevo/sync/filtered", {{"expected_count", 3}}).at("/queued_count"), 3);
    EXPECT_EQ(post("/contacts/n8n/sync/filtered", {{"expected_count", 30}}).at("/queued_count"), 3)
        << "fewer than expected do no harm";
    EXPECT_EQ(post("/contacts/mautic/sync/filtered", {{"email_contains", "a@"}}).at("/queued_count"), 1);
}

TEST_F(BrakeTest, HoldsForEveryActionByFilter)
{
    EXPECT_EQ(put("/contacts/status/filtered", {{"status", "Complete"}}).status, 409);
    EXPECT_EQ(put("/contacts/status/filtered", {{"status", "Complete"}, {"expected_count", 3}}).at("/updated_count"),
              3);

    const json::object select{{"crms", {"brevo", "n8n"}}, {"email_contains", "@example.com"}};
    EXPECT_EQ(put("/contacts/crm/select", select).status, 409);
    json::object confirmed = select;
    confirmed["expected_count"] = 3;
    EXPECT_EQ(put("/contacts/crm/select", confirmed).at("/message"),
              "Selected 3 contacts for 2 CRM(s), 6 queued for processing");
    confirmed["contact_ids"] = json::array{ids_[0]};
    EXPECT_EQ(put("/contacts/crm/select", confirmed).status, 422);
}

TEST_F(BrakeTest, OfARetryOnlyThoseCountThatItQueues)
{
    put("/contacts/crm/select", {{"contact_ids", {ids_[0]}}, {"crms", {"brevo"}}});
    work(Rejected{"invalid_phone", "Brevo API error: no phone"});
    EXPECT_EQ(post("/contacts/brevo/retry", {{"all", true}}).at("/queued_count"), 1);
}

}  // namespace
}  // namespace crmsync::api
