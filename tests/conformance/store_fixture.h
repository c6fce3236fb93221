#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/conformance/store_backend.h"

namespace crmsync::conformance {

/// One meaning, every dialect: a test of the suite runs once per StoreKind, on a database of its own. When it ends, the
/// published columns of every contact must equal its jobs, and the counts kept what is there.
class StoreTest : public testing::TestWithParam<StoreKind> {
protected:
    void SetUp() override;
    void TearDown() override;

    StoreBackend& backend() { return *backend_; }
    Store& store() { return backend_->store(); }
    Instant now() { return backend_->clock().now(); }
    void advance(Duration by) { backend_->clock().advance(by); }

    /// Awaits a verb; a failure ends up in the test's report.
    template <class T>
    T ok(Task<Result<T>> task)
    {
        Result<T> result = backend_->run(std::move(task));
        if (!result) throw std::runtime_error("the verb failed: " + result.error().message);
        if constexpr (!std::is_void_v<T>) return std::move(*result);
    }
    template <class T>
    Error error_of(Task<Result<T>> task)
    {
        Result<T> result = backend_->run(std::move(task));
        return result ? Error{ErrorCode::internal, "no error"} : result.error();
    }

    /// Each contact is a millisecond younger than the one before.
    Uuid add_contact(std::string email, std::optional<std::string> name = {});
    std::vector<Uuid> add_contacts(std::size_t count);

    ActionCounts act(Action action, std::vector<Uuid> ids, std::vector<Crm> crms = {Crm::brevo},
                     Lane lane = Lane::hand);
    ClaimResult claim_all(Crm crm, std::size_t wanted);
    std::vector<ClaimedJob> claim(Crm crm = Crm::brevo, std::size_t wanted = 100);
    /// Claims exactly this contact, which must be the only one due.
    ClaimedJob claim_one(Crm crm = Crm::brevo);
    JobResult result_of(const ClaimedJob& job, const Outcome& outcome, Cost cost = Cost::counts);
    RecordResult record(Crm crm, std::vector<JobResult> results);
    RecordResult finish(const ClaimedJob& job, const Outcome& outcome, Cost cost = Cost::counts);
    /// Brings the pair into a state by the store's verbs alone.
    void bring_to(JobState state, Uuid id, Crm crm = Crm::brevo);

    Contact contact(Uuid id) { return ok(store().contact(id)); }
    CrmColumns columns(Uuid id, Crm crm = Crm::brevo) { return contact(id).crm[crm]; }
    Published published(Uuid id, Crm crm = Crm::brevo);
    std::optional<Job> job(Uuid id, Crm crm = Crm::brevo);
    std::vector<Attempt> history(Uuid id) { return ok(store().jobs_of(id, 100)).history; }
    AbsorbResult foreign(const std::string& sql);
    std::vector<Contact> all_contacts();

    /// Product contract, 3.2: pair and error column per CRM, remote ids, and the shared retry columns.
    void expect_published_equals_jobs();

    Uuid worker() const { return worker_; }
    RetryPolicy policy_;

private:
    void expect_published(const Contact& contact, const std::vector<Job>& jobs);

    std::unique_ptr<StoreBackend> backend_;
    Uuid worker_;
};

/// Names of the CRM's columns put for {crm}.
std::string for_crm(std::string sql, Crm crm);

inline const Outcome upserted = Upserted{.remote_id = "remote-1"};
inline const Outcome transient = Transient{.code = "http_503", .reason = "Brevo API error: down"};
inline const Outcome rejected = Rejected{.code = "invalid_parameter", .reason = "Brevo API error: email is not valid"};
inline const Outcome throttled = Throttled{.reason = "Brevo asked to wait"};

#define CRMSYNC_FOR_EVERY_STORE(suite)                                                     \
    INSTANTIATE_TEST_SUITE_P(stores, suite, testing::ValuesIn(conformance::store_kinds()), \
                             [](const auto& kind) { return kind.param.name; })

}  // namespace crmsync::conformance
