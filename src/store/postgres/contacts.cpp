#include <fmt/format.h>

#include <charconv>
#include <unordered_map>

#include "domain/normalise.h"
#include "store/postgres/store.h"
#include "store/postgres/text.h"
#include "store/text.h"

namespace crmsync::postgres {

namespace {

/// Where a page ended: the list's mark, the id, and what the list is sorted by in hexadecimal.
std::string cursor_of(const std::string& mark, const Uuid& id, std::string_view key)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string cursor = mark + to_string(id) + ".";
    for (const char c : key) {
        cursor += digits[static_cast<unsigned char>(c) >> 4];
        cursor += digits[static_cast<unsigned char>(c) & 15];
    }
    return cursor;
}

struct Cursor {
    Uuid id;
    std::string key;
};

Result<Cursor> parse_cursor(std::string_view text, std::string_view mark)
{
    const auto bad = [] { return not_a_cursor(); };
    if (!text.starts_with(mark)) return bad();
    text.remove_prefix(mark.size());
    const std::size_t dot = text.find('.');
    if (dot == std::string_view::npos || (text.size() - dot) % 2 == 0) return bad();
    const auto id = parse_uuid(text.substr(0, dot));
    if (!id) return bad();
    Cursor cursor{*id, {}};
    for (std::size_t i = dot + 1; i < text.size(); i += 2) {
        unsigned value = 0;
        const auto [end, error] = std::from_chars(text.data() + i, text.data() + i + 2, value, 16);
        if (error != std::errc{} || end != text.data() + i + 2) return bad();
        cursor.key += static_cast<char>(value);
    }
    // What PostgreSQL would refuse cannot be the value of a contact.
    if (!is_utf8(cursor.key) || cursor.key.contains('\0')) return bad();
    return cursor;
}

bool by_time(ContactSort::By by) { return by == ContactSort::By::created_at || by == ContactSort::By::updated_at; }

std::string continued(const std::string& condition) { return condition.empty() ? " WHERE " : condition + " AND "; }

/// The rows after the cursor, by the index where the sort has one.
Result<std::string> after_cursor(std::string condition, std::string_view mark, const ContactSort& sort,
                                 const PageRequest& page, Params& params)
{
    if (!page.cursor) return condition;
    const auto cursor = parse_cursor(*page.cursor, mark);
    if (!cursor) return std::unexpected(cursor.error());
    if (by_time(sort.by)) {
        const auto at = parse_rfc3339(cursor->key);
        if (!at) return not_a_cursor();
        params.add(*at);
    } else {
        params.add(cursor->key);
    }
    params.add(cursor->id);
    const int last = params.size();
    return continued(condition) + "(" + queries::sort_key(sort.by) + ", c.id) " + (sort.descending ? "<" : ">") +
           " ($" + std::to_string(last - 1) + ", $" + std::to_string(last) + ")";
}

std::vector<Contact> read_contacts(const Rows& rows)
{
    std::vector<Contact> contacts;
    contacts.reserve(static_cast<std::size_t>(rows.size()));
    for (int i = 0; i < rows.size(); ++i) {
        Row row(rows, i);
        contacts.push_back(read_contact(row));
    }
    return contacts;
}

std::optional<std::string> name_of(const std::optional<EmailType>& type)
{
    return type.transform([](EmailType known) { return std::string(to_string(known)); });
}

/// What the planner guesses, from EXPLAIN's first line: "... rows=123 ...".
std::int64_t guessed_rows(std::string_view plan)
{
    const std::size_t at = plan.find("rows=");
    std::int64_t rows = 0;
    if (at != std::string_view::npos) std::from_chars(plan.data() + at + 5, plan.data() + plan.size(), rows);
    return rows;
}

/// The later value where there is one.
template <class T>
void overlay(std::optional<T>& value, std::optional<T> later)
{
    if (later) value = std::move(later);
}

void merge(ContactFields& fields, ContactFields later)
{
    overlay(fields.name, std::move(later.name));
    overlay(fields.phone_number, std::move(later.phone_number));
    overlay(fields.email_type, later.email_type);
    overlay(fields.has_gmail, later.has_gmail);
    overlay(fields.context, std::move(later.context));
    overlay(fields.source_url, std::move(later.source_url));
    overlay(fields.domain_id, later.domain_id);
    overlay(fields.page_id, later.page_id);
    overlay(fields.source_job_id, later.source_job_id);
}

Params import_params(const std::vector<std::string>& addresses, const std::vector<ContactFields>& all, Instant now)
{
    Column<Uuid> ids;
    Column<std::string> emails;
    Column<std::optional<std::string>> names, phones, types, contexts, urls;
    Column<std::optional<bool>> gmails;
    Column<std::optional<Uuid>> domains, pages, jobs;
    for (const ContactFields& fields : all) {
        ids.push_back(random_uuid7(now));
        emails.push_back(fields.email);
        names.push_back(fields.name);
        phones.push_back(fields.phone_number);
        types.push_back(name_of(fields.email_type));
        gmails.push_back(fields.has_gmail);
        contexts.push_back(fields.context);
        urls.push_back(fields.source_url);
        domains.push_back(fields.domain_id);
        pages.push_back(fields.page_id);
        jobs.push_back(fields.source_job_id);
    }
    return Params::of(now, ids, addresses, emails, names, phones, types, gmails, contexts, urls, domains, pages, jobs);
}

/// Collects "column = $n" for what a change sets, and the condition that one of them differs from what is there.
class Assignments {
public:
    explicit Assignments(Params& params) : params_(params) {}
    template <class T>
    void set(std::string_view column, const std::optional<T>& value, std::string_view cast = "")
    {
        if (!value) return;
        params_.add(*value);
        const std::string placed = fmt::format("${}{}", params_.size(), cast);
        text_ += fmt::format("{}{} = {}", text_.empty() ? "" : ", ", column, placed);
        differs_ += fmt::format("{}c.{} IS DISTINCT FROM {}", differs_.empty() ? "" : " OR ", column, placed);
    }
    void touch(Instant now)
    {
        if (text_.empty()) return;
        params_.add(now);
        text_ += fmt::format(", updated_at = CASE WHEN {} THEN ${} ELSE c.updated_at END", differs_, params_.size());
    }
    void queue_for_curation()
    {
        text_ += ", contact_processing_status = 'Queued', contact_processing_error = NULL";
        differs_ +=
            " OR c.contact_processing_status IS DISTINCT FROM 'Queued' OR c.contact_processing_error IS NOT NULL";
    }
    bool empty() const { return text_.empty(); }
    /// "... WHERE ...": a row that has it all is not written.
    std::string text() const { return text_ + " WHERE (" + differs_ + ")"; }

private:
    Params& params_;
    std::string text_;
    std::string differs_;
};

Assignments assignments_of(const ContactChange& change, Instant now, Params& params)
{
    Assignments fields(params);
    fields.set("email", change.email);
    fields.set("name", change.name);
    fields.set("phone_number", change.phone_number);
    fields.set("email_type", change.email_type.transform([](const auto& type) { return name_of(type); }),
               "::contact_email_type_enum");
    fields.set("has_gmail", change.has_gmail);
    fields.set("context", change.context);
    fields.set("source_url", change.source_url);
    fields.set("domain_id", change.domain_id);
    fields.set("page_id", change.page_id);
    fields.set("source_job_id", change.source_job_id);
    fields.touch(now);
    if (!change.curation_status) return fields;
    fields.set("contact_curation_status", change.curation_status.transform([](auto s) { return to_string(s); }),
               "::contact_curation_status");
    if (*change.curation_status == CurationStatus::queued) fields.queue_for_curation();
    return fields;
}

/// The texts a change names.
ContactFields texts_of(const ContactChange& change)
{
    ContactFields texts;
    texts.email = change.email.value_or("");
    texts.name = change.name.value_or(std::nullopt);
    texts.phone_number = change.phone_number.value_or(std::nullopt);
    texts.context = change.context.value_or(std::nullopt);
    texts.source_url = change.source_url.value_or(std::nullopt);
    return texts;
}

}  // namespace

Contact read_contact(Row& row)
{
    Contact contact;
    contact.id = row.next<Uuid>();
    contact.created_at = row.next<Instant>();
    contact.updated_at = row.next<Instant>();
    contact.fields = read_fields(row);
    contact.curation_status = parse_curation_status(row.next<std::string_view>()).value_or(CurationStatus::new_);
    const auto processing = [&]() -> std::optional<ProcessingStatus> {
        const auto text = row.next<std::optional<std::string_view>>();
        return text ? parse_processing_status(*text) : std::nullopt;
    };
    contact.processing_status = processing();
    contact.processing_error = row.next<std::optional<std::string>>();
    contact.retry_count = row.next<int>();
    contact.last_retry_at = row.next<std::optional<Instant>>();
    contact.next_retry_at = row.next<std::optional<Instant>>();
    contact.last_failed_crm = row.next<std::optional<std::string>>();
    for (const Crm crm : all_crms) {
        CrmColumns& columns = contact.crm[crm];
        // An adopted table may allow null here, which says as much as New.
        const auto sync = row.next<std::optional<std::string_view>>();
        columns.sync_status = parse_sync_status(sync.value_or("New")).value_or(SyncStatus::new_);
        columns.processing_status = processing();
        columns.processing_error = row.next<std::optional<std::string>>();
        columns.remote_id = row.next<std::optional<std::string>>();
    }
    return contact;
}

ContactFields read_fields(Row& row)
{
    ContactFields fields;
    fields.email = row.next<std::string>();
    fields.name = row.next<std::optional<std::string>>();
    fields.phone_number = row.next<std::optional<std::string>>();
    if (const auto type = row.next<std::optional<std::string_view>>()) fields.email_type = parse_email_type(*type);
    fields.has_gmail = row.next<std::optional<bool>>();
    fields.context = row.next<std::optional<std::string>>();
    fields.source_url = row.next<std::optional<std::string>>();
    fields.domain_id = row.next<std::optional<Uuid>>();
    fields.page_id = row.next<std::optional<Uuid>>();
    fields.source_job_id = row.next<std::optional<Uuid>>();
    return fields;
}

Task<Result<ContactPage>> PostgresStore::contacts(ContactFilter filter, ContactSort sort, PageRequest page)
{
    Params params;
    const std::string condition = queries::where(filter, params);
    const Params filter_params = params;
    const std::string mark = list_mark(filter, sort);
    const auto bounded = after_cursor(condition, mark, sort, page, params);
    if (!bounded) co_return std::unexpected(bounded.error());
    const std::string key = queries::sort_key(sort.by);
    const std::string direction = sort.descending ? " DESC" : "";
    const Query list{"", "SELECT " + queries::contact_columns + " FROM contacts c" + *bounded + " ORDER BY " + key +
                             direction + ", c.id" + direction + " LIMIT " + std::to_string(page.limit + 1) +
                             " OFFSET " + std::to_string(page.offset)};
    const Query count{"", "SELECT count(*) FROM (SELECT 1 FROM contacts c" + condition + " LIMIT " +
                              std::to_string(total_exact_max + 1) + ") counted"};
    std::vector<Statement> statements;
    statements.push_back({queries::begin_work, Params::of(scan_timeout)});
    statements.push_back({list, params});
    if (page.with_total) statements.push_back({count, filter_params});
    const auto rows = co_await run(std::move(statements));
    if (!rows) co_return std::unexpected(rows.error());

    ContactPage result;
    result.contacts = read_contacts(rows->at(1));
    if (result.contacts.size() > page.limit) {
        result.contacts.resize(page.limit);
        const Contact& last = result.contacts.back();
        result.next_cursor = cursor_of(mark, last.id, sort_value(last, sort.by));
    }
    if (!page.with_total) co_return result;
    result.total = rows->at(2).get<std::int64_t>(0, 0);
    if (*result.total <= total_exact_max) co_return result;
    const Query explain{"", "EXPLAIN SELECT 1 FROM contacts c" + condition};
    const auto plan = co_await run(batch(Statement{explain, filter_params}));
    if (!plan) co_return std::unexpected(plan.error());
    result.total_is_estimate = true;
    result.total = std::max(*result.total, guessed_rows(plan->front().get<std::string_view>(0, 0)));
    co_return result;
}

Task<Result<Contact>> PostgresStore::contact(Uuid id)
{
    auto found = co_await contacts_by_id({id});
    if (!found) co_return std::unexpected(found.error());
    if (found->empty()) co_return fail(ErrorCode::not_found, "Contact not found");
    co_return std::move(found->front());
}

Task<Result<std::vector<std::optional<Uuid>>>> PostgresStore::find_by_address(std::vector<std::string> emails)
{
    Column<std::int64_t> numbers;
    Column<std::string> addresses;
    for (std::size_t i = 0; i < emails.size(); ++i) {
        numbers.push_back(static_cast<std::int64_t>(i));
        addresses.push_back(storable(address_of(emails[i])));
    }
    const auto rows = co_await run(batch(Statement{queries::begin_work, Params::of(scan_timeout)},
                                         Statement{queries::find_by_address, Params::of(numbers, addresses)}));
    if (!rows) co_return std::unexpected(rows.error());
    std::vector<std::optional<Uuid>> found(emails.size());
    for (int i = 0; i < rows->at(1).size(); ++i) {
        Row row(rows->at(1), i);
        const auto number = static_cast<std::size_t>(row.next<std::int64_t>());
        found.at(number) = row.next<Uuid>();
    }
    co_return found;
}

Task<Result<std::vector<Contact>>> PostgresStore::contacts_by_id(std::vector<Uuid> ids)
{
    const auto rows = co_await run(batch(Statement{queries::contacts_by_id, Params::of(ids)}));
    if (!rows) co_return std::unexpected(rows.error());
    std::unordered_map<Uuid, Contact> by_id;
    for (Contact& contact : read_contacts(rows->front())) by_id.emplace(contact.id, std::move(contact));
    std::vector<Contact> contacts;
    for (const Uuid& id : ids)
        if (const auto found = by_id.find(id); found != by_id.end()) contacts.push_back(found->second);
    co_return contacts;
}

Task<Result<Contact>> PostgresStore::create_contact(ContactFields fields, CurationStatus curation, Instant now)
{
    if (const Status storable = check_storable(fields); !storable) co_return std::unexpected(storable.error());
    if (const Status wanted = co_await refuse_suppressed(fields.email); !wanted)
        co_return std::unexpected(wanted.error());
    const auto rows = co_await run(
        batch(Statement{queries::begin_work, Params::of(statement_timeout)},
              Statement{queries::create_contact,
                        Params::of(random_uuid7(now), now, fields.email, fields.name, fields.phone_number,
                                   name_of(fields.email_type), fields.has_gmail, fields.context, fields.source_url,
                                   fields.domain_id, fields.page_id, fields.source_job_id, to_string(curation))}));
    if (!rows) co_return std::unexpected(rows.error());
    co_return std::move(read_contacts(rows->at(1)).front());
}

Task<Result<Contact>> PostgresStore::update_contact(Uuid id, ContactChange change, Instant now)
{
    if (const Status storable = check_storable(texts_of(change)); !storable)
        co_return std::unexpected(storable.error());
    if (change.email)
        if (const Status wanted = co_await refuse_suppressed(*change.email); !wanted)
            co_return std::unexpected(wanted.error());
    Params params = Params::of(id);
    const Assignments assignments = assignments_of(change, now, params);
    if (assignments.empty()) co_return co_await contact(id);
    const Query update{"", "UPDATE contacts c SET " + assignments.text() + " AND c.id = $1"};
    const auto rows =
        co_await run(batch(Statement{queries::begin_work, Params::of(statement_timeout)}, Statement{update, params},
                           Statement{queries::contacts_by_id, Params::of(std::vector{id})}));
    if (!rows) co_return std::unexpected(rows.error());
    if (rows->at(2).empty()) co_return fail(ErrorCode::not_found, "Contact not found");
    co_return std::move(read_contacts(rows->at(2)).front());
}

Task<Status> PostgresStore::delete_contact(Uuid id, std::string actor, Instant now)
{
    const std::string detail = "{\"contact\":\"" + to_string(id) + "\"}";
    const auto deleted = co_await transact<bool>([&](Connection& connection) -> Task<Answer<bool>> {
        const auto gone = co_await connection.run(batch(Statement{queries::begin},
                                                        Statement{queries::begin_work, Params::of(statement_timeout)},
                                                        Statement{queries::delete_contact, Params::of(id)}));
        if (!gone) co_return std::unexpected(gone.error());
        if (gone->at(2).empty()) co_return false;
        const auto noted = co_await connection.run(
            batch(Statement{queries::audit, Params::of(now, actor, "delete", detail, std::int64_t{1})},
                  Statement{queries::commit}));
        if (!noted) co_return std::unexpected(noted.error());
        co_return true;
    });
    if (!deleted) co_return std::unexpected(deleted.error());
    if (!*deleted) co_return fail(ErrorCode::not_found, "Contact not found");
    co_return Status{};
}

Task<Result<ImportCounts>> PostgresStore::import_contacts(std::vector<ImportRow> rows, Instant now)
{
    for (const ImportRow& row : rows)
        if (const Status storable = check_storable(row.fields); !storable) co_return std::unexpected(storable.error());
    ImportCounts counts;
    std::unordered_map<std::string, std::size_t> seen;
    std::vector<std::string> addresses;
    std::vector<ContactFields> contacts;
    for (ImportRow& row : rows) {
        std::string address = address_of(row.fields.email);
        const auto [known, first] = seen.try_emplace(address, contacts.size());
        if (first) {
            addresses.push_back(std::move(address));
            contacts.push_back(std::move(row.fields));
        } else {
            merge(contacts[known->second], std::move(row.fields));
            ++counts.merged;
        }
    }
    const auto done = co_await run(batch(Statement{queries::begin_engine_work, Params::of(statement_timeout)},
                                         Statement{queries::lock_import},
                                         Statement{queries::import_contacts, import_params(addresses, contacts, now)}));
    if (!done) co_return std::unexpected(done.error());
    counts.created = static_cast<std::size_t>(done->at(2).get<std::int64_t>(0, 0));
    counts.updated = static_cast<std::size_t>(done->at(2).get<std::int64_t>(0, 1));
    counts.unchanged = contacts.size() - counts.created - counts.updated;
    co_return counts;
}

Task<Result<std::vector<std::string>>> PostgresStore::required_contact_columns()
{
    const auto rows = co_await run(batch(Statement{queries::required_columns}));
    if (!rows) co_return std::unexpected(rows.error());
    std::vector<std::string> columns;
    for (int i = 0; i < rows->front().size(); ++i) columns.push_back(rows->front().get<std::string>(i, 0));
    co_return columns;
}

}  // namespace crmsync::postgres
