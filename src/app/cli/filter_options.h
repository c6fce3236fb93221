#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/cli/session.h"
#include "store/store.h"

namespace crmsync::app {

/// The filters of the contacts' list, as every command that works on many contacts has them.
struct FilterOptions {
    std::string curation_status;
    std::string processing_status;
    std::vector<std::string> sync_status;            ///< "brevo=Error"
    std::vector<std::string> crm_processing_status;  ///< "brevo=Queued"
    std::string email_type;
    std::string domain_id;
    std::string page_id;
    std::string search;
    std::string email_contains;
    std::string name_contains;
    std::string has_gmail;
};
void define_filter(CLI::App& app, FilterOptions& options);
Result<ContactFilter> filter_of(const FilterOptions& options);
bool is_empty(const FilterOptions& options);

/// Which contacts a command is about: ids (also from standard input, "-"), a list of addresses, a filter, or --all.
struct TargetOptions {
    std::vector<std::string> ids;
    std::string emails_from;  ///< A file; "-": standard input.
    FilterOptions filter;
    bool all = false;
};
void define_target(CLI::App& app, TargetOptions& options);
/// As the command line names them.
struct Addresses {
    std::vector<std::string> emails;
};
using Named = std::variant<std::vector<Uuid>, ContactFilter, Addresses>;
/// `invalid` when the command line names none, or in two ways.
Result<Named> named_of(const TargetOptions& options);
/// What is meant by it. Addresses that no contact has are told, and counted in `missed`.
Task<Result<Target>> target_of(Session& session, Store& store, Named named, std::size_t& missed);
/// A pasted list: white space, commas and semicolons part its addresses.
std::vector<std::string> parse_addresses(std::string_view text);

/// Contact ids of the command line; "-" reads them from standard input.
Result<std::vector<Uuid>> ids_of(const std::vector<std::string>& texts);

/// Whether these fields can be left out at one of the CRMs at least; `invalid` names those that can.
Status check_without(const std::vector<std::string>& fields, const std::vector<Crm>& crms, const Config& config);

/// "brevo,n8n" -> CRMs. `invalid` lists the unknown ones.
Result<std::vector<Crm>> crms_of(const std::string& text);

/// A contact by id or, when exactly one has it, by e-mail address.
Task<Result<Contact>> find_contact(Session& session, Store& store, std::string text);

}  // namespace crmsync::app
