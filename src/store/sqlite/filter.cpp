#include "store/sqlite/filter.h"

#include <algorithm>
#include <iterator>

namespace crmsync::sqlite {

namespace {

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

Where::Where(const ContactFilter& filter)
{
    add_equal(*this, "contact_curation_status", filter.curation_status);
    add_equal(*this, "contact_processing_status", filter.processing_status);
    for (const Crm crm : all_crms) {
        add_equal(*this, std::string(to_string(crm)) + "_sync_status", filter.sync_status[crm]);
        add_equal(*this, std::string(to_string(crm)) + "_processing_status", filter.crm_processing_status[crm]);
    }
    add_equal(*this, "email_type", filter.email_type);
    add_equal(*this, "domain_id", filter.domain_id);
    add_equal(*this, "page_id", filter.page_id);
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
