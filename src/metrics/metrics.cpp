#include "metrics/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "connectors/call_name.h"
#include "metrics/families.h"

namespace crmsync::metrics {

namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Histogram;
using Buckets = Histogram::BucketBoundaries;

/// The words of history, and that of what leaves no row there.
constexpr std::array<std::string_view, 8> outcomes{"upserted",  "unchanged", "superseded",   "throttled",
                                                   "transient", "rejected",  "unauthorized", handed_back_word};
constexpr std::array<std::string_view, 3> ends_of_results{"applied", "stale", "lost"};

/// Seconds.
const Buckets request_buckets{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
const Buckets call_buckets{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120};
const Buckets store_buckets{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
const Buckets journey_buckets{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 14400, 86400};

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

std::string word(std::string_view view) { return std::string(view); }

std::string status_of_call(const Result<http::Response>& answer)
{
    if (answer) return std::to_string(answer->status);
    switch (answer.error().code) {
        case ErrorCode::timeout:
            return "timeout";
        case ErrorCode::cancelled:
            return "cancelled";
        case ErrorCode::invalid:
        case ErrorCode::internal:
            return "unreadable";
        case ErrorCode::not_found:
        case ErrorCode::conflict:
        case ErrorCode::unavailable:
        case ErrorCode::denied:
            return "unreachable";
    }
    __builtin_unreachable();
}

/// The calls of one CRM's clients.
class Calls final : public http::ClientWatcher {
public:
    Calls(Crm crm, Family<Counter>& counts, Family<Histogram>& durations)
        : crm_(crm), counts_(counts), durations_(durations)
    {
    }

    void on_exchange(const http::Request& request, const Result<http::Response>& answer, Duration took) override
    {
        Call& call = call_of(call_name(request.method, request.target));
        call.took->Observe(seconds(took));
        const std::string status = status_of_call(answer);
        auto found = call.by_status.find(status);
        if (found == call.by_status.end())
            found =
                call.by_status
                    .emplace(status,
                             &counts_.Add({{"crm", word(to_string(crm_))}, {"call", call.name}, {"status", status}}))
                    .first;
        found->second->Increment();
    }

private:
    struct Call {
        std::string name;
        Histogram* took = nullptr;
        std::map<std::string, Counter*, std::less<>> by_status;
    };
    /// A CRM has some ten; more than this would be a mistake that must not grow the answer.
    static constexpr std::size_t calls_max = 32;

    Call& call_of(std::string name)
    {
        const auto found = calls_.find(name);
        if (found != calls_.end()) return found->second;
        if (calls_.size() >= calls_max) name = "other";
        Call& call = calls_[name];
        if (!call.took) call.took = &durations_.Add({{"crm", word(to_string(crm_))}, {"call", name}}, call_buckets);
        call.name = std::move(name);
        return call;
    }

    Crm crm_;
    Family<Counter>& counts_;
    Family<Histogram>& durations_;
    std::map<std::string, Call, std::less<>> calls_;
};

}  // namespace

class Metrics::Registry {
public:
    Registry()
    {
        for (const Crm crm : all_crms) {
            const std::string name = word(to_string(crm));
            for (const auto outcome : outcomes)
                attempts_[crm][outcome] = &attempt_family_.Add({{"crm", name}, {"outcome", word(outcome)}});
            for (std::size_t i = 0; i < ends_of_results.size(); ++i)
                results_[crm][i] = &result_family_.Add({{"crm", name}, {"end", word(ends_of_results[i])}});
            claimed_[crm] = &claimed_family_.Add({{"crm", name}});
            journeys_[crm] = &journey_family_.Add({{"crm", name}}, journey_buckets);
            claims_[crm] = &store_family_.Add({{"crm", name}, {"verb", "claim"}}, store_buckets);
            records_[crm] = &store_family_.Add({{"crm", name}, {"verb", "record"}}, store_buckets);
            calls_[crm] = std::make_unique<Calls>(crm, call_family_, call_duration_family_);
        }
    }

    void claimed(Crm crm, std::size_t jobs, Duration took)
    {
        claimed_[crm]->Increment(static_cast<double>(jobs));
        claims_[crm]->Observe(seconds(took));
    }

    void recorded(Crm crm, std::span<const Delivered> batch, std::span<const Recorded> ends, Duration took, Instant now)
    {
        records_[crm]->Observe(seconds(took));
        for (std::size_t i = 0; i < batch.size(); ++i) {
            const Delivered& one = batch[i];
            results_[crm][static_cast<std::size_t>(ends[i])]->Increment();
            const auto known = attempts_[crm].find(one.history.empty() ? handed_back_word : one.history);
            if (known != attempts_[crm].end()) known->second->Increment();
            // Of a later try only the retry's due time is known, not when it was selected.
            const bool first = one.job.retry_count == 0 && one.job.claimed_from == JobState::queued;
            if (first && one.answer && std::holds_alternative<Upserted>(*one.answer))
                journeys_[crm]->Observe(seconds(std::max(now - one.job.due_at, Duration{0})));
        }
    }

    /// History has them as transient, too.
    void failed_late(Crm crm, std::size_t jobs)
    {
        attempts_[crm].at("transient")->Increment(static_cast<double>(jobs));
    }
    void rescued(std::size_t jobs) { rescued_->Increment(static_cast<double>(jobs)); }
    Calls& calls(Crm crm) { return *calls_[crm]; }

    void request(http::Method method, std::string_view route, int status, Duration took)
    {
        const std::string name = word(route.empty() ? "none" : route);
        Requests& requests = requests_[{method, name}];
        const std::string verb = word(to_string(method));
        if (!requests.took)
            requests.took = &request_duration_family_.Add({{"method", verb}, {"route", name}}, request_buckets);
        Counter*& count = requests.by_status[status];
        if (!count)
            count = &request_family_.Add({{"method", verb}, {"route", name}, {"status", std::to_string(status)}});
        requests.took->Observe(seconds(took));
        count->Increment();
    }

    std::vector<prometheus::MetricFamily> collect() const { return registry_.Collect(); }

private:
    struct Requests {
        Histogram* took = nullptr;
        std::map<int, Counter*> by_status;
    };

    Family<Counter>& counters(const std::string& name, const std::string& help)
    {
        return prometheus::BuildCounter().Name(name).Help(help).Register(registry_);
    }
    Family<Histogram>& histograms(const std::string& name, const std::string& help)
    {
        return prometheus::BuildHistogram().Name(name).Help(help).Register(registry_);
    }

    prometheus::Registry registry_;
    Family<Counter>& attempt_family_ =
        counters("crmsync_attempts_total", "Attempts that ended, by outcome; those without a call among them.");
    Family<Counter>& result_family_ =
        counters("crmsync_results_total", "Results that were recorded, by what became of them.");
    Family<Counter>& claimed_family_ = counters("crmsync_jobs_claimed_total", "Jobs taken from the queue.");
    Family<Counter>& call_family_ =
        counters("crmsync_crm_requests_total", "HTTP requests to the CRM, by call and by status or lack of answer.");
    Family<Counter>& request_family_ =
        counters("crmsync_http_requests_total", "Requests to the API, by route and status.");
    Family<Histogram>& journey_family_ =
        histograms("crmsync_selection_to_acknowledged_seconds",
                   "From a selection to the CRM's acknowledgement, of contacts that needed no second try.");
    Family<Histogram>& store_family_ =
        histograms("crmsync_store_duration_seconds", "How long the database took for a claim or a record.");
    Family<Histogram>& call_duration_family_ =
        histograms("crmsync_crm_request_duration_seconds", "HTTP requests to the CRM, from begin to whole answer.");
    Family<Histogram>& request_duration_family_ =
        histograms("crmsync_http_request_duration_seconds", "Requests to the API; of streams until they begin.");
    Counter* rescued_ = &counters("crmsync_jobs_rescued_total", "Jobs taken back from workers that died.").Add({});

    PerCrm<std::map<std::string_view, Counter*, std::less<>>> attempts_;
    PerCrm<std::array<Counter*, ends_of_results.size()>> results_;
    PerCrm<Counter*> claimed_;
    PerCrm<Histogram*> journeys_;
    PerCrm<Histogram*> claims_;
    PerCrm<Histogram*> records_;
    PerCrm<std::unique_ptr<Calls>> calls_;
    std::map<std::pair<http::Method, std::string>, Requests> requests_;
};

Metrics::Metrics() : registry_(std::make_unique<Registry>()) {}
Metrics::~Metrics() = default;

void Metrics::on_claimed(Crm crm, std::size_t jobs, Duration took) { registry_->claimed(crm, jobs, took); }

void Metrics::on_failed_late(Crm crm, std::size_t jobs) { registry_->failed_late(crm, jobs); }

void Metrics::on_recorded(Crm crm, std::span<const Delivered> batch, std::span<const Recorded> ends, Duration took,
                          Instant now)
{
    registry_->recorded(crm, batch, ends, took, now);
}

void Metrics::on_rescued(std::size_t jobs) { registry_->rescued(jobs); }

http::ClientWatcher& Metrics::calls(Crm crm) { return registry_->calls(crm); }

void Metrics::on_request(http::Method method, std::string_view route, int status, Duration took)
{
    registry_->request(method, route, status, took);
}

std::string Metrics::text(const Snapshot& snapshot) const
{
    auto families = registry_->collect();
    for (auto& more : {families_of(snapshot), process_families()})
        families.insert(families.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    // A family without a value is no family: its lines of help alone would say nothing.
    std::erase_if(families, [](const prometheus::MetricFamily& family) { return family.metric.empty(); });
    return prometheus::TextSerializer().Serialize(families);
}

}  // namespace crmsync::metrics
