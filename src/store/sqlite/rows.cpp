#include "store/sqlite/rows.h"

#include <boost/json.hpp>

#include "store/text.h"

namespace crmsync::sqlite {

namespace {

constexpr int field_count = 10;

std::optional<bool> optional_bool(const Rows& rows, int column)
{
    if (rows.is_null(column)) return std::nullopt;
    return rows.integer(column) != 0;
}

std::optional<Instant> optional_time(const Rows& rows, int column)
{
    if (rows.is_null(column)) return std::nullopt;
    return read_time(rows, column);
}

}  // namespace

ContactFields read_fields(const Rows& rows, int first)
{
    int column = first;
    ContactFields fields;
    fields.email = rows.text(column++);
    fields.name = rows.optional_text(column++);
    fields.phone_number = rows.optional_text(column++);
    fields.email_type = parse_email_type(rows.text(column++));
    fields.has_gmail = optional_bool(rows, column++);
    fields.context = rows.optional_text(column++);
    fields.source_url = rows.optional_text(column++);
    fields.domain_id = rows.optional_uuid(column++);
    fields.page_id = rows.optional_uuid(column++);
    fields.source_job_id = rows.optional_uuid(column++);
    return fields;
}

Contact read_contact(const Rows& rows)
{
    int column = 0;
    Contact contact;
    contact.id = rows.uuid(column++);
    contact.created_at = read_time(rows, column++);
    contact.updated_at = read_time(rows, column++);
    contact.fields = read_fields(rows, column);
    column += field_count;
    contact.curation_status = parse_curation_status(rows.text(column++)).value_or(CurationStatus::new_);
    contact.processing_status = parse_processing_status(rows.text(column++));
    contact.processing_error = rows.optional_text(column++);
    for (const Crm crm : all_crms) {
        CrmColumns& shown = contact.crm[crm];
        shown.sync_status = parse_sync_status(rows.text(column++)).value_or(SyncStatus::new_);
        shown.processing_status = parse_processing_status(rows.text(column++));
        shown.processing_error = rows.optional_text(column++);
        shown.remote_id = rows.optional_text(column++);
    }
    contact.retry_count = static_cast<int>(rows.integer(column++));
    contact.last_retry_at = optional_time(rows, column++);
    contact.next_retry_at = optional_time(rows, column++);
    contact.last_failed_crm = rows.optional_text(column++);
    mark_changed(contact, rows.text(column++));
    return contact;
}

Job read_job(const Rows& rows)
{
    int column = 0;
    Job job;
    job.key.contact_id = rows.uuid(column++);
    job.key.crm = read_crm(rows, column++);
    job.state = read_state(rows, column++);
    job.origin = read_origin(rows, column++);
    job.lane = rows.integer(column++) == 0 ? Lane::hand : Lane::bulk;
    job.due_at = rows.optional_instant(column++);
    job.retry_count = static_cast<int>(rows.integer(column++));
    job.generation = rows.integer(column++);
    job.remote_id = rows.optional_text(column++);
    job.second_id = rows.optional_text(column++);
    job.fingerprint = rows.optional_text(column++);
    job.error = rows.optional_text(column++);
    job.error_code = rows.optional_text(column++);
    job.warnings = parse_texts(rows.text(column++));
    job.options = parse_job_options(rows.text(column++));
    job.last_attempt_at = rows.optional_instant(column++);
    job.acknowledged_at = rows.optional_instant(column++);
    job.dismissed = rows.integer(column++) != 0;
    job.changed = rows.integer(column++) != 0;
    return job;
}

Attempt read_attempt(const Rows& rows, const Uuid& contact_id)
{
    int column = 0;
    Attempt attempt;
    attempt.key.contact_id = contact_id;
    attempt.key.crm = read_crm(rows, column++);
    attempt.at = rows.instant(column++);
    attempt.worker_id = rows.uuid(column++);
    attempt.outcome = rows.text(column++);
    if (!rows.is_null(column)) attempt.http_status = static_cast<int>(rows.integer(column));
    ++column;
    attempt.code = rows.optional_text(column++);
    attempt.message = rows.optional_text(column++);
    attempt.duration = Duration{rows.integer(column++)};
    attempt.request_id = rows.text(column++);
    attempt.stale = rows.integer(column++) != 0;
    return attempt;
}

Instant read_time(const Rows& rows, int column) { return parse_rfc3339(rows.text(column)).value_or(Instant{}); }

std::optional<std::string> time_text(const std::optional<Instant>& at)
{
    if (!at) return std::nullopt;
    return to_rfc3339(*at);
}

JobState read_state(const Rows& rows, int column)
{
    return parse_job_state(rows.text(column)).value_or(JobState::idle);
}

Origin read_origin(const Rows& rows, int column) { return parse_origin(rows.text(column)).value_or(Origin::selection); }

Crm read_crm(const Rows& rows, int column) { return parse_crm(rows.text(column)).value_or(Crm::brevo); }

std::optional<std::string> to_json_array(const std::vector<std::string>& texts)
{
    if (texts.empty()) return std::nullopt;
    return boost::json::serialize(boost::json::value_from(texts));
}

std::vector<std::string> parse_texts(std::string_view json)
{
    if (json.empty()) return {};
    boost::system::error_code error;
    const boost::json::value value = boost::json::parse(json, error);
    if (error || !value.is_array()) return {};
    std::vector<std::string> texts;
    for (const boost::json::value& text : value.get_array())
        if (text.is_string()) texts.emplace_back(text.get_string());
    return texts;
}

std::string to_json_array(const std::vector<Uuid>& ids)
{
    boost::json::array array;
    for (const Uuid& id : ids) array.emplace_back(to_string(id));
    return boost::json::serialize(array);
}

std::optional<std::string> options_text(const JobOptions& options)
{
    std::string text = to_json(options);
    if (text.empty()) return std::nullopt;
    return text;
}

}  // namespace crmsync::sqlite
