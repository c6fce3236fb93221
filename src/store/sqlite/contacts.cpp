#include <fmt/format.h>

#include "store/sqlite/filter.h"
#include "store/sqlite/jobs.h"
#include "store/sqlite/queries.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/verbs.h"
#include "store/text.h"

namespace crmsync::sqlite::verbs {

namespace {

std::string_view sort_key(ContactSort::By by)
{
    switch (by) {
        case ContactSort::By::created_at:
            return "c.created_at";
        case ContactSort::By::updated_at:
            return "c.updated_at";
        case ContactSort::By::email:
            return "lower(trim(c.email))";
        case ContactSort::By::name:
            return "coalesce(c.name, '')";
    }
    __builtin_unreachable();
}

/// Where a page ended: the list's mark, then the id and the sort key's value behind it, in hexadecimal.
std::string make_cursor(std::string cursor, const Contact& last, ContactSort::By by)
{
    for (const char c : to_string(last.id) + sort_value(last, by))
        cursor += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return cursor;
}

struct Position {
    std::string id;
    std::string value;
};

Result<Position> parse_cursor(std::string_view cursor, std::string_view mark)
{
    constexpr std::size_t id_length = 36;
    const auto bad = [] { return not_a_cursor(); };
    const auto digit = [](char c) { return std::string_view("0123456789abcdef").find(c); };
    if (!cursor.starts_with(mark)) return bad();
    cursor.remove_prefix(mark.size());
    std::string text;
    for (std::size_t i = 0; i + 1 < cursor.size(); i += 2) {
        const std::size_t high = digit(cursor[i]);
        const std::size_t low = digit(cursor[i + 1]);
        if (high == std::string_view::npos || low == std::string_view::npos) return bad();
        text += static_cast<char>(high << 4 | low);
    }
    if (cursor.size() % 2 != 0 || text.size() < id_length || !parse_uuid(std::string_view(text).substr(0, id_length)))
        return bad();
    return Position{text.substr(0, id_length), text.substr(id_length)};
}

void count_total(Connection& db, Where where, ContactPage& page)
{
    where.values().emplace_back(total_exact_max + 1);
    Rows rows =
        db.open_once("SELECT count(*) FROM (SELECT 1 FROM contacts AS c" + where.text() + " LIMIT ?)", where.values());
    const std::int64_t counted = rows.next() ? rows.integer(0) : 0;
    page.total_is_estimate = counted > total_exact_max;
    page.total = !page.total_is_estimate ? counted : where.empty() ? db.number(sql::last_rowid) : total_exact_max;
}

void insert(Connection& db, const Uuid& id, const ContactFields& fields, CurationStatus curation, Instant now)
{
    db.run(sql::create_contact, id, to_rfc3339(now), fields.email, fields.name, fields.phone_number,
           name_of(fields.email_type), fields.has_gmail, fields.context, fields.source_url, fields.domain_id,
           fields.page_id, fields.source_job_id, to_string(curation));
}

template <class T>
void apply(T& value, const std::optional<T>& change)
{
    if (change) value = *change;
}

ContactFields changed(ContactFields fields, const ContactChange& change)
{
    apply(fields.email, change.email);
    apply(fields.name, change.name);
    apply(fields.phone_number, change.phone_number);
    apply(fields.email_type, change.email_type);
    apply(fields.has_gmail, change.has_gmail);
    apply(fields.context, change.context);
    apply(fields.source_url, change.source_url);
    apply(fields.domain_id, change.domain_id);
    apply(fields.page_id, change.page_id);
    apply(fields.source_job_id, change.source_job_id);
    return fields;
}

std::unexpected<Error> no_contact() { return fail(ErrorCode::not_found, "Contact not found"); }

std::unexpected<Error> refuse_suppressed() { return fail(ErrorCode::invalid, std::string(suppressed_reason), "email"); }

}  // namespace

Result<ContactPage> contacts(Connection& db, const ContactFilter& filter, const ContactSort& sort,
                             const PageRequest& request)
{
    ContactPage page;
    Where where(db, filter);
    if (request.with_total) count_total(db, where, page);
    const std::string_view key = sort_key(sort.by);
    const std::string_view direction = sort.descending ? "DESC" : "ASC";
    const std::string mark = list_mark(filter, sort);
    if (request.cursor) {
        Result<Position> position = parse_cursor(*request.cursor, mark);
        if (!position) return std::unexpected(position.error());
        where.add(fmt::format("({}, c.id) {} (?, ?)", key, sort.descending ? "<" : ">"),
                  {std::move(position->value), std::move(position->id)});
    }
    where.values().emplace_back(static_cast<std::int64_t>(request.limit + 1));
    where.values().emplace_back(static_cast<std::int64_t>(request.offset));
    Rows rows = db.open_once(fmt::format("{}{} ORDER BY {} {}, c.id {} LIMIT ? OFFSET ?", sql::list_contacts,
                                         where.text(), key, direction, direction),
                             where.values());
    while (rows.next()) {
        if (page.contacts.size() == request.limit) {
            page.next_cursor = make_cursor(mark, page.contacts.back(), sort.by);
            break;
        }
        page.contacts.push_back(read_contact(rows));
    }
    return page;
}

Result<Contact> contact(Connection& db, const Uuid& id)
{
    Rows rows = db.open(sql::contact, id);
    if (!rows.next()) return no_contact();
    return read_contact(rows);
}

Result<std::vector<std::optional<Uuid>>> find_by_address(Connection& db, const std::vector<std::string>& emails)
{
    std::vector<std::optional<Uuid>> found;
    found.reserve(emails.size());
    for (const std::string& email : emails) {
        Rows rows = db.open(sql::find_by_address, address_of(email));
        found.push_back(rows.next() ? std::optional(rows.uuid(0)) : std::nullopt);
    }
    return found;
}

Result<std::vector<Contact>> contacts_by_id(Connection& db, const std::vector<Uuid>& ids)
{
    std::vector<Contact> found;
    for (const Uuid& id : ids) {
        Rows rows = db.open(sql::contact, id);
        if (rows.next()) found.push_back(read_contact(rows));
    }
    return found;
}

Result<Contact> create_contact(Connection& db, const ContactFields& fields, CurationStatus curation, Instant now)
{
    if (const Status storable = check_storable(fields); !storable) return std::unexpected(storable.error());
    if (Suppressed(db).has(fields.email)) return refuse_suppressed();
    const Uuid id = random_uuid7(now);
    insert(db, id, fields, curation, now);
    Tally tally(db);
    tally.contacts(1);
    tally.book();
    return contact(db, id);
}

Result<Contact> update_contact(Connection& db, const Uuid& id, const ContactChange& change, Instant now)
{
    const Result<Contact> before = contact(db, id);
    if (!before) return before;
    const ContactFields fields = changed(before->fields, change);
    if (change.email && Suppressed(db).has(fields.email)) return refuse_suppressed();
    if (const Status storable = check_storable(fields); !storable) return std::unexpected(storable.error());
    if (fields != before->fields)
        db.run(sql::update_contact, id, to_rfc3339(now), fields.email, fields.name, fields.phone_number,
               name_of(fields.email_type), fields.has_gmail, fields.context, fields.source_url, fields.domain_id,
               fields.page_id, fields.source_job_id);
    if (change.curation_status) db.run(sql::set_curation_status, id, to_string(*change.curation_status));
    return contact(db, id);
}

bool erase_contact(Connection& db, const Uuid& id, Tally& tally)
{
    {
        Rows rows = db.open(sql::jobs_to_delete, id);
        while (rows.next())
            tally.jobs(read_crm(rows, 0),
                       counted({.state = read_state(rows, 1),
                                .origin = read_origin(rows, 2),
                                .error_code = rows.optional_text(3),
                                .dismissed = rows.integer(4) != 0,
                                .reading = rows.optional_text(5)}),
                       Counted{});
    }
    db.run(sql::forget_writes_of, id);
    if (db.run(sql::delete_contact, id) == 0) return false;
    tally.contacts(-1);
    return true;
}

Status delete_contact(Connection& db, const Uuid& id, const std::string& actor, Instant now)
{
    Tally tally(db);
    if (!erase_contact(db, id, tally)) return no_contact();
    tally.book();
    write_audit(db, {.at = now,
                     .actor = actor,
                     .action = "delete",
                     .detail = fmt::format(R"({{"contact_id":"{}"}})", to_string(id)),
                     .count = 1});
    return {};
}

}  // namespace crmsync::sqlite::verbs
