#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"

namespace crmsync::app {

struct FieldChanges {
    PerCrm<std::vector<FieldChange>> fields;
    std::vector<Problem> problems;
};

/// Reads the field mappings of a TOML file: per CRM a table `[brevo.fields]` of
///   TARGET = "source_field"                          the type follows from the field
///   TARGET = { from = "phone", type = "phone_e164" }
///   TARGET = false                                   not sent
/// `path` is only for the problems' places.
FieldChanges parse_field_changes(std::string_view toml, const std::string& path);

}  // namespace crmsync::app
