#include "domain/outcome.h"

#include "base/result.h"

namespace crmsync {

std::string_view outcome_name(const Outcome& outcome)
{
    return std::visit(Overloaded{
                          [](const Upserted&) { return "upserted"; },
                          [](const Throttled&) { return "throttled"; },
                          [](const Transient&) { return "transient"; },
                          [](const Rejected&) { return "rejected"; },
                          [](const Unauthorized&) { return "unauthorized"; },
                      },
                      outcome);
}

std::string_view reason_of(const Outcome& outcome)
{
    return std::visit(Overloaded{
                          [](const Upserted&) { return std::string_view{}; },
                          [](const auto& failure) { return std::string_view{failure.reason}; },
                      },
                      outcome);
}

std::string_view code_of(const Outcome& outcome)
{
    return std::visit(Overloaded{
                          [](const Upserted&) { return std::string_view{}; },
                          [](const Throttled&) { return std::string_view{"throttled"}; },
                          [](const auto& failure) { return std::string_view{failure.code}; },
                      },
                      outcome);
}

}  // namespace crmsync
