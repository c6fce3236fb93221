#include "simulator/control.h"

#include <algorithm>
#include <charconv>

#include "simulator/json_body.h"

namespace crmsync::simulator {

namespace {

http::ServerResponse no_content()
{
    http::ServerResponse response;
    response.status = 204;
    return response;
}

}  // namespace

Control::Control(std::vector<std::unique_ptr<Crm>>& crms, FaultPlan& plan, Ledger& ledger)
    : crms_(crms), plan_(plan), ledger_(ledger)
{
    using http::Method;
    routes_.add(Method::get, "/state", [this](const Call&, const auto&) { return state(); });
    routes_.add(Method::get, "/contacts", [this](const Call& call, const auto&) { return contacts(call.request); });
    routes_.add(Method::get, "/requests", [this](const Call& call, const auto&) { return requests(call.request); });
    routes_.add(Method::put, "/faults", [this](const Call& call, const auto&) { return set_faults(call.request); });
    routes_.add(Method::delete_, "/faults", [this](const Call&, const auto&) {
        plan_.set({});
        return no_content();
    });
    routes_.add(Method::put, "/settings",
                [this](const Call& call, const auto&) { return change_settings(call.request); });
    routes_.add(Method::post, "/reset", [this](const Call&, const auto&) { return reset(); });
}

http::ServerResponse Control::answer(const http::ServerRequest& request)
{
    const std::string_view path = std::string_view(request.path).substr(base.size());
    const auto match = routes_.table().match(request.method, path);
    if (match.route == http::RouteTable::none)
        return http::error_response(match.allow.empty() ? 404 : 405, "No such control");
    return routes_.handler(match.route)({.request = request, .path = path, .faults = {}}, match.parameters);
}

http::ServerResponse Control::state() const
{
    json::object state;
    for (const auto& crm : crms_) state[crm->name()] = crm->state();
    state["requests"] = ledger_.counts();
    state["faults"] = plan_.hits();
    return json_response(200, state);
}

http::ServerResponse Control::contacts(const http::ServerRequest& request) const
{
    const auto email = request.query_value("email");
    if (!email) return http::error_response(400, "The query needs an email");
    json::object found;
    for (const auto& crm : crms_) found[crm->name()] = crm->find_contact(*email);
    return json_response(200, found);
}

http::ServerResponse Control::requests(const http::ServerRequest& request) const
{
    std::size_t limit = 100;
    if (const auto text = request.query_value("limit"))
        std::from_chars(text->data(), text->data() + text->size(), limit);
    return json_response(200, json::object{{"requests", ledger_.requests(limit)}});
}

http::ServerResponse Control::set_faults(const http::ServerRequest& request)
{
    const auto value = read_json(request.body);
    if (!value) return http::error_response(400, "The body is no JSON");
    auto rules = parse_faults(*value);
    if (!rules) return http::error_response(400, rules.error().message);
    plan_.set(std::move(*rules));
    return no_content();
}

http::ServerResponse Control::change_settings(const http::ServerRequest& request)
{
    const auto value = read_json(request.body);
    if (!value || !value->is_object()) return http::error_response(400, "The body is no JSON object");
    for (const auto& [name, settings] : value->get_object()) {
        if (name == "log_bodies" && settings.is_bool()) {
            ledger_.log_bodies(settings.get_bool());
            continue;
        }
        const auto crm =
            std::ranges::find(crms_, std::string_view(name), [](const auto& each) { return each->name(); });
        if (crm == crms_.end() || !settings.is_object())
            return http::error_response(400, "Unknown setting " + std::string(name));
        if (const auto done = (*crm)->configure(settings.get_object()); !done)
            return http::error_response(400, done.error().message);
    }
    return no_content();
}

http::ServerResponse Control::reset()
{
    for (const auto& crm : crms_) crm->reset();
    plan_.set({});
    ledger_.clear();
    return no_content();
}

}  // namespace crmsync::simulator
