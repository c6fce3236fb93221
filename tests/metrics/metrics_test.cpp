#include "metrics/metrics.h"

#include <gmock/gmock.h>

#include <sstream>

#include "metrics/snapshot.h"

namespace crmsync::metrics {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr Instant now{std::chrono::seconds{1'700'000'000}};

class MetricsTest : public testing::Test {
protected:
    std::string text() const { return metrics_.text({}); }
    /// The value of that sample, "" when there is none.
    std::string value(std::string_view sample) const
    {
        std::istringstream lines(text());
        for (std::string line; std::getline(lines, line);)
            if (line.starts_with(std::string(sample) + " ")) return line.substr(sample.size() + 1);
        return "";
    }
    static Delivered delivered(Outcome outcome, Duration since_selected = 1s)
    {
        Delivered end{.job = {.key = {{}, Crm::brevo}, .due_at = now - since_selected}};
        end.history = outcome_name(outcome);
        end.answer = std::move(outcome);
        return end;
    }
    void record(const std::vector<Delivered>& batch, const std::vector<Recorded>& ends)
    {
        metrics_.on_recorded(Crm::brevo, batch, ends, 4ms, now);
    }
    void call(Crm crm, std::string target, const Result<http::Response>& answer)
    {
        metrics_.calls(crm).on_exchange({.target = std::move(target)}, answer, 80ms);
    }

    Metrics metrics_;
};

TEST_F(MetricsTest, CountAttemptsByOutcomeFromZeroOn)
{
    EXPECT_EQ(value(R"(crmsync_attempts_total{crm="n8n",outcome="rejected"})"), "0");
    Delivered handed_back;
    record({delivered(Upserted{}), delivered(Upserted{}), delivered(Rejected{}), handed_back},
           {Recorded::applied, Recorded::stale, Recorded::applied, Recorded::lost});
    EXPECT_EQ(value(R"(crmsync_attempts_total{crm="brevo",outcome="upserted"})"), "2");
    EXPECT_EQ(value(R"(crmsync_attempts_total{crm="brevo",outcome="rejected"})"), "1");
    EXPECT_EQ(value(R"(crmsync_attempts_total{crm="brevo",outcome="handed_back"})"), "1");
    EXPECT_EQ(value(R"(crmsync_attempts_total{crm="mautic",outcome="upserted"})"), "0");
    EXPECT_EQ(value(R"(crmsync_results_total{crm="brevo",end="applied"})"), "2");
    EXPECT_EQ(value(R"(crmsync_results_total{crm="brevo",end="stale"})"), "1");
    EXPECT_EQ(value(R"(crmsync_results_total{crm="brevo",end="lost"})"), "1");
    EXPECT_EQ(value(R"(crmsync_store_duration_seconds_bucket{crm="brevo",verb="record",le="0.005"})"), "1");
}

TEST_F(MetricsTest, TimeTheWayFromSelectionToAcknowledgement)
{
    Delivered second_try = delivered(Upserted{});
    second_try.job.claimed_from = JobState::retrying;
    second_try.job.retry_count = 1;
    Delivered unchanged = delivered(Upserted{});
    unchanged.answer.reset();
    record({delivered(Upserted{}, 200ms), delivered(Upserted{}, 20s), delivered(Rejected{}), second_try, unchanged},
           std::vector(5, Recorded::applied));
    EXPECT_EQ(value(R"(crmsync_selection_to_acknowledged_seconds_count{crm="brevo"})"), "2");
    EXPECT_EQ(value(R"(crmsync_selection_to_acknowledged_seconds_bucket{crm="brevo",le="0.25"})"), "1");
    EXPECT_EQ(value(R"(crmsync_selection_to_acknowledged_seconds_bucket{crm="brevo",le="30"})"), "2");
}

TEST_F(MetricsTest, CountCallsByWhatTheyAreAndHowTheyEnd)
{
    call(Crm::brevo, "/v3/contacts/ann%40example.com", http::Response{.status = 200});
    call(Crm::brevo, "/v3/contacts/bob%40example.com", http::Response{.status = 404});
    call(Crm::brevo, "/v3/contacts", fail(ErrorCode::timeout, "no answer in time"));
    call(Crm::mautic, "/api/contacts", fail(ErrorCode::unavailable, "refused"));
    const auto requests = [&](std::string labels) { return value("crmsync_crm_requests_total{" + labels + "}"); };
    EXPECT_EQ(requests(R"(call="GET /v3/contacts/{}",crm="brevo",status="200")"), "1");
    EXPECT_EQ(requests(R"(call="GET /v3/contacts/{}",crm="brevo",status="404")"), "1");
    EXPECT_EQ(requests(R"(call="GET /v3/contacts",crm="brevo",status="timeout")"), "1");
    EXPECT_EQ(requests(R"(call="GET /api/contacts",crm="mautic",status="unreachable")"), "1");
    EXPECT_EQ(value(R"(crmsync_crm_request_duration_seconds_count{call="GET /v3/contacts/{}",crm="brevo"})"), "2");
    EXPECT_THAT(text(), Not(HasSubstr("example.com")));
}

TEST_F(MetricsTest, KeepTheNamesOfCallsFew)
{
    std::string path;
    for (const auto* first : {"/a", "/crm", "/v1", "/v2", "/v3", "/api", "/oauth"})
        for (const auto* second : {"/a", "/crm", "/v1", "/v2", "/v3", "/api", "/oauth"})
            call(Crm::brevo, std::string(first) + second, http::Response{.status = 200});
    EXPECT_EQ(value(R"(crmsync_crm_request_duration_seconds_count{call="other",crm="brevo"})"), "17");
}

TEST_F(MetricsTest, CountRequestsByRouteAndStatus)
{
    metrics_.on_request(http::Method::get, "/api/v3/contacts/{id}", 200, 3ms);
    metrics_.on_request(http::Method::get, "/api/v3/contacts/{id}", 404, 3ms);
    metrics_.on_request(http::Method::get, "", 404, 3ms);
    EXPECT_EQ(value(R"(crmsync_http_requests_total{method="GET",route="/api/v3/contacts/{id}",status="200"})"), "1");
    EXPECT_EQ(value(R"(crmsync_http_requests_total{method="GET",route="/api/v3/contacts/{id}",status="404"})"), "1");
    EXPECT_EQ(value(R"(crmsync_http_requests_total{method="GET",route="none",status="404"})"), "1");
    EXPECT_EQ(value(R"(crmsync_http_request_duration_seconds_bucket{method="GET",route="none",le="0.005"})"), "1");
}

TEST_F(MetricsTest, CountClaimsAndRescues)
{
    metrics_.on_claimed(Crm::hubspot, 100, 7ms);
    metrics_.on_claimed(Crm::hubspot, 0, 7ms);
    metrics_.on_rescued(3);
    metrics_.on_failed_late(Crm::n8n, 2);
    EXPECT_EQ(value(R"(crmsync_jobs_claimed_total{crm="hubspot"})"), "100");
    EXPECT_EQ(value(R"(crmsync_store_duration_seconds_count{crm="hubspot",verb="claim"})"), "2");
    EXPECT_EQ(value("crmsync_jobs_rescued_total"), "3");
    EXPECT_EQ(value(R"(crmsync_attempts_total{crm="n8n",outcome="transient"})"), "2");
}

TEST_F(MetricsTest, TellWhatTheProcessIs)
{
    EXPECT_THAT(text(), HasSubstr("crmsync_build_info{version=\"" CRMSYNC_VERSION "\","));
    EXPECT_NE(value("process_resident_memory_bytes"), "");
    EXPECT_THAT(text(), HasSubstr("# TYPE process_cpu_seconds_total counter\n"));
}

}  // namespace
}  // namespace crmsync::metrics
