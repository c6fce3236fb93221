#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <expected>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "store/postgres/wire.h"

namespace crmsync::postgres {

/// A statement's text under the name it is prepared, logged and looked up by. Lives as long as the program.
struct Query {
    std::string name;
    std::string sql;
};

struct Statement {
    const Query& query;
    Params params = {};
};

template <class... S>
std::vector<Statement> batch(S&&... statements)
{
    std::vector<Statement> all;
    all.reserve(sizeof...(statements));
    (all.push_back(std::forward<S>(statements)), ...);
    return all;
}

/// Why a statement failed, and whether the same transaction may be tried again.
struct Fault {
    enum class Again {
        no,
        at_once,       ///< Deadlock or serialisation failure: the transaction is rolled back.
        on_a_new_one,  ///< The connection is gone; a commit that was under way may have happened or not.
    };
    Error error;
    Again again = Again::no;
};
template <class T>
using Answer = std::expected<T, Fault>;

struct ConnectionOptions {
    std::string url;
    Duration connect_timeout = 5s;
    /// Longer than any statement may take: after this the server is taken for lost and the connection given up.
    Duration answer_timeout = 60s;
};

/// One connection to a server or pooler, driven by the event loop. Not for concurrent use; everything is awaited from
/// the loop of `executor`. Nothing is set on the session: each transaction sets what it needs for itself alone.
class Connection {
public:
    static Task<Answer<std::unique_ptr<Connection>>> open(Executor executor, ConnectionOptions options);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Sends all statements at once, followed by one Sync, and waits for all answers. Outside of an explicit
    /// transaction they are one transaction. Fails with the first statement's failure that had one; the others had no
    /// effect then.
    Task<Answer<std::vector<Rows>>> run(std::vector<Statement> statements);
    /// Runs text of several statements without parameters, outside of the pipeline. For migrations and LISTEN.
    Task<Answer<void>> execute(std::string sql);
    /// Waits for the next notification on any channel listened to.
    Task<Answer<void>> notified();
    /// Makes whatever waits on this connection return at once with a failure; the connection is lost.
    void interrupt();

    /// A pooler answers in the server's place: consecutive transactions may meet different sessions, so statements are
    /// not prepared under a name.
    bool pooled() const { return pooled_; }
    /// Of no use any more: cut off, or left in the middle of an exchange by a cancelled coroutine.
    bool lost() const { return lost_ || exchanging_; }
    bool in_transaction() const { return PQtransactionStatus(handle_.get()) != PQTRANS_IDLE; }
    int server_version() const { return PQserverVersion(handle_.get()); }

private:
    struct Finish {
        void operator()(PGconn* handle) const { PQfinish(handle); }
    };
    using Handle = std::unique_ptr<PGconn, Finish>;

    Connection(Executor executor, Handle handle, ConnectionOptions options);

    Task<Answer<void>> finish_connecting();
    Task<Answer<void>> find_pooler();
    Task<bool> ready(asio::posix::descriptor_base::wait_type what);
    Task<Answer<void>> wait(asio::posix::descriptor_base::wait_type what);
    Task<Answer<void>> flush();
    Task<Answer<PGresult*>> next_result();
    Task<Answer<std::vector<Rows>>> receive(const std::vector<Statement>& statements,
                                            const std::vector<bool>& prepares);
    bool send(const Statement& statement, bool prepare);
    void start_deadline(Duration limit);
    Fault lose();
    Fault failure_of(const PGresult* result);

    ConnectionOptions options_;
    Handle handle_;
    std::shared_ptr<asio::posix::stream_descriptor> socket_;  // Shared with the deadline, which cancels it.
    asio::steady_timer deadline_;
    std::unordered_set<std::string> prepared_;  // What the server said it has prepared.
    bool pooled_ = false;
    bool lost_ = false;
    bool exchanging_ = false;
};

}  // namespace crmsync::postgres
