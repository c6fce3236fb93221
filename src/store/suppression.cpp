#include "store/suppression.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "domain/contact.h"
#include "domain/normalise.h"

namespace crmsync {

std::string suppression_hash(std::string_view key, std::string_view email)
{
    return to_hex(hmac_sha256(key, address_of(email)));
}

Status check_suppressible(const std::vector<std::string>& emails, const std::string& reason)
{
    const auto storable = [](const std::string& text) { return is_utf8(text) && !text.contains('\0'); };
    for (const std::string& email : emails)
        if (address_of(email).empty() || !storable(email))
            return fail(ErrorCode::invalid, "holds a text that is no address", "emails");
    if (reason.size() > suppression_reason_bytes_max || !storable(reason))
        return fail(ErrorCode::invalid, fmt::format("must be a text of at most {} bytes", suppression_reason_bytes_max),
                    "reason");
    return {};
}

std::size_t ForgottenBuilder::entry_of(const std::string& email)
{
    const std::string address = address_of(email);
    const auto known = std::ranges::find(by_address_, address, &decltype(by_address_)::value_type::first);
    if (known != by_address_.end()) return known->second;
    by_address_.emplace_back(address, entries_.size());
    entries_.push_back({.email = email, .contacts = 0, .remotes = {}});
    return entries_.size() - 1;
}

void ForgottenBuilder::ask_for(const std::string& email) { entry_of(email); }

void ForgottenBuilder::found(const Uuid& id, const std::string& email)
{
    if (has(id)) return;
    const std::size_t entry = entry_of(email);
    by_id_.emplace_back(id, entry);
    ++entries_[entry].contacts;
}

void ForgottenBuilder::remote(const Uuid& id, ForgottenAddress::Remote remote)
{
    const auto known = std::ranges::find(by_id_, id, &decltype(by_id_)::value_type::first);
    if (known != by_id_.end()) entries_[known->second].remotes.push_back(std::move(remote));
}

std::vector<std::string> ForgottenBuilder::addresses() const
{
    std::vector<std::string> addresses;
    for (const auto& [address, entry] : by_address_)
        if (!address.empty()) addresses.push_back(address);
    return addresses;
}

std::vector<Uuid> ForgottenBuilder::contacts() const
{
    std::vector<Uuid> ids;
    for (const auto& [id, entry] : by_id_) ids.push_back(id);
    std::ranges::sort(ids);
    return ids;
}

bool ForgottenBuilder::has(const Uuid& id) const
{
    return std::ranges::find(by_id_, id, &decltype(by_id_)::value_type::first) != by_id_.end();
}

}  // namespace crmsync
