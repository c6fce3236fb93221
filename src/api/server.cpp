#include "api/server.h"

#include "api/call.h"
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

std::unexpected<ErrorAnswer> unauthorised(std::string_view why)
{
    return std::unexpected(
        ErrorAnswer{.status = 401, .detail = boost::json::string(why), .headers = {{"WWW-Authenticate", "Bearer"}}});
}

class Server final : public ApiServer {
public:
    Server(Services services, Authenticator authenticator)
        : services_(std::move(services)), authenticator_(std::move(authenticator))
    {
        for (const auto& route : all_routes()) table_.add(route.method, route.path);
    }

    Status listen(const http::ServerOptions& options)
    {
        auto started = http::Server::start(
            services_.executor, options,
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
        auto reply = co_await route(std::move(request), body);
        co_return reply ? std::move(*reply) : render(reply.error());
    }

    Task<Reply> route(http::ServerRequest request, http::BodyReader* body)
    {
        Identity who;
        if (needs_token(request.path)) {
            auto identity = identify(request);
            if (!identity) co_return std::unexpected(std::move(identity.error()));
            who = std::move(*identity);
        }
        auto match = table_.match(request.method, request.path);
        if (match.route == http::RouteTable::none) {
            if (auto page = dashboard(request)) co_return std::move(*page);
            co_return no_route(match);
        }
        Call call{std::move(request), std::move(match.parameters), std::move(who), services_};
        const Route& found = all_routes()[match.route];
        if (!found.has_query)
            if (auto query = Input::query(call.request); !query.problems().empty()) co_return refuse(query.problems());
        if (found.handler) co_return co_await found.handler(std::move(call));
        if (found.path == events_path) co_return events_.open(std::move(call));
        co_return co_await import_contacts(std::move(call), *body);
    }

    std::expected<Identity, ErrorAnswer> identify(const http::ServerRequest& request)
    {
        const auto credential = credential_of(request.headers);
        if (!credential) return unauthorised("A bearer token is required (Authorization: Bearer ...)");
        if (!is_deliberate(*credential, request))
            return refuse(403, "A change by cookie needs the header X-CSRF-Token, with what GET /api/v3/session tells");
        auto identity = authenticator_.verify(credential->token, services_.clock.now());
        if (!identity) return unauthorised(identity.error().message);
        return std::move(*identity);
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
    http::RouteTable table_;
    EventStreams events_;
    std::unique_ptr<http::Server> server_;  // Last: its handlers use the others.
};

}  // namespace

Result<std::unique_ptr<ApiServer>> ApiServer::start(const Executor& executor, Store& store, EngineView& engine,
                                                    Clock& clock, ApiOptions options)
{
    auto authenticator = Authenticator::create(std::move(options.auth));
    if (!authenticator) return std::unexpected(authenticator.error());
    auto server =
        std::make_unique<Server>(Services{store, engine, clock, executor, options.has_docs}, std::move(*authenticator));
    if (const auto listening = server->listen(options.listen); !listening) return std::unexpected(listening.error());
    return server;
}

}  // namespace crmsync::api
