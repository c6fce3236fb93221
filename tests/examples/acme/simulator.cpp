#include "tests/examples/acme/simulator.h"

#include <boost/json.hpp>
#include <map>

namespace crmsync::acme {

namespace {

namespace json = boost::json;

http::ServerResponse reply(int status, const json::object& body)
{
    http::ServerResponse response;
    response.status = status;
    response.headers.add("Content-Type", "application/json");
    response.body = json::serialize(body);
    return response;
}

http::ServerResponse complaint(int status, std::string_view code, std::string_view error)
{
    return reply(status, {{"code", code}, {"error", error}});
}

class Acme final : public simulator::Crm {
public:
    Acme(std::string key, simulator::FaultPlan& faults) : key_(std::move(key)), faults_(faults)
    {
        routes_.add(http::Method::get, "/me",
                    [](const auto&, const auto&) { return reply(200, {{"account", "Acme"}}); });
        routes_.add(http::Method::get, "/fields",
                    [this](const auto&, const auto&) { return reply(200, {{"fields", fields_}}); });
        routes_.add(http::Method::post, "/fields",
                    [this](const simulator::Call& call, const auto&) { return add_field(call.request); });
        routes_.add(http::Method::post, "/contacts",
                    [this](const simulator::Call& call, const auto&) { return upsert(call.request); });
    }

    std::string_view name() const override { return "acme"; }
    std::string_view base() const override { return "/acme"; }
    simulator::Answer answer(const simulator::Call& call) override
    {
        const auto match = routes_.table().match(call.request.method, call.path);
        if (match.route == http::RouteTable::none) return {complaint(404, "no_route", "no such page"), "other"};
        const std::string_view route = routes_.name(match.route);
        if (call.request.headers.find("x-acme-key") != key_) return {unauthorized(), route};
        return {routes_.handler(match.route)(call, match.parameters), route};
    }

    http::ServerResponse unauthorized() const override { return complaint(401, "bad_key", "the key is not known"); }
    http::ServerResponse ip_unauthorized(std::string_view) const override { return unauthorized(); }
    http::ServerResponse rate_limited(int retry_after_s) const override
    {
        auto response = complaint(429, "too_fast", "slow down");
        response.headers.add("Retry-After", std::to_string(retry_after_s));
        return response;
    }
    std::string error_body(int) const override { return R"({"code":"simulated","error":"simulated error"})"; }

    json::object state() const override { return {{"contacts", contacts_.size()}, {"duplicates", 0}}; }
    json::value find_contact(std::string_view email) const override
    {
        for (const auto& [id, contact] : contacts_)
            if (contact.at("email") == json::string(email)) return contact;
        return nullptr;
    }
    Status configure(const json::object&) override { return fail(ErrorCode::invalid, "Acme has no settings"); }
    void reset() override { contacts_.clear(); }

private:
    http::ServerResponse add_field(const http::ServerRequest& request)
    {
        const json::object body = json::parse(request.body).as_object();
        fields_[body.at("name").as_string()] = body.at("type");
        return reply(200, body);
    }

    http::ServerResponse upsert(const http::ServerRequest& request)
    {
        const json::object body = json::parse(request.body).as_object();
        const std::string email(body.at("email").as_string());
        if (faults_.rejects(name(), email)) return complaint(422, "invalid_email", "the address " + email + " is bad");
        json::object& contact = contacts_[id_of(body, email)];
        contact["email"] = email;
        contact["fields"] = body.at("fields");
        contact["writes"] = (contact.contains("writes") ? contact.at("writes").to_number<int>() : 0) + 1;
        return reply(200, {{"id", contact["id"]}});
    }

    /// The contact's id, by its own, then by its address; a new one is made.
    std::string id_of(const json::object& body, std::string_view email)
    {
        if (const json::value* id = body.if_contains("id"); id && contacts_.contains(std::string(id->as_string())))
            return std::string(id->as_string());
        for (const auto& [id, contact] : contacts_)
            if (contact.at("email") == json::string(email)) return id;
        const std::string id = "acme-" + std::to_string(contacts_.size() + 1);
        contacts_[id]["id"] = id;
        return id;
    }

    std::string key_;
    simulator::FaultPlan& faults_;
    simulator::Routes routes_;
    json::object fields_;
    std::map<std::string, json::object> contacts_;
};

}  // namespace

std::unique_ptr<simulator::Crm> simulated(std::string key, simulator::FaultPlan& faults)
{
    return std::make_unique<Acme>(std::move(key), faults);
}

}  // namespace crmsync::acme
