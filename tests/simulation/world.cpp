#include "tests/simulation/world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <iterator>
#include <set>

#include "domain/fingerprint.h"
#include "store/migrate.h"
#include "store/open.h"
#include "tests/support/await.h"

namespace crmsync::test {

namespace {

constexpr Crm crm = Crm::brevo;

ConnectorTraits traits(std::size_t batch_max)
{
    return {.crm = crm,
            .budget = {.limits = {{"second", 1s, 50}}, .reserve_percent = 5},
            .batch_max = batch_max,
            .concurrency_max = 8,
            .timeout = 30s,
            .operations = OperationTerms{.contacts_min = 2, .contacts_max = 20, .takes = 0s},
            .operation_bytes_max = 200,
            .operation_budget = {.limits = {{"hour", 1h, 600}}, .reserve_percent = 5},
            .mapping = {.rules = {{.source = SourceField::first_name, .target = "FIRSTNAME"}}, .phone_region = "US"}};
}

EngineOptions engine_options()
{
    EngineOptions options;
    options.host = "simulated";
    options.run[crm].retry = {.max_retries = 3, .base = std::chrono::minutes{5}, .exponential = true};
    return options;
}

constexpr std::size_t contacts_min = 10;

/// These no CRM takes, ever, where it refuses any.
bool is_poison(const MappedContact& contact) { return contact.email.starts_with("person7"); }

}  // namespace

World::World(std::uint64_t seed, Weather weather, std::size_t batch_max)
    : random_(seed),
      weather_(weather),
      batch_max_(batch_max),
      file_(directory_.path() / "simulated.db"),
      clock_(std::chrono::sys_days{std::chrono::year{2026} / 1 / 1})
{
    const auto migrated = migrate("sqlite:" + file_.string(), false);
    if (!migrated) throw std::runtime_error(migrated.error().message);
    truth_.together = [this](std::span<const MappedContact> contacts) { return answer_together(contacts); };
    truth_.script = [this](const MappedContact& contact) { return answer(contact); };
    truth_.operation = [this](const std::string& id) { return operation_status(id); };
    truth_.setup = [this] { return set_up(); };
    truth_.setup_latency = 200ms;
    people_ = ask(open_store(
        people_loop_.get_executor(), clock_,
        {.url = "sqlite:" + file_.string(), .direct_url = {}, .single_threaded = true, .poll_interval = 1s}));
    for (int i = 0; i < 20; ++i) add_contact();
    start_worker();
    start_worker();
}

World::~World()
{
    faults_on_ = false;
    for (auto& worker : workers_) {
        // What froze ends as a zombie does: its late results meet the fence.
        asio::co_spawn(worker->loop, worker->engine->stop(Duration{0}), [](const std::exception_ptr&) {});
        for (int i = 0; i < 100; ++i) {
            worker->loop.restart();
            worker->loop.poll();
            clock_.advance(1s);
        }
        asio::co_spawn(worker->loop, worker->store->close(), [](const std::exception_ptr&) {});
        worker->loop.restart();
        worker->loop.poll();
    }
}

template <class T>
T World::ask(Task<Result<T>> verb)
{
    auto result = await(people_loop_, std::move(verb));
    if (!result) throw std::runtime_error(result.error().message);
    if constexpr (!std::is_void_v<T>) return *std::move(result);
}

/// What the CRM as a whole does. A batch with one contact that it does not take is refused without a word of whose
/// fault it is.
std::optional<Answer> World::answer_together(std::span<const MappedContact> contacts)
{
    Answer answer = answer_to_call();
    if (answer.lost || !std::holds_alternative<Upserted>(answer.outcome)) return answer;
    if (!is(Weather::flaky) || contacts.size() == 1 || std::ranges::none_of(contacts, is_poison)) return std::nullopt;
    answer.outcome = Rejected{.code = "invalid", .reason = "Brevo API error: one of them is invalid"};
    return answer;
}

Answer World::answer_to_call()
{
    Answer answer{.latency = latency()};
    if (!faults_on_) return answer;
    if (outage_) {
        answer.outcome = Transient{Transient::Scope::crm, "http_503", "Brevo API error: down"};
        return answer;
    }
    if (is(Weather::throttled) && random_.chance(5))
        answer.outcome = Throttled{Duration{2s}, "Brevo API error: slow down"};
    if (is(Weather::flaky) && random_.chance(5))
        answer.outcome = Transient{Transient::Scope::crm, "timeout", "Brevo API error: no answer"};
    if (weather_ == Weather::everything && random_.chance(1)) answer.outcome = Unauthorized{"key", "wrong key"};
    answer.lost = is(Weather::flaky) && random_.chance(3) && std::holds_alternative<Upserted>(answer.outcome);
    return answer;
}

OperationStatus World::operation_status(const std::string& id)
{
    OperationEnded ended;
    if (!faults_on_) return ended;
    const bool flaky = is(Weather::flaky);
    if (flaky) truth_.submit_answer_lost = random_.chance(10);
    if (random_.chance(40)) return OperationRunning{};
    if (flaky && random_.chance(10)) return OperationFailed{"Brevo API error: the import failed"};
    ended.complete = !random_.chance(10);
    for (const std::string& address : truth_.submitted[std::stoul(id) - 1].addresses) {
        if (flaky && random_.chance(5)) ended.refused[address] = Rejected{.code = "invalid", .reason = "no"};
        if (random_.chance(5))
            ended.refused[address] = Rejected{.code = "clash", .reason = "no", .repairable_field = "SMS"};
    }
    return ended;
}

Answer World::answer(const MappedContact& contact)
{
    Answer answer{.latency = latency()};
    if (!is(Weather::flaky)) return answer;
    if (is_poison(contact) || (faults_on_ && random_.chance(3)))
        answer.outcome = Rejected{.code = "invalid", .reason = "Brevo API error: no"};
    else if (faults_on_ && random_.chance(3))
        answer.outcome = Transient{Transient::Scope::contact, "locked", "Brevo API error: busy with this contact"};
    return answer;
}

Result<SetupReport> World::set_up()
{
    if (faults_on_ && (outage_ || (is(Weather::flaky) && random_.chance(20))))
        return fail(ErrorCode::unavailable, "Brevo API error: down");
    return SetupReport{};
}

FaultyStore::Fault World::store_fault()
{
    if (!faults_on_ || weather_ == Weather::calm || weather_ == Weather::throttled || !random_.chance(4))
        return FaultyStore::Fault::none;
    return random_.chance(50) ? FaultyStore::Fault::before : FaultyStore::Fault::after;
}

void World::start_worker()
{
    auto worker = std::make_unique<Worker>();
    const auto opened = await(worker->loop, [](Worker& self, Clock& clock, std::string url) -> Task<bool> {
        auto store = co_await open_store(
            self.loop.get_executor(), clock,
            {.url = std::move(url), .direct_url = {}, .single_threaded = true, .poll_interval = 1s});
        if (store) self.store = *std::move(store);
        co_return store.has_value();
    }(*worker, clock_, "sqlite:" + file_.string()));
    ASSERT_TRUE(opened);
    worker->faulty = std::make_unique<FaultyStore>(*worker->store, [this] { return store_fault(); });
    std::vector<std::unique_ptr<Connector>> connectors;
    connectors.push_back(std::make_unique<ScriptedCrm>(truth_, worker->in_flight, clock_, traits(batch_max_)));
    worker->engine = std::make_unique<Engine>(worker->loop.get_executor(), clock_, *worker->faulty,
                                              std::move(connectors), engine_options());
    const auto started = await(worker->loop, worker->engine->start());
    ASSERT_TRUE(started);
    truth_.workers.push_back(&worker->in_flight);
    workers_.push_back(std::move(worker));
}

void World::crash_worker()
{
    auto& worker = *workers_[random_.below(workers_.size())];
    if (!worker.alive) return;
    worker.alive = false;
    std::erase(truth_.workers, &worker.in_flight);
    start_worker();
}

void World::thaw_worker()
{
    for (auto& worker : workers_)
        if (!worker->alive && random_.chance(50)) {
            worker->alive = true;
            truth_.workers.push_back(&worker->in_flight);
            jumped_ = true;  // Its calls were begun under a lease that ran out: they may overlap with others'.
            return;
        }
}

void World::add_contact()
{
    ContactFields fields;
    // Some share an address with an earlier contact.
    const auto number = emails_ > 0 && random_.chance(15) ? random_.below(static_cast<std::uint64_t>(emails_))
                                                          : static_cast<std::uint64_t>(emails_++);
    fields.email = fmt::format("Person{}@example.com", number);
    fields.name = "Ada Lovelace";
    const auto contact = await(people_loop_, people_->create_contact(fields, CurationStatus::new_, clock_.now()));
    EXPECT_EQ(contact.has_value(), !is_suppressed(address_of(fields.email))) << fields.email;
    if (contact) decisions_[contact->id] = {Action::unselect, clock_.now()};
}

void World::act(Action action, const Uuid& id)
{
    const auto counts = ask(people_->act({.action = action,
                                          .crms = {crm},
                                          .target = std::vector{id},
                                          .lane = random_.chance(50) ? Lane::hand : Lane::bulk,
                                          .options = {},
                                          .error_code = {},
                                          .actor = "simulation",
                                          .preview = false,
                                          .now = clock_.now()}));
    if (counts.changed > 0) decisions_[id] = {action, clock_.now()};
}

void World::decide_something()
{
    auto it = decisions_.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(random_.below(decisions_.size())));
    constexpr std::array likely{Action::select, Action::select, Action::select,   Action::sync,
                                Action::sync,   Action::retry,  Action::unselect, Action::skip};
    act(likely[random_.below(likely.size())], it->first);
}

void World::write_by_sql(Action action, const Uuid& id)
{
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(file_.c_str(), &db), SQLITE_OK);
    const std::string_view status = action == Action::select ? "Selected" : "New";
    const auto sql = fmt::format("UPDATE contacts SET brevo_sync_status='{}' WHERE id='{}' AND brevo_sync_status<>'{}'",
                                 status, to_string(id), status);
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    if (sqlite3_changes(db) > 0) decisions_[id] = {action, clock_.now()};
    sqlite3_close(db);
    ask(people_->absorb_writes(clock_.now()));
}

void World::edit_contact()
{
    auto it = decisions_.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(random_.below(decisions_.size())));
    ContactChange change;
    change.name = std::optional<std::string>(fmt::format("Name{} Changed", random_.below(1000)));
    ask(people_->update_contact(it->first, change, clock_.now()));
}

void World::delete_contact()
{
    auto it = decisions_.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(random_.below(decisions_.size())));
    ask(people_->delete_contact(it->first, "simulation", clock_.now()));
    decisions_.erase(it);
    add_contact();
}

/// The first column of all rows, past every store.
std::vector<std::string> World::sql(const std::string& query) const
{
    sqlite3* db = nullptr;
    std::vector<std::string> rows;
    EXPECT_EQ(sqlite3_open(file_.c_str(), &db), SQLITE_OK);
    const auto take = [](void* to, int, char** values, char**) {
        static_cast<std::vector<std::string>*>(to)->emplace_back(values[0] ? values[0] : "");
        return 0;
    };
    EXPECT_EQ(sqlite3_exec(db, query.c_str(), take, &rows, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
    return rows;
}

std::string World::somebodys_address()
{
    auto it = decisions_.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(random_.below(decisions_.size())));
    return address_of(ask(people_->contact(it->first)).fields.email);
}

bool World::is_suppressed(const std::string& address) const
{
    return std::ranges::any_of(suppressed_,
                               [&](const Suppressed& one) { return one.address == address && !one.to.has_value(); });
}

/// To be called before the list knows: tells whether a worker has the contact in its hands.
void World::note_suppressed(const std::string& address)
{
    if (is_suppressed(address)) return;
    const auto leased =
        sql("SELECT 1 FROM job JOIN contacts ON contacts.id = job.contact_id WHERE lease_token IS NOT "
            "NULL AND lower(trim(email)) = '" +
            address + "'");
    suppressed_.push_back({.address = address,
                           .from = clock_.now(),
                           .calls_until = clock_.now() + (leased.empty() ? Duration{0} : Duration{1min}),
                           .to = std::nullopt});
}

void World::forget_somebody()
{
    const std::string address = somebodys_address();
    note_suppressed(address);
    const auto forgotten = ask(people_->forget(
        {.ids = {}, .emails = {address}, .reason = "asked", .actor = "simulation", .now = clock_.now()}));
    const auto gone = sql("SELECT id FROM contacts");
    const std::set<std::string> left(gone.begin(), gone.end());
    const auto erased = std::erase_if(decisions_, [&](const auto& entry) {
        if (left.contains(to_string(entry.first))) return false;
        forgotten_.push_back(entry.first);
        return true;
    });
    EXPECT_EQ(erased, forgotten.deleted);
    EXPECT_GT(erased, 0u);
    while (decisions_.size() < contacts_min) add_contact();
}

void World::suppress_somebody()
{
    const std::string address = somebodys_address();
    note_suppressed(address);
    ask(people_->suppress({address}, "asked", "simulation", clock_.now()));
}

void World::unsuppress_somebody()
{
    std::vector<Suppressed*> on_list;
    for (Suppressed& one : suppressed_)
        if (!one.to) on_list.push_back(&one);
    if (on_list.empty()) return;
    Suppressed& chosen = *on_list[random_.below(on_list.size())];
    EXPECT_EQ(ask(people_->unsuppress({chosen.address}, "simulation", clock_.now())), 1u);
    chosen.to = clock_.now();
}

void World::jump_clock()
{
    if (weather_ != Weather::everything) return;
    clock_.jump(random_.chance(50) ? Duration{3min} : Duration{-3min});
    jumped_ = true;
}

void World::run_loops()
{
    for (std::size_t i = 0; i < workers_.size(); ++i) {
        if (!workers_[i]->alive) continue;
        workers_[i]->loop.restart();
        workers_[i]->loop.poll();
    }
}

void World::pass_time(Duration at_most)
{
    const auto end = clock_.monotonic() + at_most;
    for (;;) {
        run_loops();
        const auto left = std::chrono::ceil<Duration>(end - clock_.monotonic());
        if (left <= Duration{0}) return;
        clock_.advance(std::min(left, clock_.until_next().value_or(left)));
    }
}

void World::step()
{
    const bool stormy = weather_ == Weather::outages || weather_ == Weather::everything;
    switch (random_.below(19)) {
        case 0:
            add_contact();
            break;
        case 1:
            edit_contact();
            break;
        case 2:
            delete_contact();
            break;
        case 3:
            if (weather_ != Weather::calm && random_.chance(20)) crash_worker();
            break;
        case 4:
            if (random_.chance(30)) thaw_worker();
            break;
        case 5:
            if (stormy) outage_ = random_.chance(40);
            break;
        case 6:
            if (random_.chance(20)) jump_clock();
            break;
        case 7: {
            auto it = decisions_.begin();
            std::advance(it, static_cast<std::ptrdiff_t>(random_.below(decisions_.size())));
            write_by_sql(random_.chance(60) ? Action::select : Action::unselect, it->first);
            break;
        }
        case 8:
            ask(people_->update_connector(crm, note_fields_changed));
            break;
        case 9:
            if (random_.chance(30)) forget_somebody();
            break;
        case 10:
            if (random_.chance(40)) suppress_somebody();
            break;
        case 11:
            if (random_.chance(30)) unsuppress_somebody();
            break;
        default:
            decide_something();
            break;
    }
    pass_time(random_.chance(3) ? Duration{4min} : Duration{std::chrono::milliseconds{random_.below(1500)}});
}

void World::settle_and_check()
{
    faults_on_ = false;
    outage_ = false;
    ask(people_->update_connector(crm, [](ConnectorState& state) { resume(state); }));
    for (int minute = 0; minute < 180 && !settled(); ++minute) pass_time(1min);
    pass_time(1min);  // The last edits are looked at.
    check_counts();
    check_published();
    check_suppression();
    check_ends();
    check_in_step();
    if (!jumped_) EXPECT_EQ(truth_.same_address_overlaps, 0) << "two calls for one address at once";
}

bool World::settled()
{
    const auto queue = ask(people_->queues(clock_.now()))[crm];
    return queue.waiting == 0 && queue.running == 0;
}

void World::check_counts()
{
    EXPECT_EQ(ask(people_->reconcile_counts()), 0u);
    for (const auto& worker : workers_)
        if (worker->faulty) EXPECT_EQ(worker->faulty->counts_off, 0u);
}

void World::check_published()
{
    for (const auto& [id, decision] : decisions_) {
        const auto contact = ask(people_->contact(id));
        const auto jobs = ask(people_->jobs_of(id, 1000));
        const auto& shown = contact.crm[crm];
        const Published expected = jobs.jobs.empty() ? Published{SyncStatus::new_, std::nullopt}
                                                     : publish(jobs.jobs[0].state, jobs.jobs[0].origin);
        EXPECT_EQ((Published{shown.sync_status, shown.processing_status}), expected) << to_string(id);
    }
}

bool World::was_sent(const Contact& contact, Instant decided_at) const
{
    const auto by_call = [&](const CrmTruth::Call& call) {
        return call.contact_id == contact.id && std::holds_alternative<Upserted>(call.outcome) &&
               call.begun >= decided_at;
    };
    const auto by_operation = [&](const CrmTruth::Submission& operation) {
        return operation.begun >= decided_at &&
               std::ranges::find(operation.addresses, address_of(contact.fields.email)) != operation.addresses.end();
    };
    return std::ranges::any_of(truth_.calls, by_call) || std::ranges::any_of(truth_.submitted, by_operation);
}

/// Nothing was begun for an address while it was on the list, and nothing is left of who was forgotten.
void World::check_suppression()
{
    if (!jumped_) {
        for (const CrmTruth::Call& call : truth_.calls) check_not_sent(address_of(call.email), call.begun);
        for (const CrmTruth::Submission& operation : truth_.submitted)
            for (const std::string& address : operation.addresses) check_not_sent(address_of(address), operation.begun);
    }
    std::vector<std::string> addresses;
    for (const Suppressed& one : suppressed_) addresses.push_back(one.address);
    const auto marks = ask(people_->suppressed(addresses));
    for (std::size_t i = 0; i < addresses.size(); ++i) EXPECT_EQ(marks[i], is_suppressed(addresses[i]));

    for (const Uuid& id : forgotten_) EXPECT_FALSE(await(people_loop_, people_->contact(id)));
    EXPECT_EQ(sql("PRAGMA foreign_key_check"), std::vector<std::string>{}) << "rows of contacts that are gone";
}

void World::check_not_sent(const std::string& address, Instant begun) const
{
    for (const Suppressed& one : suppressed_)
        EXPECT_FALSE(one.address == address && begun > one.calls_until && (!one.to || begun < *one.to))
            << address << " was sent while it was on the suppression list";
}

void World::check_ends()
{
    for (const auto& [id, decision] : decisions_) {
        const auto jobs = ask(people_->jobs_of(id, 1000));
        const auto state = jobs.jobs.empty() ? JobState::idle : jobs.jobs[0].state;
        switch (decision.action) {
            case Action::unselect:
                EXPECT_EQ(state, JobState::idle) << to_string(id);
                continue;
            case Action::skip:
                EXPECT_EQ(state, JobState::skipped) << to_string(id);
                continue;
            case Action::select:
            case Action::sync:
            case Action::retry:
                break;
        }
        EXPECT_TRUE(state == JobState::completed || state == JobState::failed)
            << to_string(id) << " is " << to_string(state);
        if (state == JobState::failed && jobs.jobs[0].error_code == suppressed_code) {
            check_refused(id, decision);
            continue;
        }
        if (weather_ == Weather::throttled || weather_ == Weather::calm) {
            EXPECT_EQ(state, JobState::completed);
            EXPECT_EQ(jobs.jobs[0].retry_count, 0) << "throttling cost an attempt";
        }
        if (state == JobState::failed) check_failure(jobs.jobs[0], decision);
        if (state != JobState::completed) continue;
        const bool superseded = !jobs.history.empty() && jobs.history.front().outcome == "superseded";
        if (!jumped_)
            EXPECT_TRUE(superseded || was_sent(ask(people_->contact(id)), decision.at))
                << to_string(id) << ": Complete without an acknowledgement";
    }
}

/// Its address was on the list at some time since the decision.
void World::check_refused(const Uuid& id, const Decision& decision)
{
    const std::string address = address_of(ask(people_->contact(id)).fields.email);
    EXPECT_TRUE(jumped_ || std::ranges::any_of(suppressed_,
                                               [&](const Suppressed& one) {
                                                   return one.address == address && (!one.to || *one.to >= decision.at);
                                               }))
        << to_string(id) << " was refused as suppressed";
}

/// What the CRM acknowledged is what would be sent now, or the job says that it is not.
void World::check_in_step()
{
    const FieldMapping mapping = traits(batch_max_).mapping;
    for (const auto& [id, decision] : decisions_) {
        const auto jobs = ask(people_->jobs_of(id, 1000));
        if (jobs.jobs.empty() || jobs.jobs[0].state != JobState::completed || jobs.history.empty()) continue;
        const Job& job = jobs.jobs[0];
        if (jobs.history.front().outcome == "superseded" || !job.fingerprint) continue;
        const Contact contact = ask(people_->contact(id));
        const auto mapped = map_contact(contact.fields, job.key, job.generation, mapping, {}, clock_.now());
        const auto* sendable = std::get_if<MappedContact>(&mapped);
        const bool in_step = sendable && same_payload(*job.fingerprint, sendable->fingerprint);
        EXPECT_EQ(job.changed, !in_step) << to_string(id);
    }
}

/// The retries were used up, or the CRM refused this very contact: never because of another in its batch.
void World::check_failure(const Job& job, const Decision& decision)
{
    const bool exhausted = job.error.value_or("").starts_with("Max retries exceeded");
    const bool refused = std::ranges::any_of(truth_.calls, [&](const CrmTruth::Call& call) {
        return call.contact_id == job.key.contact_id && !call.shared && call.begun >= decision.at &&
               std::holds_alternative<Rejected>(call.outcome);
    });
    if (!jumped_)
        EXPECT_TRUE(exhausted || refused) << to_string(job.key.contact_id) << " failed: " << job.error.value_or("");
}

}  // namespace crmsync::test
