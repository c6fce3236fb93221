#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "alerts/memory.h"
#include "alerts/way.h"
#include "base/clock.h"
#include "base/task_group.h"
#include "domain/alert.h"
#include "domain/condition.h"
#include "store/store.h"

namespace crmsync::alerts {

struct AlerterOptions {
    AlertPolicy policy;
    Duration look_every = 10s;
    Duration turn = 2min;  ///< Longer than one delivery takes.
    Duration retry_base = 30s;
    Duration retry_max = 15min;  ///< Doubles up to this.
    Duration given_up_after = 24h;
};

/// What is tried with an alert of kind `test`: one attempt over each way that serves the CRM (or, nothing, any).
struct Tried {
    std::string way;
    std::string destination;
    Result<std::string> accepted;
};
Task<std::vector<Tried>> try_out(const std::vector<std::unique_ptr<Way>>& ways, std::optional<Crm> crm, Instant now);

/// Looks at the connectors, decides what people are told (`decide_alerts`) and tells it over every way, in the order it
/// was decided, until the way accepts it. Of several processes with one database one does so, the others take over when
/// it is gone. What was decided is kept before it is told, and kept as told when it was accepted: after a crash an
/// alert may come twice, with the same id, and none is lost. For one loop.
class Alerter {
public:
    /// What this process knows of a connector; `due_since` is the store's to tell.
    using Known = std::function<Circumstances(Crm)>;

    /// Store and clock outlive this.
    Alerter(Store& store, Clock& clock, const Executor& executor, std::vector<std::unique_ptr<Way>> ways, Known known,
            AlerterOptions options);

    void start();
    /// Ends a delivery under way, which is then told again by whoever comes next. Await before destruction.
    Task<> stop();

    /// As `try_out`, over the same ways.
    Task<std::vector<Tried>> test(std::optional<Crm> crm) { return try_out(ways_, crm, clock_.now()); }

    /// One look. True when it was this process's turn.
    Task<Result<bool>> run_once();

private:
    Task<> run();
    bool is_served(Crm crm) const;
    Task<Status> look(Memory& memory);
    Task<Result<bool>> deliver(Memory& memory, Way& way);
    Task<Result<bool>> keep(const Memory& memory);
    void drop_old(Memory& memory);

    Store& store_;
    Clock& clock_;
    std::vector<std::unique_ptr<Way>> ways_;
    Known known_;
    AlerterOptions options_;
    Uuid holder_;
    std::string kept_;  ///< The text that the store has.
    Alarm alarm_;
    TaskGroup tasks_;
    bool stopping_ = false;
};

}  // namespace crmsync::alerts
