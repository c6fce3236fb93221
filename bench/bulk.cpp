// What people do with a million contacts: select them all by a filter, page through them, import them.
#include <boost/asio/io_context.hpp>
#include <fstream>

#include "base/task_group.h"
#include "bench/driver.h"
#include "ingest/importer.h"
#include "store/migrate.h"

namespace crmsync::bench {
namespace {

constexpr Duration read_every = 10ms;
constexpr std::size_t import_piece = 256u << 10;
constexpr int measured_pages = 50;

/// A person who looks at a contact now and then, while something big goes on.
Task<> read_along(Context context, Uuid id, const bool& stop, std::vector<double>& took)
{
    while (!stop) {
        const auto start = context.clock.monotonic();
        require(co_await context.store.contact(id), "contact");
        took.push_back(seconds_since(start) * 1e3);
        co_await sleep_for(context.clock, read_every);
    }
}

}  // namespace

void filtered(const Arguments& arguments)
{
    run(arguments.at(0), false, [](Context context) -> Task<> {
        const auto first = require(
            co_await context.store.contacts({}, {}, {.limit = 1, .offset = 0, .cursor = {}, .with_total = false}),
            "contacts");
        std::vector<double> reads;
        bool done = false;
        TaskGroup readers(context.loop.get_executor());
        readers.spawn(read_along(context, first.contacts.front().id, done, reads));
        const auto start = context.clock.monotonic();
        std::int64_t memory = 0;
        const auto counts = require(co_await context.store.act({.action = Action::sync,
                                                                .crms = {Crm::brevo},
                                                                .target = ContactFilter{},
                                                                .lane = Lane::bulk,
                                                                .options = {},
                                                                .error_code = {},
                                                                .actor = "bench",
                                                                .now = context.clock.now()},
                                                               [&](std::size_t) {
                                                                   memory = std::max(memory, anonymous_kb());
                                                                   return true;
                                                               }),
                                    "sync");
        const double seconds = seconds_since(start);
        done = true;
        co_await readers.join();
        Report report;
        report.add("queued", static_cast<std::int64_t>(counts.queued));
        report.add("seconds", seconds);
        report.add("memory_kb", memory);
        report.add("read_p99_ms", percentile(reads, 0.99));
        report.add("read_max_ms", percentile(reads, 1));
        report.print();
    });
}

void page(const Arguments& arguments)
{
    run(arguments.at(0), false, [&](Context context) -> Task<> {
        const auto depth = std::stoul(arguments.at(1));
        PageRequest request{.limit = 1000, .offset = 0, .cursor = {}, .with_total = false};
        const auto next = [&]() -> Task<bool> {
            auto page = require(co_await context.store.contacts({}, {}, request), "contacts");
            if (page.next_cursor) request.cursor = std::move(page.next_cursor);
            co_return request.cursor.has_value();
        };
        for (std::size_t seen = 0; seen < depth; seen += request.limit) co_await next();
        request.limit = 100;
        std::vector<double> took;
        for (int i = 0; i < measured_pages; ++i) {
            const auto start = context.clock.monotonic();
            co_await next();
            took.push_back(seconds_since(start) * 1e3);
        }
        Report report;
        report.add("page_p50_ms", percentile(took, 0.5));
        report.add("page_max_ms", percentile(took, 1));
        report.print();
    });
}

void import_file(const Arguments& arguments)
{
    require(migrate(arguments.at(0), false), "migrate");
    run(arguments.at(0), false, [&](Context context) -> Task<> {
        std::ifstream file(arguments.at(1), std::ios::binary);
        const auto start = context.clock.monotonic();
        const auto importer = require(
            co_await ingest::Importer::create(context.store, context.clock, {.delimiter = {}, .actor = "bench"}, {}),
            "importer");
        std::string piece(import_piece, '\0');
        std::int64_t memory = 0;
        while (file.read(piece.data(), import_piece), file.gcount() > 0) {
            require(co_await importer->feed({piece.data(), static_cast<std::size_t>(file.gcount())}), "feed");
            memory = std::max(memory, anonymous_kb());
        }
        const auto done = require(co_await importer->finish(), "finish");
        const double seconds = seconds_since(start);
        Report report;
        report.add("rows", static_cast<std::int64_t>(done.read));
        report.add("created", static_cast<std::int64_t>(done.created));
        report.add("seconds", seconds);
        report.add("per_second", static_cast<double>(done.read) / seconds);
        report.add("memory_kb", memory);
        report.print();
    });
}

}  // namespace crmsync::bench
