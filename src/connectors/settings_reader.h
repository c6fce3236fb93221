#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/connector.h"
#include "domain/crm.h"

namespace crmsync {

/// Reads a connector's settings one by one and collects what is wrong, each with the variable's full name.
class SettingsReader {
public:
    SettingsReader(Crm crm, const Settings& settings);

    /// Without white space around it; empty when it is not set.
    std::string_view text(std::string_view name) const;
    /// Leaves `out` as it is when nothing is set.
    template <class Number>
    void number(std::string_view name, std::int64_t least, std::int64_t most, Number& out)
    {
        if (const auto read = whole_number(name, least, most)) out = static_cast<Number>(*read);
    }
    void boolean(std::string_view name, bool& out);
    void seconds(std::string_view name, std::int64_t least, std::int64_t most, Duration& out);
    /// An http(s) address.
    void url(std::string_view name, std::string& out);
    /// What goes into a header line: anything but visible ASCII is a slip of copying.
    std::string key(std::string_view name);
    /// A positive number that names a thing at the CRM. An unusable one is a warning: "Invalid BREVO_LIST_ID: x -
    /// syncing without list".
    std::optional<std::int64_t> optional_id(std::string_view name, std::string_view without,
                                            std::vector<std::string>& warnings) const;

    void problem(std::string_view name, std::string_view what);
    /// Ok, or all problems joined by "; ".
    Status verdict() const;

    static std::optional<std::int64_t> parse_number(std::string_view text);

private:
    std::optional<std::int64_t> whole_number(std::string_view name, std::int64_t least, std::int64_t most);

    std::string prefix_;  // "BREVO_"
    const Settings& settings_;
    std::string problems_;
};

}  // namespace crmsync
