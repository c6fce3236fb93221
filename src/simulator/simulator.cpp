#include "simulator/simulator.h"

#include <algorithm>

#include "http/server.h"
#include "simulator/brevo/brevo.h"
#include "simulator/control.h"
#include "simulator/crm.h"
#include "simulator/hubspot/hubspot.h"
#include "simulator/ledger.h"
#include "simulator/mautic/mautic.h"
#include "simulator/n8n/n8n.h"

namespace crmsync::simulator {

namespace {

using Fault = http::ServerResponse::Fault;

constexpr std::string_view unknown_route = "other";

http::ServerResponse cut(Fault fault)
{
    http::ServerResponse response;
    response.fault = fault;
    return response;
}

class LocalSimulator final : public Simulator {
public:
    LocalSimulator(Clock& clock, const SimulatorOptions& options)
        : clock_(clock), ledger_(options.log_size, options.log_bodies), control_(crms_, plan_, ledger_)
    {
        crms_.push_back(brevo::make_brevo(clock, options.brevo, plan_));
        crms_.push_back(hubspot::make_hubspot(clock, options.hubspot, plan_));
        crms_.push_back(mautic::make_mautic(clock, options.mautic, plan_));
        crms_.push_back(n8n::make_n8n(clock, options.n8n, plan_));
        for (const CrmFactory& make : options.more) crms_.push_back(make(clock, plan_));
        plan_.set(options.faults);
    }

    Status listen(const Executor& executor, const SimulatorOptions& options)
    {
        http::ServerOptions server;
        server.address = options.address;
        server.port = options.port;
        server.max_body_bytes = 64u << 20;  // The CRMs' own limits are below.
        server.max_connections = 16'384;
        auto started = http::Server::start(executor, std::move(server),
                                           [this](http::ServerRequest request) { return handle(std::move(request)); });
        if (!started) return std::unexpected(std::move(started.error()));
        server_ = std::move(*started);
        origin_ = "http://" + options.address + ":" + std::to_string(server_->port());
        return {};
    }

    std::uint16_t port() const override { return server_->port(); }
    std::string base_url(std::string_view crm) const override
    {
        const auto found = std::ranges::find(crms_, crm, [](const auto& each) { return each->name(); });
        return found == crms_.end() ? std::string{} : origin_ + std::string((*found)->base());
    }
    std::string control_url() const override { return origin_ + std::string(Control::base); }
    Task<> stop() override { co_await server_->stop(std::chrono::seconds(1)); }

private:
    Task<http::ServerResponse> handle(http::ServerRequest request);
    Answer answer(Crm& crm, const Call& call) const;

    Clock& clock_;
    FaultPlan plan_;
    Ledger ledger_;
    std::vector<std::unique_ptr<Crm>> crms_;
    Control control_;
    std::string origin_;
    std::unique_ptr<http::Server> server_;
};

Task<http::ServerResponse> LocalSimulator::handle(http::ServerRequest request)
{
    const auto owner = std::ranges::find_if(
        crms_, [&](const auto& crm) { return std::string_view(request.path).starts_with(crm->base()); });
    if (owner == crms_.end()) {
        if (request.path.starts_with(Control::base)) co_return control_.answer(request);
        co_return http::error_response(404, "Nothing is simulated here");
    }
    Crm& crm = **owner;
    const std::string_view path = std::string_view(request.path).substr(crm.base().size());
    const Monotonic arrived = clock_.monotonic();
    FaultDecision faults;
    if (!plan_.empty()) faults = plan_.decide(crm.name(), path, request);
    if (faults.latency > Duration{0}) {
        co_await sleep_for(clock_, faults.latency);
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none) co_return cut(Fault::reset);  // We may be gone.
    }
    Answer answered = answer(crm, {.request = request, .path = path, .faults = faults, .arrived = arrived});
    const int status = answered.response.fault == Fault::none ? answered.response.status : 0;
    ledger_.record(crm.name(), answered.route, request, status, clock_.now());
    co_return std::move(answered.response);
}

http::ServerResponse respond(const Crm& crm, const FaultRule& rule)
{
    http::ServerResponse response;
    response.status = rule.status;
    response.headers = rule.headers;
    response.body = rule.body.empty() ? crm.error_body(rule.status) : rule.body;
    const bool is_page = response.body.starts_with('<');
    if (!response.headers.find("content-type"))
        response.headers.add("Content-Type", is_page ? "text/html" : "application/json");
    return response;
}

Answer LocalSimulator::answer(Crm& crm, const Call& call) const
{
    switch (call.faults.kind()) {
        case FaultKind::none:
        case FaultKind::reject:
        case FaultKind::drop_attributes:
            return crm.answer(call);
        case FaultKind::respond:
            return {respond(crm, *call.faults.rule), unknown_route};
        case FaultKind::rate_limited:
            return {crm.rate_limited(call.faults.rule->retry_after_s), unknown_route};
        case FaultKind::unauthorized:
            return {crm.unauthorized(), unknown_route};
        case FaultKind::ip_unauthorized:
            return {crm.ip_unauthorized(call.request.peer), unknown_route};
        case FaultKind::reset_before:
            return {cut(Fault::reset), unknown_route};
        case FaultKind::close_before:
            return {cut(Fault::close_without_answer), unknown_route};
        case FaultKind::never:
            return {cut(Fault::never_answer), unknown_route};
        case FaultKind::reset_after:
            return {cut(Fault::reset), crm.answer(call).route};
        case FaultKind::never_after:
            return {cut(Fault::never_answer), crm.answer(call).route};
    }
    __builtin_unreachable();
}

}  // namespace

Result<std::unique_ptr<Simulator>> Simulator::start(const Executor& executor, Clock& clock, SimulatorOptions options)
{
    auto simulator = std::make_unique<LocalSimulator>(clock, options);
    if (auto listening = simulator->listen(executor, options); !listening)
        return std::unexpected(std::move(listening.error()));
    return simulator;
}

}  // namespace crmsync::simulator
