#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"

namespace crmsync::app {

struct FieldChanges {
    PerCrm<std::vector<FieldChange>> fields;  ///< In the order of their targets, whatever the file's order.
    std::vector<Problem> problems;
};

/// Reads the field mappings of a TOML file: per CRM a table `[brevo.fields]`, whose keys are the CRM's names of fields:
///   TARGET = "source_field"                             the type follows from the field
///   TARGET = { from = "phone", type = "phone_e164" }    a field of the contact
///   TARGET = { value = "crmsync" }                      the same for every contact
///   TARGET = { template = "{first_name} ({email})" }    put together
///   TARGET = { rename = "OTHER" }                       the default rule of TARGET, to another field
///   TARGET = false                                      not sent
/// and beside a source: transform, default, empty, unique, consent. docs/configuration.md says what they do.
/// All mistakes are reported at once, also several in one field. `path` is only for the problems' places;
/// `phone_region` for what the mapping itself holds.
FieldChanges parse_field_changes(std::string_view toml, const std::string& path, const std::string& phone_region);

}  // namespace crmsync::app
