// How long one contact takes on an idle system, and what a claim costs.
#include <fcntl.h>
#include <libpq-fe.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>

#include "bench/driver.h"

namespace crmsync::bench {
namespace {

constexpr Duration look_every = 200us;
constexpr Duration between_samples = 20ms;

double milliseconds_since(Monotonic start) { return seconds_since(start) * 1e3; }

/// A write-ahead log's commit: one page to the end of a file, and the order to keep it.
class SyncProbe {
public:
    explicit SyncProbe(const std::string& directory)
        : file_(open((directory + "/sync_probe").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600))
    {
        for (int i = 0; i < pages; ++i) write_page(i);
        fdatasync(file_);
    }
    ~SyncProbe() { close(file_); }
    SyncProbe(const SyncProbe&) = delete;
    SyncProbe& operator=(const SyncProbe&) = delete;

    double sample(const Clock& clock)
    {
        const auto start = clock.monotonic();
        write_page(next_++ % pages);
        fdatasync(file_);
        return milliseconds_since(start);
    }

private:
    void write_page(int index)
    {
        const std::string page(8192, static_cast<char>(index));
        if (pwrite(file_, page.data(), page.size(), off_t{index} * 8192) < 0)
            give_up("sync probe", {ErrorCode::unavailable, "cannot write"});
    }

    static constexpr int pages = 1024;
    int file_;
    int next_ = 0;
};

/// Sees the record as any other program does, at the least cost to the server it shares the machine with.
class Watcher {
public:
    explicit Watcher(const std::string& url) : connection_(PQconnectdb(url.c_str()))
    {
        PQclear(PQprepare(connection_, "look",
                          "SELECT 1 FROM contacts WHERE id = $1 AND brevo_sync_status = 'Complete'", 0, nullptr));
    }
    ~Watcher() { PQfinish(connection_); }
    Watcher(const Watcher&) = delete;
    Watcher& operator=(const Watcher&) = delete;

    bool is_complete(const Uuid& id)
    {
        const std::string text = to_string(id);
        const char* value = text.c_str();
        PGresult* const result = PQexecPrepared(connection_, "look", 1, &value, nullptr, nullptr, 0);
        if (PQresultStatus(result) != PGRES_TUPLES_OK)
            give_up("look", {ErrorCode::unavailable, PQerrorMessage(connection_)});
        const bool complete = PQntuples(result) == 1;
        PQclear(result);
        return complete;
    }

private:
    PGconn* connection_;
};

}  // namespace

void latency(const Arguments& arguments)
{
    run(arguments.at(0), false, [&](Context context) -> Task<> {
        const auto samples = std::stoul(arguments.at(1));
        SyncProbe probe(arguments.at(2));
        Watcher watcher(arguments.at(0));
        const auto page = require(
            co_await context.store.contacts({}, {}, {.limit = 1000, .offset = 0, .cursor = {}, .with_total = false}),
            "contacts");
        std::vector<double> syncs, acknowledged, recorded;
        for (std::size_t i = 0; i < samples; ++i) {
            const Uuid id = page.contacts[i % page.contacts.size()].id;
            co_await sleep_for(context.clock, between_samples);
            syncs.push_back(probe.sample(context.clock));
            const auto start = context.clock.monotonic();
            require(co_await context.store.act({.action = Action::select,
                                                .crms = {Crm::brevo},
                                                .target = std::vector{id},
                                                .lane = Lane::hand,
                                                .options = {},
                                                .error_code = {},
                                                .actor = "bench",
                                                .now = context.clock.now()}),
                    "select");
            acknowledged.push_back(milliseconds_since(start));
            while (!watcher.is_complete(id)) co_await sleep_for(context.clock, look_every);
            recorded.push_back(milliseconds_since(start));
        }
        Report report;
        report.add("fdatasync_p50_ms", percentile(syncs, 0.5));
        report.add("acknowledged_p50_ms", percentile(acknowledged, 0.5));
        report.add("recorded_p50_ms", percentile(recorded, 0.5));
        report.add("recorded_p99_ms", percentile(recorded, 0.99));
        report.print();
    });
}

void claims(const Arguments& arguments)
{
    run(arguments.at(0), true, [&](Context context) -> Task<> {
        const auto count = std::stoul(arguments.at(1));
        const auto worker = random_uuid7(context.clock.now());
        require(co_await context.store.register_worker({.id = worker, .host = "bench"}, context.clock.now()), "worker");
        std::vector<double> took;
        std::int64_t claimed = 0;
        for (std::size_t i = 0; i < count; ++i) {
            const auto start = context.clock.monotonic();
            const auto result = require(co_await context.store.claim({.crm = Crm::brevo,
                                                                      .worker_id = worker,
                                                                      .wanted = std::stoul(arguments.at(2)),
                                                                      .budget = {},
                                                                      .now = context.clock.now()}),
                                        "claim");
            took.push_back(milliseconds_since(start));
            claimed += std::ssize(result.jobs);
        }
        Report report;
        report.add("claimed", claimed);
        report.add("claim_p50_ms", percentile(took, 0.5));
        report.add("claim_max_ms", percentile(took, 1));
        report.print();
        require(co_await context.store.retire_worker(worker, context.clock.now()), "retire");
    });
}

}  // namespace crmsync::bench
