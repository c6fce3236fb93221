#include "api/contacts.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "api/json.h"
#include "api/operations.h"
#include "domain/selection.h"

namespace crmsync::api {

namespace json = boost::json;

namespace {

constexpr std::int64_t page_max = 1000;
constexpr std::int64_t offset_max = 1'000'000'000;

constexpr std::array<std::string_view, 5> read_only_columns{"id", "created_at", "updated_at",
                                                            "contact_processing_status", "contact_processing_error"};
constexpr std::array<std::string_view, 4> retry_columns{"retry_count", "last_retry_at", "next_retry_at",
                                                        "last_failed_crm"};

/// A decision that the CRM columns of a request mean.
struct Decision {
    Crm crm = Crm::brevo;
    Action action = Action::select;
};

/// What the CRM columns sent along with a contact mean: the same as the SQL that writes them. Values that the contact
/// has already are no writes, so what was read can be sent back.
std::vector<Decision> read_decisions(Input& input, const PerCrm<CrmColumns>& current)
{
    std::vector<Decision> decisions;
    for (const Crm crm : all_crms) {
        const auto sync_column = column(crm, "sync_status");
        const auto processing_column = column(crm, "processing_status");
        input.ignore(column(crm, "processing_error"));
        input.ignore(remote_id_column(crm));
        auto sync = input.choice(sync_column, all_sync_statuses, parse_sync_status);
        if (sync == current[crm].sync_status) sync.reset();
        const auto status = input.choice(processing_column, all_processing_statuses, parse_processing_status);
        std::optional<std::optional<ProcessingStatus>> processing;
        if ((status || input.is_null(processing_column)) && status != current[crm].processing_status)
            processing = status;
        if (!sync && !processing) continue;
        if (const auto action = interpret_write(sync, processing))
            decisions.push_back({crm, *action});
        else if (sync)
            input.wrong(sync_column, "is set by the engine alone; write Selected, Queued, New or Skipped");
        else
            input.wrong(processing_column, "is set by the engine alone; write Queued to retry");
    }
    return decisions;
}

Task<Status> act_on(const Call& call, Uuid id, const std::vector<Decision>& decisions)
{
    for (const auto& [crm, action] : decisions) {
        ActionRequest request{.action = action,
                              .crms = {crm},
                              .target = std::vector{id},
                              .lane = Lane::hand,
                              .options = options_of(call, Lane::hand),
                              .error_code = {},
                              .actor = call.who.actor(),
                              .request_id = call.request_id,
                              .preview = false,
                              .now = call.now()};
        const auto counts = co_await call.store().act(std::move(request));
        if (!counts) co_return std::unexpected(counts.error());
    }
    co_return Status{};
}

Task<Status> set_curation(const Call& call, Uuid id, CurationStatus status)
{
    const auto matched =
        co_await call.store().set_curation_status(std::vector{id}, status, call.who.actor(), call.now());
    if (!matched) co_return std::unexpected(matched.error());
    co_return Status{};
}

std::unexpected<ErrorAnswer> not_found_or(const Error& error)
{
    return error.code == ErrorCode::not_found ? refuse(404, "Contact not found") : refuse(error);
}

Task<Reply> respond_with_contact(const Call& call, Uuid id, int status)
{
    const auto contact = co_await call.store().contact(id);
    if (!contact) co_return not_found_or(contact.error());
    co_return json_response(status, to_json(*contact));
}

std::optional<ContactSort> parse_sort(std::string_view text)
{
    ContactSort sort;
    sort.descending = text.starts_with('-');
    if (sort.descending) text.remove_prefix(1);
    for (const auto& [name, by] :
         {std::pair<std::string_view, ContactSort::By>{"created_at", ContactSort::By::created_at},
          {"updated_at", ContactSort::By::updated_at},
          {"email", ContactSort::By::email},
          {"name", ContactSort::By::name}}) {
        if (text != name) continue;
        sort.by = by;
        return sort;
    }
    return std::nullopt;
}

/// The same request, further on: `where` replaces the place it named.
std::string link_to(const http::ServerRequest& request, std::string_view where, std::string_view relation)
{
    std::string query;
    for (const auto& [name, value] : request.query)
        if (name != "offset" && name != "cursor")
            query += fmt::format("{}={}&", http::encode_component(name), http::encode_component(value));
    return fmt::format("<{}?{}{}>; rel=\"{}\"", request.path, query, where, relation);
}

void add_page_headers(http::ServerResponse& response, const http::ServerRequest& request, const ContactPage& page)
{
    if (page.total) response.headers.add("X-Total-Count", std::to_string(*page.total));
    if (page.total_is_estimate) response.headers.add("X-Total-Is-Estimate", "true");
    std::string links = link_to(request, "offset=0", "first");
    if (page.next_cursor) {
        response.headers.add("X-Next-Cursor", *page.next_cursor);
        links += ", " + link_to(request, "cursor=" + http::encode_component(*page.next_cursor), "next");
    }
    response.headers.add("Link", std::move(links));
}

/// Reads the status, which both curation calls require.
std::optional<CurationStatus> read_status(Input& input)
{
    const auto status = input.choice("status", all_curation_statuses, parse_curation_status);
    if (!input.has("status") || input.is_null("status")) input.wrong("status", "is required");
    return status;
}

}  // namespace

json::object curation_result(std::size_t updated, CurationStatus status)
{
    return {{"updated_count", updated}, {"queued_count", status == CurationStatus::queued ? updated : 0}};
}

Task<Reply> list_contacts(Call call)
{
    auto input = Input::query(call.request);
    auto filter = read_filter(input);
    PageRequest page;
    page.limit = static_cast<std::size_t>(input.integer("limit", 1, page_max).value_or(100));
    page.offset = static_cast<std::size_t>(input.integer("offset", 0, offset_max).value_or(0));
    page.cursor = input.text("cursor");
    if (page.cursor && page.offset > 0) input.wrong("offset", "does not go with a cursor");
    ContactSort sort;
    if (const auto word = input.text("sort")) {
        const auto parsed = parse_sort(*word);
        if (!parsed)
            input.wrong("sort", "must be one of created_at, updated_at, email, name; with - before it, descending");
        sort = parsed.value_or(sort);
    }
    if (const auto& problems = input.problems(); !problems.empty()) co_return refuse(problems);

    const auto found = co_await call.store().contacts(std::move(filter), sort, std::move(page));
    if (!found) co_return refuse(found.error());
    json::array list;
    list.reserve(found->contacts.size());
    for (const auto& contact : found->contacts) list.emplace_back(to_json(contact));
    auto response = json_response(200, list);
    add_page_headers(response, call.request, *found);
    co_return response;
}

Task<Reply> create_contact(Call call)
{
    const auto required = co_await call.store().required_contact_columns();
    if (!required) co_return refuse(required.error());
    auto input = Input::body(call.request);
    auto fields = read_new_contact(input, *required);
    const auto curation = input.choice("contact_curation_status", all_curation_statuses, parse_curation_status);
    const auto decisions = read_decisions(input, {});
    if (const auto& problems = input.problems(); !problems.empty()) co_return refuse(problems);

    const auto created =
        co_await call.store().create_contact(std::move(fields), curation.value_or(CurationStatus::new_), call.now());
    if (!created) co_return refuse(created.error());
    if (const auto acted = co_await act_on(call, created->id, decisions); !acted) co_return refuse(acted.error());
    auto response = co_await respond_with_contact(call, created->id, 201);
    if (response) response->headers.add("Location", call.request.path + "/" + to_string(created->id));
    co_return response;
}

Task<Reply> read_contact(Call call)
{
    const auto id = id_of(call);
    if (!id) co_return std::unexpected(id.error());
    co_return co_await respond_with_contact(call, *id, 200);
}

Task<Reply> update_contact(Call call)
{
    const auto id = id_of(call);
    if (!id) co_return std::unexpected(id.error());
    const auto current = co_await call.store().contact(*id);
    if (!current) co_return not_found_or(current.error());
    auto input = Input::body(call.request);
    auto change = read_contact_change(input);
    const auto curation = input.choice("contact_curation_status", all_curation_statuses, parse_curation_status);
    const auto decisions = read_decisions(input, current->crm);
    for (const auto name : read_only_columns) input.ignore(name);
    for (const auto name : retry_columns) input.ignore(name);
    if (const auto& problems = input.problems(); !problems.empty()) co_return refuse(problems);

    const auto updated = co_await call.store().update_contact(*id, std::move(change), call.now());
    if (!updated) co_return not_found_or(updated.error());
    if (curation && *curation != current->curation_status) {
        const auto set = co_await set_curation(call, *id, *curation);
        if (!set) co_return refuse(set.error());
    }
    if (const auto acted = co_await act_on(call, *id, decisions); !acted) co_return refuse(acted.error());
    co_return co_await respond_with_contact(call, *id, 200);
}

Task<Reply> delete_contact(Call call)
{
    const auto id = id_of(call);
    if (!id) co_return std::unexpected(id.error());
    const auto deleted = co_await call.store().delete_contact(*id, call.who.actor(), call.now());
    if (!deleted) co_return not_found_or(deleted.error());
    co_return http::ServerResponse{.status = 204, .headers = {}, .body = {}, .stream = {}};
}

Task<Reply> set_status(Call call)
{
    auto input = Input::body(call.request);
    auto ids = input.uuids("contact_ids", contact_ids_max);
    if (!input.has("contact_ids") || input.is_null("contact_ids")) input.wrong("contact_ids", "is required");
    const auto status = read_status(input);
    if (const auto& problems = input.problems(); !problems.empty()) co_return refuse(problems);
    const auto updated =
        co_await call.store().set_curation_status(std::move(*ids), *status, call.who.actor(), call.now());
    if (!updated) co_return refuse(updated.error());
    co_return json_response(200, curation_result(*updated, *status));
}

Task<Reply> set_status_filtered(Call call)
{
    auto input = Input::body(call.request);
    auto filter = read_filter(input);
    const auto status = read_status(input);
    const auto expected_count = read_expected_count(input);
    if (const auto& problems = input.problems(); !problems.empty()) co_return refuse(problems);
    co_return co_await operate(call, BulkCuration{.filter = std::move(filter), .status = *status}, expected_count);
}

}  // namespace crmsync::api
