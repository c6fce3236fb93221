#include "api/events.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <deque>

#include "api/json.h"
#include "api/operations.h"
#include "base/mutex.h"
#include "engine/events.h"

namespace crmsync::api {

namespace json = boost::json;

namespace {

constexpr Duration heartbeat_every = 15s;
constexpr std::size_t queued_max = 1000;

std::string frame(std::string_view event, const json::value& data)
{
    return fmt::format("event: {}\ndata: {}\n\n", event, json::serialize(data));
}

std::string to_frame(const Event& event)
{
    return std::visit(
        Overloaded{[](const JobChanged& job) {
                       return frame("job", {{"contact_id", crmsync::to_string(job.key.contact_id)},
                                            {"crm", to_string(job.key.crm)},
                                            {"state", to_string(job.state)},
                                            {"outcome", job.outcome},
                                            {"error", to_json(job.error)},
                                            {"at", to_rfc3339(job.at)}});
                   },
                   [](const ConnectorChanged& connector) {
                       return frame("connector", {{"crm", to_string(connector.crm)},
                                                  {"state", connector.state},
                                                  {"reason", connector.reason},
                                                  {"at", to_rfc3339(connector.at)}});
                   },
                   [](const OperationChanged& changed) { return frame("operation", to_json(changed.operation)); }},
        event);
}

/// An operation that is for no CRM is for all.
bool is_about(const Event& event, Crm crm)
{
    return std::visit(Overloaded{[&](const JobChanged& job) { return job.key.crm == crm; },
                                 [&](const ConnectorChanged& connector) { return connector.crm == crm; },
                                 [&](const OperationChanged& changed) {
                                     const auto crms = crms_of(changed.operation.work);
                                     return crms.empty() || std::ranges::find(crms, crm) != crms.end();
                                 }},
                      event);
}

}  // namespace

/// Between the engine's loop, which fills it, and one client's coroutine on the API's loop.
class EventQueue {
public:
    EventQueue(Clock& clock, const Executor& executor) : alarm_(clock, executor) {}

    /// Any thread.
    void push(const Event& event)
    {
        {
            const MutexLock lock(mutex_);
            if (frames_.size() >= queued_max) {
                ++lost_;
                return;
            }
            frames_.push_back(to_frame(event));
        }
        alarm_.ring();
    }

    void stop()
    {
        stopped_ = true;
        alarm_.ring();
    }

    /// What has come since; a comment when nothing came for a while; nothing after `stop`.
    Task<std::string> next()
    {
        std::string text = take();
        if (text.empty() && !stopped_) {
            co_await alarm_.wait(heartbeat_every);
            text = take();
        }
        if (stopped_) co_return std::string();
        co_return text.empty() ? std::string(": alive\n\n") : text;
    }

private:
    std::string take()
    {
        const MutexLock lock(mutex_);
        std::string text;
        for (const auto& one : frames_) text += one;
        frames_.clear();
        if (lost_ > 0) text += frame("lagged", {{"lost", lost_}});
        lost_ = 0;
        return text;
    }

    Alarm alarm_;
    bool stopped_ = false;
    Mutex mutex_;
    std::deque<std::string> frames_ GUARDED_BY(mutex_);
    std::uint64_t lost_ GUARDED_BY(mutex_) = 0;
};

namespace {

/// Writes until the client leaves or the server stops. A cancelled wait ends at once, and so does the next write.
Task<> follow(std::shared_ptr<EventQueue> queue, EventBus::Subscription, http::BodyWriter& out)
{
    auto written = co_await out.write(": crmsync events\n\n");
    while (written) {
        auto text = co_await queue->next();
        if (text.empty()) co_return;
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none) co_return;
        written = co_await out.write(std::move(text));
    }
}

}  // namespace

Reply EventStreams::open(Call call)
{
    auto input = Input::query(call.request);
    const auto only = input.choice("crm", all_crms, parse_crm);
    if (const auto& problems = input.problems(); !problems.empty()) return refuse(problems);
    if (stopped_) return refuse(503, "The server is stopping");

    auto queue = std::make_shared<EventQueue>(call.services.clock, call.services.executor);
    std::erase_if(open_, [](const auto& one) { return one.expired(); });
    open_.push_back(queue);
    auto subscription = call.services.engine.events().subscribe([queue, only](const Event& event) {
        if (!only || is_about(event, *only)) queue->push(event);
    });
    return http::ServerResponse{
        .status = 200,
        .headers = {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}},
        .body = {},
        .stream = [queue, subscription = std::move(subscription)](http::BodyWriter& out) -> Task<> {
            co_await follow(queue, subscription, out);
        }};
}

void EventStreams::stop()
{
    stopped_ = true;
    for (const auto& one : open_)
        if (const auto queue = one.lock()) queue->stop();
}

}  // namespace crmsync::api
