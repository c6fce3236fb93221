#pragma once

#include <string>
#include <vector>

#include "domain/contact.h"
#include "domain/job.h"
#include "store/sqlite/database.h"

// From rows to the domain's types and back. `first` is the column where the type's columns begin (queries.h).
namespace crmsync::sqlite {

ContactFields read_fields(const Rows& rows, int first);
Contact read_contact(const Rows& rows);
Job read_job(const Rows& rows);
Attempt read_attempt(const Rows& rows, const Uuid& contact_id);

/// A time of `contacts`: text there. The epoch for what is no time, which the schema's CHECKs keep out.
Instant read_time(const Rows& rows, int column);
std::optional<std::string> time_text(const std::optional<Instant>& at);

template <class Enum>
std::optional<std::string_view> name_of(const std::optional<Enum>& value)
{
    if (!value) return std::nullopt;
    return to_string(*value);
}

JobState read_state(const Rows& rows, int column);
Origin read_origin(const Rows& rows, int column);
Crm read_crm(const Rows& rows, int column);

/// JSON arrays of texts; nothing for none.
std::optional<std::string> to_json_array(const std::vector<std::string>& texts);
std::string to_json_array(const std::vector<Uuid>& ids);
/// None for what is no such array.
std::vector<std::string> parse_texts(std::string_view json);

/// JSON of options, nothing for the default.
std::optional<std::string> options_text(const JobOptions& options);

}  // namespace crmsync::sqlite
