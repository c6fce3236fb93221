#pragma once

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/storage_ptr.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string_view>

#include "http/server.h"

namespace crmsync::simulator {

namespace json = boost::json;

/// An answer with a JSON body.
inline http::ServerResponse json_response(int status, const json::value& body)
{
    http::ServerResponse response;
    response.status = status;
    response.headers.add("Content-Type", "application/json");
    response.body = json::serialize(body);
    return response;
}

/// Nothing when the text is no JSON.
inline std::optional<json::value> read_json(std::string_view text, json::storage_ptr storage = {})
{
    boost::system::error_code error;
    auto value = json::parse(text, error, std::move(storage));
    if (error) return std::nullopt;
    return value;
}

}  // namespace crmsync::simulator
