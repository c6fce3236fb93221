#include "api/events.h"

#include "tests/api/api_fixture.h"

namespace crmsync::api {
namespace {

class EventsTest : public ApiTest {
protected:
    Task<> follow(http::testing::RawClient& client, std::string query)
    {
        co_await client.connect(server_->port());
        co_await client.write("GET /api/v3/crm/events" + query + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " +
                              token_ + "\r\n\r\n");
        const auto begin = co_await client.read_until(": crmsync events\n\n");
        EXPECT_TRUE(begin.starts_with("HTTP/1.1 200")) << begin;
        EXPECT_TRUE(begin.contains("Content-Type: text/event-stream")) << begin;
    }

    static JobChanged job_changed(Crm crm)
    {
        return {.key = {parse_uuid("0193a5b6-c7d8-7e9f-8a0b-1c2d3e4f5061").value(), crm},
                .state = JobState::completed,
                .outcome = "upserted",
                .error = {},
                .at = start_time};
    }
};

TEST_F(EventsTest, TellsWhatTheEngineDoes)
{
    http::testing::RawClient client(loop_.context);
    loop_.run(follow(client, ""));
    engine_.events().publish(job_changed(Crm::brevo));
    const auto job = loop_.run(client.read_until("\n\n"));
    EXPECT_TRUE(
        job.contains("event: job\ndata: {\"contact_id\":\"0193a5b6-c7d8-7e9f-8a0b-1c2d3e4f5061\",\"crm\":"
                     "\"brevo\",\"state\":\"completed\",\"outcome\":\"upserted\",\"error\":null,\"at\":"
                     "\"2023-11-14T22:13:20.000000Z\"}\n\n"))
        << job;
    post("/crm/brevo/pause", json::object{});
    const auto connector = loop_.run(client.read_until("\n\n"));
    EXPECT_TRUE(connector.contains("event: connector\ndata: {\"crm\":\"brevo\",\"state\":\"paused\"")) << connector;
}

TEST_F(EventsTest, CanBeOfOneCrmAlone)
{
    http::testing::RawClient client(loop_.context);
    loop_.run(follow(client, "?crm=mautic"));
    engine_.events().publish(job_changed(Crm::brevo));
    engine_.events().publish(job_changed(Crm::mautic));
    EXPECT_TRUE(loop_.run(client.read_until("\n\n")).contains("\"crm\":\"mautic\""));
    EXPECT_EQ(get("/crm/events?crm=zoho").status, 422);
}

TEST_F(EventsTest, TellsHowFarOperationsAre)
{
    http::testing::RawClient client(loop_.context);
    loop_.run(follow(client, "?crm=brevo"));
    add("a@example.com");
    post("/contacts/n8n/sync/filtered", json::object{});
    post("/contacts/brevo/sync/filtered", json::object{});
    const auto operation = loop_.run(client.read_until("\n\n"));
    EXPECT_TRUE(operation.contains("event: operation\ndata: {\"id\":")) << operation;
    EXPECT_TRUE(operation.contains("\"crms\":[\"brevo\"]")) << operation;
    EXPECT_TRUE(operation.contains("\"state\":\"done\",\"done\":1,\"total\":1")) << operation;
}

TEST_F(EventsTest, BeatsWhenNothingHappens)
{
    http::testing::RawClient client(loop_.context);
    loop_.run(follow(client, ""));
    // The stream's wait begins after its first piece was written; one turn of the loop later, or a few.
    const auto beat = loop_.run([&]() -> Task<std::string> {
        while (!clock_.until_next()) co_await asio::post(loop_.context, asio::use_awaitable);
        clock_.advance(15s);
        co_return co_await client.read_until("\n\n");
    }());
    EXPECT_TRUE(beat.contains(": alive\n\n")) << beat;
}

TEST_F(EventsTest, TellsASlowClientWhatItMissed)
{
    http::testing::RawClient client(loop_.context);
    loop_.run(follow(client, ""));
    for (int i = 0; i < 1500; ++i) engine_.events().publish(job_changed(Crm::brevo));
    EXPECT_TRUE(loop_.run(client.read_until("event: lagged\ndata: {\"lost\":500}\n\n")).contains("lost"));
}

TEST_F(EventsTest, EndsWithTheClient)
{
    {
        http::testing::RawClient client(loop_.context);
        loop_.run(follow(client, ""));
        EXPECT_TRUE(engine_.events().has_subscribers());
    }
    // The server learns of it when it writes.
    loop_.run([&]() -> Task<> {
        while (engine_.events().has_subscribers()) {
            engine_.events().publish(job_changed(Crm::brevo));
            co_await asio::post(loop_.context, asio::use_awaitable);
        }
    }());
}

TEST_F(EventsTest, EndsWithTheServer)
{
    http::testing::RawClient client(loop_.context);
    loop_.run(follow(client, ""));
    const SystemClock real;
    const auto begun = real.monotonic();
    loop_.run(server_->stop(20s));
    EXPECT_LT(real.monotonic() - begun, 10s) << "it must not wait for the grace to end";
    EXPECT_FALSE(engine_.events().has_subscribers());
}

}  // namespace
}  // namespace crmsync::api
