#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "domain/crm.h"

namespace crmsync {

/// What kind of trouble a failure is: it says who has to act.
enum class FailureKind {
    contact,      ///< The contact's own values.
    duplicate,    ///< Another contact at the CRM has what this one should have.
    consent,      ///< The contact has opted out there.
    credentials,  ///< The key, its rights, or the account.
    setup,        ///< The CRM, or the workflow behind it, is not built for what is sent.
    outage,       ///< The CRM did not answer as it should.
    other,
};
inline constexpr std::array all_failure_kinds{FailureKind::contact,     FailureKind::duplicate, FailureKind::consent,
                                              FailureKind::credentials, FailureKind::setup,     FailureKind::outage,
                                              FailureKind::other};
std::string_view to_string(FailureKind kind);

/// What people are told of failures with one code.
struct FailureAdvice {
    FailureKind kind = FailureKind::other;
    std::string title;        ///< "phone already used by another contact".
    std::string_view remedy;  ///< One sentence: what to do.
    /// The optional field to blame, by the CRM's name: `retry` without it would do.
    std::optional<std::string> field = {};
};

/// Of a code as connectors and engine give it (`code_of`), or a CRM's own that nobody here has seen yet.
FailureAdvice advice_on(Crm crm, std::string_view code);

}  // namespace crmsync
