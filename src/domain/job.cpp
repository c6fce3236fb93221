#include "domain/job.h"

#include <boost/json.hpp>

namespace crmsync {

namespace json = boost::json;

std::string to_json(const JobOptions& options)
{
    if (options == JobOptions{}) return {};
    json::object out;
    if (!options.without_fields.empty()) out["without_fields"] = json::value_from(options.without_fields);
    if (options.only_changed) out["only_changed"] = true;
    if (!options.request_id.empty()) out["request_id"] = options.request_id;
    if (options.by_change) out["by_change"] = true;
    return json::serialize(out);
}

JobOptions parse_job_options(std::string_view text)
{
    if (text.empty()) return {};
    try {
        const json::value value = json::parse(text);
        const json::object& in = value.as_object();
        JobOptions options;
        if (const json::value* fields = in.if_contains("without_fields"))
            options.without_fields = json::value_to<std::vector<std::string>>(*fields);
        if (const json::value* only_changed = in.if_contains("only_changed"))
            options.only_changed = only_changed->as_bool();
        if (const json::value* request_id = in.if_contains("request_id"))
            options.request_id = json::value_to<std::string>(*request_id);
        if (const json::value* by_change = in.if_contains("by_change")) options.by_change = by_change->as_bool();
        return options;
    } catch (const std::exception&) {
        return {};
    }
}

}  // namespace crmsync
