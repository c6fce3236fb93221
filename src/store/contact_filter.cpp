#include "store/contact_filter.h"

#include <fmt/format.h>

#include <boost/json.hpp>

namespace crmsync {

namespace json = boost::json;

namespace {

template <class Enum>
void put(json::object& out, std::string_view name, const std::optional<Enum>& value)
{
    if (value) out[name] = to_string(*value);
}

void put(json::object& out, std::string_view name, const std::optional<std::string>& value)
{
    if (value) out[name] = *value;
}

std::string column_name(Crm crm, std::string_view name) { return fmt::format("{}_{}", to_string(crm), name); }

std::optional<Uuid> read_uuid(std::string_view text)
{
    const auto id = parse_uuid(text);
    return id ? std::optional(*id) : std::nullopt;
}

/// Takes fields out of an object. What is of another type or value than it should be is noted.
class Reader {
public:
    explicit Reader(const json::object& in) : in_(in) {}

    std::optional<std::string> text(std::string_view name)
    {
        const json::value* value = find(name);
        if (!value) return std::nullopt;
        if (const json::string* held = value->if_string()) return std::string(*held);
        broken_ = true;
        return std::nullopt;
    }
    std::optional<bool> boolean(std::string_view name)
    {
        const json::value* value = find(name);
        if (!value) return std::nullopt;
        if (const bool* held = value->if_bool()) return *held;
        broken_ = true;
        return std::nullopt;
    }
    /// `parse` gives an optional.
    template <class Parse>
    auto choice(std::string_view name, Parse parse) -> decltype(parse(std::string_view()))
    {
        const auto word = text(name);
        if (!word) return std::nullopt;
        auto value = parse(*word);
        broken_ = broken_ || !value;
        return value;
    }
    /// All was read, and there was nothing else.
    bool is_whole() const { return !broken_ && known_ == in_.size(); }

private:
    const json::value* find(std::string_view name)
    {
        const json::value* value = in_.if_contains(name);
        if (value) ++known_;
        return value;
    }

    const json::object& in_;
    std::size_t known_ = 0;
    bool broken_ = false;
};

}  // namespace

std::string to_json(const ContactFilter& filter)
{
    json::object out;
    put(out, "contact_curation_status", filter.curation_status);
    put(out, "contact_processing_status", filter.processing_status);
    for (const Crm crm : all_crms) {
        put(out, column_name(crm, "sync_status"), filter.sync_status[crm]);
        put(out, column_name(crm, "processing_status"), filter.crm_processing_status[crm]);
    }
    put(out, "email_type", filter.email_type);
    put(out, "domain_id", filter.domain_id);
    put(out, "page_id", filter.page_id);
    put(out, "search", filter.search);
    put(out, "email_contains", filter.email_contains);
    put(out, "name_contains", filter.name_contains);
    if (filter.has_gmail) out["has_gmail"] = *filter.has_gmail;
    return json::serialize(out);
}

Result<ContactFilter> parse_contact_filter(std::string_view text)
{
    boost::system::error_code error;
    const json::value value = json::parse(text, error);
    if (error || !value.is_object()) return fail(ErrorCode::invalid, "not a filter");
    Reader in(value.get_object());
    ContactFilter filter;
    filter.curation_status = in.choice("contact_curation_status", parse_curation_status);
    filter.processing_status = in.choice("contact_processing_status", parse_processing_status);
    for (const Crm crm : all_crms) {
        filter.sync_status[crm] = in.choice(column_name(crm, "sync_status"), parse_sync_status);
        filter.crm_processing_status[crm] = in.choice(column_name(crm, "processing_status"), parse_processing_status);
    }
    filter.email_type = in.choice("email_type", parse_email_type);
    filter.domain_id = in.choice("domain_id", read_uuid);
    filter.page_id = in.choice("page_id", read_uuid);
    filter.search = in.text("search");
    filter.email_contains = in.text("email_contains");
    filter.name_contains = in.text("name_contains");
    filter.has_gmail = in.boolean("has_gmail");
    if (!in.is_whole()) return fail(ErrorCode::invalid, "a filter that this version does not know");
    return filter;
}

}  // namespace crmsync
