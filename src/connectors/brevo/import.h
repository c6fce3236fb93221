#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/brevo/attributes.h"
#include "domain/field_mapping.h"
#include "domain/outcome.h"

namespace crmsync::brevo {

/// Appends the contact as a row of an import.
void append_row(std::string& rows, const MappedContact& contact, const Fit& fit);
/// Makes rows the body of POST /contacts/import. Says nothing of subscriptions, and blanks erase nothing: an import
/// changes what a single upsert would.
std::string import_body(std::string rows, std::int64_t list_id);
/// How much longer the body is than its rows, at most.
inline constexpr std::size_t import_frame_max = 256;

/// From the answer to it; nothing when it acknowledges nothing.
std::optional<std::string> parse_process_id(std::string_view body);

/// What GET /processes/{id} tells of an import.
struct Process {
    enum class Status { running, completed, failed } status = Status::running;
    std::string word;  ///< As Brevo calls it.
    struct Report {
        std::string reason;  ///< "invalid_emails", "duplicate_phone_id", ...
        std::string url;
    };
    std::vector<Report> reports;
    bool tells_reports = false;  ///< Else those may exist and not be named.
};
/// Nothing when the body is no process. A status that is not known counts as running.
std::optional<Process> parse_process(std::string_view body);

/// The addresses in a report, a CSV with one refused contact per line; nothing when a line holds none.
std::optional<std::vector<std::string>> parse_report(std::string_view csv);

/// What a report's reason says of each contact in it. Only a bad address is final: in a clash of identifiers a call of
/// its own tells who is meant, and leaves out what clashes.
Outcome refusal_for(std::string_view reason);

}  // namespace crmsync::brevo
