#include <algorithm>
#include <boost/json.hpp>

#include "api/engine_view.h"
#include "api/imports.h"
#include "api/input.h"
#include "api/metrics.h"
#include "api/routes.h"
#include "api/session.h"
#include "connectors/registry.h"
#include "domain/normalise.h"
#include "fuzz/support/database.h"

// Requests of the API, past the socket and the token: a line "METHOD /path?query", header fields a line each, a blank
// line, the body. "__ID__" stands for the id of a contact that exists.

namespace crmsync::fuzz {

namespace {

/// An engine that has nothing to do.
class IdleEngine final : public api::EngineView {
public:
    IdleEngine()
    {
        traits_.mapping = find_connector(Crm::brevo)->default_mapping();
        infos_[Crm::brevo].traits = &traits_;
        infos_[Crm::brevo].mapping = traits_.mapping;
        for (const Crm crm : {Crm::hubspot, Crm::mautic, Crm::n8n}) infos_[crm].not_configured = "not configured";
    }
    const api::ConnectorInfo& connector(Crm crm) const override { return infos_[crm]; }
    Task<RunStatus> status(Crm) override { co_return RunStatus{}; }
    Task<Result<std::string>> test(Crm) override { co_return std::string("an account"); }
    Task<Result<SetupReport>> setup(Crm, bool) override { co_return SetupReport{}; }
    Task<Result<Erased>> erase(Crm, Lookup) override { co_return Erased{}; }
    Task<Result<Uuid>> verify(Crm, VerifyOptions) override { co_return Uuid{}; }
    /// One chunk is all of these few contacts.
    Task<Result<Operation>> operate(NewOperation begun, Duration) override
    {
        const OperationHold hold = begun.hold;
        const auto operation = co_await store->begin_operation(std::move(begun));
        if (!operation) co_return operation;
        co_return co_await store->advance_operation(hold, Instant{});
    }
    Task<std::optional<VerificationRun>> verification(Crm) override { co_return std::nullopt; }
    std::string payload(Crm, const MappedContact&) const override { return "{}"; }
    std::optional<std::string> page_of(Crm, const Lookup&) const override { return std::nullopt; }
    Task<std::vector<api::TriedAlert>> test_alerts(std::optional<Crm>) override
    {
        co_return std::vector<api::TriedAlert>();
    }
    Task<Store::PoolStatus> pool() override { co_return Store::PoolStatus{}; }
    std::optional<std::vector<SeenExchange>> exchanges(Crm) const override { return std::nullopt; }
    EventBus& events() override { return events_; }

    Store* store = nullptr;

private:
    ConnectorTraits traits_;
    PerCrm<api::ConnectorInfo> infos_;
    EventBus events_;
};

class Pieces final : public http::BodyReader {
public:
    explicit Pieces(std::string_view text) : pieces_(in_pieces(text)) {}
    Task<Result<std::string>> read() override
    {
        if (next_ == pieces_.size()) co_return std::string();
        co_return std::string(pieces_[next_++]);
    }

private:
    std::vector<std::string_view> pieces_;
    std::size_t next_ = 0;
};

http::Method method_of(std::string_view word)
{
    using enum http::Method;
    for (const http::Method method : {get, post, put, patch, delete_})
        if (word == to_string(method)) return method;
    return post;
}

http::ServerRequest request_of(std::string_view input)
{
    http::ServerRequest request;
    std::string_view line = take_line(input);
    request.method = method_of(line.substr(0, line.find(' ')));
    line.remove_prefix(std::min(line.find('/'), line.size()));
    request.path = http::decode_component(line.substr(0, line.find('?')), false).value_or("/");
    line.remove_prefix(std::min(line.find('?'), line.size()));
    while (!line.empty()) {
        line.remove_prefix(1);
        const std::string_view pair = line.substr(0, line.find('&'));
        line.remove_prefix(pair.size());
        const auto equals = std::min(pair.find('='), pair.size());
        request.query.emplace_back(
            http::decode_component(pair.substr(0, equals), true).value_or(""),
            http::decode_component(pair.substr(std::min(equals + 1, pair.size())), true).value_or(""));
    }
    const http::Response rest = answer_of("200\n" + std::string(input));
    request.headers = rest.headers;
    request.body = rest.body;
    return request;
}

const http::RouteTable& routes()
{
    static const http::RouteTable table = [] {
        http::RouteTable made;
        for (const auto& route : api::all_routes()) made.add(route.method, route.path);
        return made;
    }();
    return table;
}

Task<api::Reply> answer(api::Call call, const api::Route& route)
{
    if (!route.has_query)
        if (auto query = api::Input::query(call.request); !query.problems().empty())
            co_return api::refuse(query.problems());
    if (route.handler) co_return co_await route.handler(std::move(call));
    if (route.path != api::import_path) co_return http::ServerResponse{};
    const std::string body = std::exchange(call.request.body, {});
    Pieces pieces(body);
    co_return co_await api::import_contacts(std::move(call), pieces);
}

void check_response(const http::ServerResponse& response)
{
    require(response.status >= 200 && response.status < 500, "no request makes the server fail", response.body);
    for (const auto& [name, value] : response.headers)
        require(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos, "a header is one line", value);
    const auto type = response.headers.find("Content-Type").value_or("");
    if (type != "application/json" || response.body.empty()) return;
    require(is_utf8(response.body), "an answer is UTF-8", response.body);
    boost::system::error_code error;
    const auto body = boost::json::parse(response.body, error);
    require(!error, "an answer is JSON", response.body);
    require(response.status < 400 || (body.is_object() && body.get_object().contains("detail")),
            "a refusal has a reason", response.body);
}

}  // namespace

void try_input(std::string_view input)
{
    static Database& database = *new Database;
    static IdleEngine& engine = *new IdleEngine;
    Store& store = database.emptied();
    engine.store = &store;
    const auto contact = database.loop().run(
        store.create_contact({.email = "ann@example.com", .name = "Ann Lee"}, CurationStatus::new_, {}));
    require(contact.has_value(), "a contact can be made");
    std::string text(input);
    for (auto at = text.find("__ID__"); at != std::string::npos; at = text.find("__ID__", at + 1))
        text.replace(at, 6, to_string(contact->id));

    http::ServerRequest request = request_of(text);
    auto match = routes().match(request.method, request.path);
    if (match.route == http::RouteTable::none || request.path == api::metrics_path) return;
    // Whoever comes in has shown something.
    if (!request.headers.find("Authorization")) request.headers.add("Authorization", "Bearer fuzz");
    if (!api::credential_of(request.headers)) return;
    api::Services services{store, engine, database.clock(), database.loop().executor(), true};
    api::Call call{std::move(request), std::move(match.parameters), {.subject = "fuzz"}, services, "fuzz"};
    const auto reply = database.loop().run(answer(std::move(call), api::all_routes()[match.route]));
    check_response(reply ? *reply : api::render(reply.error()));
}

}  // namespace crmsync::fuzz
