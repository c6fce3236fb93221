#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "domain/connector_state.h"

namespace crmsync {

/// When a CRM's remote operation (Brevo's import) is worth it. Settled before the first contact is claimed for one.
struct OperationTerms {
    std::size_t contacts_min = 1000;  ///< With fewer due, never; 0: never at all.
    /// As many as one operation surely can take; nobody counts further.
    std::size_t contacts_max = 60'000;
    std::size_t open_max = 4;   ///< At a time, over all nodes.
    Duration takes = 3min;      ///< What other calls would have done sooner goes by those.
    std::string obstacle = {};  ///< Why there can be none for now; "": there can.
    bool operator==(const OperationTerms&) const = default;
};

/// The bulk lane of one connector: what hands picked never waits for an operation.
struct BulkQueue {
    std::size_t due = 0;         ///< Not tried yet; counted up to `OperationTerms::contacts_max`.
    std::size_t due_before = 0;  ///< The same, when it was looked at last.
    std::size_t planned = 0;     ///< Operations that are being put together,
    std::size_t submitted = 0;   ///< and those the CRM works on.
};

/// How the bulk lane goes out, and why so, in words that follow "5000 due go".
struct DeliveryPlan {
    enum class Way {
        calls,      ///< By the connector's calls, single or in batches.
        soon,       ///< Likewise, but ask again in a moment.
        operation,  ///< By a remote operation.
    } way = Way::calls;
    std::size_t due = 0;
    std::string why;
};

/// Pure. `contacts_per_call`: that the connector's calls take, see BudgetConfig.
DeliveryPlan plan_delivery(const ConnectorState& state, const BudgetConfig& budget, const OperationTerms& terms,
                           const BulkQueue& queue, Instant now);

/// How long so many calls take at least, by what is left of the limits now.
Duration time_for_calls(const ConnectorState& state, const BudgetConfig& budget, std::int64_t calls, Instant now);

/// How this connector delivers, for people, before anything is due: "one contact per call", ...
std::string describe_delivery(std::size_t batch_max, const std::optional<OperationTerms>& terms);

}  // namespace crmsync
