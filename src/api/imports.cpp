#include "api/imports.h"

#include <boost/json.hpp>

#include "api/json.h"
#include "ingest/encoding.h"
#include "ingest/importer.h"

namespace crmsync::api {

namespace json = boost::json;

namespace {

constexpr std::size_t refused_shown_max = 1000;
constexpr std::size_t text_shown_max = 1000;

/// Columns that a request can give one value for all rows.
constexpr std::array constants{ingest::Column::email_type,   ingest::Column::has_gmail, ingest::Column::context,
                               ingest::Column::source_url,   ingest::Column::domain_id, ingest::Column::page_id,
                               ingest::Column::source_job_id};

std::optional<ingest::Format> format_of(const http::ServerRequest& request)
{
    const auto header = request.headers.find("Content-Type").value_or("");
    const auto type = header.substr(0, header.find_first_of("; "));
    if (http::same_name(type, "text/csv")) return ingest::Format::csv;
    for (const auto* name : {"application/x-ndjson", "application/ndjson", "application/jsonl"})
        if (http::same_name(type, name)) return ingest::Format::ndjson;
    return std::nullopt;
}

ingest::ImportOptions read_options(Input& input)
{
    ingest::ImportOptions options;
    if (const auto text = input.text("map")) {
        auto mapping = ingest::parse_mapping(*text);
        if (mapping)
            options.mapping = std::move(*mapping);
        else
            input.wrong("map", mapping.error().message);
    }
    if (const auto text = input.text("delimiter")) {
        if (*text == "tab")
            options.delimiter = '\t';
        else if (text->size() == 1 && *text != "\"" && *text != "\n" && *text != "\r")
            options.delimiter = text->front();
        else
            input.wrong("delimiter", "must be one character, or tab");
    }
    for (const auto column : constants) options.constants[column] = input.text(to_string(column));
    return options;
}

/// Refused lines as far as an answer can hold them.
struct Refusals {
    json::array shown;
    std::uint64_t omitted = 0;

    void add(const ingest::RefusedLine& line)
    {
        const auto text = line.place.text;
        if (shown.size() >= refused_shown_max) {
            ++omitted;
            return;
        }
        shown.push_back(
            {{"line", line.place.line},
             {"last_line", line.place.last_line},
             {"reason", line.reason},
             {"text", cut(ingest::is_utf8(text) ? text : ingest::from_windows_1252(text), text_shown_max)}});
    }
};

json::object to_object(const ingest::ImportReport& report, Refusals refusals)
{
    json::object by_reason;
    for (const auto& [why, count] : report.refused_by_reason) by_reason[to_string(why)] = count;
    json::object columns;
    for (const auto& [column, header] : report.columns) columns[to_string(column)] = header;
    return {{"read", report.read},
            {"created", report.created},
            {"updated", report.updated},
            {"unchanged", report.unchanged},
            {"merged", report.merged},
            {"refused", report.refused},
            {"refused_by_reason", std::move(by_reason)},
            {"blank_lines", report.blank_lines},
            {"columns", std::move(columns)},
            {"ignored_columns", json::array(report.ignored_columns.begin(), report.ignored_columns.end())},
            {"warnings", json::array(report.warnings.begin(), report.warnings.end())},
            {"refused_lines", std::move(refusals.shown)},
            {"refused_lines_omitted", refusals.omitted}};
}

/// Feeds piece by piece; the next piece is read when the store has taken the former.
Task<Status> feed(ingest::Importer& importer, http::BodyReader& body)
{
    for (;;) {
        const auto piece = co_await body.read();
        if (!piece) co_return std::unexpected(piece.error());
        if (piece->empty()) co_return Status{};
        const auto fed = co_await importer.feed(*piece);
        if (!fed) co_return std::unexpected(fed.error());
    }
}

}  // namespace

Task<Reply> import_contacts(Call call, http::BodyReader& body)
{
    const auto format = format_of(call.request);
    if (!format) co_return refuse(415, "Content-Type must be text/csv or application/x-ndjson");
    auto input = Input::query(call.request);
    auto options = read_options(input);
    if (const auto& problems = input.problems(); !problems.empty()) co_return refuse(problems);
    options.format = *format;
    options.actor = call.who.actor();

    Refusals refusals;
    ingest::Importer::Listener listener;
    listener.refused = [&](const ingest::RefusedLine& line) { refusals.add(line); };
    const auto importer =
        co_await ingest::Importer::create(call.store(), call.services.clock, std::move(options), std::move(listener));
    if (!importer) co_return refuse(importer.error());
    const auto fed = co_await feed(**importer, body);
    if (!fed) (*importer)->cancel();
    const auto report = co_await (*importer)->finish();
    if (!fed) co_return refuse(fed.error());
    if (!report) co_return refuse(report.error());
    co_return json_response(200, to_object(*report, std::move(refusals)));
}

}  // namespace crmsync::api
