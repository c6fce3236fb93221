// What the store's verbs cost on a PostgreSQL at URL (an empty database; fsync as the server has it):
//   postgres_store_bench URL CONTACTS BATCH
// Imports, selects by filter, drains without calls, and prints rates, the server's CPU per contact where this machine
// can tell, and the share of HOT updates.
#include <fmt/format.h>
#include <libpq-fe.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "store/migrate.h"
#include "store/open.h"

namespace crmsync {
namespace {

template <class T>
T must(Result<T> result)
{
    if (!result) {
        fmt::print(stderr, "{}\n", result.error().message);
        std::exit(1);
    }
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

double cpu_seconds()
{
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/// What the backends of this database have used so far, where /proc tells: their command lines name it.
double server_cpu_seconds(const std::string& database)
{
    double ticks = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        std::string command, stat;
        std::getline(std::ifstream(entry.path() / "cmdline"), command, '\0');
        if (!command.starts_with("postgres: ") || command.find(" " + database + " ") == std::string::npos) continue;
        std::getline(std::ifstream(entry.path() / "stat"), stat);
        std::istringstream fields(stat.substr(stat.rfind(')') + 2));
        std::string skipped;
        double user = 0, system = 0;
        for (int i = 0; i < 11; ++i) fields >> skipped;
        fields >> user >> system;
        ticks += user + system;
    }
    return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

class Watch {
public:
    explicit Watch(std::string database) : database_(std::move(database)) {}

    void lap(std::string_view what, std::size_t count)
    {
        const Monotonic now = clock_.monotonic();
        const double cpu = cpu_seconds();
        const double seconds = std::chrono::duration<double>(now - start_).count();
        const auto n = static_cast<double>(std::max<std::size_t>(count, 1));
        const double server = server_cpu_seconds(database_);
        fmt::print("{:26} {:9} in {:8.3f} s {:9.0f}/s {:7.2f} us each; CPU us each: client {:.2f}, server {:.2f}\n",
                   what, count, seconds, n / seconds, seconds / n * 1e6, (cpu - cpu_) / n * 1e6,
                   (server - server_) / n * 1e6);
        server_ = server;
        start_ = clock_.monotonic();
        cpu_ = cpu_seconds();
    }

private:
    std::string database_;
    double server_ = 0;
    SystemClock clock_;
    Monotonic start_ = clock_.monotonic();
    double cpu_ = cpu_seconds();
};

std::vector<ImportRow> rows_from(std::size_t first, std::size_t count)
{
    std::vector<ImportRow> rows(count);
    for (std::size_t i = 0; i < count; ++i) {
        ContactFields& fields = rows[i].fields;
        fields.email = fmt::format("person{}@domain{}.example", first + i, (first + i) % 1000);
        fields.name = fmt::format("Person Number{}", first + i);
        fields.phone_number = "+1 202 555 0100";
        fields.source_url = "https://www.example.org/contacts/list?page=17";
        fields.email_type = EmailType::corporate;
        fields.has_gmail = false;
    }
    return rows;
}

Task<> drain(Store& store, Clock& clock, std::size_t batch, Watch& watch)
{
    const Uuid worker = random_uuid7(clock.now());
    must(co_await store.register_worker({.id = worker, .host = "bench", .pid = 1}, clock.now()));
    Duration claiming{}, recording{};
    std::size_t total = 0;
    for (;;) {
        const Monotonic begun = clock.monotonic();
        ClaimResult claimed = must(co_await store.claim(
            {.crm = Crm::brevo, .worker_id = worker, .wanted = batch, .budget = {}, .now = clock.now()}));
        claiming += std::chrono::duration_cast<Duration>(clock.monotonic() - begun);
        if (claimed.jobs.empty()) break;
        RecordRequest request{.crm = Crm::brevo, .results = {}, .update_state = {}, .now = clock.now()};
        for (const ClaimedJob& job : claimed.jobs) {
            JobResult& result = request.results.emplace_back();
            result.key = job.key;
            result.lease_token = job.lease_token;
            result.generation = job.generation;
            result.transition.next = JobState::completed;
            result.call_made = true;
            result.remote_id = job.contact.email;
            result.fingerprint = "0123456789abcdef";
            result.attempt = Attempt{.key = job.key,
                                     .at = request.now,
                                     .worker_id = worker,
                                     .outcome = "upserted",
                                     .http_status = 201,
                                     .duration = 1ms,
                                     .request_id = "0123456789"};
        }
        const Monotonic sent = clock.monotonic();
        total += must(co_await store.record(std::move(request))).recorded;
        recording += std::chrono::duration_cast<Duration>(clock.monotonic() - sent);
    }
    watch.lap("drain", total);
    const auto n = static_cast<double>(std::max<std::size_t>(total, 1));
    fmt::print("  of this: claim {:.2f} us, record {:.2f} us each\n", static_cast<double>(claiming.count()) / n,
               static_cast<double>(recording.count()) / n);
}

Task<> bench(Executor executor, std::string url, std::size_t contacts, std::size_t batch)
{
    SystemClock clock;
    Watch watch(url.substr(0, url.find('?')).substr(url.rfind('/', url.find('?')) + 1));
    StoreConfig config;
    config.url = url;
    const std::unique_ptr<Store> opened = must(co_await open_store(executor, clock, config));
    Store& store = *opened;
    for (std::size_t i = 0; i < contacts; i += 5000)
        must(co_await store.import_contacts(rows_from(i, std::min<std::size_t>(5000, contacts - i)), clock.now()));
    watch.lap("import", contacts);
    ActionRequest select;
    select.crms = {Crm::brevo};
    select.target = ContactFilter{};
    select.lane = Lane::bulk;
    select.now = clock.now();
    watch.lap("select by filter", must(co_await store.act(select)).queued);
    must(co_await store.queues(clock.now()));
    watch.lap("queues", 1);
    must(co_await store.summary());
    watch.lap("summary", 1);
    PageRequest page{.limit = 100, .offset = contacts / 2, .cursor = {}, .with_total = true};
    page.cursor = must(co_await store.contacts({}, {}, page)).next_cursor;
    watch.lap("page by offset, half way", 1);
    page.offset = 0;
    must(co_await store.contacts({}, {}, page));
    watch.lap("page by cursor, half way", 1);
    co_await drain(store, clock, batch, watch);
    co_await opened->close();
}

void print_hot_share(const std::string& url)
{
    PGconn* connection = PQconnectdb(url.c_str());
    PGresult* result =
        PQexec(connection,
               "SELECT pg_stat_force_next_flush(); SELECT relname, n_tup_upd, n_tup_hot_upd, n_dead_tup, "
               "pg_size_pretty(pg_total_relation_size(relid)) FROM pg_stat_user_tables WHERE relname IN "
               "('contacts', 'job') ORDER BY 1");
    for (int row = 0; row < PQntuples(result); ++row)
        fmt::print("{}: {} updates, {} HOT, {} dead, {}\n", PQgetvalue(result, row, 0), PQgetvalue(result, row, 1),
                   PQgetvalue(result, row, 2), PQgetvalue(result, row, 3), PQgetvalue(result, row, 4));
    PQclear(result);
    PQfinish(connection);
}

}  // namespace
}  // namespace crmsync

int main(int argc, char** argv)
{
    using namespace crmsync;
    if (argc != 4) return 64;
    const std::string url = argv[1];
    must(migrate(url, false));
    asio::io_context loop;
    std::exception_ptr failure;
    asio::co_spawn(
        loop, bench(loop.get_executor(), url, std::strtoul(argv[2], nullptr, 10), std::strtoul(argv[3], nullptr, 10)),
        [&](std::exception_ptr thrown) { failure = thrown; });
    loop.run();
    if (failure) std::rethrow_exception(failure);
    print_hot_share(url);
}
