// A stand-in for the CRMs that answers at once: what a bench must not measure is kept as small as it can be. It reads
// HTTP/1.1 requests off kept-alive connections and counts addresses. HubSpot's batch upserts (below /crm) and Mautic's
// batches (below /api) are answered contact by contact, with what the connectors read of an answer; every other POST
// and PUT, such as Brevo's upserts, with 204. Usage: sink [delay in ms]. Prints "port N"; ends on SIGTERM. GET /stats
// tells {"requests": calls that write, "sent": contacts in them, "contacts": different addresses, "bytes"}.
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/task_group.h"

namespace crmsync::bench {
namespace {

using asio::ip::tcp;
constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);

// What set-up accounts have, so that a connector finds nothing to create.
constexpr std::string_view brevo_attributes =
    R"({"attributes":[{"name":"FIRSTNAME","category":"normal","type":"text"},)"
    R"({"name":"LASTNAME","category":"normal","type":"text"},{"name":"SMS","category":"normal","type":"text"},)"
    R"({"name":"EMAIL_TYPE","category":"normal","type":"text"},)"
    R"({"name":"SOURCE_URL","category":"normal","type":"text"},)"
    R"({"name":"DOMAIN_ID","category":"normal","type":"text"},{"name":"PAGE_ID","category":"normal","type":"text"},)"
    R"({"name":"HAS_GMAIL","category":"normal","type":"boolean"}]})";
constexpr std::string_view hubspot_properties =
    R"({"results":[{"name":"email","type":"string","fieldType":"text"},)"
    R"({"name":"firstname","type":"string","fieldType":"text"},{"name":"lastname","type":"string","fieldType":"text"},)"
    R"({"name":"phone","type":"string","fieldType":"phonenumber"},)"
    R"({"name":"domain_id","type":"string","fieldType":"text"},{"name":"page_id","type":"string","fieldType":"text"},)"
    R"({"name":"source_url","type":"string","fieldType":"text"},)"
    R"({"name":"email_type","type":"string","fieldType":"text"},)"
    R"({"name":"crmsync_sync_date","type":"datetime","fieldType":"date"}]})";
constexpr std::string_view hubspot_account = R"({"portalId":1,"timeZone":"US/Eastern","utcOffsetMilliseconds":0})";
constexpr std::string_view mautic_fields =
    R"({"total":9,"fields":[{"alias":"email","type":"email"},{"alias":"firstname","type":"text"},)"
    R"({"alias":"lastname","type":"text"},{"alias":"phone","type":"tel"},{"alias":"email_type","type":"text"},)"
    R"({"alias":"source_url","type":"text"},{"alias":"domain_id","type":"text"},{"alias":"page_id","type":"text"},)"
    R"({"alias":"has_gmail","type":"boolean"}]})";

std::string json_answer(std::string_view body)
{
    return fmt::format("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}", body.size(),
                       body);
}

/// The objects of the first array in a JSON text, as texts.
std::vector<std::string_view> objects_in(std::string_view json)
{
    std::vector<std::string_view> objects;
    std::size_t begin = 0;
    int depth = 0;
    bool quoted = false;
    for (std::size_t i = std::min(json.find('['), json.size()); i < json.size(); ++i) {
        const char c = json[i];
        if (c == '\\') {
            ++i;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (c == '{' && !quoted && depth++ == 0) {
            begin = i;
        } else if (c == '}' && !quoted && --depth == 0) {
            objects.push_back(json.substr(begin, i + 1 - begin));
        } else if (c == ']' && !quoted && depth == 0) {
            break;
        }
    }
    return objects;
}

/// The text that follows `key`, such as "\"id\":\"", up to the next quotation mark.
std::string_view text_after(std::string_view json, std::string_view key)
{
    const auto at = json.find(key);
    if (at == std::string_view::npos) return {};
    const auto text = json.substr(at + key.size());
    return text.substr(0, text.find('"'));
}

class Sink {
public:
    Sink(asio::io_context& loop, std::chrono::milliseconds delay)
        : acceptor_(loop, {asio::ip::address_v4::loopback(), 0}), delay_(delay), connections_(loop.get_executor())
    {
    }

    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    void start() { connections_.spawn(accept()); }

private:
    Task<> accept()
    {
        for (;;) {
            auto [error, socket] = co_await acceptor_.async_accept(as_tuple);
            if (!error) connections_.spawn(serve(std::move(socket)));
        }
    }

    Task<> serve(tcp::socket socket)
    {
        socket.set_option(tcp::no_delay(true));
        asio::steady_timer timer(socket.get_executor());
        std::string buffer;
        for (;;) {
            const auto end = buffer.find("\r\n\r\n");
            if (end == std::string::npos) {
                if (!co_await more(socket, buffer)) co_return;
                continue;
            }
            const std::size_t size = end + 4 + content_length(std::string_view(buffer).substr(0, end));
            while (buffer.size() < size)
                if (!co_await more(socket, buffer)) co_return;
            const std::string answer = handle(std::string_view(buffer).substr(0, size), end + 4);
            buffer.erase(0, size);
            if (delay_.count() > 0) {
                timer.expires_after(delay_);
                co_await timer.async_wait(as_tuple);
            }
            const auto [error, written] = co_await asio::async_write(socket, asio::buffer(answer), as_tuple);
            if (error) co_return;
        }
    }

    Task<bool> more(tcp::socket& socket, std::string& buffer)
    {
        const auto had = buffer.size();
        buffer.resize(had + 8192);
        const auto [error, got] = co_await socket.async_read_some(asio::buffer(buffer.data() + had, 8192), as_tuple);
        buffer.resize(had + got);
        bytes_ += got;
        co_return !error;
    }

    static std::size_t content_length(std::string_view header)
    {
        for (const std::string_view name : {"\r\nContent-Length: ", "\r\ncontent-length: "}) {
            const auto at = header.find(name);
            if (at == std::string_view::npos) continue;
            std::size_t value = 0;
            std::from_chars(header.data() + at + name.size(), header.data() + header.size(), value);
            return value;
        }
        return 0;
    }

    std::string handle(std::string_view request, std::size_t header_size)
    {
        if (request.starts_with("GET ")) return json_answer(told(request.substr(4)));
        ++requests_;
        const auto body = request.substr(header_size);
        if (request.starts_with("POST /crm/v3/objects/contacts/batch/upsert ")) return json_answer(hubspot_batch(body));
        if (request.starts_with("POST /api/contacts/batch/new ")) return json_answer(mautic_batch(body));
        count(text_after(body, "\"email\":\""));
        return std::string(no_content);
    }

    std::string told(std::string_view path) const
    {
        if (path.starts_with("/stats"))
            return fmt::format(R"({{"requests":{},"sent":{},"contacts":{},"bytes":{}}})", requests_, sent_,
                               addresses_.size(), bytes_);
        if (path.starts_with("/crm/")) return std::string(hubspot_properties);
        if (path.starts_with("/account-info/")) return std::string(hubspot_account);
        return std::string(path.starts_with("/api/") ? mautic_fields : brevo_attributes);
    }

    std::string hubspot_batch(std::string_view body)
    {
        std::string answer = R"({"status":"COMPLETE","results":[)";
        for (const std::string_view input : objects_in(body)) {
            const auto email = text_after(input, "\"id\":\"");
            count(email);
            fmt::format_to(std::back_inserter(answer),
                           R"({}{{"id":"{}","objectWriteTraceId":"{}","new":true,"properties":{{"email":"{}"}}}})",
                           answer.back() == '[' ? "" : ",", sent_, text_after(input, "\"objectWriteTraceId\":\""),
                           email);
        }
        return answer + "]}";
    }

    std::string mautic_batch(std::string_view body)
    {
        std::string answer = R"({"contacts":[)";
        std::string codes;
        for (const std::string_view contact : objects_in(body)) {
            count(text_after(contact, "\"email\":\""));
            fmt::format_to(std::back_inserter(answer), R"({}{{"id":{},"fields":{{"all":{}}}}})",
                           answer.back() == '[' ? "" : ",", sent_, contact);
            codes += codes.empty() ? "201" : ",201";
        }
        return answer + R"(],"statusCodes":[)" + codes + "]}";
    }

    void count(std::string_view address)
    {
        ++sent_;
        addresses_.emplace(address);
    }

    tcp::acceptor acceptor_;
    std::chrono::milliseconds delay_;
    std::uint64_t requests_ = 0;
    std::uint64_t sent_ = 0;
    std::uint64_t bytes_ = 0;
    std::unordered_set<std::string> addresses_;
    TaskGroup connections_;
};

}  // namespace
}  // namespace crmsync::bench

int main(int argc, char** argv)
{
    using namespace crmsync;
    asio::io_context loop{1};
    bench::Sink sink(loop, std::chrono::milliseconds(argc > 1 ? std::atoi(argv[1]) : 0));
    sink.start();
    fmt::print("port {}\n", sink.port());
    std::fflush(stdout);
    asio::signal_set signals(loop, SIGTERM, SIGINT);
    signals.async_wait([](const boost::system::error_code&, int) { std::_Exit(0); });
    loop.run();
}
