#pragma once

#include "simulator/crm.h"
#include "simulator/hubspot/contacts.h"
#include "simulator/hubspot/state.h"

namespace crmsync::simulator::hubspot {

/// Contacts by the hundred. With a unique objectWriteTraceId in every input the good ones are written and the call
/// answers 207 with an error for each bad one; without, one bad input refuses them all. Results come in any order.
class Batches {
public:
    Batches(State& state, Contacts& contacts) : state_(state), contacts_(contacts) {}
    void add_to(Routes& routes);

private:
    enum class Kind { create, update, upsert };
    /// An input that may be written.
    struct Work {
        Contact* owner = nullptr;  ///< Null: a new contact.
        Draft draft;
        std::string trace_id;
    };

    http::ServerResponse write(const Call& call, Kind kind);
    http::ServerResponse read(const Call& call) const;
    http::ServerResponse archive(const Call& call);
    std::expected<Work, Problem> prepare(const json::object& input, Kind kind, const FaultDecision& faults);
    std::expected<Contact*, Problem> owner_of(const json::object& input, Kind kind) const;
    json::object carry_out(Work work, Kind kind);
    http::ServerResponse answer(json::array results, json::array errors, int status);

    State& state_;
    Contacts& contacts_;
};

}  // namespace crmsync::simulator::hubspot
