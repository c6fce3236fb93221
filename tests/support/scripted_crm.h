#pragma once

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "connectors/connector.h"

namespace crmsync::test {

/// What a contact, or all of a call, meets at the CRM.
struct Answer {
    Duration latency{};
    Outcome outcome = Upserted{};
    bool lost = false;  ///< The CRM wrote, but the answer never came.
};

/// The CRM's side of the truth. Outlives every engine, as the real one does.
struct CrmTruth {
    struct Call {
        Uuid contact_id;
        std::string idempotency_key;
        std::string email;
        std::string fingerprint;
        Instant begun{};
        Outcome outcome;
        bool shared = false;  ///< One answer for several contacts.
    };
    std::map<std::string, std::string> records;  // address -> fingerprint of the last write
    /// Calls now, per address, of each worker that is alive; a dead worker's are its own affair.
    using InFlight = std::map<std::string, int>;
    std::vector<InFlight*> workers;
    std::vector<Call> calls;
    int same_address_overlaps = 0;
    std::function<Answer(const MappedContact&)> script = [](const MappedContact&) { return Answer{}; };
    /// What all contacts of a call meet together; nothing: each its own answer.
    std::function<std::optional<Answer>(std::span<const MappedContact>)> together = [](const auto&) {
        return std::nullopt;
    };
    std::function<Result<SetupReport>()> setup = [] { return SetupReport{}; };
    Duration setup_latency{};
    int setups = 0;                             // Begun.
    std::map<std::string, RemoteContact> held;  // What can be read back, by address.
    std::vector<Instant> read_backs;            // When each call was made.
    std::optional<Error> read_back_error = {};  // Of the next one; then none.
    Duration read_back_latency{};
    struct Submission {
        std::vector<std::string> addresses;
        Instant begun{};
    };
    std::vector<Submission> submitted;           // Each operation that was taken: 1, 2, ...
    std::optional<Outcome> submit_outcome = {};  // Of the next one, which is then not taken; then none.
    bool submit_answer_lost = false;             // The next one is taken, and nobody hears of it.
    std::function<OperationStatus(const std::string&)> operation = [](const std::string&) {
        return OperationRunning{};
    };
    int erasures = 0;
    std::vector<Instant> looks;
    std::vector<LateFailure> late_failures;
    std::vector<Instant> asked_since;
};

/// A connector whose CRM is a script on the same clock: everything the engine meets, without sockets. The real
/// connectors are tested against the simulator; this one lets a seeded simulation decide every answer and its moment.
class ScriptedCrm final : public Connector {
public:
    ScriptedCrm(CrmTruth& truth, CrmTruth::InFlight& in_flight, Clock& clock, ConnectorTraits traits)
        : truth_(truth), in_flight_(in_flight), clock_(clock), traits_(std::move(traits))
    {
    }

    const ConnectorTraits& traits() const override { return traits_; }

    Task<SendResult> send(std::span<const MappedContact> contacts) override
    {
        for (const auto& contact : contacts) note_begun(contact);
        const auto begun = clock_.now();
        const auto together = truth_.together(contacts);
        std::vector<Answer> answers;
        for (const auto& contact : contacts) answers.push_back(together ? *together : truth_.script(contact));
        const Duration latency = std::ranges::max(answers, {}, &Answer::latency).latency;
        co_await sleep_for(clock_, latency);
        SendResult result{.answer = PerItem{}, .exchange = {.http_status = 200, .elapsed = latency, .request_id = "r"}};
        std::vector<Outcome> outcomes;
        for (std::size_t i = 0; i < contacts.size(); ++i) {
            outcomes.push_back(end(contacts[i], answers[i]));
            truth_.calls.push_back({.contact_id = contacts[i].contact_id,
                                    .idempotency_key = contacts[i].idempotency_key,
                                    .email = contacts[i].email,
                                    .fingerprint = contacts[i].fingerprint,
                                    .begun = begun,
                                    .outcome = outcomes.back(),
                                    .shared = together && contacts.size() > 1});
        }
        if (together)
            result.answer = WholeCall{std::move(outcomes.front())};
        else
            result.answer = PerItem{std::move(outcomes)};
        co_return result;
    }
    std::optional<std::vector<std::string>> append_to_operation(std::string& payload,
                                                                const MappedContact& contact) const override
    {
        if (contact.remote_id && *contact.remote_id != contact.email) return std::nullopt;
        payload += contact.email + "\n";
        return std::vector<std::string>{};
    }
    Task<SendResult> submit(std::string payload) override
    {
        SendResult sent{.answer = {}, .exchange = {.http_status = 202, .request_id = "r", .limits = {}}};
        if (auto outcome = std::exchange(truth_.submit_outcome, std::nullopt)) {
            sent.answer = WholeCall{*std::move(outcome)};
            co_return sent;
        }
        auto& [addresses, begun] = truth_.submitted.emplace_back();
        begun = clock_.now();
        for (std::size_t at = 0; at < payload.size(); at = payload.find('\n', at) + 1)
            addresses.push_back(payload.substr(at, payload.find('\n', at) - at));
        sent.answer = Accepted{std::to_string(truth_.submitted.size())};
        co_await sleep_for(clock_, 10ms);
        if (std::exchange(truth_.submit_answer_lost, false))
            sent.answer = WholeCall{Transient{Transient::Scope::crm, "timeout", "no answer in time"}};
        co_return sent;
    }
    Task<Result<OperationStatus>> follow(std::string operation_id) override
    {
        truth_.looks.push_back(clock_.now());
        co_return truth_.operation(operation_id);
    }
    Task<Result<ReadBack>> read_back(std::span<const Lookup> lookups) override
    {
        truth_.read_backs.push_back(clock_.now());
        co_await sleep_for(clock_, truth_.read_back_latency);
        const auto cancellation = co_await asio::this_coro::cancellation_state;
        if (cancellation.cancelled() != asio::cancellation_type::none)
            co_return fail(ErrorCode::unavailable, "the call was stopped");
        if (const auto error = std::exchange(truth_.read_back_error, std::nullopt)) co_return std::unexpected(*error);
        ReadBack back{.contacts = {}, .exchange = {.http_status = 200, .request_id = "r", .limits = {}}};
        for (const Lookup& lookup : lookups) {
            const auto found = truth_.held.find(lookup.email);
            back.contacts.push_back(found == truth_.held.end() ? std::nullopt : std::optional(found->second));
        }
        co_return back;
    }
    Task<Result<Erased>> erase(Lookup lookup) override
    {
        ++truth_.erasures;
        co_return Erased{.existed = truth_.held.erase(lookup.email) > 0, .exchange = {}};
    }
    Task<Result<LateFailures>> failed_since(Instant since) override
    {
        truth_.asked_since.push_back(since);
        LateFailures late;
        for (const LateFailure& failure : truth_.late_failures)
            if (failure.at >= since) late.failures.push_back(failure);
        co_return late;
    }
    Task<Result<std::string>> test() override { co_return "scripted"; }
    Task<Result<SetupReport>> setup(bool) override
    {
        ++truth_.setups;
        if (truth_.setup_latency > Duration{0}) co_await sleep_for(clock_, truth_.setup_latency);
        co_return truth_.setup();
    }
    std::string payload(const MappedContact&) const override { return "{}"; }
    void close() override {}

private:
    void note_begun(const MappedContact& contact)
    {
        for (const auto* worker : truth_.workers)
            if (worker->contains(contact.email)) ++truth_.same_address_overlaps;
        ++in_flight_[contact.email];
    }
    /// What the CRM does, and what of it is heard.
    Outcome end(const MappedContact& contact, const Answer& answer)
    {
        if (--in_flight_[contact.email] == 0) in_flight_.erase(contact.email);
        if (std::holds_alternative<Upserted>(answer.outcome)) truth_.records[contact.email] = contact.fingerprint;
        if (answer.lost) return Transient{Transient::Scope::crm, "timeout", "no answer in time"};
        Outcome outcome = answer.outcome;
        if (auto* upserted = std::get_if<Upserted>(&outcome)) upserted->remote_id = contact.email;
        return outcome;
    }

    CrmTruth& truth_;
    CrmTruth::InFlight& in_flight_;
    Clock& clock_;
    ConnectorTraits traits_;
};

}  // namespace crmsync::test
