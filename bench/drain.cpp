// From a queue of jobs to none, through the real engine and connectors.
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "bench/driver.h"
#include "store/migrate.h"

namespace crmsync::bench {
namespace {

constexpr Duration look_every = 2ms;
constexpr std::size_t import_batch = 5000;

ImportRow row(std::size_t index, bool with_phone)
{
    const auto number = std::to_string(index);
    ContactFields fields{.email = "person" + number + "@company-" + std::to_string(index % 997) + ".com",
                         .name = "Given" + number + " Family" + number,
                         .phone_number = {},
                         .email_type = EmailType::corporate,
                         .has_gmail = false,
                         .context = {},
                         .source_url = "https://company-" + std::to_string(index % 997) + ".com/contact",
                         .domain_id = {},
                         .page_id = {},
                         .source_job_id = {}};
    if (with_phone) fields.phone_number = "+1 212 55" + std::to_string(10000 + index % 89999);
    return {.fields = std::move(fields)};
}

std::vector<Crm> crms_of(const PerCrm<Settings>& settings)
{
    std::vector<Crm> crms;
    std::ranges::copy_if(all_crms, std::back_inserter(crms), [&](Crm crm) { return !settings[crm].empty(); });
    return crms;
}

bool is_idle(const RunStatus& status) { return status.ready && status.claimed == 0 && status.in_flight == 0; }

Task<std::int64_t> waiting(Context context, const std::vector<Crm>& crms)
{
    const auto queues = require(co_await context.store.queues(context.clock.now()), "queues");
    std::int64_t jobs = 0;
    for (const Crm crm : crms) jobs += queues[crm].waiting + queues[crm].running;
    co_return jobs;
}

Task<std::int64_t> complete(Context context, const std::vector<Crm>& crms)
{
    auto summary = require(co_await context.store.summary(), "summary");
    std::int64_t jobs = 0;
    for (const Crm crm : crms) jobs += summary.by_status[crm][SyncStatus::complete];
    co_return jobs;
}

}  // namespace

void fill(const Arguments& arguments)
{
    require(migrate(arguments.at(0), false), "migrate");
    run(arguments.at(0), false, [&](Context context) -> Task<> {
        const auto count = std::stoul(arguments.at(1));
        const auto phones_percent = std::stoul(arguments.at(2));
        for (std::size_t done = 0; done < count; done += import_batch) {
            std::vector<ImportRow> rows;
            for (std::size_t i = done; i < std::min(count, done + import_batch); ++i)
                rows.push_back(row(i, i % 100 < phones_percent));
            require(co_await context.store.import_contacts(std::move(rows), context.clock.now()), "import");
        }
    });
}

void select(const Arguments& arguments)
{
    require(migrate(arguments.at(0), false), "migrate");
    run(arguments.at(0), false, [&](Context context) -> Task<> {
        std::vector<Crm> crms;
        for (std::size_t i = 1; i < arguments.size(); ++i) crms.push_back(crm_called(arguments[i]));
        for (const Crm crm : crms)  // Adoption pauses them.
            require(co_await context.store.update_connector(crm, resume), "resume");
        const auto counts = require(co_await context.store.act({.action = Action::select,
                                                                .crms = crms,
                                                                .target = ContactFilter{},
                                                                .lane = Lane::bulk,
                                                                .options = {},
                                                                .error_code = {},
                                                                .actor = "bench",
                                                                .now = context.clock.now()}),
                                    "select");
        Report report;
        report.add("queued", static_cast<std::int64_t>(counts.queued));
        report.print();
    });
}

void drain(const Arguments& arguments)
{
    run(arguments.at(0), true, [&](Context context) -> Task<> {
        const auto settings = settings_in(arguments, 1);
        const auto crms = crms_of(settings);
        const auto queued = co_await waiting(context, crms);
        const auto engine = make_engine(context, settings);
        std::int64_t memory = 0;
        const double cpu_before = cpu_us();
        const auto start = context.clock.monotonic();
        require(co_await engine->start(), "engine");
        double seconds = 0;
        double cpu = 0;
        // Only connectors that look idle are worth the query that tells whether the queue is empty.
        for (;;) {
            co_await sleep_for(context.clock, look_every);
            memory = std::max(memory, anonymous_kb());
            if (!std::ranges::all_of(crms, [&](Crm crm) { return is_idle(engine->run(crm)->status()); })) continue;
            seconds = seconds_since(start);
            cpu = cpu_us() - cpu_before;
            if (co_await waiting(context, crms) == 0) break;
        }
        co_await engine->stop(5s);
        Report report;
        report.add("contacts", queued);
        report.add("complete", co_await complete(context, crms));
        report.add("seconds", seconds);
        report.add("per_second", static_cast<double>(queued) / seconds);
        report.add("cpu_us", cpu / static_cast<double>(queued));
        report.add("memory_kb", memory);
        report.print();
    });
}

void work(const Arguments& arguments)
{
    run(arguments.at(0), true, [&](Context context) -> Task<> {
        const auto engine = make_engine(context, settings_in(arguments, 1));
        require(co_await engine->start(), "engine");
        asio::signal_set signals(context.loop, SIGTERM, SIGINT);
        co_await signals.async_wait(asio::use_awaitable);
        co_await engine->stop(5s);
    });
}

}  // namespace crmsync::bench
