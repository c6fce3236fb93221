#pragma once

#include <memory>
#include <vector>

#include "http/router.h"
#include "simulator/crm.h"
#include "simulator/faults.h"
#include "simulator/ledger.h"

namespace crmsync::simulator {

/// The tests' side of the simulator: watches and directs it over HTTP.
class Control {
public:
    static constexpr std::string_view base = "/_control";

    Control(std::vector<std::unique_ptr<Crm>>& crms, FaultPlan& plan, Ledger& ledger);
    http::ServerResponse answer(const http::ServerRequest& request);

private:
    http::ServerResponse state() const;
    http::ServerResponse contacts(const http::ServerRequest& request) const;
    http::ServerResponse requests(const http::ServerRequest& request) const;
    http::ServerResponse set_faults(const http::ServerRequest& request);
    http::ServerResponse change_settings(const http::ServerRequest& request);
    http::ServerResponse reset();

    std::vector<std::unique_ptr<Crm>>& crms_;
    FaultPlan& plan_;
    Ledger& ledger_;
    Routes routes_;
};

}  // namespace crmsync::simulator
