#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "store/migrate.h"
#include "store/open.h"
#include "tests/support/await.h"
#include "tests/support/scripted_crm.h"
#include "tests/support/temp_dir.h"

namespace crmsync::test {

/// An engine on a real SQLite database and a scripted CRM, on a clock that the test moves.
class EngineFixture : public testing::Test {
protected:
    static constexpr Crm crm = Crm::brevo;

    void SetUp() override
    {
        ASSERT_TRUE(migrate(url(), false));
        store = open();
        run_options.retry = {.max_retries = 3, .base = std::chrono::minutes{5}, .exponential = true};
        traits.crm = crm;
        traits.concurrency_max = 8;
        traits.timeout = 30s;
        traits.mapping.rules = {{.source = SourceField::first_name, .target = "FIRSTNAME"}};
    }

    void TearDown() override
    {
        stop();
        await(loop, store->close());
        store.reset();
    }

    std::string url() const { return "sqlite:" + (directory_.path() / "test.db").string(); }

    std::unique_ptr<Store> open()
    {
        auto opened = await(loop, open_store(loop.get_executor(), clock, {.url = url(), .single_threaded = true}));
        if (!opened) throw std::runtime_error(opened.error().message);
        return *std::move(opened);
    }

    void start()
    {
        EngineOptions options;
        options.run[crm] = run_options;
        options.observer = observer;
        truth.workers.push_back(&in_flight);
        std::vector<std::unique_ptr<Connector>> connectors;
        connectors.push_back(std::make_unique<ScriptedCrm>(truth, in_flight, clock, traits));
        engine = std::make_unique<Engine>(loop.get_executor(), clock, *store, std::move(connectors), options);
        ASSERT_TRUE(await(loop, engine->start()));
    }

    void stop(Duration grace = 10s)
    {
        if (!engine) return;
        bool stopped = false;
        asio::co_spawn(loop, engine->stop(grace), [&](const std::exception_ptr&) { stopped = true; });
        while (!stopped) pass(100ms);
        engine.reset();
    }

    /// Lets everything happen that happens within this time.
    void pass(Duration time)
    {
        const auto end = clock.monotonic() + time;
        for (;;) {
            loop.restart();
            loop.poll();
            const auto left = std::chrono::ceil<Duration>(end - clock.monotonic());
            if (left <= Duration{0}) return;
            clock.advance(std::min(left, clock.until_next().value_or(left)));
        }
    }

    template <class T>
    T ok(Task<Result<T>> verb)
    {
        auto result = await(loop, std::move(verb));
        if (!result) throw std::runtime_error(result.error().message);
        if constexpr (!std::is_void_v<T>) return *std::move(result);
    }

    Uuid add(std::string email)
    {
        ContactFields fields;
        fields.email = std::move(email);
        fields.name = "Ada Lovelace";
        return ok(store->create_contact(fields, CurationStatus::new_, clock.now())).id;
    }

    std::vector<Uuid> add_many(int count)
    {
        std::vector<Uuid> ids;
        for (int i = 0; i < count; ++i) ids.push_back(add("person" + std::to_string(i) + "@example.com"));
        return ids;
    }

    ActionCounts act(Action action, std::vector<Uuid> ids)
    {
        return ok(store->act({.action = action,
                              .crms = {crm},
                              .target = std::move(ids),
                              .lane = Lane::hand,
                              .options = {},
                              .error_code = {},
                              .actor = "test",
                              .preview = false,
                              .now = clock.now()}));
    }

    Job job(const Uuid& id) { return ok(store->jobs_of(id, 0)).jobs.at(0); }
    std::vector<Attempt> history(const Uuid& id) { return ok(store->jobs_of(id, 100)).history; }
    Contact contact(const Uuid& id) { return ok(store->contact(id)); }
    ConnectorState state() { return ok(store->connector_states())[crm]; }
    int count_in(JobState wanted, const std::vector<Uuid>& ids)
    {
        return static_cast<int>(std::ranges::count_if(ids, [&](const Uuid& id) { return job(id).state == wanted; }));
    }

    asio::io_context loop;
    ManualClock clock{Instant{std::chrono::sys_days{std::chrono::year{2026} / 11 / 20}}};
    CrmTruth truth;
    CrmTruth::InFlight in_flight;
    ConnectorTraits traits;
    RunOptions run_options;
    EngineObserver* observer = nullptr;
    std::unique_ptr<Store> store;
    std::unique_ptr<Engine> engine;

private:
    TempDir directory_;
};

inline Answer after(Duration latency, Outcome outcome) { return {.latency = latency, .outcome = std::move(outcome)}; }
inline Outcome crm_down() { return Transient{Transient::Scope::crm, "http_503", "Brevo API error: down"}; }
inline Outcome wrong_key() { return Unauthorized{"wrong_key", "Brevo API error: Key not found"}; }

}  // namespace crmsync::test
