#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/system/error_code.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "http/parser.h"

namespace crmsync::fuzz {

/// Gives a parser of HTTP the pieces, as a connection does: what is not used waits for more. The error that it ended
/// with, if any.
template <class Parser>
boost::system::error_code feed(Parser& parser, const std::vector<std::string_view>& pieces)
{
    std::string waiting;
    boost::system::error_code error;
    for (const std::string_view piece : pieces) {
        waiting += piece;
        while (!waiting.empty() && !parser.is_done()) {
            const std::size_t used = parser.put(boost::asio::const_buffer(waiting.data(), waiting.size()), error);
            waiting.erase(0, used);
            if (error == http::beast::http::error::need_more) {
                error = {};
                break;
            }
            if (error) return error;
            if (used == 0) break;
        }
    }
    return error;
}

}  // namespace crmsync::fuzz
