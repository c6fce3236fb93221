#include "app/cli/json.h"

#include <string>

namespace crmsync::app {

namespace {

boost::json::value text_or_null(const std::optional<std::string>& text)
{
    return text ? boost::json::value(*text) : boost::json::value();
}
boost::json::value time_or_null(const std::optional<Instant>& at)
{
    return at ? boost::json::value(to_rfc3339(*at)) : boost::json::value();
}
boost::json::value id_or_null(const std::optional<Uuid>& id)
{
    return id ? boost::json::value(to_string(*id)) : boost::json::value();
}
template <class T>
boost::json::value word_or_null(const std::optional<T>& word)
{
    return word ? boost::json::value(to_string(*word)) : boost::json::value();
}

}  // namespace

boost::json::object to_json(const Contact& contact)
{
    const ContactFields& fields = contact.fields;
    boost::json::object result{
        {"id", to_string(contact.id)},
        {"created_at", to_rfc3339(contact.created_at)},
        {"updated_at", to_rfc3339(contact.updated_at)},
        {"email", fields.email},
        {"name", text_or_null(fields.name)},
        {"phone_number", text_or_null(fields.phone_number)},
        {"email_type", word_or_null(fields.email_type)},
        {"has_gmail", fields.has_gmail ? boost::json::value(*fields.has_gmail) : boost::json::value()},
        {"context", text_or_null(fields.context)},
        {"source_url", text_or_null(fields.source_url)},
        {"domain_id", id_or_null(fields.domain_id)},
        {"page_id", id_or_null(fields.page_id)},
        {"source_job_id", id_or_null(fields.source_job_id)},
        {"contact_curation_status", to_string(contact.curation_status)},
        {"contact_processing_status", word_or_null(contact.processing_status)},
        {"contact_processing_error", text_or_null(contact.processing_error)},
        {"retry_count", contact.retry_count},
        {"last_retry_at", time_or_null(contact.last_retry_at)},
        {"next_retry_at", time_or_null(contact.next_retry_at)},
        {"last_failed_crm", text_or_null(contact.last_failed_crm)},
    };
    for (const Crm crm : all_crms) {
        const std::string prefix(to_string(crm));
        const CrmColumns& columns = contact.crm[crm];
        result[prefix + "_sync_status"] = to_string(columns.sync_status);
        result[prefix + "_processing_status"] = word_or_null(columns.processing_status);
        result[prefix + "_processing_error"] = text_or_null(columns.processing_error);
        result[remote_id_column(crm)] = text_or_null(columns.remote_id);
    }
    return result;
}

boost::json::array to_json(const std::vector<Contact>& contacts)
{
    boost::json::array result;
    for (const Contact& contact : contacts) result.push_back(to_json(contact));
    return result;
}

boost::json::object to_json(const Job& job)
{
    return {{"crm", to_string(job.key.crm)},
            {"state", to_string(job.state)},
            {"remote_id", text_or_null(job.remote_id)},
            {"retry_count", job.retry_count},
            {"next_attempt_at", time_or_null(job.due_at)},
            {"last_attempt_at", time_or_null(job.last_attempt_at)},
            {"acknowledged_at", time_or_null(job.acknowledged_at)},
            {"error", text_or_null(job.error)},
            {"error_code", text_or_null(job.error_code)},
            {"warnings", boost::json::array(job.warnings.begin(), job.warnings.end())}};
}

boost::json::object to_json(const Attempt& attempt)
{
    return {{"at", to_rfc3339(attempt.at)},
            {"crm", to_string(attempt.key.crm)},
            {"outcome", attempt.outcome},
            {"http_status", attempt.http_status ? boost::json::value(*attempt.http_status) : boost::json::value()},
            {"code", text_or_null(attempt.code)},
            {"message", text_or_null(attempt.message)},
            {"duration_ms", attempt.duration / 1ms},
            {"request_id", attempt.request_id}};
}

boost::json::object to_json(const JobsOfContact& jobs)
{
    boost::json::array states, history;
    for (const Job& job : jobs.jobs) states.push_back(to_json(job));
    for (const Attempt& attempt : jobs.history) history.push_back(to_json(attempt));
    return {{"jobs", std::move(states)}, {"history", std::move(history)}};
}

boost::json::object to_json(const Failure& failure)
{
    boost::json::object result = to_json(failure.job);
    result["contact_id"] = to_string(failure.job.key.contact_id);
    result["email"] = failure.email;
    result["name"] = text_or_null(failure.name);
    return result;
}

}  // namespace crmsync::app
