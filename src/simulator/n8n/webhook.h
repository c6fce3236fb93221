#pragma once

#include "simulator/crm.h"
#include "simulator/n8n/state.h"

namespace crmsync::simulator::n8n {

/// The webhooks: finds the workflow, parses the body, checks the caller, runs the workflow and answers as its mode
/// says.
class Webhooks {
public:
    Webhooks(State& state, FaultPlan& plan) : state_(state), plan_(plan) {}

    /// `path` below /webhook/.
    http::ServerResponse answer(const Call& call, std::string_view path);
    /// Below /webhook-test/, where nobody listens.
    static http::ServerResponse answer_test(std::string_view path);

private:
    struct Run;
    http::ServerResponse run(std::size_t workflow, const Call& call, json::value body);
    json::array work_through(const Run& run);
    json::object result_of(const json::value& item, const Run& run);
    http::ServerResponse respond(const Run& run, json::array results) const;

    State& state_;
    FaultPlan& plan_;
};

}  // namespace crmsync::simulator::n8n
