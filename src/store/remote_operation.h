#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/uuid.h"
#include "domain/delivery_plan.h"
#include "domain/job.h"

namespace crmsync {

/// Somebody would put an operation together.
struct RemoteOperationRequest {
    Crm crm = Crm::brevo;
    Uuid id;  ///< Of the operation, if it comes to one.
    Uuid worker_id;
    BudgetConfig budget;
    OperationTerms terms;
    std::size_t due_before = 0;  ///< See BulkQueue.
    Instant now{};
};

/// A job of an operation, with what was sent of it.
struct RemoteOperationJob {
    ClaimedJob job;  ///< Read back: without the contact; its token is 0 when the operation no longer holds the lease.
    std::string email;  ///< As sent: what the CRM's reports name it by.
    std::string fingerprint;
    std::vector<std::string> warnings;
};

/// What a CRM took as a whole. It holds the leases of its jobs, in place of a worker.
struct RemoteOperation {
    Uuid id;
    Crm crm = Crm::brevo;
    std::string remote_id;  ///< The CRM's name of it.
    Instant begun_at{};     ///< No contact in it was read before.
    int looks = 0;          ///< That were taken at it, with this one.
};

struct RemoteOperationTurn {
    std::optional<RemoteOperation> operation;
    std::optional<Duration> next_in;  ///< Without one: when the next is due; nothing when there is none.
};

}  // namespace crmsync
