#pragma once

#include <optional>
#include <string>
#include <vector>

namespace crmsync {

/// A value at the CRM in the form in which we map it: phones in E.164, "true", dates as FieldType has them.
struct RemoteValue {
    std::string name;
    std::string text;
    bool operator==(const RemoteValue&) const = default;
};

/// What a CRM holds of a contact, as it was read back.
struct RemoteContact {
    std::string remote_id;
    std::optional<std::string> second_id;
    std::string email;
    std::vector<RemoteValue> fields;  ///< The mapped ones that are not empty.
    bool opted_out = false;           ///< Does not want our mail, by whatever the CRM calls it.
};

}  // namespace crmsync
