#include "api/status.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "api/contacts.h"
#include "api/json.h"
#include "domain/failure_advice.h"

namespace crmsync::api {

namespace json = boost::json;

namespace {

constexpr std::int64_t page_max = 1000;
constexpr std::int64_t offset_max = 1'000'000'000;
constexpr std::size_t history_rows = 100;

std::string lower_case(std::string_view word)
{
    std::string result(word);
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return result;
}

json::object counts_of(const Store::Summary& summary, Crm crm)
{
    json::object counts;
    const auto& by_status = summary.by_status[crm];
    for (const SyncStatus status : all_sync_statuses) {
        const auto found = by_status.find(status);
        counts[lower_case(to_string(status))] = found == by_status.end() ? 0 : found->second;
    }
    counts["total_contacts"] = summary.contacts;
    return counts;
}

json::object to_row(const Failure& failure)
{
    const auto& job = failure.job;
    return {{"contact_id", crmsync::to_string(job.key.contact_id)},
            {"email", failure.email},
            {"name", to_json(failure.name)},
            {"crm", to_string(job.key.crm)},
            {"class", failure_class(job.error.value_or(""))},
            {"cause", to_json(job.error_code)},
            {"error", to_json(job.error)},
            {"retry_count", job.retry_count},
            {"last_attempt_at", to_json(job.last_attempt_at)},
            {"dismissed", job.dismissed}};
}

/// Quoted; and harmless to spreadsheets, which take a text that begins like a formula for one.
std::string csv_field(std::string_view text)
{
    std::string field = "\"";
    if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos) field += '\'';
    for (const char c : text) {
        if (c == '"') field += '"';
        field += c;
    }
    field += '"';
    return field;
}

std::string csv_row(const Failure& failure)
{
    const auto& job = failure.job;
    return fmt::format("{},{},{},{},{},{},{},{},{},{}\r\n", crmsync::to_string(job.key.contact_id),
                       csv_field(failure.email), csv_field(failure.name.value_or("")), to_string(job.key.crm),
                       failure_class(job.error.value_or("")), csv_field(job.error_code.value_or("")),
                       csv_field(job.error.value_or("")), job.retry_count,
                       job.last_attempt_at ? to_rfc3339(*job.last_attempt_at) : "", job.dismissed);
}

constexpr std::string_view csv_header =
    "contact_id,email,name,crm,class,cause,error,retry_count,last_attempt_at,dismissed\r\n";

/// Writes page after page, so that any number of failures fits.
Task<> write_csv(Store& store, FailureQuery query, bool one_page, http::BodyWriter& out)
{
    auto written = co_await out.write(std::string(csv_header));
    while (written) {
        const auto rows = co_await store.failures(query);
        if (!rows) co_return;
        std::string text;
        for (const auto& row : *rows) text += csv_row(row);
        if (!text.empty()) written = co_await out.write(std::move(text));
        if (one_page || rows->size() < query.limit) co_return;
        query.offset += rows->size();
    }
}

http::ServerResponse csv_response(const Call& call, FailureQuery query, bool one_page)
{
    if (!one_page) query.limit = page_max;
    return {.status = 200,
            .headers = {{"Content-Type", "text/csv; charset=utf-8"},
                        {"Content-Disposition", "attachment; filename=\"failed.csv\""}},
            .body = {},
            .stream = [&store = call.store(), query = std::move(query), one_page](http::BodyWriter& out) -> Task<> {
                co_await write_csv(store, query, one_page, out);
            }};
}

std::string csv_row(const FailureCause& cause)
{
    const FailureAdvice advice = advice_on(cause.crm, cause.error_code);
    return fmt::format("{},{},{},{},{},{},{},{}\r\n", to_string(cause.crm), csv_field(cause.error_code),
                       csv_field(advice.title), to_string(advice.kind), failure_class(cause.example), cause.count,
                       csv_field(cause.example), csv_field(advice.remedy));
}

constexpr std::string_view csv_header_of_causes = "crm,cause,title,kind,class,count,example,suggestion\r\n";

http::ServerResponse csv_response(const std::vector<FailureCause>& causes)
{
    std::string text(csv_header_of_causes);
    for (const auto& cause : causes) text += csv_row(cause);
    return {.status = 200,
            .headers = {{"Content-Type", "text/csv; charset=utf-8"},
                        {"Content-Disposition", "attachment; filename=\"causes.csv\""}},
            .body = std::move(text)};
}

Task<Reply> causes(const Call& call, std::optional<Crm> crm, bool with_dismissed, bool as_csv)
{
    const auto found = co_await call.store().failure_causes(crm, with_dismissed);
    if (!found) co_return refuse(found.error());
    if (as_csv) co_return csv_response(*found);
    json::array list;
    for (const auto& cause : *found) list.emplace_back(to_json(cause));
    co_return json_response(200, list);
}

bool wants_csv(const Call& call)
{
    const auto accept = call.request.headers.find("Accept");
    return accept && accept->find("text/csv") != std::string_view::npos;
}

}  // namespace

Task<Reply> crm_summary(Call call)
{
    const auto crm = crm_of(call);
    if (!crm) co_return std::unexpected(crm.error());
    const auto summary = co_await call.store().summary();
    if (!summary) co_return refuse(summary.error());
    co_return json_response(200, counts_of(*summary, *crm));
}

Task<Reply> summary(Call call)
{
    const auto summary = co_await call.store().summary();
    if (!summary) co_return refuse(summary.error());
    const auto readings = co_await call.store().readings();
    if (!readings) co_return refuse(readings.error());
    json::object all{{"total_contacts", summary->contacts}};
    for (const Crm crm : all_crms) {
        json::object counts = counts_of(*summary, crm);
        counts["verification"] = to_json((*readings)[crm]);
        all[to_string(crm)] = std::move(counts);
    }
    co_return json_response(200, all);
}

Task<Reply> contact_jobs(Call call)
{
    const auto id = id_of(call);
    if (!id) co_return std::unexpected(id.error());
    const auto contact = co_await call.store().contact(*id);
    if (!contact && contact.error().code == ErrorCode::not_found) co_return refuse(404, "Contact not found");
    if (!contact) co_return refuse(contact.error());
    const auto jobs = co_await call.store().jobs_of(*id, history_rows);
    if (!jobs) co_return refuse(jobs.error());

    const auto verifications = co_await call.store().verifications_of(*id);
    if (!verifications) co_return refuse(verifications.error());

    PerCrm<json::object> by_crm;
    for (const Crm crm : all_crms) by_crm[crm] = to_json(Job{.key = {*id, crm}});
    PerCrm<std::optional<std::string>> pages;
    for (const auto& job : jobs->jobs) {
        const Crm crm = job.key.crm;
        by_crm[crm] = to_json(job);
        pages[crm] =
            call.services.engine.page_of(crm, {.email = {}, .remote_id = job.remote_id, .second_id = job.second_id});
    }
    PerCrm<json::array> history;
    for (const auto& attempt : jobs->history) history[attempt.key.crm].push_back(to_json(attempt));
    json::object all;
    for (const Crm crm : all_crms) {
        by_crm[crm]["remote_url"] = to_json(pages[crm]);
        by_crm[crm]["verification"] = to_json((*verifications)[crm]);
        by_crm[crm]["history"] = std::move(history[crm]);
        all[to_string(crm)] = std::move(by_crm[crm]);
    }
    co_return json_response(200, all);
}

Task<Reply> failed(Call call)
{
    auto input = Input::query(call.request);
    FailureQuery query;
    query.crm = input.choice("crm", all_crms, parse_crm);
    query.error_code = input.text("cause");
    query.with_dismissed = input.boolean("with_dismissed").value_or(false);
    const auto limit = input.integer("limit", 1, page_max);
    query.limit = static_cast<std::size_t>(limit.value_or(100));
    query.offset = static_cast<std::size_t>(input.integer("offset", 0, offset_max).value_or(0));
    const auto format = input.text("format").value_or(wants_csv(call) ? "csv" : "json");
    if (format != "csv" && format != "json") input.wrong("format", "must be one of json, csv");
    const auto group = input.text("group_by");
    if (group && *group != "cause") input.wrong("group_by", "must be cause");
    if (const auto& problems = input.problems(); !problems.empty()) co_return refuse(problems);

    if (group) co_return co_await causes(call, query.crm, query.with_dismissed, format == "csv");
    if (format == "csv") co_return csv_response(call, std::move(query), limit.has_value());
    const auto rows = co_await call.store().failures(std::move(query));
    if (!rows) co_return refuse(rows.error());
    json::array list;
    for (const auto& row : *rows) list.emplace_back(to_row(row));
    co_return json_response(200, list);
}

Task<Reply> dismiss(Call call)
{
    auto input = Input::body(call.request);
    FailureQuery query;
    query.crm = input.choice("crm", all_crms, parse_crm);
    query.error_code = input.text("cause");
    auto ids = input.uuids("contact_ids", contact_ids_max);
    const bool all = input.boolean("all").value_or(false);
    const bool dismissed = input.boolean("dismissed").value_or(true);
    query.with_dismissed = !dismissed;
    const bool by_crm = input.has("crm") && !input.is_null("crm");
    if (!ids && !by_crm && !query.error_code && !all)
        input.wrong("contact_ids", "is required, or a crm, a cause, or all: true");
    if (const auto& problems = input.problems(); !problems.empty()) co_return refuse(problems);
    // The store takes no ids for all of them.
    if (ids && ids->empty()) co_return json_response(200, {{"updated_count", 0}, {"dismissed", dismissed}});

    const auto updated = co_await call.store().dismiss(std::move(query), std::move(ids).value_or(std::vector<Uuid>{}),
                                                       dismissed, call.who.actor(), call.now());
    if (!updated) co_return refuse(updated.error());
    co_return json_response(200, {{"updated_count", *updated}, {"dismissed", dismissed}});
}

Task<Reply> audit(Call call)
{
    auto input = Input::query(call.request);
    const auto limit = static_cast<std::size_t>(input.integer("limit", 1, page_max).value_or(100));
    const auto offset = static_cast<std::size_t>(input.integer("offset", 0, offset_max).value_or(0));
    if (const auto& problems = input.problems(); !problems.empty()) co_return refuse(problems);
    const auto entries = co_await call.store().audit_log(limit, offset);
    if (!entries) co_return refuse(entries.error());
    json::array list;
    for (const auto& entry : *entries) list.emplace_back(to_json(entry));
    co_return json_response(200, list);
}

}  // namespace crmsync::api
