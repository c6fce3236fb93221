#include "simulator/hubspot/batches.h"

#include <map>

#include "tests/simulator/hubspot/hubspot_account.h"

namespace crmsync::simulator::testing {
namespace {

using ::testing::HasSubstr;

class HubSpotBatches : public HubSpotTest {
protected:
    /// The results by trace id.
    static std::map<std::string, json::value> by_trace(const Reply& reply)
    {
        std::map<std::string, json::value> results;
        for (const auto& result : reply.body.at("results").as_array())
            results[std::string(result.at("objectWriteTraceId").as_string())] = result;
        return results;
    }
};

TEST_F(HubSpotBatches, UpsertTellsNewFromKnown)
{
    open();
    const std::string id = id_of(create(R"({"email":"a@b.io"})"));
    const auto reply =
        batch("upsert", input("A@b.io", R"({"firstname":"A"})", "1") + "," + input("new@b.io", "{}", "2"));
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body.at("status"), "COMPLETE");
    const auto results = by_trace(reply);
    EXPECT_EQ(text_of(results.at("1").at("id")), id);
    EXPECT_EQ(results.at("1").at("new"), false);
    EXPECT_EQ(results.at("2").at("new"), true);
    EXPECT_EQ(results.at("2").at("properties").at("email"), "new@b.io") << "what identifies it is its value";
    EXPECT_EQ(found("a@b.io").at("properties").at("firstname"), "A");
}

TEST_F(HubSpotBatches, GivesResultsInAnyOrderButTheSameForASeed)
{
    std::vector<std::string> orders;
    for (int run = 0; run < 2; ++run) {
        open();
        std::string inputs;
        for (char c = 'a'; c < 'k'; ++c)
            inputs += (inputs.empty() ? "" : ",") + input(std::string(1, c) + "@b.io", "{}", std::string(1, c));
        std::string order;
        const auto reply = batch("upsert", inputs);
        for (const auto& result : reply.body.at("results").as_array())
            order += result.at("objectWriteTraceId").as_string();
        orders.push_back(order);
        client_.reset();
        loop_.run(simulator_->stop());
    }
    EXPECT_NE(orders[0], "abcdefghij");
    EXPECT_EQ(orders[0], orders[1]);
}

TEST_F(HubSpotBatches, TracedInputsFailAlone)
{
    open();
    const auto reply = batch("upsert", input("a@b.io", R"({"nope":"x"})", "1") + "," + input("c@b.io", "{}", "2") +
                                           "," + input("nobody", "{}", "3"));
    EXPECT_EQ(reply.status, 207);
    EXPECT_EQ(reply.body.at("numErrors"), 2);
    EXPECT_EQ(by_trace(reply).size(), 1u);
    const auto& error = reply.body.at("errors").at(0);
    EXPECT_EQ(error.at("context").at("objectWriteTraceId").at(0), "1");
    EXPECT_EQ(error.at("category"), "VALIDATION_ERROR");
    EXPECT_THAT(std::string(error.at("message").as_string()), HasSubstr("PROPERTY_DOESNT_EXIST"));
    EXPECT_TRUE(found("a@b.io").is_null());
    EXPECT_FALSE(found("c@b.io").is_null());
}

TEST_F(HubSpotBatches, UntracedInputsFailTogether)
{
    open();
    const std::string bad = input("a@b.io", R"({"nope":"x"})");
    EXPECT_EQ(batch("upsert", input("c@b.io") + "," + bad).status, 400);
    EXPECT_EQ(batch("upsert", input("c@b.io", "{}", "1") + "," + input("a@b.io", R"({"nope":"x"})", "1")).status, 400)
        << "the trace ids are not unique";
    settings(R"("ignore_trace_ids":true)");
    EXPECT_EQ(batch("upsert", input("c@b.io", "{}", "1") + "," + input("nobody", "{}", "2")).status, 400);
    EXPECT_TRUE(found("c@b.io").is_null());
    EXPECT_EQ(batch("upsert", input("c@b.io") + "," + input("d@b.io")).status, 200);
}

TEST_F(HubSpotBatches, RefusesWhatItCannotRead)
{
    open();
    std::string many = input("x@b.io");
    for (int i = 0; i < 100; ++i) many += "," + input("x" + std::to_string(i) + "@b.io");
    EXPECT_EQ(batch("upsert", many).status, 400);
    const auto twice = batch("upsert", input("a@b.io", "{}", "1") + "," + input("A@b.io", "{}", "2"));
    EXPECT_EQ(twice.status, 400);
    EXPECT_EQ(twice.message(), "Duplicate IDs found in batch input: [A@b.io]. IDs must be unique");
    EXPECT_EQ(twice.body.at("context").at("ids").at(0), "A@b.io");
    EXPECT_THAT(batch("upsert", R"({"id":"x","idProperty":"firstname","properties":{},"objectWriteTraceId":"1"})").text,
                HasSubstr("non-unique 0-1 property firstname"));
    EXPECT_THAT(batch("update", input("a@b.io", "{}", "1")).text, HasSubstr("non-unique 0-1 property email"));
    EXPECT_EQ(batch("upsert", R"({"properties":{}})").status, 400);
    EXPECT_EQ(batch("upsert", R"({"id":"a@b.io","idProperty":"email"})").status, 400);
    EXPECT_EQ(post(std::string(contacts) + "/batch/upsert", "{}").status, 400);
    EXPECT_EQ(batch("upsert", "1").status, 400);
}

TEST_F(HubSpotBatches, UpsertBySecondaryAddressUpdatesItsOwner)
{
    open();
    const std::string a = id_of(create(R"({"email":"a@b.io"})"));
    const std::string b = id_of(create(R"({"email":"b@b.io"})"));
    const auto merged = post(std::string(contacts) + "/merge",
                             R"({"primaryObjectId":")" + a + R"(","objectIdToMerge":")" + b + R"("})");
    const auto reply = batch("upsert", input("b@b.io", R"({"firstname":"B"})", "1"));
    EXPECT_EQ(by_trace(reply).at("1").at("id"), merged.body.at("id"));
    EXPECT_EQ(by_trace(reply).at("1").at("properties").at("email"), "a@b.io");
}

TEST_F(HubSpotBatches, UpdatesByRecord)
{
    open();
    const std::string id = id_of(create(R"({"email":"a@b.io"})"));
    const auto reply = batch("update", R"({"id":")" + id + R"(","properties":{"email":"new@b.io"},)" +
                                           R"("objectWriteTraceId":"1"},)" +
                                           R"({"id":"999","properties":{},"objectWriteTraceId":"2"})");
    EXPECT_EQ(reply.status, 207);
    EXPECT_EQ(text_of(found("new@b.io").at("id")), id);
    EXPECT_TRUE(found("a@b.io").is_null());
    const auto& error = reply.body.at("errors").at(0);
    EXPECT_EQ(error.at("category"), "OBJECT_NOT_FOUND");
    EXPECT_EQ(error.at("context").at("ids").at(0), "999");
}

TEST_F(HubSpotBatches, ReadsWhatItWasAskedFor)
{
    open();
    create(R"({"email":"a@b.io","firstname":"A","phone":"1"})");
    const auto reply =
        post(std::string(contacts) + "/batch/read",
             R"({"inputs":[{"id":"gone@b.io"},{"id":"a@b.io"}],"idProperty":"email","properties":["firstname"]})");
    EXPECT_EQ(reply.status, 207);
    EXPECT_EQ(reply.body.at("results").at(0).at("properties").at("firstname"), "A");
    EXPECT_FALSE(reply.body.at("results").at(0).at("properties").as_object().contains("phone"));
    EXPECT_EQ(reply.body.at("errors").at(0).at("context").at("ids"), json::array{"gone@b.io"});
    EXPECT_EQ(reply.body.at("numErrors"), 1);
}

TEST_F(HubSpotBatches, CreatesAndArchives)
{
    open();
    create(R"({"email":"a@b.io"})");
    EXPECT_EQ(batch("create", R"({"properties":{"email":"c@b.io"}},{"properties":{"email":"a@b.io"}})").status, 409);
    EXPECT_TRUE(found("c@b.io").is_null());
    const auto created = batch("create", R"({"properties":{"email":"c@b.io"}})");
    EXPECT_EQ(created.status, 201);
    const std::string id(created.body.at("results").at(0).at("id").as_string());
    EXPECT_EQ(batch("archive", R"({"id":")" + id + R"("})").status, 204);
    EXPECT_TRUE(found("c@b.io").is_null());
}

TEST_F(HubSpotBatches, RefusesOneContactWhenAFaultSaysSo)
{
    open();
    faults(R"([{"match":{"email":"bad@b.io"},"effect":{"kind":"reject"}}])");
    const auto reply = batch("upsert", input("bad@b.io", "{}", "1") + "," + input("good@b.io", "{}", "2"));
    EXPECT_EQ(reply.status, 207);
    EXPECT_EQ(by_trace(reply).count("2"), 1u);
    EXPECT_EQ(batch("upsert", input("bad@b.io")).status, 400);
}

}  // namespace
}  // namespace crmsync::simulator::testing
