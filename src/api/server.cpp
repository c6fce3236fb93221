#include "api/server.h"

#include <fmt/format.h>

#include "api/call.h"
#include "api/cors.h"
#include "api/dashboard.h"
#include "api/errors.h"
#include "api/events.h"
#include "api/imports.h"
#include "api/input.h"
#include "api/routes.h"
#include "api/session.h"
#include "http/router.h"

namespace crmsync::api {

namespace {

bool needs_token(std::string_view path)
{
    return path.starts_with(api_root) && (path.size() == api_root.size() || path[api_root.size()] == '/');
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
          limit_(options.requests_per_second)
    {
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
        if (auto preflight = cors_.preflight(request)) co_return std::move(*preflight);
        const auto origin = cors_.origin_of(request);
        auto reply = co_await route(std::move(request), body);
        auto response = reply ? std::move(*reply) : render(reply.error());
        cors_.allow(origin, response);
        co_return response;
    }

    Task<Reply> route(http::ServerRequest request, http::BodyReader* body)
    {
        Identity who;
        if (needs_token(request.path)) {
            auto identity = co_await identify(request);
            if (!identity) co_return std::unexpected(std::move(identity.error()));
            who = std::move(*identity);
            if (const auto wait = limit_.exceeded(who.actor(), services_.clock.monotonic()))
                co_return std::unexpected(too_many(*wait));
        }
        auto match = table_.match(request.method, request.path);
        if (match.route == http::RouteTable::none) {
            if (auto page = dashboard(request)) co_return std::move(*page);
            co_return no_route(match);
        }
        const Route& found = all_routes()[match.route];
        if (found.role && !includes(who.role, *found.role)) co_return forbidden(who.role, *found.role);
        Call call{std::move(request), std::move(match.parameters), std::move(who), services_};
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
    auto server = std::make_unique<Server>(Services{store, engine, clock, executor, options.has_docs},
                                           std::move(*authenticator), options);
    if (const auto listening = server->listen(std::move(options.listen)); !listening)
        return std::unexpected(listening.error());
    return server;
}

}  // namespace crmsync::api
