#include <fmt/format.h>

#include <filesystem>

#include "base/log.h"
#include "base/task_group.h"
#include "store/open.h"
#include "store/sqlite/lock_file.h"
#include "store/sqlite/migrate.h"
#include "store/sqlite/queries.h"
#include "store/sqlite/turnstile.h"
#include "store/sqlite/verbs.h"
#include "store/sqlite/work_queue.h"

namespace crmsync::sqlite {

namespace {

constexpr std::size_t reader_count = 2;
/// What others wait for at most while a large import runs: some 15 ms.
constexpr std::size_t import_rows_per_transaction = 1'000;

/// Settings of every connection of a store. Triggers are for other programs' writes: ours need no inbox.
void configure(Connection& db)
{
    db.execute(
        "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; "
        "PRAGMA secure_delete = FAST; PRAGMA cache_size = -8192; PRAGMA wal_autocheckpoint = 4000; "
        "PRAGMA journal_size_limit = 67108864");
    sqlite3_db_config(db.handle(), SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
}

Connection connect(const std::string& path, Connection::Mode mode)
{
    Connection db(path, mode);
    configure(db);
    return db;
}

class SqliteStore final : public Store {
public:
    SqliteStore(const Executor& executor, Clock& clock, const StoreConfig& config, std::optional<LockFile> lock,
                std::optional<Turnstile> turnstile, std::vector<Connection> writer, std::vector<Connection> readers)
        : lock_(std::move(lock)),
          writer_(std::move(writer), config.single_threaded ? std::optional(executor) : std::nullopt,
                  std::move(turnstile)),
          tasks_(executor),
          poll_(clock, executor)
    {
        if (!readers.empty()) readers_.emplace(std::move(readers), std::nullopt);
        if (config.poll_interval > 0us) tasks_.spawn(watch(config.poll_interval));
    }

    Task<Result<ClaimResult>> claim(ClaimRequest request) override
    {
        auto claimed =
            co_await write([request = std::move(request)](Connection& db) { return verbs::claim(db, request); });
        if (!claimed) co_return std::unexpected(claimed.error());
        if (claimed->absorbed) wake();
        co_return std::move(claimed->result);
    }
    Task<Result<RecordResult>> record(RecordRequest request) override
    {
        return write([request = std::move(request)](Connection& db) { return verbs::record(db, request); });
    }
    Task<Status> register_worker(WorkerInfo worker, Instant now) override
    {
        return write(
            [worker = std::move(worker), now](Connection& db) { return verbs::register_worker(db, worker, now); });
    }
    Task<Status> heartbeat(Uuid worker_id, Instant now) override
    {
        return write([=](Connection& db) { return verbs::heartbeat(db, worker_id, now); });
    }
    Task<Result<std::size_t>> rescue(Uuid caller, Duration dead_after, Instant now) override
    {
        return woken_by(write([=](Connection& db) { return verbs::rescue(db, caller, dead_after, now); }));
    }
    Task<Result<std::size_t>> retire_worker(Uuid worker_id, Instant) override
    {
        return woken_by(write([=](Connection& db) { return verbs::retire_worker(db, worker_id); }));
    }
    Task<Result<AbsorbResult>> absorb_writes(Instant now) override
    {
        auto absorbed = co_await write([=](Connection& db) { return verbs::absorb_writes(db, now); });
        if (absorbed && absorbed->absorbed > 0) wake();
        co_return absorbed;
    }
    Task<Result<std::size_t>> prune_history(Instant before, std::size_t limit) override
    {
        return write([=](Connection& db) { return verbs::prune_history(db, before, limit); });
    }
    Task<Result<std::size_t>> prune_activity(Instant now) override
    {
        return write([=](Connection& db) { return verbs::prune_activity(db, now); });
    }

    Task<Result<PerCrm<ConnectorState>>> connector_states() override { return read(verbs::connector_states); }
    Task<Result<ConnectorState>> update_connector(Crm crm, std::function<void(ConnectorState&)> update) override
    {
        auto state = co_await write(
            [crm, update = std::move(update)](Connection& db) { return verbs::update_connector(db, crm, update); });
        if (state) wake();
        co_return state;
    }
    Task<Result<PerCrm<CrmQueue>>> queues(Instant now) override
    {
        return read([=](Connection& db) { return verbs::queues(db, now); });
    }

    Task<Result<SealedToken>> token(Crm crm) override
    {
        return read([=](Connection& db) { return verbs::token(db, crm); });
    }
    Task<Result<bool>> take_token_turn(Crm crm, std::int64_t version, Duration lease, Instant now) override
    {
        return write([=](Connection& db) { return verbs::take_token_turn(db, crm, version, lease, now); });
    }
    Task<Result<bool>> keep_token(Crm crm, std::int64_t version, std::string text) override
    {
        return write([=, text = std::move(text)](Connection& db) { return verbs::keep_token(db, crm, version, text); });
    }
    Task<Status> give_up_token_turn(Crm crm, std::int64_t version) override
    {
        return write([=](Connection& db) { return verbs::give_up_token_turn(db, crm, version); });
    }

    Task<Result<std::optional<std::string>>> take_alert_turn(Uuid holder, Duration lease, Instant now) override
    {
        return write([=](Connection& db) { return verbs::take_alert_turn(db, holder, lease, now); });
    }
    Task<Result<bool>> keep_alerts(Uuid holder, std::string text) override
    {
        return write([=, text = std::move(text)](Connection& db) { return verbs::keep_alerts(db, holder, text); });
    }
    Task<Status> give_up_alert_turn(Uuid holder) override
    {
        return write([=](Connection& db) { return verbs::give_up_alert_turn(db, holder); });
    }
    Task<Result<std::string>> alerts() override { return read(verbs::alerts); }

    Task<Result<ActionCounts>> act(ActionRequest request, std::function<bool(std::size_t)> progress) override
    {
        verbs::ActStep step;
        while (!step.progress.done) {
            auto next = co_await write([&request, step](Connection& db) { return verbs::act(db, request, step); });
            if (!next) co_return std::unexpected(next.error());
            step = *next;
            if (!request.preview) wake();
            if (progress && !progress(step.counts.found + step.counts.not_found)) break;
        }
        co_return step.counts;
    }
    Task<Result<std::size_t>> set_curation_status(Target target, CurationStatus status, std::string actor,
                                                  Instant now) override
    {
        verbs::CurationStep step;
        while (!step.progress.done) {
            auto next = co_await write(
                [&, step](Connection& db) { return verbs::set_curation_status(db, target, status, actor, now, step); });
            if (!next) co_return std::unexpected(next.error());
            step = *next;
        }
        co_return step.matched;
    }
    Task<Result<Operation>> begin_operation(NewOperation operation) override
    {
        return write(
            [operation = std::move(operation)](Connection& db) { return verbs::begin_operation(db, operation); });
    }
    Task<Result<Operation>> advance_operation(OperationHold hold, Instant now) override
    {
        auto advanced = co_await write([=](Connection& db) { return verbs::advance_operation(db, hold, now); });
        if (advanced) wake();
        co_return advanced;
    }
    Task<Result<Operation>> note_operation(OperationHold hold, OperationNote note) override
    {
        return write([hold, note = std::move(note)](Connection& db) { return verbs::note_operation(db, hold, note); });
    }
    Task<Result<Operation>> cancel_operation(Uuid id, std::string actor, Instant now) override
    {
        return write(
            [=, actor = std::move(actor)](Connection& db) { return verbs::cancel_operation(db, id, actor, now); });
    }
    Task<Result<std::optional<Operation>>> take_operation(Uuid owner, Duration lease, Instant now) override
    {
        return write([=](Connection& db) { return verbs::take_operation(db, owner, lease, now); });
    }
    Task<Result<Operation>> operation(Uuid id, Instant now) override
    {
        return read([=](Connection& db) { return verbs::operation(db, id, now); });
    }
    Task<Result<std::vector<Operation>>> operations(OperationQuery query) override
    {
        return read([=](Connection& db) { return verbs::operations(db, query); });
    }
    Task<Result<std::int64_t>> count_contacts(CountQuery query) override
    {
        return read([query = std::move(query)](Connection& db) { return verbs::count_contacts(db, query); });
    }
    Task<Result<std::size_t>> dismiss(FailureQuery which, std::vector<Uuid> only_ids, bool dismissed, std::string actor,
                                      Instant now) override
    {
        return write([=, which = std::move(which), only_ids = std::move(only_ids), actor = std::move(actor)](
                         Connection& db) { return verbs::dismiss(db, which, only_ids, dismissed, actor, now); });
    }
    Task<Status> audit(AuditEntry entry) override
    {
        return write([entry = std::move(entry)](Connection& db) { return verbs::audit(db, entry); });
    }
    Task<Result<std::vector<AuditEntry>>> audit_log(std::size_t limit, std::size_t offset) override
    {
        return read([=](Connection& db) { return verbs::audit_log(db, limit, offset); });
    }

    Task<Result<ApiKey>> create_api_key(NewApiKey made) override
    {
        return write([made = std::move(made)](Connection& db) { return verbs::create_api_key(db, made); });
    }
    Task<Result<std::vector<ApiKey>>> api_keys() override { return read(verbs::api_keys); }
    Task<Result<ApiKey>> find_api_key(std::string hash) override
    {
        return read([hash = std::move(hash)](Connection& db) { return verbs::find_api_key(db, hash); });
    }
    Task<Result<ApiKey>> revoke_api_key(Uuid id, std::string actor, Instant now) override
    {
        return write(
            [=, actor = std::move(actor)](Connection& db) { return verbs::revoke_api_key(db, id, actor, now); });
    }
    Task<Status> note_api_key_use(Uuid id, Instant now) override
    {
        return write([=](Connection& db) { return verbs::note_api_key_use(db, id, now); });
    }

    Task<Result<ContactPage>> contacts(ContactFilter filter, ContactSort sort, PageRequest page) override
    {
        return read([=, filter = std::move(filter), page = std::move(page)](Connection& db) {
            return verbs::contacts(db, filter, sort, page);
        });
    }
    Task<Result<Contact>> contact(Uuid id) override
    {
        return read([=](Connection& db) { return verbs::contact(db, id); });
    }
    Task<Result<std::vector<Contact>>> contacts_by_id(std::vector<Uuid> ids) override
    {
        return read([ids = std::move(ids)](Connection& db) { return verbs::contacts_by_id(db, ids); });
    }
    Task<Result<std::vector<std::optional<Uuid>>>> find_by_address(std::vector<std::string> emails) override
    {
        return read([emails = std::move(emails)](Connection& db) { return verbs::find_by_address(db, emails); });
    }
    Task<Result<Forecast>> forecast(Target target) override
    {
        return read([target = std::move(target)](Connection& db) { return verbs::forecast(db, target); });
    }
    Task<Result<Contact>> create_contact(ContactFields fields, CurationStatus curation, Instant now) override
    {
        return write([=, fields = std::move(fields)](Connection& db) {
            return verbs::create_contact(db, fields, curation, now);
        });
    }
    Task<Result<Contact>> update_contact(Uuid id, ContactChange change, Instant now) override
    {
        return write(
            [=, change = std::move(change)](Connection& db) { return verbs::update_contact(db, id, change, now); });
    }
    Task<Status> delete_contact(Uuid id, std::string actor, Instant now) override
    {
        return write(
            [=, actor = std::move(actor)](Connection& db) { return verbs::delete_contact(db, id, actor, now); });
    }
    Task<Result<Forgotten>> forget(ForgetRequest request) override
    {
        return write([request = std::move(request)](Connection& db) { return verbs::forget(db, request); });
    }
    Task<Result<std::vector<bool>>> suppressed(std::vector<std::string> emails) override
    {
        return read([emails = std::move(emails)](Connection& db) { return verbs::suppressed(db, emails); });
    }
    Task<Result<std::vector<Suppression>>> suppressions(std::size_t limit, std::size_t offset) override
    {
        return read([=](Connection& db) { return verbs::suppressions(db, limit, offset); });
    }
    Task<Result<std::size_t>> suppress(std::vector<std::string> emails, std::string reason, std::string actor,
                                       Instant now) override
    {
        return write([=](Connection& db) { return verbs::suppress(db, emails, reason, actor, now); });
    }
    Task<Result<std::size_t>> unsuppress(std::vector<std::string> emails, std::string actor, Instant now) override
    {
        return write([=](Connection& db) { return verbs::unsuppress(db, emails, actor, now); });
    }
    Task<Result<ImportCounts>> import_contacts(std::vector<ImportRow> rows, Instant now) override
    {
        const auto batch = verbs::import_batch(rows, now);
        if (!batch) co_return std::unexpected(batch.error());
        const std::size_t size = (*batch)->size();
        ImportCounts counts{.merged = rows.size() - size};
        for (std::size_t from = 0; from < size; from += import_rows_per_transaction) {
            const std::size_t count = std::min(import_rows_per_transaction, size - from);
            const auto done = co_await write([batch = *batch, from, count, now](Connection& db) {
                return verbs::import_some(db, std::span(*batch).subspan(from, count), now);
            });
            if (!done) co_return std::unexpected(done.error());
            counts.created += done->created;
            counts.updated += done->updated;
            counts.unchanged += done->unchanged;
        }
        co_return counts;
    }

    Task<Result<JobsOfContact>> jobs_of(Uuid contact_id, std::size_t history_limit) override
    {
        return read([=](Connection& db) { return verbs::jobs_of(db, contact_id, history_limit); });
    }
    Task<Result<Summary>> summary() override { return read(verbs::summary); }
    Task<Result<std::vector<Failure>>> failures(FailureQuery query) override
    {
        return read([query = std::move(query)](Connection& db) { return verbs::failures(db, query); });
    }
    Task<Result<std::vector<FailureCause>>> failure_causes(std::optional<Crm> crm, bool with_dismissed) override
    {
        return read([=](Connection& db) { return verbs::failure_causes(db, crm, with_dismissed); });
    }
    Task<Result<PerCrm<CrmActivity>>> activity(ActivityWindow window) override
    {
        return read([=](Connection& db) { return verbs::activity(db, window); });
    }
    Task<Status> fold_counts() override
    {
        co_return Status{};
    }  // One writer at a time: nobody waits for a count's row.
    Task<Result<std::size_t>> reconcile_counts() override
    {
        // Differences hold whatever is booked meanwhile, so the long look needs no writing transaction.
        const auto off = co_await read(verbs::counts_off);
        if (!off) co_return std::unexpected(off.error());
        const Status mended = co_await write([&off](Connection& db) { return verbs::mend_counts(db, *off); });
        if (!mended) co_return std::unexpected(mended.error());
        co_return off->size();
    }

    Task<Result<Grant>> reserve_calls(CallRequest request) override
    {
        return write([request = std::move(request)](Connection& db) { return verbs::reserve_calls(db, request); });
    }
    Task<Result<std::vector<SyncedContact>>> synced_contacts(SyncedQuery query) override
    {
        return read([=](Connection& db) { return verbs::synced_contacts(db, query); });
    }
    Task<Result<std::vector<Uuid>>> record_verification(VerifiedBatch batch) override
    {
        return write([batch = std::move(batch)](Connection& db) { return verbs::record_verification(db, batch); });
    }
    Task<Status> note_verification_run(Crm crm, VerificationRun run) override
    {
        return write(
            [crm, run = std::move(run)](Connection& db) { return verbs::note_verification_run(db, crm, run); });
    }
    Task<Result<PerCrm<Readings>>> readings() override { return read(verbs::readings); }
    Task<Result<VerificationSummary>> verification_summary(Crm crm, std::size_t examples) override
    {
        return read([=](Connection& db) { return verbs::verification_summary(db, crm, examples); });
    }
    Task<Result<PerCrm<std::optional<KnownVerification>>>> verifications_of(Uuid contact_id) override
    {
        return read([=](Connection& db) { return verbs::verifications_of(db, contact_id); });
    }
    Task<Result<DeliveryPlan>> plan_remote_operation(RemoteOperationRequest request) override
    {
        return write(
            [request = std::move(request)](Connection& db) { return verbs::plan_remote_operation(db, request); });
    }
    Task<Status> add_to_remote_operation(Uuid id, std::vector<RemoteOperationJob> jobs) override
    {
        return write(
            [id, jobs = std::move(jobs)](Connection& db) { return verbs::add_to_remote_operation(db, id, jobs); });
    }
    Task<Status> note_submitted(Uuid id, std::string remote_id, Duration look_in, Instant now) override
    {
        return write([id, remote_id = std::move(remote_id), look_at = now + look_in](Connection& db) {
            return verbs::note_submitted(db, id, remote_id, look_at);
        });
    }
    Task<Result<RemoteOperationTurn>> take_remote_operation(Crm crm, Duration lease, Instant now) override
    {
        return write([=](Connection& db) { return verbs::take_remote_operation(db, crm, lease, now); });
    }
    Task<Status> postpone_remote_operation(Uuid id, Duration pause, Instant now) override
    {
        return write([=](Connection& db) { return verbs::postpone_remote_operation(db, id, now + pause); });
    }
    Task<Result<std::vector<RemoteOperationJob>>> remote_operation_jobs(Uuid id, Uuid after, std::size_t limit) override
    {
        return read([=](Connection& db) { return verbs::remote_operation_jobs(db, id, after, limit); });
    }
    Task<Result<std::size_t>> end_remote_operation(Uuid id, std::string reason, Instant) override
    {
        return woken_by(write(
            [id, reason = std::move(reason)](Connection& db) { return verbs::end_remote_operation(db, id, reason); }));
    }
    Task<Result<std::vector<LateJob>>> acknowledged_by(Crm crm, std::vector<LateOperation> operations) override
    {
        return read([crm, operations = std::move(operations)](Connection& db) {
            return verbs::acknowledged_by(db, crm, operations);
        });
    }
    Task<Result<std::vector<Uuid>>> record_late(LateRequest request) override
    {
        auto failed =
            co_await write([request = std::move(request)](Connection& db) { return verbs::record_late(db, request); });
        if (failed && !failed->empty()) wake();
        co_return failed;
    }

    Task<Result<Health>> health(Instant) override
    {
        return read([](Connection& db) -> Result<Health> {
            return Health{.engine = fmt::format("SQLite {}", sqlite3_libversion()),
                          .schema_version = static_cast<int>(db.number(sql::schema_version)),
                          .clock_offset = {}};
        });
    }
    Task<Result<std::vector<std::string>>> required_contact_columns() override
    {
        co_return std::vector<std::string>{};  // Only our own schema exists here.
    }

    void on_wake(WakeHandler handler) override
    {
        const std::lock_guard lock(wake_mutex_);
        wake_handler_ = std::move(handler);
    }
    Task<> close() override
    {
        closing_ = true;
        poll_.ring();
        co_await tasks_.join();
    }

private:
    template <class Work>
    using Answer = std::invoke_result_t<Work, Connection&>::value_type;

    template <class Work>
    Task<Result<Answer<Work>>> write(Work work)
    {
        return writer_.run<Answer<Work>>(Access::write, std::move(work));
    }
    /// Databases in memory and stores without threads have one connection for all.
    template <class Work>
    Task<Result<Answer<Work>>> read(Work work)
    {
        return (readers_ ? *readers_ : writer_).template run<Answer<Work>>(Access::read, std::move(work));
    }

    Task<Result<std::size_t>> woken_by(Task<Result<std::size_t>> verb)
    {
        const Result<std::size_t> count = co_await std::move(verb);
        if (count && *count > 0) wake();
        co_return count;
    }

    void wake()
    {
        WakeHandler handler;
        {
            const std::lock_guard lock(wake_mutex_);
            handler = wake_handler_;
        }
        if (handler) handler();
    }

    /// Notices what other programs commit: the writing connection's data_version moves by others' commits alone.
    Task<> watch(Duration interval)
    {
        std::int64_t seen = 0;
        for (bool first = true; !closing_; first = false) {
            const auto version = co_await writer_.run<std::int64_t>(
                Access::read, [](Connection& db) -> Result<std::int64_t> { return db.number(sql::data_version); });
            if (version && std::exchange(seen, *version) != *version && !first) wake();
            co_await poll_.wait(interval);
        }
    }

    std::optional<LockFile> lock_;
    std::mutex wake_mutex_;
    WakeHandler wake_handler_;  // Guarded by wake_mutex_.
    WorkQueue writer_;
    std::optional<WorkQueue> readers_;
    TaskGroup tasks_;
    Alarm poll_;
    bool closing_ = false;
};

/// Also makes and migrates a database in memory.
Result<Connection> open_writer(const std::string& path)
{
    if (!in_memory(path)) {
        if (!std::filesystem::exists(path))
            return fail(ErrorCode::unavailable, fmt::format("there is no database {}: run `crmsync migrate`", path));
        Connection db = connect(path, Connection::Mode::read_write);
        if (const Status fits = check_schema(db); !fits) return std::unexpected(fits.error());
        return db;
    }
    Connection db = connect(path, Connection::Mode::create);
    if (const auto migrated = migrate(db, false); !migrated) return std::unexpected(migrated.error());
    return db;
}

void void_leases(Connection& db)
{
    db.execute("BEGIN IMMEDIATE");
    const auto freed = verbs::void_leases(db);
    db.execute("COMMIT");
    if (freed && *freed > 0) log::info("gave back {} jobs that a former process held", *freed);
}

Result<std::unique_ptr<Store>> open_now(const Executor& executor, Clock& clock, const StoreConfig& config)
{
    const std::string path = path_of(config.url);
    std::optional<LockFile> lock;
    if (config.engine && !in_memory(path)) {
        Result<LockFile> acquired = LockFile::acquire(path + ".lock");
        if (!acquired) return std::unexpected(acquired.error());
        lock.emplace(std::move(*acquired));
    }
    std::vector<Connection> writer;
    Result<Connection> opened = open_writer(path);
    if (!opened) return std::unexpected(opened.error());
    writer.push_back(std::move(*opened));
    if (config.engine) void_leases(writer.front());
    std::vector<Connection> readers;
    if (!config.single_threaded && !in_memory(path))
        for (std::size_t i = 0; i < reader_count; ++i) {
            readers.push_back(connect(path, Connection::Mode::read_write));
            // What a reader's own cache misses, the system's has: two large ones would be a third of the memory.
            readers.back().execute("PRAGMA query_only = ON; PRAGMA cache_size = -2048");
        }
    std::optional<Turnstile> turnstile;
    if (!in_memory(path)) {
        Result<Turnstile> made = Turnstile::open(path + ".turn");
        if (!made) return std::unexpected(made.error());
        turnstile.emplace(std::move(*made));
    }
    return std::make_unique<SqliteStore>(executor, clock, config, std::move(lock), std::move(turnstile),
                                         std::move(writer), std::move(readers));
}

}  // namespace

Task<Result<std::unique_ptr<Store>>> open(Executor executor, Clock& clock, const StoreConfig& config)
{
    try {
        co_return open_now(executor, clock, config);
    } catch (const DatabaseError& error) {
        co_return std::unexpected(error.error());
    }
}

}  // namespace crmsync::sqlite
