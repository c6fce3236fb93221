#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <memory>
#include <string>
#include <vector>

#include "api/auth.h"
#include "api/engine_view.h"
#include "api/routes.h"
#include "api/server.h"
#include "base/log.h"
#include "connectors/json_text.h"
#include "engine/operation_runner.h"
#include "http/client.h"
#include "store/open.h"
#include "tests/http/loop.h"

namespace crmsync::api {

namespace json = boost::json;

/// An engine as the API sees it: Brevo is there, with what a test sets; the others are not built.
class StillEngine final : public EngineView {
public:
    StillEngine()
    {
        traits.mapping.rules = {{SourceField::first_name, "FIRSTNAME", FieldType::text},
                                {SourceField::phone, "SMS", FieldType::phone_e164, true}};
        infos_[Crm::brevo].traits = &traits;
        infos_[Crm::brevo].mapping = traits.mapping;
        for (const Crm crm : {Crm::hubspot, Crm::mautic, Crm::n8n})
            infos_[crm].not_configured = std::string(display_name(crm)) + " connector not built yet";
    }

    const ConnectorInfo& connector(Crm crm) const override { return infos_[crm]; }
    Task<RunStatus> status(Crm) override { co_return run_status; }
    Task<Result<std::string>> test(Crm) override { co_return account; }
    Task<Result<SetupReport>> setup(Crm, bool create) override
    {
        co_return create ? SetupReport{.present = {"SMS"}, .created = {"FIRSTNAME"}}
                         : SetupReport{.present = {"SMS"}, .missing = {"FIRSTNAME"}};
    }
    Task<Result<Erased>> erase(Crm, Lookup lookup) override
    {
        erased.push_back(std::move(lookup));
        co_return Erased{.existed = true, .exchange = {}};
    }
    std::optional<std::string> page_of(Crm, const Lookup& known) const override
    {
        return known.remote_id.transform([](const std::string& id) { return "https://crm.example/" + id; });
    }
    std::string payload(Crm, const MappedContact& contact) const override
    {
        std::string body = R"({"email":)";
        append_json(body, contact.email);
        body += R"(,"attributes":{)";
        for (const MappedField& field : contact.fields) {
            if (body.back() != '{') body += ',';
            append_json(body, field.name);
            body += ':';
            append_json(body, field.value, "null");
        }
        return body + "}}";
    }
    Task<Result<Uuid>> verify(Crm, VerifyOptions options) override
    {
        if (verify_options) co_return fail(ErrorCode::conflict, "A verification of Brevo is under way");
        verify_options = std::move(options);
        co_return verification_id;
    }
    Task<Result<Operation>> operate(NewOperation begun, Duration patience) override
    {
        co_return co_await runner->start(std::move(begun), patient ? patience : Duration{0});
    }
    Task<std::optional<VerificationRun>> verification(Crm) override { co_return running; }
    Task<std::vector<TriedAlert>> test_alerts(std::optional<Crm> crm) override
    {
        alerts_tested_for = crm;
        co_return tried_alerts;
    }
    Task<Store::PoolStatus> pool() override { co_return engine_pool; }
    std::optional<std::vector<SeenExchange>> exchanges(Crm) const override { return seen; }
    EventBus& events() override { return events_; }

    /// What a real engine does operations with; set once there is a store.
    std::unique_ptr<OperationRunner> runner;
    bool patient = true;  ///< Else no caller waits for a result.
    Uuid verification_id;
    std::vector<TriedAlert> tried_alerts;
    std::optional<Crm> alerts_tested_for;
    Store::PoolStatus engine_pool;
    std::optional<std::vector<SeenExchange>> seen;
    std::vector<Lookup> erased;
    std::optional<VerifyOptions> verify_options;
    std::optional<VerificationRun> running;
    ConnectorTraits traits;
    RunStatus run_status;
    Result<std::string> account{"Acme"};

private:
    PerCrm<ConnectorInfo> infos_;
    EventBus events_;
};

/// Any path of a route, with something in place of its parameters.
inline std::string target_of(const Route& route)
{
    std::string target(route.path);
    for (const auto& [parameter, value] :
         {std::pair<std::string, std::string>{"{id}", "0193a5b6-c7d8-7e9f-8a0b-1c2d3e4f5061"},
          {"{crm}", "brevo"},
          {"{file}", "docs.js"}})
        if (const auto at = target.find(parameter); at != std::string::npos)
            target.replace(at, parameter.size(), value);
    return target;
}

struct ApiAnswer {
    int status = 0;
    http::Headers headers;
    std::string text;
    json::value body;  ///< Null when it is no JSON.

    const json::value& at(std::string_view pointer) const { return body.at_pointer(pointer); }
};

/// A real server on a real socket, over a real store in memory. The clock stands still.
class ApiTest : public ::testing::Test {
protected:
    static constexpr Instant start_time{std::chrono::seconds{1'700'000'000}};

    ApiTest()
    {
        spdlog::default_logger()->set_level(spdlog::level::warn);
        auto opened = loop_.run(sqlite::open(loop_.executor(), clock_, {.url = "sqlite::memory:"}));
        if (!opened) throw std::runtime_error(opened.error().message);
        store_ = std::move(*opened);
        engine_.verification_id = random_uuid7(clock_.now());
        engine_.runner = std::make_unique<OperationRunner>(*store_, clock_, loop_.executor(), engine_.events(),
                                                           [](const Operation&, OperationHold) {});
        server_ = ApiServer::start(loop_.executor(), *store_, engine_, clock_,
                                   {.listen = {}, .auth = auth_, .failure_delay = {.free = 1'000'000}})
                      .value();
        client_ = http::Client::create(loop_.executor(), "http://127.0.0.1:" + std::to_string(server_->port())).value();
        token_ = mint_token(auth_, "ann", Role::admin, 24h, clock_.now()).value();
    }
    ~ApiTest() override
    {
        client_->close();
        loop_.run(server_->stop(1s));
        loop_.run(engine_.runner->stop());
        loop_.run(store_->close());
    }

    ApiAnswer call(http::Request request)
    {
        if (!token_.empty()) request.headers.add("Authorization", "Bearer " + token_);
        const auto response = loop_.run(client_->send(std::move(request)));
        if (!response) throw std::runtime_error(response.error().message);
        ApiAnswer answer{response->status, response->headers, response->body, {}};
        boost::system::error_code failure;
        answer.body = json::parse(response->body, failure);
        return answer;
    }
    ApiAnswer get(std::string target) { return call({http::Method::get, "/api/v3" + target, {}, {}}); }
    ApiAnswer send(http::Method method, std::string target, const json::value& body)
    {
        return call({method, "/api/v3" + target, {{"Content-Type", "application/json"}}, json::serialize(body)});
    }
    ApiAnswer post(std::string target, const json::value& body) { return send(http::Method::post, target, body); }
    ApiAnswer put(std::string target, const json::value& body) { return send(http::Method::put, target, body); }
    ApiAnswer remove(std::string target) { return call({http::Method::delete_, "/api/v3" + target, {}, {}}); }

    /// The id of a new contact.
    std::string add(std::string_view email)
    {
        const auto answer = post("/contacts", {{"email", email}});
        if (answer.status != 201) throw std::runtime_error(answer.text);
        return std::string(answer.at("/id").as_string());
    }
    std::string column_of(const std::string& id, std::string_view column)
    {
        const auto answer = get("/contacts/" + id);
        const auto& value = answer.body.at(column);
        return value.is_string() ? std::string(value.as_string()) : json::serialize(value);
    }

    /// Claims what is due for Brevo and records that outcome for each; gives how many.
    std::size_t work(const Outcome& outcome)
    {
        if (worker_ == Uuid{}) {
            worker_ = random_uuid7(clock_.now());
            EXPECT_TRUE(loop_.run(store_->register_worker({.id = worker_, .host = "test", .pid = 1}, clock_.now())));
        }
        auto claimed = loop_.run(
            store_->claim({.crm = Crm::brevo, .worker_id = worker_, .wanted = 100, .budget = {}, .now = clock_.now()}));
        EXPECT_TRUE(claimed) << claimed.error().message;
        RecordRequest request{.crm = Crm::brevo, .results = {}, .update_state = {}, .now = clock_.now()};
        for (const auto& job : claimed->jobs) request.results.push_back(result_of(job, outcome));
        const auto count = request.results.size();
        if (count > 0) EXPECT_EQ(loop_.run(store_->record(std::move(request)))->recorded, count);
        return count;
    }

    static std::string detail(const ApiAnswer& answer)
    {
        const auto* text = answer.body.at("detail").if_string();
        return text ? std::string(*text) : json::serialize(answer.body.at("detail"));
    }
    static std::string header(const ApiAnswer& answer, std::string_view name)
    {
        return std::string(answer.headers.find(name).value_or(""));
    }

    http::testing::Loop loop_;
    ManualClock clock_{start_time};
    AuthOptions auth_{.secret = std::string(32, 's')};
    StillEngine engine_;
    std::unique_ptr<Store> store_;
    std::unique_ptr<ApiServer> server_;
    std::unique_ptr<http::Client> client_;
    std::string token_;

private:
    JobResult result_of(const ClaimedJob& job, const Outcome& outcome) const
    {
        JobResult result{.key = job.key,
                         .lease_token = job.lease_token,
                         .generation = job.generation,
                         .transition = decide(job, outcome, {}, Cost::counts, clock_.now()),
                         .call_made = true};
        Attempt attempt{.key = job.key, .at = clock_.now(), .worker_id = worker_};
        attempt.outcome = outcome_name(outcome);
        attempt.http_status = 400;
        attempt.message = std::string(reason_of(outcome));
        attempt.duration = 12ms;
        attempt.request_id = "r-1";
        result.attempt = std::move(attempt);
        if (const auto* upserted = std::get_if<Upserted>(&outcome)) {
            result.remote_id = upserted->remote_id;
            result.warnings = upserted->warnings;
        }
        return result;
    }

    Uuid worker_;
};

}  // namespace crmsync::api
