#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "store/sqlite/queries.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/tally.h"
#include "store/sqlite/verbs.h"
#include "store/text.h"

namespace crmsync::sqlite::verbs {

namespace {

template <class T>
void take_present(std::optional<T>& into, const std::optional<T>& from)
{
    if (from) into = from;
}

/// What a later row says of the same contact wins where it says anything. The address as first written stays.
void merge(ContactFields& into, const ContactFields& from)
{
    take_present(into.name, from.name);
    take_present(into.phone_number, from.phone_number);
    take_present(into.email_type, from.email_type);
    take_present(into.has_gmail, from.has_gmail);
    take_present(into.context, from.context);
    take_present(into.source_url, from.source_url);
    take_present(into.domain_id, from.domain_id);
    take_present(into.page_id, from.page_id);
    take_present(into.source_job_id, from.source_job_id);
}

std::vector<Imported> merged_rows(const std::vector<ImportRow>& rows)
{
    std::vector<Imported> merged;
    merged.reserve(rows.size());
    std::unordered_map<std::string, std::size_t> by_address;
    for (const ImportRow& row : rows) {
        std::string address = address_of(row.fields.email);
        const auto [known, is_new] = by_address.try_emplace(address, merged.size());
        if (is_new)
            merged.push_back({{}, std::move(address), row.fields});
        else
            merge(merged[known->second].fields, row.fields);
    }
    return merged;
}

struct Existing {
    Uuid id;
    std::string created_at;  ///< As `contacts` has it: text that sorts by time.
    ContactFields fields;
};

std::optional<Existing> find_oldest(Connection& db, const std::string& address)
{
    std::optional<Existing> oldest;
    Rows rows = db.open(sql::import_existing, address);
    while (rows.next()) {
        Existing found{rows.uuid(0), std::string(rows.text(1)), read_fields(rows, 2)};
        if (!oldest || std::tie(found.created_at, found.id) < std::tie(oldest->created_at, oldest->id))
            oldest = std::move(found);
    }
    return oldest;
}

void update(Connection& db, const Uuid& id, const ContactFields& fields, const std::string& now)
{
    db.run(sql::update_contact, id, now, fields.email, fields.name, fields.phone_number, name_of(fields.email_type),
           fields.has_gmail, fields.context, fields.source_url, fields.domain_id, fields.page_id, fields.source_job_id);
    db.run(sql::note_edit, id);
}

void create(Connection& db, const Uuid& id, const ContactFields& fields, const std::string& now)
{
    db.run(sql::create_contact, id, now, fields.email, fields.name, fields.phone_number, name_of(fields.email_type),
           fields.has_gmail, fields.context, fields.source_url, fields.domain_id, fields.page_id, fields.source_job_id,
           to_string(CurationStatus::new_));
}

/// Rising, so that a batch goes to the end of every index.
std::vector<Uuid> rising_ids(std::size_t count, Instant now)
{
    std::vector<Uuid> ids(count);
    std::ranges::generate(ids, [&] { return random_uuid7(now); });
    std::ranges::sort(ids);
    return ids;
}

}  // namespace

Result<std::shared_ptr<const std::vector<Imported>>> import_batch(const std::vector<ImportRow>& rows, Instant now)
{
    for (const ImportRow& row : rows)
        if (const Status storable = check_storable(row.fields); !storable) return std::unexpected(storable.error());
    std::vector<Imported> batch = merged_rows(rows);
    const std::vector<Uuid> ids = rising_ids(batch.size(), now);
    for (std::size_t i = 0; i < batch.size(); ++i) batch[i].id = ids[i];
    return std::make_shared<const std::vector<Imported>>(std::move(batch));
}

Result<ImportCounts> import_some(Connection& db, std::span<const Imported> contacts, Instant now)
{
    ImportCounts counts;
    const std::string time = to_rfc3339(now);
    for (const Imported& contact : contacts) {
        const std::optional<Existing> existing = find_oldest(db, contact.address);
        if (!existing) {
            create(db, contact.id, contact.fields, time);
            ++counts.created;
            continue;
        }
        ContactFields fields = existing->fields;
        merge(fields, contact.fields);
        if (fields == existing->fields) {
            ++counts.unchanged;
            continue;
        }
        update(db, existing->id, fields, time);
        ++counts.updated;
    }
    Tally tally(db);
    tally.contacts(static_cast<std::int64_t>(counts.created));
    tally.book();
    return counts;
}

}  // namespace crmsync::sqlite::verbs
