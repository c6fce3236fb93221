#include "app/cli/json.h"

namespace crmsync::app {

boost::json::array to_json(const std::vector<Contact>& contacts)
{
    boost::json::array result;
    for (const Contact& contact : contacts) result.push_back(to_json(contact));
    return result;
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
    result["name"] = to_json(failure.name);
    return result;
}

boost::json::object to_json(const PerCrm<std::optional<KnownVerification>>& verifications)
{
    boost::json::object result;
    for (const Crm crm : all_crms)
        if (verifications[crm]) result[to_string(crm)] = to_json(verifications[crm]);
    return result;
}

}  // namespace crmsync::app
