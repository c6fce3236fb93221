#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/task.h"
#include "domain/connector_state.h"
#include "domain/delivery_plan.h"
#include "domain/field_mapping.h"
#include "domain/normalise.h"
#include "domain/outcome.h"
#include "domain/remote_contact.h"
#include "http/client.h"

namespace crmsync {

/// How one exchange with the CRM went, for history, metrics and budgets.
struct Exchange {
    std::optional<int> http_status;  ///< Nothing when no answer came.
    Duration elapsed{};
    int calls = 1;                    ///< HTTP calls that count against the CRM's limits, also those unanswered.
    std::string request_id;           ///< Ours, sent along where the CRM has a header for it.
    std::vector<LimitReport> limits;  ///< From the response headers.
};

/// One outcome per contact, in the order given.
struct PerItem {
    std::vector<Outcome> outcomes;
};
/// One outcome for all: the CRM told nothing per contact. A rejection makes the engine bisect.
struct WholeCall {
    Outcome outcome;
};
/// The CRM took the work and will tell later (see `Connector::follow`). Answers `submit` alone.
struct Accepted {
    std::string operation_id;
};

struct SendResult {
    std::variant<PerItem, WholeCall, Accepted> answer;
    Exchange exchange;
};

/// What became of work that was `Accepted`.
struct OperationRunning {};
struct OperationFailed {
    std::string reason;  ///< For people. What of it the CRM has done is unknown.
};
struct OperationEnded {
    /// By address as sent. Not settled here for good: what a call of its own may still mend or tell.
    std::map<std::string, Outcome, std::less<>> refused;
    /// Whether everything that was refused is among these; else nothing is known of those that are not named.
    bool complete = true;
};
using OperationStatus = std::variant<OperationRunning, OperationFailed, OperationEnded>;

/// What a CRM allows and costs. Fixed for the life of a connector.
struct ConnectorTraits {
    Crm crm = Crm::brevo;
    BudgetConfig budget;
    std::size_t batch_max = 1;         ///< Contacts per call; 1: single calls only.
    std::size_t calls_per_send = 1;    ///< That a `send` usually makes; the limits are kept by it.
    std::size_t read_back_max = 0;     ///< Contacts per call of `read_back`; 0: the CRM cannot be asked.
    bool erases = false;               ///< `erase` can be asked for.
    bool tells_late_failures = false;  ///< `failed_since` is worth asking.
    std::size_t concurrency_max = 64;  ///< Calls in flight per process.
    bool adapts_to_latency = false;  ///< No limit is published: fewer calls while answers take longer than they could.
    Duration timeout = 30s;          ///< Of one call, at most.
    std::optional<OperationTerms> operations = {};  ///< Nothing: this CRM has no remote operations.
    std::size_t operation_bytes_max = 0;            ///< Of one payload of `submit`.
    BudgetConfig operation_budget = {};             ///< Of calls of `follow`.
    FieldMapping mapping;                           ///< Defaults with the user's changes applied.
};

/// A field of the CRM, as its schema lists it.
struct RemoteField {
    std::string name;
    std::string type;
    bool writable = true;
};

/// What `setup` would do or did, in words; and what it could not do.
struct SetupReport {
    std::vector<std::string> present;
    std::vector<std::string> missing;  ///< Still, at the end of the run.
    std::vector<std::string> created;
    std::vector<std::string> problems;  ///< Such as a field of another type than mapped, or a refused creation.
    int calls = 0;                      ///< That count against the CRM's limits.
};

/// Whom to look for at the CRM: by what it knows for sure first, then by address.
struct Lookup {
    std::string email;  ///< As mapped.
    std::optional<std::string> remote_id;
    std::optional<std::string> second_id;
};
struct ReadBack {
    std::vector<std::optional<RemoteContact>> contacts;  ///< As looked up, in order; nothing: the CRM has none.
    Exchange exchange;
};

/// What deleting a person at a CRM came to.
struct Erased {
    std::optional<bool> existed;  ///< Whether the CRM had it until now; nothing when it does not tell.
    Exchange exchange;
};

/// Work that the CRM acknowledged and failed to do afterwards.
struct LateFailure {
    std::string operation_id;                   ///< As published with the acknowledgement, where it told one.
    std::vector<std::string> idempotency_keys;  ///< Of the contacts it was about, as far as the CRM tells.
    Instant at{};
    std::string reason;
};
struct LateFailures {
    std::vector<LateFailure> failures;  ///< Newest first.
};

/// One CRM. Makes one attempt per call: it never sleeps, retries, stores, reads a wall clock or decides what follows.
/// Runs on one event loop; calls overlap. Cancelling the awaiting coroutine aborts the call. Errors and outcomes never
/// carry keys.
class Connector {
public:
    virtual ~Connector() = default;
    virtual const ConnectorTraits& traits() const = 0;
    /// 1 to `batch_max` contacts, all different addresses. A single call is a batch of one.
    virtual Task<SendResult> send(std::span<const MappedContact> contacts) = 0;
    /// Why no remote operation can be submitted now, after "by calls: "; "" when one can. Only for connectors that have
    /// them, as the three that follow.
    virtual std::string operation_obstacle() const { return {}; }
    /// Appends the contact to the payload of a remote operation and returns what to warn of; nothing, and the payload
    /// untouched, for a contact that needs a call of its own. Pure, but for what set-up has found.
    virtual std::optional<std::vector<std::string>> append_to_operation(std::string& payload,
                                                                        const MappedContact& contact) const;
    /// Hands the payload over: Accepted, or WholeCall when it was not. A rejection speaks of the whole.
    virtual Task<SendResult> submit(std::string payload);
    /// What became of it. Repeatable also when it has ended. An error: could not be told now.
    virtual Task<Result<OperationStatus>> follow(std::string operation_id);
    /// What the CRM holds of 1 to `read_back_max` contacts. Only for connectors that can (`read_back_max` > 0).
    virtual Task<Result<ReadBack>> read_back(std::span<const Lookup> lookups);
    /// Deletes whatever the CRM holds of a person: by what is known for sure, and by address. Repeatable. Only for
    /// connectors that can (`erases`).
    virtual Task<Result<Erased>> erase(Lookup lookup);
    /// What failed at or after `since` although it had been acknowledged; by the CRM's clock. Nothing where the CRM
    /// cannot be asked or acknowledges only what it has done.
    virtual Task<Result<LateFailures>> failed_since(Instant since);
    /// Whether the credentials work, by the CRM's cheapest call. The Ok text names the account.
    virtual Task<Result<std::string>> test() = 0;
    /// Compares the mapped fields with the CRM's schema; creates the missing ones when asked.
    virtual Task<Result<SetupReport>> setup(bool create) = 0;
    /// The body that `send` would put on the wire, as far as it is known without asking the CRM. Pure, for any thread.
    virtual std::string payload(const MappedContact& contact) const = 0;
    /// Where a person sees it in the CRM's own pages, by what a job keeps of it; nothing when that is not known (yet).
    /// For any thread.
    virtual std::optional<std::string> page_of(const Lookup& known) const;
    virtual void close() = 0;
};

/// Settings of one connector: names as in configuration (without the CRM's prefix), values as text; checked by the
/// connector's factory, which reports all problems at once.
using Settings = std::map<std::string, std::string, std::less<>>;

class TokenVault;

struct ConnectorContext {
    Executor executor;
    Clock& clock;  ///< For what is signed or expires. Outlives the connector.
    std::string default_phone_region = "US";
    http::Outbound outbound = {};
    std::optional<FieldMapping> mapping = {};  ///< Nothing: the connector's defaults.
    TokenVault* vault = nullptr;               ///< Where OAuth tokens are kept; outlives the connector. Null: nowhere.
    std::vector<http::ClientWatcher*> watchers = {};  ///< Are told of every call to the CRM; outlive the connector.

    /// The mapping to use, with the region of phone numbers.
    FieldMapping mapping_or(FieldMapping defaults) const
    {
        FieldMapping chosen = mapping.value_or(std::move(defaults));
        chosen.phone_region = default_phone_region;
        return chosen;
    }
    /// The same for CRMs that know contacts by their address, without a rule for it in whatever letters: it goes by
    /// itself.
    FieldMapping mapping_beside_address(FieldMapping defaults) const
    {
        FieldMapping chosen = mapping_or(std::move(defaults));
        std::erase_if(chosen.rules, [](const FieldRule& rule) { return lower_case(rule.target) == "email"; });
        return chosen;
    }
};

struct ConnectorEntry {
    Crm crm;
    FieldMapping (*default_mapping)();
    /// Opens nothing. The error names every setting that is wrong; what can be lived with goes to `warnings`.
    Result<std::unique_ptr<Connector>> (*create)(const Settings&, const ConnectorContext&,
                                                 std::vector<std::string>& warnings);
    /// What must be set for this connector to exist, with values that do for a preview without configuration.
    Settings stand_ins;
};

inline Task<Result<ReadBack>> Connector::read_back(std::span<const Lookup>)
{
    co_return fail(ErrorCode::invalid, "This CRM cannot be asked what it holds");
}

inline std::optional<std::vector<std::string>> Connector::append_to_operation(std::string&, const MappedContact&) const
{
    return std::nullopt;
}

inline Task<SendResult> Connector::submit(std::string)
{
    co_return SendResult{.answer = WholeCall{Rejected{.code = "no_operations", .reason = "This CRM takes no imports"}},
                         .exchange = {.calls = 0}};
}

inline Task<Result<OperationStatus>> Connector::follow(std::string)
{
    co_return fail(ErrorCode::invalid, "This CRM takes no imports");
}

inline Task<Result<Erased>> Connector::erase(Lookup)
{
    co_return fail(ErrorCode::invalid, "This CRM cannot be asked to delete a contact");
}

inline std::optional<std::string> Connector::page_of(const Lookup&) const { return std::nullopt; }

inline Task<Result<LateFailures>> Connector::failed_since(Instant) { co_return LateFailures{}; }

}  // namespace crmsync
