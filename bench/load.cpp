// How fast a running program syncs, and how long its API takes to answer, while many clients ask.
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <random>

#include "bench/driver.h"
#include "http/client.h"

namespace crmsync::bench {
namespace {

namespace json = boost::json;

/// Between two requests of a client, from half to one and a half of it: a thousand clients ask a thousand times a
/// second.
constexpr Duration pause_mean = 1s;
constexpr Duration look_every = 100ms;

/// Clients of one API that read and select until they are told to stop.
class Clients {
public:
    Clients(asio::io_context& loop, std::string url, std::string token)
        : loop_(loop), url_(std::move(url)), token_(std::move(token)), main_(open())
    {
    }

    Task<json::value> read(std::string target)
    {
        const auto answer = co_await main_->send(request(http::Method::get, std::move(target)));
        co_return json::parse(require(answer, "read").body);
    }
    Task<> resume(std::string crm)
    {
        const auto answer = co_await main_->send(request(http::Method::post, "/api/v3/crm/" + crm + "/resume"));
        if (require(answer, "resume").status != 200) give_up("resume", {ErrorCode::unavailable, answer->body});
    }
    /// All have had an answer when this returns.
    Task<> start(std::size_t count)
    {
        const json::value page = co_await read("/api/v3/contacts?limit=1000");
        for (const json::value& contact : page.as_array()) ids_.emplace_back(contact.at("id").as_string());
        running_ = count;
        for (std::size_t i = 0; i < count; ++i)
            asio::co_spawn(loop_, ask_on(i), [](const std::exception_ptr& error) {
                if (error) std::rethrow_exception(error);
            });
        while (started_ < count) co_await sleep_for(clock_, look_every);
        read_ms_.clear();
        select_ms_.clear();
    }
    Task<> stop()
    {
        stopping_ = true;
        while (running_ > 0) co_await sleep_for(clock_, look_every);
        main_->close();
    }
    void tell(Report& report)
    {
        report.add("answers", std::ssize(read_ms_) + std::ssize(select_ms_));
        report.add("errors", errors_);
        report.add("read_p50_ms", percentile(read_ms_, 0.5));
        report.add("read_p99_ms", percentile(read_ms_, 0.99));
        report.add("select_p99_ms", percentile(select_ms_, 0.99));
    }

private:
    std::unique_ptr<http::Client> open() { return require(http::Client::create(loop_.get_executor(), url_), "client"); }
    http::Request request(http::Method method, std::string target, std::string body = {}) const
    {
        return {.method = method,
                .target = std::move(target),
                .headers = {{"authorization", "Bearer " + token_}, {"content-type", "application/json"}},
                .body = std::move(body)};
    }
    /// One client, on a connection of its own.
    Task<> ask_on(std::size_t number)
    {
        const auto client = open();
        std::minstd_rand random(static_cast<unsigned>(number) + 1);
        std::uniform_real_distribution<double> share(0.5, 1.5);
        for (bool first = true; !stopping_; first = false) {
            const std::chrono::duration<double> pause = pause_mean * share(random);
            co_await sleep_for(clock_, std::chrono::duration_cast<Duration>(pause));
            const bool selects = random() % 10 == 0;
            const auto begun = clock_.monotonic();
            const auto answer = co_await client->send(selects ? selection(random) : reading(random));
            (selects ? select_ms_ : read_ms_).push_back(seconds_since(begun) * 1e3);
            if (!answer || answer->status != 200) ++errors_;
            if (first) ++started_;
        }
        client->close();
        --running_;
    }
    http::Request reading(std::minstd_rand& random) const
    {
        switch (random() % 9) {
            case 0:
                return request(http::Method::get, "/api/v3/crm/status/summary");
            case 1:
                return request(http::Method::get, "/api/v3/crm/health");
            case 2:
            case 3:
            case 4:
            case 5:
                return request(http::Method::get, "/api/v3/contacts/" + any(random));
            default:
                return request(http::Method::get, "/api/v3/contacts?limit=20&brevo_sync_status=Selected");
        }
    }
    /// For the CRM that nothing else goes to.
    http::Request selection(std::minstd_rand& random) const
    {
        return request(http::Method::put, "/api/v3/contacts/crm/select",
                       fmt::format(R"({{"contact_ids":["{}"],"crms":["mautic"]}})", any(random)));
    }
    const std::string& any(std::minstd_rand& random) const { return ids_[random() % ids_.size()]; }

    asio::io_context& loop_;
    SystemClock clock_;
    std::string url_;
    std::string token_;
    std::unique_ptr<http::Client> main_;
    std::vector<std::string> ids_;
    std::vector<double> read_ms_, select_ms_;
    std::size_t started_ = 0;
    std::size_t running_ = 0;
    std::int64_t errors_ = 0;
    bool stopping_ = false;
};

std::int64_t complete(const json::value& counts) { return counts.at("complete").to_number<std::int64_t>(); }

}  // namespace

/// Brevo is paused, and all contacts are selected for it.
void load(const Arguments& arguments)
{
    asio::io_context loop{1};
    SystemClock clock;
    Clients clients(loop, arguments.at(0), arguments.at(1));
    const auto work = [&]() -> Task<> {
        const std::string summary = "/api/v3/contacts/brevo/status/summary";
        co_await clients.start(std::stoul(arguments.at(2)));
        co_await clients.resume("brevo");
        const auto begun = clock.monotonic();
        json::value counts = co_await clients.read(summary);
        const std::int64_t all = counts.at("total_contacts").to_number<std::int64_t>();
        while (complete(counts) < all) {
            co_await sleep_for(clock, look_every);
            counts = co_await clients.read(summary);
        }
        Report report;
        report.add("contacts", all);
        report.add("per_second", static_cast<double>(all) / seconds_since(begun));
        clients.tell(report);
        co_await clients.stop();
        report.print();
    };
    std::exception_ptr failure;
    asio::co_spawn(loop, work(), [&](const std::exception_ptr& thrown) {
        failure = thrown;
        loop.stop();
    });
    loop.run();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace crmsync::bench
