#include "connectors/mautic/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "connectors/call.h"

namespace crmsync::mautic {

namespace {

constexpr std::int64_t page_size = 200;
constexpr int pages_max = 50;

Task<Obstacle> read_fields(Session& session, std::vector<Field>& fields, Exchange& exchange)
{
    fields.clear();
    for (int page = 0; page < pages_max; ++page) {
        if (co_await is_cancelled()) co_return stopped();
        const auto answer = co_await session.call(
            http::Method::get,
            "/fields/contact?limit=" + std::to_string(page_size) + "&start=" + std::to_string(fields.size()), {},
            exchange);
        auto parsed = answer && answer->status == 200 ? parse_fields(answer->body) : std::nullopt;
        if (!parsed) co_return session.classified(answer, nullptr);
        std::ranges::move(parsed->fields, std::back_inserter(fields));
        if (parsed->fields.empty() || static_cast<std::int64_t>(fields.size()) >= parsed->total) break;
    }
    co_return std::nullopt;
}

/// True when the installation may have fields it did not have before.
Task<bool> create_fields(Session& session, const std::vector<FieldRule>& missing, SetupReport& report,
                         Exchange& exchange)
{
    bool changed = false;
    for (const FieldRule& rule : missing) {
        if (co_await is_cancelled()) break;
        const auto answer =
            co_await session.call(http::Method::post, "/fields/contact/new", creation_body(rule), exchange);
        if (answer && (answer->status == 200 || answer->status == 201)) {
            changed = true;
            report.created.push_back(rule.target);
            continue;
        }
        if (answer && answer->status == 202) {
            changed = true;
            report.problems.push_back(rule.target + " is made by Mautic in the background and is not there yet");
            continue;
        }
        const Outcome outcome = session.classified(answer, nullptr);
        if (reason_of(outcome).contains("already using this alias")) {
            changed = true;  // Somebody else was faster.
            continue;
        }
        report.problems.push_back(rule.target + " could not be created: " + std::string(reason_of(outcome)));
        if (!std::holds_alternative<Rejected>(outcome)) break;  // The next ones would meet the same.
    }
    co_return changed;
}

/// An unknown segment would cost a call and a warning per batch.
Task<bool> is_segment(Session& session, std::int64_t id, SetupReport& report, Exchange& exchange)
{
    if (co_await is_cancelled()) co_return true;
    const auto answer = co_await session.call(http::Method::get, "/segments/" + std::to_string(id), {}, exchange);
    if (!answer || !is_not_found(*answer)) co_return true;
    report.problems.push_back("MAUTIC_SEGMENT_ID: Mautic has no segment " + std::to_string(id) +
                              "; contacts are synced without segment");
    co_return false;
}

}  // namespace

Task<Obstacle> look_up(Session& session, const FieldMapping& mapping, std::optional<std::int64_t> segment_id,
                       bool create, Schema& schema, SetupReport& report, Exchange& exchange)
{
    std::vector<Field> fields;
    if (auto obstacle = co_await read_fields(session, fields, exchange)) co_return obstacle;
    schema.fit = fit(mapping, fields);
    if (create && !schema.fit.missing.empty() &&
        co_await create_fields(session, schema.fit.missing, report, exchange)) {
        // What the installation has now counts, under the names it gave.
        if (auto obstacle = co_await read_fields(session, fields, exchange)) co_return obstacle;
        schema.fit = fit(mapping, fields);
    }
    for (const auto& [name, field] : schema.fit.usable) {
        report.present.push_back(name);
        if (field.alias != name)
            std::ranges::replace(report.created, name, fmt::format("{} (Mautic calls it {})", name, field.alias));
    }
    for (const FieldRule& rule : schema.fit.missing) report.missing.push_back(rule.target);
    for (const auto& [name, why] : schema.fit.unusable)
        if (std::ranges::find(report.missing, name) == report.missing.end())
            report.problems.push_back(fmt::format("{} is left out: {}", name, why));
    if (segment_id) schema.has_segment = co_await is_segment(session, *segment_id, report, exchange);
    co_return std::nullopt;
}

}  // namespace crmsync::mautic
