#include "metrics/families.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "domain/condition.h"
#include "domain/normalise.h"
#include "metrics/process.h"

namespace crmsync::metrics {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

class Family {
public:
    Family(std::string name, std::string help, MetricType type = MetricType::Gauge)
    {
        family_.name = std::move(name);
        family_.help = std::move(help);
        family_.type = type;
    }
    void add(Labels labels, double value)
    {
        ClientMetric metric;
        for (const auto& [name, text] : labels) metric.label.push_back({std::string(name), std::string(text)});
        (family_.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
        family_.metric.push_back(std::move(metric));
    }
    void add(Labels labels, std::int64_t value) { add(labels, static_cast<double>(value)); }
    void add(Labels labels, std::size_t value) { add(labels, static_cast<double>(value)); }
    void add(Labels labels, bool value) { add(labels, value ? 1.0 : 0.0); }
    MetricFamily take() { return std::move(family_); }

private:
    MetricFamily family_;
};

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }
double seconds(Instant at) { return seconds(at.time_since_epoch()); }

std::string label_of(std::string_view words)
{
    std::string label(words);
    std::ranges::replace(label, ' ', '_');
    return label;
}

MetricFamily condition_family(const Snapshot& snapshot)
{
    Family family("crmsync_connector_condition", "1 for what the connector is now, as /crm/health tells it, else 0.");
    for (const Crm crm : all_crms) {
        // Each is 0 or 1, so that none is missing from a graph.
        for (const Condition condition : all_conditions)
            family.add({{"crm", to_string(crm)}, {"condition", label_of(to_string(condition))}},
                       condition == snapshot.crm[crm].condition);
    }
    return family.take();
}

void add_contacts(const Snapshot& snapshot, std::vector<MetricFamily>& out)
{
    Family contacts("crmsync_contacts", "Contacts in the database.");
    contacts.add({}, snapshot.contacts);
    out.push_back(contacts.take());
    Family by_status("crmsync_contacts_by_status", "Contacts by their published status at each CRM.");
    for (const Crm crm : all_crms)
        for (const SyncStatus status : all_sync_statuses) {
            const auto& counts = snapshot.by_status[crm];
            const auto found = counts.find(status);
            by_status.add({{"crm", to_string(crm)}, {"status", lower_case(to_string(status))}},
                          found == counts.end() ? std::int64_t{0} : found->second);
        }
    out.push_back(by_status.take());
}

void add_queues(const Snapshot& snapshot, std::vector<MetricFamily>& out)
{
    Family jobs("crmsync_queue_jobs", "Jobs by where they are: waiting (queued or retrying), due (of those), running.");
    Family age("crmsync_queue_oldest_due_age_seconds", "How long the oldest due job has been due; 0 when none is.");
    for (const Crm crm : all_crms) {
        const CrmQueue& queue = snapshot.crm[crm].queue;
        jobs.add({{"crm", to_string(crm)}, {"state", "waiting"}}, queue.waiting);
        jobs.add({{"crm", to_string(crm)}, {"state", "due"}}, queue.due);
        jobs.add({{"crm", to_string(crm)}, {"state", "running"}}, queue.running);
        const bool is_due = queue.oldest_due && *queue.oldest_due < snapshot.at;
        age.add({{"crm", to_string(crm)}}, is_due ? seconds(snapshot.at - *queue.oldest_due) : 0.0);
    }
    out.push_back(jobs.take());
    out.push_back(age.take());
}

void add_budgets(const Snapshot& snapshot, std::vector<MetricFamily>& out)
{
    Family limit("crmsync_budget_limit_calls", "Calls of a window that are ours: the CRM's limit without the reserve.");
    Family left("crmsync_budget_left_calls", "Calls left in the window now, without the reserve.");
    for (const Crm crm : all_crms) {
        if (!snapshot.crm[crm].configured) continue;
        for (const Window& window : snapshot.crm[crm].state.windows) {
            if (window.rate.limit == 0) continue;
            limit.add({{"crm", to_string(crm)}, {"window", window.rate.name}}, usable_limit(window));
            left.add({{"crm", to_string(crm)}, {"window", window.rate.name}}, budget_left(window, snapshot.at));
        }
    }
    out.push_back(limit.take());
    out.push_back(left.take());
}

/// The coordination rows, the same for all processes on one database.
void add_rows(const Snapshot& snapshot, std::vector<MetricFamily>& out)
{
    out.push_back(condition_family(snapshot));
    Family breaker("crmsync_breaker_open", "1 while the circuit breaker is open and only probes go.");
    Family acknowledged("crmsync_connector_last_acknowledged_timestamp_seconds",
                        "When the CRM last acknowledged a contact; missing when it never did.");
    for (const Crm crm : all_crms) {
        const ConnectorState& state = snapshot.crm[crm].state;
        breaker.add({{"crm", to_string(crm)}}, state.breaker.open);
        if (state.last_acknowledged_at)
            acknowledged.add({{"crm", to_string(crm)}}, seconds(*state.last_acknowledged_at));
    }
    out.push_back(breaker.take());
    out.push_back(acknowledged.take());
}

/// The runs of this process.
void add_runs(const Snapshot& snapshot, std::vector<MetricFamily>& out)
{
    Family leased("crmsync_jobs_leased", "Jobs that this process has claimed and not yet recorded.");
    Family calls("crmsync_calls_in_flight", "Calls that wait for the CRM's answer.");
    Family concurrency("crmsync_concurrency_limit", "Calls that may be in flight, as it has adapted.");
    Family problems("crmsync_setup_problems", "What the CRM lacks or refuses of the mapped fields; `crmsync doctor`.");
    Family sweep("crmsync_connector_last_sweep_timestamp_seconds", "When this process last asked the queue for work.");
    for (const Crm crm : all_crms) {
        const RunStatus& run = snapshot.crm[crm].run;
        leased.add({{"crm", to_string(crm)}}, run.claimed);
        calls.add({{"crm", to_string(crm)}}, run.in_flight);
        concurrency.add({{"crm", to_string(crm)}}, run.concurrency);
        problems.add({{"crm", to_string(crm)}}, run.problems.size());
        if (run.last_sweep) sweep.add({{"crm", to_string(crm)}}, seconds(*run.last_sweep));
    }
    for (auto* family : {&leased, &calls, &concurrency, &problems, &sweep}) out.push_back(family->take());
}

void add_pools(const Snapshot& snapshot, std::vector<MetricFamily>& out)
{
    Family size("crmsync_database_pool_connections_max", "Connections to PostgreSQL that the pool may open.");
    Family open("crmsync_database_pool_connections", "Connections of the pool, by what they do.");
    Family waiting("crmsync_database_pool_waiting", "Calls that wait for a connection of the pool.");
    const auto add = [&](std::string_view name, const Store::PoolStatus& pool) {
        if (pool.size == 0) return;
        size.add({{"pool", name}}, pool.size);
        open.add({{"pool", name}, {"state", "idle"}}, pool.idle);
        open.add({{"pool", name}, {"state", "busy"}}, pool.open - pool.idle);
        waiting.add({{"pool", name}}, pool.waiting);
    };
    add("engine", snapshot.engine_pool);
    if (snapshot.api_pool) add("api", *snapshot.api_pool);
    for (auto* family : {&size, &open, &waiting}) out.push_back(family->take());
}

}  // namespace

std::vector<MetricFamily> families_of(const Snapshot& snapshot)
{
    std::vector<MetricFamily> out;
    Family up("crmsync_database_up", "1 when the database answered the last look, else 0.");
    up.add({}, snapshot.database.has_value());
    out.push_back(up.take());
    add_pools(snapshot, out);
    add_runs(snapshot, out);
    if (!snapshot.database) return out;
    Family info("crmsync_database_info", "The database and the version of its schema.");
    info.add({{"engine", snapshot.database->engine}, {"schema", std::to_string(snapshot.database->schema_version)}},
             1.0);
    out.push_back(info.take());
    Family offset("crmsync_database_clock_offset_seconds", "The database's clock minus ours.");
    offset.add({}, seconds(snapshot.database->clock_offset));
    out.push_back(offset.take());
    add_contacts(snapshot, out);
    add_queues(snapshot, out);
    add_rows(snapshot, out);
    add_budgets(snapshot, out);
    return out;
}

std::vector<MetricFamily> process_families()
{
    const ProcessFigures process = read_process();
    std::vector<MetricFamily> out;
    Family build("crmsync_build_info", "What this process was built from.");
    build.add({{"version", CRMSYNC_VERSION}, {"compiler", "clang " __clang_version__}}, 1.0);
    out.push_back(build.take());
    const auto add = [&](std::string name, std::string help, double value, MetricType type = MetricType::Gauge) {
        Family family(std::move(name), std::move(help), type);
        family.add({}, value);
        out.push_back(family.take());
    };
    add("process_cpu_seconds_total", "Processor time used, by user and system.", process.cpu_seconds,
        MetricType::Counter);
    add("process_start_time_seconds", "When the process was started, since 1970.", process.started_at);
    add("process_resident_memory_bytes", "Memory in use.", process.resident_bytes);
    add("process_virtual_memory_bytes", "Memory mapped.", process.virtual_bytes);
    add("process_threads", "Threads.", process.threads);
    add("process_open_fds", "File descriptors in use.", process.open_files);
    add("process_max_fds", "File descriptors at most.", process.open_files_max);
    return out;
}

}  // namespace crmsync::metrics
