#include "store/sqlite/filter.h"

#include <algorithm>
#include <iterator>

#include "store/sqlite/queries.h"
#include "store/sqlite/rows.h"
#include "store/text.h"

namespace crmsync::sqlite {

namespace {

/// Above so many, walking the contacts in order meets the next of them soon enough.
constexpr std::int64_t rare_max = 2'000;

template <class Enum>
void add_equal(Where& where, std::string_view column, const std::optional<Enum>& value)
{
    if (value) where.add("c." + std::string(column) + " = ?", {std::string(to_string(*value))});
}

void add_contains(Where& where, std::string_view column, const std::optional<std::string>& part)
{
    if (part) where.add("instr(lower(c." + std::string(column) + "), lower(?)) > 0", {*part});
}

}  // namespace

Where::Where(Connection& db, const ContactFilter& filter)
{
    const auto by_job = [&](Crm crm, const std::vector<std::string_view>& states) {
        const std::string names = to_json_array(std::vector<std::string>(states.begin(), states.end())).value_or("[]");
        if (db.number(sql::count_in_states, to_string(crm), names, rare_max) < rare_max)
            add(sql::in_states, {std::string(to_string(crm)), names});
    };
    add_equal(*this, "contact_curation_status", filter.curation_status);
    add_equal(*this, "contact_processing_status", filter.processing_status);
    for (const Crm crm : all_crms) {
        add_equal(*this, std::string(to_string(crm)) + "_sync_status", filter.sync_status[crm]);
        add_equal(*this, std::string(to_string(crm)) + "_processing_status", filter.crm_processing_status[crm]);
        if (const auto status = filter.sync_status[crm]; status && *status != SyncStatus::new_)
            by_job(crm, states_shown_as(*status));
        if (const auto status = filter.crm_processing_status[crm]) by_job(crm, states_shown_as(*status));
    }
    add_equal(*this, "email_type", filter.email_type);
    add_equal(*this, "domain_id", filter.domain_id);
    add_equal(*this, "page_id", filter.page_id);
    if (filter.search)
        add("(instr(lower(c.email), lower(?)) > 0 OR instr(lower(c.name), lower(?)) > 0)",
            {*filter.search, *filter.search});
    add_contains(*this, "email", filter.email_contains);
    add_contains(*this, "name", filter.name_contains);
    if (filter.has_gmail) add("c.has_gmail = ?", {std::int64_t{*filter.has_gmail}});
}

void Where::add(std::string_view term, std::vector<Value> values)
{
    text_ += text_.empty() ? " WHERE " : " AND ";
    text_ += term;
    std::ranges::move(values, std::back_inserter(values_));
}

std::string Where::text() const { return text_; }

}  // namespace crmsync::sqlite
