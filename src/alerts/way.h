#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/task.h"
#include "domain/alert.h"

namespace crmsync::alerts {

/// A way to tell people. One attempt per call; whoever calls it repeats.
class Way {
public:
    virtual ~Way() = default;
    virtual std::string_view name() const = 0;  ///< "mail", "webhook"; remembered with what goes this way.
    /// Where it leads, for people: without secrets.
    virtual std::string destination(std::optional<Crm> crm) const = 0;
    /// Whether anybody is told this way about that CRM, or (nothing) of any.
    virtual bool serves(std::optional<Crm> crm) const = 0;
    /// What the other side said when it accepted the alert.
    virtual Task<Result<std::string>> send(const Alert& alert) = 0;
    /// Makes a call in flight end soon, with `cancelled`.
    virtual void close() = 0;
};

}  // namespace crmsync::alerts
