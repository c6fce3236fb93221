#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "connectors/hubspot/connector.h"
#include "tests/support/await.h"
#include "tests/support/scripted_server.h"

namespace crmsync::hubspot::testing {

namespace json = boost::json;

inline http::ServerResponse json_answer(int status, std::string body = "{}")
{
    return {.status = status, .headers = {{"content-type", "application/json"}}, .body = std::move(body)};
}

/// An account with all mapped properties, where every contact is new, and answers that a test puts in their place.
class HubSpotTest : public ::testing::Test {
protected:
    static constexpr const char* upsert = "POST /crm/v3/objects/contacts/batch/upsert";
    static constexpr const char* update = "POST /crm/v3/objects/contacts/batch/update";
    static constexpr const char* read = "POST /crm/v3/objects/contacts/batch/read";
    static constexpr const char* properties = "GET /crm/v3/properties/contacts";
    static constexpr const char* details = "GET /account-info/v3/details";
    static constexpr const char* add_to_list = "PUT /crm/v3/lists/7/memberships/add";

    HubSpotTest() : server(loop)
    {
        server.script = [this](const http::ServerRequest& request) { return answer(request); };
        answers[properties] = {json_answer(200, schema({"firstname", "lastname", "phone", "domain_id", "page_id",
                                                        "source_url", "email_type", "crmsync_sync_date"}))};
        answers[details] = {
            json_answer(200, R"({"portalId":12345678,"timeZone":"US/Eastern","utcOffsetMilliseconds":-18000000})")};
        answers["GET /crm/v3/lists/7"] = {
            json_answer(200, R"({"list":{"listId":"7","name":"L","processingType":"MANUAL"}})")};
        answers[add_to_list] = {json_answer(200, R"({"recordsIdsAdded":[]})")};
    }

    Connector& connector()
    {
        if (connector_) return *connector_;
        settings["API_BASE_URL"] = server.url();
        auto created = create(settings, {.executor = loop.get_executor(), .clock = clock}, warnings);
        EXPECT_TRUE(created) << created.error().message;
        connector_ = std::move(*created);
        return *connector_;
    }
    SendResult send(const std::vector<MappedContact>& contacts)
    {
        return test::await(loop, connector().send(contacts));
    }
    std::vector<Outcome> outcomes(const std::vector<MappedContact>& contacts)
    {
        return std::get<PerItem>(send(contacts).answer).outcomes;
    }
    Outcome outcome_of(const MappedContact& contact) { return outcomes({contact}).at(0); }
    /// Past the look-up of the account.
    void look_up()
    {
        test::await(loop, connector().setup(false)).value();
        server.requests.clear();
    }

    /// The next answer that was scripted for it, the last one for ever; else every input is a new record.
    http::ServerResponse answer(const http::ServerRequest& request)
    {
        const std::string line = std::string(to_string(request.method)) + " " + request.path;
        if (const auto scripted = answers.find(line); scripted != answers.end()) {
            auto& list = scripted->second;
            const auto next = list.front();
            if (list.size() > 1) list.erase(list.begin());
            return next;
        }
        if (line == upsert || line == update) return written(request.body);
        return json_answer(404, R"({"category":"OBJECT_NOT_FOUND","message":"resource not found"})");
    }
    static http::ServerResponse written(std::string_view body)
    {
        std::string results;
        int id = 100;
        const json::value root = json::parse(body);
        for (const json::value& input : root.at("inputs").as_array()) {
            results.insert(0, (results.empty() ? "" : ","));
            results.insert(0, result(std::to_string(id++), std::string(input.at("objectWriteTraceId").as_string())));
        }
        return json_answer(200, batch(results));
    }
    static std::string result(const std::string& id, const std::string& trace_id, const std::string& more = {})
    {
        return R"({"id":")" + id + R"(","new":true,"objectWriteTraceId":")" + trace_id + '"' + more + "}";
    }
    static std::string batch(const std::string& results, const std::string& errors = {})
    {
        return R"({"status":"COMPLETE","results":[)" + results + R"(],"errors":[)" + errors + "]}";
    }
    static std::string error(const std::string& category, const std::string& message, const std::string& context = {})
    {
        return R"({"status":"error","category":")" + category + R"(","message":")" + message + R"(","context":{)" +
               context + "}}";
    }
    static std::string about(const std::string& trace_id) { return R"("objectWriteTraceId":[")" + trace_id + "\"]"; }
    static std::string schema(const std::vector<std::string>& names)
    {
        std::string list;
        for (const std::string& name : names)
            list += (list.empty() ? "" : ",") + (R"({"name":")" + name + R"(","type":"string"})");
        return R"({"results":[)" + list + "]}";
    }
    static MappedContact contact(std::string email)
    {
        return {.email = std::move(email), .fields = {{"firstname", "Ann"}}};
    }
    /// One that was sent before.
    static MappedContact known(std::string email, std::string record, std::optional<std::string> former = {})
    {
        MappedContact out = contact(std::move(email));
        out.remote_id = std::move(record);
        out.second_id = std::move(former);
        return out;
    }

    asio::io_context loop;
    ManualClock clock{Instant{std::chrono::sys_days{std::chrono::year{2026} / 11 / 20}} + 12h};
    test::ScriptedServer server;
    std::map<std::string, std::vector<http::ServerResponse>> answers;
    Settings settings{{"API_KEY", "pat-na1-1"}};
    std::vector<std::string> warnings;

private:
    std::unique_ptr<Connector> connector_;
};

}  // namespace crmsync::hubspot::testing
