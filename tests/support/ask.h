#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <stdexcept>
#include <string>
#include <utility>

#include "http/client.h"
#include "tests/support/await.h"

namespace crmsync::test {

/// One request on a connection of its own. Throws when no answer comes.
inline http::Response ask(const std::string& base_url, http::Request request)
{
    asio::io_context loop;
    auto client = http::Client::create(loop.get_executor(), base_url);
    if (!client) throw std::runtime_error(client.error().message);
    auto response = await(loop, (*client)->send(std::move(request)));
    (*client)->close();
    if (!response) throw std::runtime_error(response.error().message);
    return *std::move(response);
}

inline boost::json::value ask_json(const std::string& base_url, std::string target)
{
    return boost::json::parse(ask(base_url, {.target = std::move(target), .headers = {}, .body = {}}).body);
}

}  // namespace crmsync::test
