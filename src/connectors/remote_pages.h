#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/mutex.h"

namespace crmsync {

/// Where a CRM shows a person what it knows by an id: one address before all of them, perhaps found out later than it
/// is asked for. Thread-safe.
class RemotePages {
public:
    explicit RemotePages(std::string before_id = {}) : before_id_(std::move(before_id)) {}

    /// "https://host/path/"; "": not known.
    void set(std::string before_id);
    /// Nothing while the address is not known, and for what is no id: letters and digits.
    std::optional<std::string> page_of(std::string_view id) const;

private:
    mutable Mutex mutex_;
    std::string before_id_ GUARDED_BY(mutex_);
};

}  // namespace crmsync
