#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "http/server.h"

namespace crmsync::test {

/// A real HTTP server whose answers a test decides, one function for all requests; it keeps what it was asked.
class ScriptedServer {
public:
    explicit ScriptedServer(asio::io_context& loop)
    {
        auto started = http::Server::start(loop.get_executor(), {}, [this](http::ServerRequest request) {
            requests.push_back(request);
            return reply(script(request));
        });
        if (!started) throw std::runtime_error(started.error().message);
        server_ = std::move(*started);
    }

    std::string url() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }

    /// "POST /contacts" for each request, in order.
    std::vector<std::string> lines() const
    {
        std::vector<std::string> out;
        for (const auto& request : requests) out.push_back(std::string(to_string(request.method)) + " " + request.path);
        return out;
    }

    std::function<http::ServerResponse(const http::ServerRequest&)> script;
    std::vector<http::ServerRequest> requests;

private:
    static Task<http::ServerResponse> reply(http::ServerResponse response) { co_return response; }

    std::unique_ptr<http::Server> server_;
};

}  // namespace crmsync::test
