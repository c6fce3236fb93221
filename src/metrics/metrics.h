#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engine/observer.h"
#include "http/client.h"
#include "http/message.h"

namespace crmsync::metrics {

struct Snapshot;

/// Counts what this process does and writes it in Prometheus' text format. Names and labels are those that
/// docs/monitoring.md explains; no label holds anything of a contact or of a secret, and each has few values. The
/// observers are for the engine's loop, `on_request` is for the API's, `text` for any.
class Metrics final : public EngineObserver {
public:
    Metrics();
    ~Metrics() override;

    void on_claimed(Crm crm, std::size_t jobs, Duration took) override;
    void on_recorded(Crm crm, std::span<const Delivered> batch, std::span<const Recorded> ends, Duration took,
                     Instant now) override;
    void on_failed_late(Crm crm, std::size_t jobs) override;
    void on_rescued(std::size_t jobs) override;
    /// Counts the calls of that CRM's clients.
    http::ClientWatcher& calls(Crm crm);
    /// A request of the API was answered. `route`: its pattern; "" when there is none.
    void on_request(http::Method method, std::string_view route, int status, Duration took);

    /// What was counted, the snapshot, and the process itself.
    std::string text(const Snapshot& snapshot) const;

private:
    class Registry;
    std::unique_ptr<Registry> registry_;
};

}  // namespace crmsync::metrics
