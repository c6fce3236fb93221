#pragma once

#include <boost/json/object.hpp>
#include <functional>

#include "api/call.h"

namespace crmsync::api {

inline constexpr std::size_t forget_max = 100;  ///< Ids and addresses of one request.
inline constexpr std::size_t suppress_max = 1000;

/// How a person is deleted at one CRM, for those that can be asked.
struct RemoteErasers {
    /// Why there is none, or nothing.
    std::function<std::string(Crm)> obstacle;
    std::function<Task<Result<Erased>>(Crm, Lookup)> erase;
};

/// Erases people: here, and with `erasers` at the CRMs. What happened to whom, per address and CRM; "failed" counts
/// what has to be done again.
Task<Result<boost::json::object>> forget(Store& store, ForgetRequest request, const RemoteErasers* erasers);

/// Why a CRM cannot be asked to delete a person; "" when it can.
std::string obstacle_to_erase(const ConnectorInfo& info, Crm crm);
std::string cannot_erase(Crm crm);

boost::json::object to_json(const Suppression& entry);

Task<Reply> forget_contacts(Call call);
Task<Reply> list_suppressed(Call call);
Task<Reply> suppress(Call call);
Task<Reply> unsuppress(Call call);

}  // namespace crmsync::api
