#pragma once

#include <gmock/gmock.h>

#include "http/server.h"
#include "tests/http/loop.h"

namespace crmsync::http::testing {

/// A server whose paths do what the tests need.
class ServerTest : public ::testing::Test {
protected:
    ServerTest() : entered_(loop_.context), release_(loop_.context) {}
    ~ServerTest() override
    {
        server_.reset();
        loop_.context.restart();
        loop_.context.run_for(std::chrono::seconds(5));
    }

    void start(ServerOptions options = {})
    {
        server_ = std::move(Server::start(
                                loop_.executor(), options,
                                [this](ServerRequest request) { return handle(std::move(request)); },
                                [](const ServerRequest& request) { return request.path == "/upload"; },
                                [this](ServerRequest, BodyReader& body) { return upload(body); })
                                .value());
    }
    Task<ServerResponse> handle(ServerRequest request)
    {
        ++handled_;
        if (request.path == "/slow") {
            entered_.set();
            co_await release_.wait();
        }
        if (request.path == "/throw") throw std::runtime_error("no");
        if (request.path == "/empty") co_return ServerResponse{.status = 204};
        if (request.path == "/reset") co_return ServerResponse{.fault = ServerResponse::Fault::reset};
        if (request.path == "/close") co_return ServerResponse{.fault = ServerResponse::Fault::close_without_answer};
        if (request.path == "/never") {
            entered_.set();
            co_return ServerResponse{.fault = ServerResponse::Fault::never_answer};
        }
        if (request.path == "/stream") {
            ServerResponse response;
            response.stream = [](BodyWriter& writer) -> Task<> {
                co_await writer.write("one");
                co_await writer.write("");
                co_await writer.write("two-and-more-than-sixteen");
            };
            co_return response;
        }
        std::string body = request.path + "|" + std::string(to_string(request.method)) + "|" + request.body;
        for (const auto& [name, value] : request.query) body += "|" + name + "=" + value;
        co_return ServerResponse{.status = 200, .headers = {{"X-Peer", request.peer}}, .body = std::move(body)};
    }
    Task<ServerResponse> upload(BodyReader& body)
    {
        std::size_t total = 0;
        for (;;) {
            auto piece = co_await body.read();
            if (!piece) co_return ServerResponse{.status = 400, .body = piece.error().message};
            if (piece->empty()) break;
            total += piece->size();
        }
        co_return ServerResponse{.status = 200, .body = std::to_string(total)};
    }
    /// Everything the server says to that text, until it closes.
    std::string say(std::string text) { return loop_.run(converse(std::move(text))); }
    Task<std::string> converse(std::string text)
    {
        RawClient client(loop_.context);
        co_await client.connect(server_->port());
        co_await client.write(std::move(text));
        co_return co_await client.read_all();
    }

    Loop loop_;
    std::unique_ptr<Server> server_;
    Signal entered_;
    Signal release_;
    int handled_ = 0;
};

}  // namespace crmsync::http::testing
