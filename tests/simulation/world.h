#pragma once

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "store/store.h"
#include "tests/support/faulty_store.h"
#include "tests/support/random.h"
#include "tests/support/scripted_crm.h"
#include "tests/support/temp_dir.h"

namespace crmsync::test {

/// What kind of bad luck a seed brings.
enum class Weather { calm, throttled, flaky, outages, everything };

/// A whole deployment on one manual clock and one thread: a real SQLite database, two workers that crash, freeze and
/// come back, a scripted CRM that takes contacts one by one or in batches, and people who change their minds. Every
/// decision comes from the seed, so a seed that fails fails again.
class World {
public:
    /// `batch_max`: contacts per call of the CRM, which answers for each or, when it can say no more, for all.
    World(std::uint64_t seed, Weather weather, std::size_t batch_max);
    ~World();

    /// A random event, then some time.
    void step();
    /// Ends all faults, lets everything finish, and checks the invariants (as GoogleTest failures).
    void settle_and_check();

private:
    struct Worker {
        asio::io_context loop;
        std::unique_ptr<Store> store;
        std::unique_ptr<FaultyStore> faulty;
        CrmTruth::InFlight in_flight;
        std::unique_ptr<Engine> engine;
        bool alive = true;
    };
    struct Decision {
        Action action = Action::unselect;
        Instant at{};
    };
    /// A time during which an address was on the suppression list.
    struct Suppressed {
        std::string address;
        Instant from{};
        Instant calls_until{};  ///< What was claimed before may still go.
        std::optional<Instant> to;
    };

    void add_contact();
    void decide_something();
    void act(Action action, const Uuid& id);
    void write_by_sql(Action action, const Uuid& id);
    void edit_contact();
    void delete_contact();
    void forget_somebody();
    void suppress_somebody();
    void unsuppress_somebody();
    void note_suppressed(const std::string& address);
    bool is_suppressed(const std::string& address) const;
    std::string somebodys_address();
    std::vector<std::string> sql(const std::string& query) const;
    void start_worker();
    void crash_worker();
    void thaw_worker();
    void jump_clock();
    bool is(Weather weather) const { return weather_ == weather || weather_ == Weather::everything; }
    std::optional<Answer> answer_together(std::span<const MappedContact> contacts);
    Answer answer_to_call();
    Answer answer(const MappedContact& contact);
    OperationStatus operation_status(const std::string& id);
    /// By a call, or in an operation, begun after the decision.
    bool was_sent(const Contact& contact, Instant decided_at) const;
    Duration latency() { return std::chrono::milliseconds{20 + random_.below(400)}; }
    Result<SetupReport> set_up();
    FaultyStore::Fault store_fault();

    void run_loops();
    void pass_time(Duration at_most);
    /// Nothing waits and nothing runs.
    bool settled();
    void check_counts();
    void check_published();
    void check_suppression();
    void check_not_sent(const std::string& address, Instant begun) const;
    void check_ends();
    void check_refused(const Uuid& id, const Decision& decision);
    void check_in_step();
    void check_failure(const Job& job, const Decision& decision);

    template <class T>
    T ask(Task<Result<T>> verb);

    Random random_;
    Weather weather_;
    std::size_t batch_max_;
    TempDir directory_;
    std::filesystem::path file_;
    ManualClock clock_;
    CrmTruth truth_;
    asio::io_context people_loop_;
    std::unique_ptr<Store> people_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::map<Uuid, Decision> decisions_;
    std::vector<Suppressed> suppressed_;
    std::vector<Uuid> forgotten_;
    bool faults_on_ = true;
    bool outage_ = false;
    bool jumped_ = false;
    int emails_ = 0;
};

}  // namespace crmsync::test
