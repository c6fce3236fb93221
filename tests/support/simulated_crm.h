#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "connectors/registry.h"
#include "http/client.h"
#include "simulator/simulator.h"
#include "tests/support/await.h"

namespace crmsync::test {

namespace json = boost::json;

inline constexpr std::string_view secret_key = "xkeysib-0123456789abcdef";

/// A connector as the registry makes it, and the simulated CRM at the other end of real sockets. No rate limits. In a
/// setting, "{base}" stands for the address of the simulated CRM.
class SimulatedCrm {
public:
    explicit SimulatedCrm(Crm crm, Settings more = {}, std::optional<FieldMapping> mapping = {})
        : SimulatedCrm(*find_connector(crm), to_string(crm), {}, std::move(more), std::move(mapping))
    {
    }
    /// Of an entry that need not be in the registry. `name` is that of its simulated CRM, which `simulated` makes.
    SimulatedCrm(const ConnectorEntry& entry, std::string_view name, std::vector<simulator::CrmFactory> simulated,
                 Settings more = {}, std::optional<FieldMapping> mapping = {})
        : crm_(entry.crm), name_(name)
    {
        simulator::SimulatorOptions options;
        options.more = std::move(simulated);
        options.brevo.api_key = secret_key;
        options.brevo.contacts_per_second = 0;
        options.brevo.contacts_per_hour = 0;
        options.hubspot.token = secret_key;
        options.hubspot.per_10_seconds = options.hubspot.per_day = 0;
        options.mautic.client_id = "crmsync";
        options.mautic.client_secret = secret_key;
        options.n8n.auth = simulator::n8n::Auth::header;
        options.n8n.secret = "Bearer " + std::string(secret_key);
        options.n8n.api_key = secret_key;
        simulator_ = simulator::Simulator::start(loop.get_executor(), clock_, std::move(options)).value();
        control_ = http::Client::create(loop.get_executor(), simulator_->control_url()).value();
        more.merge(settings_of(entry.crm));
        constexpr std::string_view base = "{base}";
        for (auto& [setting, value] : more)
            if (value.starts_with(base)) value.replace(0, base.size(), simulator_->base_url(name_));
        std::vector<std::string> warnings;
        const ConnectorContext context{.executor = loop.get_executor(), .clock = clock_, .mapping = std::move(mapping)};
        connector = entry.create(more, context, warnings).value();
    }

    Outcome send(const MappedContact& contact) { return std::get<PerItem>(send_all(contact).answer).outcomes.at(0); }
    SendResult send_all(const MappedContact& contact) { return await(loop, connector->send(std::span(&contact, 1))); }
    SendResult send_all(const std::vector<MappedContact>& contacts) { return await(loop, connector->send(contacts)); }
    void set_up() { await(loop, connector->setup(true)).value(); }

    /// `rule` as simulator/faults.h reads it.
    void fault(std::string_view rule) { control(http::Method::put, "/faults", "[" + std::string(rule) + "]"); }
    void no_faults() { control(http::Method::delete_, "/faults", {}); }
    void change_settings(std::string_view settings)
    {
        control(http::Method::put, "/settings", "{\"" + name_ + "\":" + std::string(settings) + "}");
    }
    /// The CRM's record of an address, as the CRM shows it, with its "writes"; null when there is none.
    json::value find(std::string_view email)
    {
        const auto found = control(http::Method::get, "/contacts?email=" + http::encode_component(email), {});
        return json::parse(found).at(name_);
    }
    /// {"POST /contacts": {"201": 1}}
    json::value calls() { return json::parse(control(http::Method::get, "/state", {})).at("requests").at(name_); }
    /// The CRM's own counts: "contacts", "duplicates", ...
    json::value state() { return json::parse(control(http::Method::get, "/state", {})).at(name_); }
    /// What a person or a test does at the CRM itself, with the key.
    http::Response at_crm(http::Method method, std::string target, std::string body = {})
    {
        if (!direct_) direct_ = http::Client::create(loop.get_executor(), simulator_->base_url(name_)).value();
        return await(loop, direct_->send({.method = method,
                                          .target = std::move(target),
                                          .headers = {{"api-key", std::string(secret_key)},
                                                      {"authorization", authorization()},
                                                      {"content-type", "application/json"}},
                                          .body = std::move(body)}))
            .value();
    }

    asio::io_context loop{1};
    std::unique_ptr<Connector> connector;

private:
    std::string authorization() const
    {
        return crm_ == Crm::mautic ? "Basic dXNlcjpwYXNz" : "Bearer " + std::string(secret_key);
    }
    Settings settings_of(Crm crm) const
    {
        const std::string url = simulator_->base_url(name_);
        switch (crm) {
            case Crm::brevo:
            case Crm::hubspot:
                return {{"API_KEY", std::string(secret_key)}, {"API_BASE_URL", url}, {"HTTP_TIMEOUT_SECONDS", "1"}};
            case Crm::mautic:
                return {{"BASE_URL", url},
                        {"CLIENT_ID", "crmsync"},
                        {"CLIENT_SECRET", std::string(secret_key)},
                        {"HTTP_TIMEOUT_SECONDS", "1"}};
            case Crm::n8n:
                return {{"WEBHOOK_URL", url + "/webhook/contacts-results"},
                        {"WEBHOOK_SECRET", std::string(secret_key)},
                        {"API_KEY", std::string(secret_key)},
                        {"HTTP_TIMEOUT_SECONDS", "1"}};
        }
        __builtin_unreachable();
    }

    std::string control(http::Method method, std::string target, std::string body)
    {
        const auto answer = await(
            loop,
            control_->send({.method = method, .target = std::move(target), .headers = {}, .body = std::move(body)}));
        if (answer.value().status >= 300) throw std::runtime_error("the simulator refused: " + answer->body);
        return answer->body;
    }

    Crm crm_;
    std::string name_;
    SystemClock clock_;
    std::unique_ptr<simulator::Simulator> simulator_;
    std::unique_ptr<http::Client> control_;
    std::unique_ptr<http::Client> direct_;
};

}  // namespace crmsync::test
