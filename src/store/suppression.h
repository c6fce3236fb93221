#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/uuid.h"
#include "domain/crm.h"

namespace crmsync {

/// An address to which nothing goes any more. The address is kept nowhere; who has it can find its entry.
struct Suppression {
    std::string hash;  ///< Of the address (see `suppression_hash`).
    Instant at{};
    std::string actor;
    std::string reason;
};
inline constexpr std::size_t suppressions_max = 1000;  ///< That a list shows at a time.
inline constexpr std::size_t suppression_reason_bytes_max = 200;

/// HMAC-SHA-256 of `address_of`, in hex. The key is this installation's: lists of two of them cannot be compared.
std::string suppression_hash(std::string_view key, std::string_view email);

/// `invalid` for an address that is empty or cannot be in a database, and for a reason that is too long or cannot.
Status check_suppressible(const std::vector<std::string>& emails, const std::string& reason);

/// What an address that is suppressed is refused with, at a CRM's door, on import and by the API.
inline constexpr std::string_view suppressed_code = "suppressed";
inline constexpr std::string_view suppressed_reason = "the address is on the suppression list";

/// People to be erased, by address or by id. Of an address all contacts go.
struct ForgetRequest {
    std::vector<Uuid> ids;
    std::vector<std::string> emails;
    std::string reason;
    std::string actor;
    Instant now{};
};

/// What was known of one address before it was erased.
struct ForgottenAddress {
    struct Remote {
        Crm crm = Crm::brevo;
        std::optional<std::string> remote_id;
        std::optional<std::string> second_id;
        bool in_flight = false;  ///< A call was under way: it may have arrived after this.
    };
    std::string email;  ///< As asked for, or as the contact had it; "" for contacts without one.
    std::size_t contacts = 0;
    std::vector<Remote> remotes;  ///< Per contact and CRM, where it had a job.
};

struct Forgotten {
    std::vector<ForgottenAddress> addresses;
    std::size_t deleted = 0;     ///< Contacts.
    std::size_t suppressed = 0;  ///< Addresses that were not on the list before.
    std::size_t not_found = 0;   ///< Ids without a contact.
};

/// Sorts what was found into the addresses it was found for.
class ForgottenBuilder {
public:
    void ask_for(const std::string& email);
    void found(const Uuid& id, const std::string& email);
    void remote(const Uuid& id, ForgottenAddress::Remote remote);
    /// Addresses in their normal form, without "".
    std::vector<std::string> addresses() const;
    std::vector<Uuid> contacts() const;
    bool has(const Uuid& id) const;
    std::vector<ForgottenAddress> take() { return std::move(entries_); }

private:
    std::size_t entry_of(const std::string& email);

    std::vector<ForgottenAddress> entries_;
    std::vector<std::pair<std::string, std::size_t>> by_address_;
    std::vector<std::pair<Uuid, std::size_t>> by_id_;
};

}  // namespace crmsync
