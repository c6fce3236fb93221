#pragma once

#include "simulator/brevo/contacts.h"
#include "simulator/brevo/state.h"
#include "simulator/crm.h"

namespace crmsync::simulator::brevo {

/// The asynchronous import, the processes that report on it, and the reports: one CSV per reason, without codes per
/// row.
class Imports {
public:
    /// Reports are served below this path, without a key.
    static constexpr std::string_view reports = "/reports/";

    Imports(State& state, Contacts& contacts) : state_(state), contacts_(contacts) {}
    void add_to(Routes& routes);
    /// Carries out the imports that are due.
    void settle();

private:
    using Params = http::PathParameters;

    http::ServerResponse import(const Call& call);
    http::ServerResponse list(const Call& call) const;
    http::ServerResponse get(const Params& params) const;
    http::ServerResponse report(const Params& params) const;
    std::optional<Problem> check(const json::object& body, std::size_t size) const;
    std::optional<Problem> read_target(const json::object& body) const;
    json::object render(std::int64_t id, const Process& process) const;
    std::string status(const Process& process) const;
    void run(Process& process);
    void import_row(const json::object& row, const json::object& request, std::map<std::string, std::string>& files);

    State& state_;
    Contacts& contacts_;
    std::vector<std::int64_t> pending_;
};

/// Brevo's CSV: `;` between columns, first line the names; EMAIL and EXT_ID, the rest attributes. As jsonBody has it.
json::array parse_csv(std::string_view text);

}  // namespace crmsync::simulator::brevo
