#include "api/server.h"

#include <fmt/format.h>
#include <algorithm>

#include "api/call.h"
#include "api/cors.h"
#include "api/dashboard.h"
#include "api/errors.h"
#include "api/events.h"
#include "api/imports.h"
#include "api/input.h"
#include "api/metrics.h"
#include "api/routes.h"
#include "api/session.h"
#include "base/log.h"
#include "base/uuid.h"
#include "http/router.h"

namespace crmsync::api {

namespace {

constexpr std::string_view request_id_header = "X-Request-Id";

/// What may stand in logs and answers as it is, and is no address.
bool is_sane_id(std::string_view id)
{
    constexpr std::size_t id_max = 64;
    const auto is_plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
               c == '.';
    };
    return !id.empty() && id.size() <= id_max && std::ranges::all_of(id, is_plain);
}

/// The caller's own, so that it can be followed from there, or a new one.
std::string request_id_of(const http::ServerRequest& request, Instant now)
{
    const auto given = request.headers.find(request_id_header);
    return given && is_sane_id(*given) ? std::string(*given) : to_string(random_uuid7(now));
}

/// A request on its way, for what is counted and logged of it.
struct Passage {
    std::string id;
    http::Method method;
    Monotonic began{};
    std::string_view route = {};  ///< The pattern; empty when there is none.
};

void log_request(const Passage& passage, int status, Duration took)
{
    // What only reads is worth a line to who looks for a fault.
    const bool reads = passage.method == http::Method::get || passage.method == http::Method::head;
    const auto level = status >= 500 ? spdlog::level::warn : reads ? spdlog::level::debug : spdlog::level::info;
    if (!log::is_written(level)) return;
    const std::string code = std::to_string(status);
    log::write(level,
               std::string(http::to_string(passage.method)) + " " +
                   std::string(passage.route.empty() ? "(no such route)" : passage.route) + " " + code,
               {{"request", passage.id},
                {"http_status", code},
                {"duration_ms", std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(took).count())}});
}

std::unexpected<ErrorAnswer> forbidden(Role has, Role needed)
{
    return refuse(403, fmt::format("This needs the role {}; yours is {}", to_string(needed), to_string(has)));
}

std::unexpected<ErrorAnswer> unauthorised(std::string_view why)
{
    return std::unexpected(
        ErrorAnswer{.status = 401, .detail = boost::json::string(why), .headers = {{"WWW-Authenticate", "Bearer"}}});
}

/// What no browser should guess, frame or keep of an answer.
http::Headers security_headers(bool tls)
{
    http::Headers headers{{"X-Content-Type-Options", "nosniff"},
                          {"X-Frame-Options", "DENY"},
                          {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
                          {"Referrer-Policy", "no-referrer"},
                          {"Cache-Control", "no-store"}};
    if (tls) headers.add("Strict-Transport-Security", "max-age=31536000");
    return headers;
}

ErrorAnswer too_many(Duration wait)
{
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
    return {.status = 429,
            .detail = boost::json::string("Too many requests"),
            .headers = {{"Retry-After", std::to_string(seconds)}}};
}

class Server final : public ApiServer {
public:
    Server(Services services, Authenticator authenticator, const ApiOptions& options)
        : services_(std::move(services)),
          authenticator_(std::move(authenticator)),
          cors_(options.cors_origins),
          failures_(options.failure_delay),
          limit_(options.requests_per_second),
          open_metrics_(options.open_metrics),
          metrics_(options.metrics ? options.metrics : std::make_shared<metrics::Metrics>()),
          scraper_(services_.store, services_.engine, services_.clock, *metrics_, true)
    {
        services_.scraper = &scraper_;
        for (const auto& route : all_routes()) table_.add(route.method, route.path);
    }

    Status listen(http::ServerOptions options)
    {
        options.headers = security_headers(options.tls.has_value());
        auto started = http::Server::start(
            services_.executor, std::move(options),
            [this](http::ServerRequest request) -> Task<http::ServerResponse> {
                return serve(std::move(request), nullptr);
            },
            [](const http::ServerRequest& request) {
                return request.method == http::Method::post && request.path == import_path;
            },
            [this](http::ServerRequest request, http::BodyReader& body) -> Task<http::ServerResponse> {
                return serve(std::move(request), &body);
            });
        if (!started) return std::unexpected(started.error());
        server_ = std::move(*started);
        return {};
    }

    std::uint16_t port() const override { return server_->port(); }

    Task<> stop(Duration grace) override
    {
        events_.stop();
        co_await server_->stop(grace);
    }

private:
    Task<http::ServerResponse> serve(http::ServerRequest request, http::BodyReader* body)
    {
        Passage passage{.id = request_id_of(request, services_.clock.now()),
                        .method = request.method,
                        .began = services_.clock.monotonic()};
        if (auto preflight = cors_.preflight(request)) {
            preflight->headers.add(std::string(request_id_header), passage.id);
            co_return std::move(*preflight);
        }
        const auto origin = cors_.origin_of(request);
        Reply reply;
        try {
            reply = co_await route(std::move(request), body, passage);
        } catch (...) {
            note(passage, 500);  // What is made of it is the business of who called.
            throw;
        }
        auto response = reply ? std::move(*reply) : render(reply.error());
        response.headers.add(std::string(request_id_header), passage.id);
        cors_.allow(origin, response);
        note(passage, response.status);
        co_return response;
    }

    void note(const Passage& passage, int status)
    {
        const auto took = std::chrono::duration_cast<Duration>(services_.clock.monotonic() - passage.began);
        metrics_->on_request(passage.method, passage.route, status, took);
        log_request(passage, status, took);
    }

    Task<Reply> route(http::ServerRequest request, http::BodyReader* body, Passage& passage)
    {
        auto match = table_.match(request.method, request.path);
        if (match.route != http::RouteTable::none) passage.route = all_routes()[match.route].path;
        Identity who;
        const bool is_open = open_metrics_ && request.path == metrics_path;
        if (needs_token(request.path) && !is_open) {
            auto identity = co_await identify(request);
            if (!identity) co_return std::unexpected(std::move(identity.error()));
            who = std::move(*identity);
            if (const auto wait = limit_.exceeded(who.actor(), services_.clock.monotonic()))
                co_return std::unexpected(too_many(*wait));
        }
        if (match.route == http::RouteTable::none) {
            if (auto page = dashboard(request)) co_return std::move(*page);
            co_return no_route(match);
        }
        const Route& found = all_routes()[match.route];
        if (found.role && !includes(who.role, *found.role)) co_return forbidden(who.role, *found.role);
        Call call{std::move(request), std::move(match.parameters), std::move(who), services_, passage.id};
        if (!found.has_query)
            if (auto query = Input::query(call.request); !query.problems().empty()) co_return refuse(query.problems());
        if (found.handler) co_return co_await found.handler(std::move(call));
        if (found.path == events_path) co_return events_.open(std::move(call));
        co_return co_await import_contacts(std::move(call), *body);
    }

    /// Who makes the request, by what its header shows: the one place that decides. 401 for nobody, and for wrong
    /// credentials later each time.
    Task<std::expected<Identity, ErrorAnswer>> identify(const http::ServerRequest& request)
    {
        const auto credential = credential_of(request.headers);
        if (!credential) co_return unauthorised("A bearer token is required (Authorization: Bearer ...)");
        if (!is_deliberate(*credential, request))
            co_return refuse(403, "A change by cookie needs X-CSRF-Token, with what GET /api/v3/session tells");
        auto identity = co_await authenticator_.verify(credential->token);
        if (!identity && identity.error().code != ErrorCode::denied) co_return refuse(identity.error());
        const std::string network = network_of(request.peer);
        if (identity) {
            failures_.succeeded(network);
            co_return std::move(*identity);
        }
        const Duration delay = failures_.failed(network, services_.clock.monotonic());
        if (delay > Duration{0}) co_await sleep_for(services_.clock, delay);
        co_return unauthorised(identity.error().message);
    }

    static Reply no_route(const http::RouteTable::Match& match)
    {
        if (match.allow.empty()) return refuse(404, "No such resource");
        return std::unexpected(ErrorAnswer{.status = 405,
                                           .detail = boost::json::string("The resource does not have this method"),
                                           .headers = {{"Allow", match.allow}}});
    }

    Services services_;
    Authenticator authenticator_;
    Cors cors_;
    FailureDelay failures_;
    RequestLimit limit_;
    bool open_metrics_;
    std::shared_ptr<metrics::Metrics> metrics_;
    Scraper scraper_;
    http::RouteTable table_;
    EventStreams events_;
    std::unique_ptr<http::Server> server_;  // Last: its handlers use the others.
};

}  // namespace

Result<std::unique_ptr<ApiServer>> ApiServer::start(const Executor& executor, Store& store, EngineView& engine,
                                                    Clock& clock, ApiOptions options)
{
    auto authenticator = Authenticator::create(executor, clock, store, options.auth);
    if (!authenticator) return std::unexpected(authenticator.error());
    auto server = std::make_unique<Server>(Services{.store = store,
                                                    .engine = engine,
                                                    .clock = clock,
                                                    .executor = executor,
                                                    .has_docs = options.has_docs,
                                                    .confirm_above = options.confirm_above},
                                           std::move(*authenticator), options);
    if (const auto listening = server->listen(std::move(options.listen)); !listening)
        return std::unexpected(listening.error());
    return server;
}

}  // namespace crmsync::api
