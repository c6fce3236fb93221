#include "domain/transition.h"

#include <algorithm>

namespace crmsync {

namespace {

Transition completed()
{
    return {.next = JobState::completed,
            .due_at = std::nullopt,
            .retry_count = 0,
            .error = std::nullopt,
            .error_code = std::nullopt};
}

Transition fail_for_good(const ClaimedJob& job, std::string_view error, std::string_view code)
{
    return {.next = JobState::failed,
            .due_at = std::nullopt,
            .retry_count = job.retry_count,
            .error = cut(error, error_column_max),
            .error_code = std::string(code)};
}

Transition retry_or_fail(const ClaimedJob& job, std::string_view error, std::string_view code,
                         const RetryPolicy& policy, Instant now)
{
    if (job.retry_count >= policy.max_retries)
        return fail_for_good(job, std::string(retries_used_up) + cut(error, last_error_max), code);
    const int retry = job.retry_count + 1;
    return {.next = JobState::retrying,
            .due_at = now + policy.delay(retry),
            .retry_count = retry,
            .error = cut(error, error_column_max),
            .error_code = std::string(code)};
}

}  // namespace

Duration RetryPolicy::delay(int retry) const
{
    const int step = std::max(retry, 1);
    return exponential ? Duration{base} * (std::int64_t{1} << std::min(step - 1, 20)) : Duration{base} * step;
}

Transition hand_back(const ClaimedJob& job, std::string reason)
{
    return {.next = job.claimed_from,
            .due_at = job.due_at,
            .retry_count = job.retry_count,
            .error = cut(reason, error_column_max),
            .error_code = std::nullopt};
}

Transition send_apart(const ClaimedJob& job, std::string reason, Instant now)
{
    return {.next = JobState::retrying,
            .due_at = now,
            .retry_count = job.retry_count,
            .error = cut(reason, error_column_max),
            .error_code = std::nullopt};
}

Transition decide(const ClaimedJob& job, const Outcome& outcome, const RetryPolicy& policy, Cost cost, Instant now)
{
    return std::visit(Overloaded{
                          [](const Upserted&) { return completed(); },
                          [&](const Throttled& o) { return hand_back(job, o.reason); },
                          [&](const Transient& o) {
                              return cost == Cost::free && o.scope == Transient::Scope::crm
                                         ? hand_back(job, o.reason)
                                         : retry_or_fail(job, o.reason, o.code, policy, now);
                          },
                          [&](const Rejected& o) { return fail_for_good(job, o.reason, o.code); },
                          [&](const Unauthorized& o) {
                              return cost == Cost::free ? hand_back(job, o.reason)
                                                        : retry_or_fail(job, o.reason, o.code, policy, now);
                          },
                      },
                      outcome);
}

std::string cut(std::string_view text, std::size_t max_code_points)
{
    std::size_t seen = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool starts_code_point = (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;
        if (starts_code_point && seen++ == max_code_points) return std::string(text.substr(0, i));
    }
    return std::string(text);
}

}  // namespace crmsync
