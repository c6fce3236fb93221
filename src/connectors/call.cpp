#include "connectors/call.h"

#include <boost/asio/this_coro.hpp>
#include <string>

namespace crmsync {

Error as_error(const Outcome& outcome)
{
    const auto error = [&](ErrorCode code) { return Error{code, std::string(reason_of(outcome))}; };
    return std::visit(Overloaded{
                          [&](const Upserted&) { return error(ErrorCode::internal); },
                          [&](const Throttled&) { return error(ErrorCode::unavailable); },
                          [&](const Transient& o) {
                              return error(o.code == "timeout"     ? ErrorCode::timeout
                                           : o.code == "cancelled" ? ErrorCode::cancelled
                                                                   : ErrorCode::unavailable);
                          },
                          [&](const Rejected&) { return error(ErrorCode::invalid); },
                          [&](const Unauthorized&) { return error(ErrorCode::denied); },
                      },
                      outcome);
}

Outcome stopped() { return Transient{.scope = Transient::Scope::contact, .code = "cancelled", .reason = "stopped"}; }

Task<bool> is_cancelled()
{
    const auto state = co_await asio::this_coro::cancellation_state;
    co_return state.cancelled() != asio::cancellation_type::none;
}

Task<std::optional<Turn::Hold>> Turn::take()
{
    while (taken_) {
        co_await freed_.async_wait(asio::as_tuple(asio::use_awaitable));
        if (co_await is_cancelled()) co_return std::nullopt;
    }
    taken_ = true;
    co_return Hold(*this);
}

}  // namespace crmsync
