#include "connectors/hubspot/account.h"

#include <algorithm>

#include "connectors/call.h"
#include "connectors/json_read.h"
#include "connectors/json_text.h"

namespace crmsync::hubspot {

namespace {

constexpr std::string_view properties_path = "/crm/v3/properties/contacts";
constexpr std::string_view group = "crmsync";

bool is_success(const Result<http::Response>& answer)
{
    return answer && answer->status >= 200 && answer->status <= 299;
}

/// Somebody else was faster.
bool exists_already(const Result<http::Response>& answer) { return answer && answer->status == 409; }

/// The right to read or write this is missing, though the token itself is good.
bool is_not_granted(const Result<http::Response>& answer)
{
    return answer && (answer->status == 403 || answer->status == 404 || answer->status == 405);
}

}  // namespace

Task<AccountLookup::Obstacle> AccountLookup::run(bool create, Findings& findings, SetupReport& report,
                                                 Exchange& exchange)
{
    findings = {.schema = {}, .list_id = settings_.list_id, .list_problem = {}, .contact_pages = {}};
    if (auto obstacle = co_await read_schema(findings, report, exchange)) co_return obstacle;
    if (findings.schema) {
        Fit fitting = fit(mapping_, *findings.schema);
        if (create && co_await create_missing(fitting.missing, report, exchange)) {
            // What the account has now counts, not what it said while creating.
            if (auto obstacle = co_await read_schema(findings, report, exchange)) co_return obstacle;
            if (findings.schema) fitting = fit(mapping_, *findings.schema);
        }
        report.present = fitting.present;
        for (const FieldRule& rule : fitting.missing) report.missing.push_back(rule.target);
        for (const Fit::Unusable& unusable : fitting.unusable)
            if (std::ranges::find(report.missing, unusable.field) == report.missing.end())
                report.problems.push_back(unusable.field + " is left out: " + unusable.why);
    }
    co_await read_details(findings, exchange);
    co_await check_list(findings, report, exchange);
    if (co_await is_cancelled()) co_return stopped();
    co_return std::nullopt;
}

Task<AccountLookup::Obstacle> AccountLookup::read_schema(Findings& findings, SetupReport& report, Exchange& exchange)
{
    if (co_await is_cancelled()) co_return stopped();
    const auto answer = co_await session_.call(http::Method::get, std::string(properties_path), {}, exchange);
    findings.schema = is_success(answer) ? parse_schema(answer->body) : std::nullopt;
    if (findings.schema) co_return std::nullopt;
    const Outcome outcome = session_.failed(answer);
    // Contacts may be taken all the same: better to send than to wait for ever.
    if (!is_not_granted(answer) && !std::holds_alternative<Rejected>(outcome)) co_return outcome;
    report.problems.push_back("The properties cannot be read, so values are sent unchecked: " +
                              std::string(reason_of(outcome)));
    co_return std::nullopt;
}

/// True when the account may have properties it did not have before.
Task<bool> AccountLookup::create_missing(const std::vector<FieldRule>& missing, SetupReport& report, Exchange& exchange)
{
    if (missing.empty() || !co_await create_group(report, exchange)) co_return false;
    bool changed = false;
    for (const FieldRule& rule : missing) {
        if (!can_be_created(rule.target)) {
            report.problems.push_back(rule.target +
                                      " cannot be created: a HubSpot property is named by a-z, 0-9 and _");
            continue;
        }
        if (co_await is_cancelled()) break;
        const auto answer = co_await session_.call(http::Method::post, std::string(properties_path),
                                                   definition_of(rule, group), exchange);
        changed = changed || is_success(answer) || exists_already(answer);
        if (is_success(answer)) report.created.push_back(rule.target);
        if (is_success(answer) || exists_already(answer)) continue;
        const Outcome outcome = session_.failed(answer);
        report.problems.push_back(rule.target + " could not be created: " + std::string(reason_of(outcome)));
        if (!std::holds_alternative<Rejected>(outcome)) break;  // The next ones would meet the same.
    }
    co_return changed;
}

/// True when there is the group that our properties stand in.
Task<bool> AccountLookup::create_group(SetupReport& report, Exchange& exchange)
{
    if (co_await is_cancelled()) co_return false;
    std::string body = "{\"name\":";
    append_json(body, group);
    body += ",\"label\":";
    append_json(body, group);
    const auto answer =
        co_await session_.call(http::Method::post, std::string(properties_path) + "/groups", body + "}", exchange);
    if (is_success(answer) || exists_already(answer)) co_return true;
    report.problems.push_back("Properties could not be created: " + std::string(reason_of(session_.failed(answer))));
    co_return false;
}

/// Without it the day is taken to end at midnight UTC.
Task<> AccountLookup::read_details(Findings& findings, Exchange& exchange)
{
    if (co_await is_cancelled()) co_return;
    const auto status = exchange.http_status;
    const auto answer = co_await session_.call(http::Method::get, "/account-info/v3/details", {}, exchange);
    exchange.http_status = status;
    if (const auto account = is_success(answer) ? parse_account(answer->body) : std::nullopt) {
        session_.set_utc_offset(account->utc_offset);
        findings.contact_pages = account->contact_pages;
    }
}

/// A list that takes no members would cost a call per batch for nothing.
Task<> AccountLookup::check_list(Findings& findings, SetupReport& report, Exchange& exchange)
{
    if (!findings.list_id || co_await is_cancelled()) co_return;
    const std::string id = std::to_string(*findings.list_id);
    const auto status = exchange.http_status;
    const auto answer = co_await session_.call(http::Method::get, "/crm/v3/lists/" + id, {}, exchange);
    exchange.http_status = status;
    const auto body = is_success(answer) ? parse_object(answer->body) : std::nullopt;
    const auto* list = body ? object_of(*body, "list") : nullptr;
    if (list && text_of(*list, "processingType") == "DYNAMIC")
        findings.list_problem = "it is a dynamic list, which chooses its members itself";
    else if (answer && answer->status == 404 && parse_complaint(answer->body))
        findings.list_problem = "HubSpot has no such list";
    else if (answer && answer->status == 403)
        findings.list_problem = std::string(reason_of(session_.failed(answer)));
    if (findings.list_problem.empty()) co_return;
    report.problems.push_back("HUBSPOT_LIST_ID: contacts are synced without list " + id + ": " + findings.list_problem);
    findings.list_id.reset();
}

}  // namespace crmsync::hubspot
