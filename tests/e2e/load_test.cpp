// A thousand clients that read and select while everything syncs, over connections that stay open, on both databases.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/json.hpp>
#include <charconv>
#include <map>
#include <set>
#include <sstream>

#include "base/task.h"
#include "domain/crm.h"
#include "http/client.h"
#include "tests/support/ask.h"
#include "tests/support/postgres.h"
#include "tests/support/random.h"
#include "tests/support/serving.h"

namespace crmsync::test {
namespace {

namespace json = boost::json;

using asio::ip::tcp;
using testing_support::PostgresServer;

constexpr int client_count = 1000;
#ifdef NDEBUG
constexpr int contact_count = 100'000;
#else
constexpr int contact_count = 5'000;  // Where nothing is optimised.
#endif
constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);

struct Answer {
    int status = 0;
    std::string body;
};

/// One connection, for as long as it lasts. A client library would put a new one in the place of one that was reset.
class Connection {
public:
    Connection(const Executor& executor, std::string token) : socket_(executor), token_(std::move(token)) {}

    Task<boost::system::error_code> connect(const tcp::endpoint& server)
    {
        const auto [error] = co_await socket_.async_connect(server, as_tuple);
        co_return error;
    }
    /// What went wrong in place of an answer; a status of 0.
    Task<Answer> ask(std::string_view method, std::string_view target, std::string body = {})
    {
        const std::string request = fmt::format(
            "{} {} HTTP/1.1\r\nHost: crmsync\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n"
            "Content-Length: {}\r\n\r\n{}",
            method, target, token_, body.size(), body);
        if (const auto [error, n] = co_await asio::async_write(socket_, asio::buffer(request), as_tuple); error)
            co_return Answer{0, "sending: " + error.message()};
        const auto [error, header] =
            co_await asio::async_read_until(socket_, asio::dynamic_buffer(received_), "\r\n\r\n", as_tuple);
        if (error) co_return Answer{0, "receiving: " + error.message()};
        const std::size_t all = header + length_in(std::string_view(received_).substr(0, header));
        if (received_.size() < all) {
            const auto [cut, n] = co_await asio::async_read(socket_, asio::dynamic_buffer(received_),
                                                            asio::transfer_exactly(all - received_.size()), as_tuple);
            if (cut) co_return Answer{0, "receiving: " + cut.message()};
        }
        Answer answer{std::stoi(received_.substr(std::string_view("HTTP/1.1 ").size(), 3)),
                      received_.substr(header, all - header)};
        received_.erase(0, all);
        co_return answer;
    }

private:
    static std::size_t length_in(std::string_view header)
    {
        constexpr std::string_view name = "Content-Length: ";
        const auto at = header.find(name);
        std::size_t length = 0;
        if (at != std::string_view::npos)
            std::from_chars(header.data() + at + name.size(), header.data() + header.size(), length);
        return length;
    }

    tcp::socket socket_;
    std::string token_;
    std::string received_;
};

class UnderLoad : public testing::TestWithParam<std::string_view> {
protected:
    void SetUp() override
    {
        if (GetParam() == "sqlite") return;
        std::string why_not;
        PostgresServer* server = PostgresServer::instance(why_not);
        if (!server) GTEST_SKIP() << why_not;
        home_.environment["DATABASE_URL"] = server->url(server->create_database(false));
    }
    /// Simulated HubSpot, to which all goes, and simulated Mautic, for which clients select.
    void use(const json::value& simulated)
    {
        home_.environment["HUBSPOT_API_KEY"] = "pat-test-token";
        home_.environment["HUBSPOT_API_BASE_URL"] = simulated.at("hubspot").as_string();
        home_.environment["HUBSPOT_RATE_LIMIT_PER_10_SECONDS"] = "0";
        home_.environment["HUBSPOT_RATE_LIMIT_PER_DAY"] = "0";
        home_.environment["MAUTIC_BASE_URL"] = simulated.at("mautic").as_string();
        home_.environment["MAUTIC_USERNAME"] = "api";
        home_.environment["MAUTIC_PASSWORD"] = "secret-password";
    }
    /// Nothing goes to HubSpot yet.
    void fill()
    {
        std::string csv = "email,name\n";
        for (int i = 0; i < contact_count; ++i) csv += fmt::format("person{}@example{}.com,Person {}\n", i, i % 97, i);
        const Program::Ended migrated = home_.run({"migrate"});
        ASSERT_EQ(migrated.code, 0) << migrated.err;
        ASSERT_EQ(home_.run({"setup", "hubspot,mautic"}).code, 0);
        const Program::Ended imported = home_.run({"import", home_.file("people.csv", csv)});
        ASSERT_EQ(imported.code, 0) << imported.err;
        ASSERT_EQ(home_.run({"pause", "hubspot"}).code, 0);
        ASSERT_EQ(home_.run({"select", "hubspot", "--all", "--yes"}).code, 0);
    }
    void start()
    {
        server_ = serve(home_);
        const std::string& log = server_->err();
        const auto at =
            log.find("listening on http://127.0.0.1:") + std::string_view("listening on http://127.0.0.1:").size();
        std::uint16_t port = 0;
        std::from_chars(log.data() + at, log.data() + log.size(), port);
        endpoint_ = tcp::endpoint(asio::ip::address_v4::loopback(), port);
        token_ = home_.run({"token"}).out;
        token_.pop_back();
    }

    /// Asks until all are synced, and one thing at a time.
    Task<> client(int number)
    {
        Connection connection(loop_.get_executor(), token_);
        if (const auto error = co_await connection.connect(endpoint_)) note("connecting: " + error.message());
        Random random(static_cast<std::uint64_t>(number));
        for (bool first = true; first || !synced_; first = false) {
            const Answer answer = co_await ask_something(connection, random);
            server_->drain();  // Of what it logs; it would wait.
            ++answers_;
            if (answer.status != 200) note(fmt::format("{} {}", answer.status, answer.body));
            if (answer.status == 0) break;
            if (first) ++started_;
        }
        --clients_;
    }
    Task<Answer> ask_something(Connection& connection, Random& random)
    {
        const std::string& id = ids_[random.below(ids_.size())];
        const std::uint64_t what = random.below(10);
        if (what < 4)
            co_return co_await connection.ask("GET", fmt::format("/api/v3/contacts?limit=20&hubspot_sync_status={}",
                                                                 what < 2 ? "Selected" : "Complete"));
        if (what < 7) co_return co_await connection.ask("GET", "/api/v3/contacts/" + id);
        if (what < 8) co_return co_await connection.ask("GET", "/api/v3/crm/status/summary");
        if (what < 9) co_return co_await connection.ask("GET", "/api/v3/crm/health");
        selected_.insert(id);
        co_return co_await connection.ask("PUT", "/api/v3/contacts/crm/select",
                                          fmt::format(R"({{"contact_ids":["{}"],"crms":["mautic"]}})", id));
    }
    /// Lets HubSpot go once every client has had its first answer, and ends when all is done.
    Task<> conduct()
    {
        Connection connection(loop_.get_executor(), token_);
        EXPECT_FALSE(co_await connection.connect(endpoint_));
        const Answer page = co_await connection.ask("GET", "/api/v3/contacts?limit=1000");
        for (const json::value& contact : json::parse(page.body).as_array())
            ids_.emplace_back(contact.at("id").as_string());
        for (int number = 0; number < client_count; ++number)
            asio::co_spawn(loop_, client(number), [](const std::exception_ptr& error) {
                if (error) std::rethrow_exception(error);
            });
        while (started_ < client_count && clients_ == client_count)
            co_await connection.ask("GET", "/api/v3/crm/health");
        EXPECT_EQ((co_await connection.ask("POST", "/api/v3/crm/hubspot/resume")).status, 200);
        const int before = answers_;
        json::value counts;
        do {
            counts = json::parse((co_await connection.ask("GET", "/api/v3/crm/status/summary")).body);
            synced_ = synced_ || is_done(counts.at("hubspot")) || !errors_.empty();
        } while (clients_ > 0 || (!is_done(counts.at("mautic")) && errors_.empty()));
        EXPECT_GT(answers_ - before, client_count);
        summary_ = counts;
    }
    static bool is_done(const json::value& counts)
    {
        return counts.at("selected") == 0 && counts.at("queued") == 0 && counts.at("processing") == 0;
    }
    void note(const std::string& error)
    {
        if (errors_.size() < 20) ++errors_[error];
    }
    std::int64_t completed(std::string_view crm) const
    {
        return summary_.at(crm).at("complete").to_number<std::int64_t>();
    }

    Home home_;
    asio::io_context loop_{1};
    std::unique_ptr<Program> server_;
    tcp::endpoint endpoint_;
    std::string token_;
    std::vector<std::string> ids_;  ///< Those that clients look at and select.
    std::set<std::string> selected_;
    std::map<std::string, int> errors_;
    int started_ = 0;  ///< Clients that had an answer.
    int clients_ = client_count;
    int answers_ = 0;
    bool synced_ = false;
    json::value summary_;
};

/// Programs that are started meanwhile may open as few files as a shell lets them.
class FewFiles {
public:
    FewFiles()
    {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const rlimit few{256, before_.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &few);
    }
    ~FewFiles()
    {
        before_.rlim_cur = before_.rlim_max;  // Our own ends of the connections.
        ::setrlimit(RLIMIT_NOFILE, &before_);
    }
    FewFiles(const FewFiles&) = delete;
    FewFiles& operator=(const FewFiles&) = delete;

private:
    rlimit before_{};
};

/// Who is not accepted would wait for ever.
class Patience {
public:
    explicit Patience(asio::io_context& loop) : timer_(loop, std::chrono::minutes(4))
    {
        timer_.async_wait([](const boost::system::error_code& cancelled) {
            if (!cancelled) throw std::runtime_error("a client waits for an answer");
        });
    }

private:
    asio::steady_timer timer_;
};

/// Warnings and errors, but for those about CRMs that are not used.
std::vector<std::string> complaints_in(const std::string& log)
{
    std::vector<std::string> found;
    std::istringstream lines(log);
    for (std::string line; std::getline(lines, line);)
        if (!line.contains(R"("level":"info")") && !line.contains(" is off: ")) found.push_back(line);
    return found;
}

TEST_P(UnderLoad, AThousandClientsAndASyncDoNotDisturbEachOther)
{
    Program simulator(built_program(), {"simulate", "--port", "0", "--unlimited", "--json"}, home_.environment);
    ASSERT_TRUE(simulator.wait_for("}\n"));
    const json::value simulated = json::parse(simulator.out());
    use(simulated);
    ASSERT_NO_FATAL_FAILURE(fill());
    {
        const FewFiles few;
        start();
    }
    const Patience patience(loop_);
    await(loop_, conduct());
    EXPECT_THAT(errors_, testing::IsEmpty());

    EXPECT_EQ(completed("hubspot"), contact_count);
    EXPECT_EQ(completed("mautic"), std::ssize(selected_));
    const json::value at_crms = ask_json(std::string(simulated.at("control").as_string()), "/state");
    EXPECT_EQ(at_crms.at("hubspot").at("contacts").to_number<int>(), contact_count);
    EXPECT_EQ(at_crms.at("mautic").at("contacts").to_number<int>(), std::ssize(selected_));
    EXPECT_THAT(complaints_in(stop(*server_, "pat-test-token").err), testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Databases, UnderLoad, testing::Values("sqlite", "postgresql"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace crmsync::test
