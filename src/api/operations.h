#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>

#include "api/call.h"
#include "api/input.h"
#include "store/operation.h"

namespace crmsync::api {

/// As people and programs see it, here and in the event stream.
boost::json::object to_json(const Operation& operation);

/// Does what a call asks of all contacts that its filter meets: 200 and the result when that takes two seconds at most,
/// else 202 and where to look. 409, telling the number, when it meets more contacts than `expected_count`, or, without
/// one, than may be met unasked.
Task<Reply> operate(const Call& call, OperationWork work, std::optional<std::int64_t> expected_count);
/// The field of a request that confirms its size.
std::optional<std::int64_t> read_expected_count(Input& input);
/// 202: it goes on.
http::ServerResponse accepted(boost::json::object body, const Uuid& operation_id);

Task<Reply> list_operations(Call call);
Task<Reply> read_operation(Call call);
Task<Reply> cancel_operation(Call call);

}  // namespace crmsync::api
