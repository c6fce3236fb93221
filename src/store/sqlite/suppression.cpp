#include "store/sqlite/jobs.h"
#include "store/sqlite/queries.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/verbs.h"
#include "store/text.h"

namespace crmsync::sqlite::verbs {

namespace {

std::string list_key(Connection& db)
{
    Rows rows = db.open(sql::suppression_key);
    return rows.next() ? std::string(rows.text(0)) : std::string();
}

std::size_t add_to_list(Connection& db, const std::vector<std::string>& emails, const std::string& reason,
                        const std::string& actor, Instant now)
{
    const std::string key = list_key(db);
    std::size_t added = 0;
    for (const std::string& email : emails)
        added += static_cast<std::size_t>(db.run(sql::suppress, suppression_hash(key, email), now, actor, reason));
    return added;
}

void note(Connection& db, std::string_view action, const std::string& actor, std::size_t count, Instant now)
{
    write_audit(db, {.at = now,
                     .actor = actor,
                     .action = std::string(action),
                     .detail = "{}",
                     .count = static_cast<std::int64_t>(count)});
}

void find_contacts(Connection& db, const ForgetRequest& request, ForgottenBuilder& forgotten)
{
    for (const std::string& email : request.emails) forgotten.ask_for(email);
    for (const Uuid& id : request.ids) {
        Rows rows = db.open(sql::forget_named, id);
        if (rows.next()) forgotten.found(rows.uuid(0), std::string(rows.text(1)));
    }
    for (const std::string& address : forgotten.addresses()) {
        Rows rows = db.open(sql::forget_addressed, address);
        while (rows.next()) forgotten.found(rows.uuid(0), std::string(rows.text(1)));
    }
}

void find_remotes(Connection& db, const Uuid& id, ForgottenBuilder& forgotten)
{
    Rows rows = db.open(sql::forget_remotes, id);
    while (rows.next())
        forgotten.remote(id, {read_crm(rows, 0), rows.optional_text(1), rows.optional_text(2), rows.integer(3) != 0});
}

}  // namespace

Suppressed::Suppressed(Connection& db) : db_(db)
{
    Rows rows = db.open(sql::suppression_key_in_use);
    if (rows.next()) key_ = rows.text(0);
}

bool Suppressed::has(std::string_view email) const
{
    return !key_.empty() && db_.number(sql::is_suppressed, suppression_hash(key_, email)) > 0;
}

Result<Forgotten> forget(Connection& db, const ForgetRequest& request)
{
    if (const Status storable = check_suppressible(request.emails, request.reason); !storable)
        return std::unexpected(storable.error());
    ForgottenBuilder forgotten;
    find_contacts(db, request, forgotten);
    Forgotten result;
    for (const Uuid& id : request.ids) result.not_found += forgotten.has(id) ? 0 : 1;
    result.suppressed = add_to_list(db, forgotten.addresses(), request.reason, request.actor, request.now);
    Tally tally(db);
    for (const Uuid& id : forgotten.contacts()) {
        find_remotes(db, id, forgotten);
        if (erase_contact(db, id, tally)) ++result.deleted;
    }
    tally.book();
    for (const std::string& address : forgotten.addresses()) db.run(sql::forget_operations, address);
    note(db, "forget", request.actor, result.deleted, request.now);
    result.addresses = forgotten.take();
    return result;
}

Result<std::vector<bool>> suppressed(Connection& db, const std::vector<std::string>& emails)
{
    const Suppressed list(db);
    std::vector<bool> marks;
    marks.reserve(emails.size());
    for (const std::string& email : emails) marks.push_back(list.has(email));
    return marks;
}

Result<std::vector<Suppression>> suppressions(Connection& db, std::size_t limit, std::size_t offset)
{
    std::vector<Suppression> list;
    Rows rows = db.open(sql::suppressions, limit, offset);
    while (rows.next())
        list.push_back(
            {std::string(rows.text(0)), rows.instant(1), std::string(rows.text(2)), std::string(rows.text(3))});
    return list;
}

Result<std::size_t> suppress(Connection& db, const std::vector<std::string>& emails, const std::string& reason,
                             const std::string& actor, Instant now)
{
    if (const Status storable = check_suppressible(emails, reason); !storable) return std::unexpected(storable.error());
    const std::size_t added = add_to_list(db, emails, reason, actor, now);
    note(db, "suppress", actor, emails.size(), now);
    return added;
}

Result<std::size_t> unsuppress(Connection& db, const std::vector<std::string>& emails, const std::string& actor,
                               Instant now)
{
    const std::string key = list_key(db);
    std::size_t removed = 0;
    for (const std::string& email : emails)
        removed += static_cast<std::size_t>(db.run(sql::unsuppress, suppression_hash(key, email)));
    note(db, "unsuppress", actor, emails.size(), now);
    return removed;
}

}  // namespace crmsync::sqlite::verbs
