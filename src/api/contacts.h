#pragma once

#include <boost/json/object.hpp>

#include "api/call.h"

namespace crmsync::api {

inline constexpr std::size_t contact_ids_max = 10'000;

/// What the calls for curation answer.
boost::json::object curation_result(std::size_t updated, CurationStatus status);

Task<Reply> list_contacts(Call call);
Task<Reply> create_contact(Call call);
Task<Reply> read_contact(Call call);
Task<Reply> update_contact(Call call);
Task<Reply> delete_contact(Call call);
Task<Reply> set_status(Call call);
Task<Reply> set_status_filtered(Call call);

}  // namespace crmsync::api
