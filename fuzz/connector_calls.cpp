#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <memory>

#include "connectors/registry.h"
#include "domain/normalise.h"
#include "fuzz/support/support.h"
#include "http/socket.h"

// Whole calls of the connectors over a socket, with whatever answers, those of token servers too. First line: the CRM
// and what is asked of its connector; then the answers, each behind a line "----": a status, header fields and a body,
// or, where it begins with "HTTP/", the very bytes, after which the server hangs up.

namespace crmsync::fuzz {

namespace {

constexpr int requests_max = 60;

/// A server with answers for so many requests; to more it answers 500.
class AnsweringServer {
public:
    explicit AnsweringServer(asio::io_context& context)
        : context_(context), acceptor_(context.get_executor(), http::Tcp::endpoint(asio::ip::address_v4::loopback(), 0))
    {
    }

    std::string url() const { return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }
    int requests() const { return requests_; }
    bool acknowledged() const { return acknowledged_; }

    /// Forgets the former input.
    void play(std::string_view answers)
    {
        answers_ = answers;
        requests_ = 0;
        acknowledged_ = false;
        if (std::exchange(accepting_, true)) return;
        asio::co_spawn(context_, accept(), [](const std::exception_ptr&) {});
    }

private:
    Task<> accept()
    {
        for (;;) {
            auto [error, socket] = co_await acceptor_.async_accept(http::as_result);
            if (error) continue;
            asio::co_spawn(context_, serve(std::make_shared<http::Socket>(std::move(socket))),
                           [](const std::exception_ptr&) {});
        }
    }

    Task<> serve(std::shared_ptr<http::Socket> socket)
    {
        std::string received;
        while (co_await read_request(*socket, received)) {
            bool hang_up = false;
            const std::string answer = next_answer(hang_up);
            const auto [error, size] = co_await asio::async_write(*socket, asio::buffer(answer), http::as_result);
            if (error || hang_up) break;
        }
        // A connection that is reset leaves no port behind that waits.
        boost::system::error_code ignored;
        socket->shutdown(http::Socket::shutdown_send, ignored);
        std::array<char, 512> rest{};
        while (!std::get<0>(co_await socket->async_read_some(asio::buffer(rest), http::as_result))) {
        }
        socket->set_option(asio::socket_base::linger(true, 0), ignored);
        socket->close(ignored);
    }

    static Task<bool> read_request(http::Socket& socket, std::string& received)
    {
        const auto [error, head] =
            co_await asio::async_read_until(socket, asio::dynamic_buffer(received), "\r\n\r\n", http::as_result);
        if (error) co_return false;
        std::string small = lower_case(clean_text(received.substr(0, head)).text);
        const auto at = small.find("content-length: ");
        const std::size_t length = at == std::string::npos ? 0 : std::stoul(small.substr(at + 16));
        if (received.size() < head + length) {
            const auto [cut, more] =
                co_await asio::async_read(socket, asio::dynamic_buffer(received),
                                          asio::transfer_exactly(head + length - received.size()), http::as_result);
            if (cut) co_return false;
        }
        received.erase(0, head + length);
        co_return true;
    }

    std::string next_answer(bool& hang_up)
    {
        require(++requests_ <= requests_max, "a connector gives up in the end");
        if (answers_.empty()) return "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n";
        std::string_view text = take_part(answers_, "----");
        hang_up = text.starts_with("HTTP/");
        acknowledged_ = acknowledged_ || hang_up;
        if (hang_up) return std::string(text);
        const http::Response answer = answer_of(text);
        acknowledged_ = acknowledged_ || (answer.status >= 200 && answer.status <= 299);
        std::string out = "HTTP/1.1 " + std::to_string(answer.status) + " So\r\n";
        for (const auto& [name, value] : answer.headers)
            if (!name.empty() && !http::same_name(name, "content-length") &&
                !http::same_name(name, "transfer-encoding") && !http::same_name(name, "connection"))
                out += name + ": " + value + "\r\n";
        const bool bare = answer.status < 200 || answer.status == 204 || answer.status == 304;
        if (answer.status < 200) hang_up = true;
        if (bare) return out + "\r\n";
        return out + "Content-Length: " + std::to_string(answer.body.size()) + "\r\n\r\n" + answer.body;
    }

    asio::io_context& context_;
    asio::basic_socket_acceptor<http::Tcp, http::LoopExecutor> acceptor_;
    std::string_view answers_;
    int requests_ = 0;
    bool acknowledged_ = false;
    bool accepting_ = false;
};

Settings settings_of(Crm crm, const std::string& url)
{
    const std::string key(canary_key);
    switch (crm) {
        case Crm::brevo:
            return {{"API_KEY", key}, {"API_BASE_URL", url}, {"LIST_ID", "7"}};
        case Crm::hubspot:
            return {{"CLIENT_ID", "client"},
                    {"CLIENT_SECRET", key},
                    {"REFRESH_TOKEN", key + "-refresh"},
                    {"API_BASE_URL", url},
                    {"LIST_ID", "7"}};
        case Crm::mautic:
            return {{"BASE_URL", url}, {"CLIENT_ID", "client"}, {"CLIENT_SECRET", key}, {"SEGMENT_ID", "7"}};
        case Crm::n8n:
            return {{"WEBHOOK_URL", url + "/webhook/contacts"},
                    {"WEBHOOK_SECRET", key},
                    {"API_KEY", key},
                    {"BATCH_SIZE", "2"}};
    }
    __builtin_unreachable();
}

void check_sent(const SendResult& sent, std::size_t count, bool acknowledged)
{
    if (const auto* whole = std::get_if<WholeCall>(&sent.answer)) check_outcome(whole->outcome);
    const auto* items = std::get_if<PerItem>(&sent.answer);
    if (!items) return;
    require(items->outcomes.size() == count, "every contact has an outcome");
    for (const Outcome& outcome : items->outcomes) {
        check_outcome(outcome);
        require(acknowledged || !std::holds_alternative<Upserted>(outcome), "only a success acknowledges");
    }
}

template <class T>
void check_error(const Result<T>& result)
{
    if (!result) check_words(result.error().message);
}

Task<> ask(Connector& connector, std::string_view what, AnsweringServer& server)
{
    const auto sent = contacts(connector.traits().batch_max > 1 ? 2 : 1);
    if (what == "send") {
        check_sent(co_await connector.send(sent), sent.size(), server.acknowledged());
        check_sent(co_await connector.send(sent), sent.size(), server.acknowledged());
    } else if (what == "setup") {
        check_error(co_await connector.setup(true));
    } else if (what == "read" && connector.traits().read_back_max > 0) {
        const Lookup lookup{.email = sent.front().email, .remote_id = "12", .second_id = "12"};
        const auto back = co_await connector.read_back(std::span(&lookup, 1));
        check_error(back);
        if (back) require(back->contacts.size() == 1, "every contact is told of");
    } else if (what == "import" && connector.traits().operations) {
        check_error(co_await connector.setup(false));
        if (connector.operation_obstacle().empty())
            check_sent(co_await connector.submit("{\"email\":\"a@example.com\"}"), 1, server.acknowledged());
    } else if (what == "follow" && connector.traits().operations) {
        check_error(co_await connector.follow("12"));
    } else if (what == "failed") {
        check_error(co_await connector.failed_since(Instant{std::chrono::seconds{1'700'000'000}}));
    } else {
        check_error(co_await connector.test());
    }
}

}  // namespace

void try_input(std::string_view input)
{
    static Loop& loop = *new Loop;
    static AnsweringServer& server = *new AnsweringServer(loop.context);
    static ManualClock& clock = *new ManualClock(Instant{std::chrono::seconds{1'800'000'000}});
    std::string_view what = take_line(input);
    const auto crm = parse_crm(what.substr(0, what.find(' ')));
    what.remove_prefix(std::min(what.find(' ') + 1, what.size()));
    if (!crm) return;
    (void)take_part(input, "----");
    server.play(input);
    std::vector<std::string> warnings;
    const ConnectorContext context{.executor = loop.executor(), .clock = clock};
    auto connector = find_connector(*crm)->create(settings_of(*crm, server.url()), context, warnings);
    require(connector.has_value(), "a connector can be made", connector ? "" : connector.error().message);
    loop.run(ask(**connector, what, server));
    (*connector)->close();
    loop.context.poll();
}

}  // namespace crmsync::fuzz
