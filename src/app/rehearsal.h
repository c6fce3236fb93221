#pragma once

#include <string>

#include "app/cli/console.h"
#include "app/config.h"
#include "app/service.h"
#include "base/clock.h"
#include "base/task.h"
#include "ingest/importer.h"
#include "simulator/simulator.h"

namespace crmsync::app {

/// The database of its own that the rehearsal works on; real contacts never share it.
std::string rehearsal_database(const Config& config);

/// The configuration with the simulator in Brevo's place and the other CRMs off.
Config rehearsal_config(Config config, const simulator::Simulator& simulator);

/// A simulated Brevo at its published limits that refuses a few of the sample's contacts.
simulator::SimulatorOptions rehearsal_simulator();

/// Plays through what a user will do: takes the bundled sample in, selects it for Brevo, and shows it arriving; then
/// says what came of it and what to try next. For the service's loop.
class Rehearsal {
public:
    Rehearsal(Console& console, Clock& clock, const Executor& executor, Service& service, std::string program);

    Task<Status> play(std::string token);
    /// Makes `play` end soon.
    void stop();

private:
    struct Progress {
        std::int64_t complete = 0, error = 0, open = 0;
        std::int64_t total() const { return complete + error + open; }
    };

    Task<Result<ingest::ImportReport>> take_in();
    Task<Status> pick();
    Task<Status> watch();
    Task<Result<Progress>> progress();
    Task<Status> draw(const Progress& now);
    Task<Status> sum_up(const ingest::ImportReport& taken, const std::string& token);
    void next_steps(const std::string& token);

    Console& console_;
    Clock& clock_;
    Service& service_;
    std::string program_;
    Alarm alarm_;
    bool stopping_ = false;
    std::vector<Uuid> recent_;     // The contacts that changed last, oldest first.
    std::size_t drawn_lines_ = 0;  // Of the live table, to be drawn over.
};

}  // namespace crmsync::app
