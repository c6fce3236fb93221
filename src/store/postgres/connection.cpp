#include "store/postgres/connection.h"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>

namespace crmsync::postgres {

namespace {

using Wait = asio::posix::descriptor_base::wait_type;
constexpr auto readable = asio::posix::descriptor_base::wait_read;
constexpr auto writable = asio::posix::descriptor_base::wait_write;
constexpr int binary = 1;

bool has_class(std::string_view sqlstate, std::string_view prefix) { return sqlstate.starts_with(prefix); }

/// What a server's SQLSTATE means to a caller.
ErrorCode code_of(std::string_view sqlstate)
{
    if (sqlstate == "23505") return ErrorCode::conflict;
    if (has_class(sqlstate, "22") || has_class(sqlstate, "23")) return ErrorCode::invalid;
    if (has_class(sqlstate, "28") || sqlstate == "42501" || sqlstate == "25006") return ErrorCode::denied;
    if (has_class(sqlstate, "08") || has_class(sqlstate, "40") || has_class(sqlstate, "53") ||
        has_class(sqlstate, "55") || has_class(sqlstate, "57") || has_class(sqlstate, "58"))
        return ErrorCode::unavailable;
    return ErrorCode::internal;
}

std::string field_of(const PGresult* result, int field)
{
    const char* text = PQresultErrorField(result, field);
    return text ? text : "";
}

std::string one_line(std::string_view text)
{
    std::string out(text.substr(0, text.find_last_not_of(" \n\r\t") + 1));
    for (char& c : out)
        if (c == '\n' || c == '\t') c = ' ';
    return out;
}

}  // namespace

Connection::Connection(Executor executor, Handle handle, ConnectionOptions options)
    : options_(std::move(options)),
      handle_(std::move(handle)),
      socket_(std::make_shared<asio::posix::stream_descriptor>(executor)),
      deadline_(executor)
{
}

Connection::~Connection()
{
    // libpq closes the descriptor; Asio must have let go of it before.
    if (socket_->is_open()) socket_->release();
}

Task<Answer<std::unique_ptr<Connection>>> Connection::open(Executor executor, ConnectionOptions options)
{
    // The name is looked up here, blocking, where the URL has a name and no address: libpq knows no other way.
    const std::array keywords{"dbname",          "fallback_application_name", "client_encoding",
                              "keepalives_idle", "tcp_user_timeout",          static_cast<const char*>(nullptr)};
    const std::array values{options.url.c_str(), "crmsync", "UTF8", "10", "15000", static_cast<const char*>(nullptr)};
    Handle handle(PQconnectStartParams(keywords.data(), values.data(), 1));
    if (!handle) throw std::bad_alloc();
    PQsetNoticeProcessor(handle.get(), [](void*, const char*) {}, nullptr);  // Not to standard error.
    std::unique_ptr<Connection> connection(new Connection(executor, std::move(handle), std::move(options)));
    if (auto connected = co_await connection->finish_connecting(); !connected)
        co_return std::unexpected(connected.error());
    if (auto found = co_await connection->find_pooler(); !found) co_return std::unexpected(found.error());
    co_return connection;
}

Task<Answer<void>> Connection::finish_connecting()
{
    if (PQstatus(handle_.get()) == CONNECTION_BAD) co_return std::unexpected(lose());
    start_deadline(options_.connect_timeout);
    auto next = PGRES_POLLING_WRITING;
    while (next == PGRES_POLLING_WRITING || next == PGRES_POLLING_READING) {
        socket_->assign(PQsocket(handle_.get()));
        const auto waited = co_await wait(next == PGRES_POLLING_WRITING ? writable : readable);
        socket_->release();  // Each step may close the socket and open another.
        if (!waited) co_return waited;
        next = PQconnectPoll(handle_.get());
    }
    deadline_.cancel();
    if (next != PGRES_POLLING_OK || PQsetnonblocking(handle_.get(), 1) != 0) co_return std::unexpected(lose());
    socket_->assign(PQsocket(handle_.get()));
    co_return Answer<void>{};
}

/// A pooler makes up the process number it tells at connection; the server's own differs.
Task<Answer<void>> Connection::find_pooler()
{
    static const Query backend{"", "SELECT pg_backend_pid()"};
    pooled_ = true;
    std::vector<Statement> statements;
    statements.push_back({backend});
    const auto rows = co_await run(std::move(statements));
    if (!rows) co_return std::unexpected(rows.error());
    pooled_ = rows->front().get<int>(0, 0) != PQbackendPID(handle_.get());
    co_return Answer<void>{};
}

Task<Answer<std::vector<Rows>>> Connection::run(std::vector<Statement> statements)
{
    if (lost()) co_return std::unexpected(lose());
    exchanging_ = true;
    start_deadline(options_.answer_timeout);
    std::vector<bool> prepares;
    std::unordered_set<std::string_view> preparing;
    bool sent = PQpipelineStatus(handle_.get()) != PQ_PIPELINE_OFF || PQenterPipelineMode(handle_.get()) == 1;
    for (const Statement& statement : statements) {
        prepares.push_back(!pooled_ && !statement.query.name.empty() && !prepared_.contains(statement.query.name) &&
                           preparing.insert(statement.query.name).second);
        sent = sent && send(statement, prepares.back());
    }
    if (!sent || PQpipelineSync(handle_.get()) != 1) co_return std::unexpected(lose());
    if (const auto flushed = co_await flush(); !flushed) co_return std::unexpected(flushed.error());
    auto rows = co_await receive(statements, prepares);
    deadline_.cancel();
    exchanging_ = false;
    co_return rows;
}

bool Connection::send(const Statement& statement, bool prepare)
{
    const Query& query = statement.query;
    const Params& params = statement.params;
    const auto count = static_cast<std::size_t>(params.size());
    if (prepare &&
        PQsendPrepare(handle_.get(), query.name.c_str(), query.sql.c_str(), params.size(), params.types().data()) != 1)
        return false;
    std::vector<const char*> values(count);
    std::vector<int> lengths(count);
    const std::vector<int> formats(count, binary);
    for (std::size_t i = 0; i < count; ++i) {
        const auto& value = params.values()[i];
        values[i] = value ? value->data() : nullptr;
        lengths[i] = value ? static_cast<int>(value->size()) : 0;
    }
    if (pooled_ || query.name.empty())
        return PQsendQueryParams(handle_.get(), query.sql.c_str(), params.size(), params.types().data(), values.data(),
                                 lengths.data(), formats.data(), binary) == 1;
    return PQsendQueryPrepared(handle_.get(), query.name.c_str(), params.size(), values.data(), lengths.data(),
                               formats.data(), binary) == 1;
}

Task<Answer<std::vector<Rows>>> Connection::receive(const std::vector<Statement>& statements,
                                                    const std::vector<bool>& prepares)
{
    std::vector<Rows> answers;
    std::optional<Fault> failed;
    for (std::size_t i = 0; i < statements.size(); ++i) {
        // Each answer is a result and an empty one; a statement prepared on the way has two answers.
        for (int left = prepares[i] ? 2 : 1; left > 0; --left) {
            const auto result = co_await next_result();
            if (!result) co_return std::unexpected(result.error());
            Rows rows(*result);
            const auto status = PQresultStatus(*result);
            const bool succeeded = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
            // What was prepared stays so when a later statement fails and the transaction is undone.
            if (left == 2 && succeeded) prepared_.insert(statements[i].query.name);
            if (!succeeded && !failed) failed = failure_of(*result);
            if (lost_) co_return std::unexpected(*failed);
            if (const auto end = co_await next_result(); !end) co_return std::unexpected(end.error());
            if (left == 1) answers.push_back(std::move(rows));
        }
    }
    const auto sync = co_await next_result();
    if (!sync) co_return std::unexpected(sync.error());
    const Rows last(*sync);
    if (PQresultStatus(*sync) != PGRES_PIPELINE_SYNC) {
        // A deferred failure at commit answers in the Sync's place.
        if (!failed) failed = failure_of(*sync);
        lose();
    }
    if (failed) co_return std::unexpected(*failed);
    co_return answers;
}

Task<Answer<void>> Connection::execute(std::string sql)
{
    if (lost()) co_return std::unexpected(lose());
    exchanging_ = true;
    start_deadline(options_.answer_timeout);
    if ((PQpipelineStatus(handle_.get()) == PQ_PIPELINE_ON && PQexitPipelineMode(handle_.get()) != 1) ||
        PQsendQuery(handle_.get(), sql.c_str()) != 1)
        co_return std::unexpected(lose());
    if (auto flushed = co_await flush(); !flushed) co_return flushed;
    std::optional<Fault> failed;
    for (;;) {
        const auto result = co_await next_result();
        if (!result) co_return std::unexpected(result.error());
        if (*result == nullptr) break;
        const Rows rows(*result);
        const auto status = PQresultStatus(*result);
        if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && !failed) failed = failure_of(*result);
        if (lost_) co_return std::unexpected(*failed);
    }
    deadline_.cancel();
    exchanging_ = false;
    if (failed) co_return std::unexpected(*failed);
    co_return Answer<void>{};
}

Task<Answer<void>> Connection::notified()
{
    for (;;) {
        bool any = false;
        while (PGnotify* notification = PQnotifies(handle_.get())) {
            PQfreemem(notification);
            any = true;
        }
        if (any) co_return Answer<void>{};
        if (auto waited = co_await wait(readable); !waited) co_return waited;
        if (PQconsumeInput(handle_.get()) != 1) co_return std::unexpected(lose());
    }
}

void Connection::interrupt()
{
    lost_ = true;
    socket_->cancel();
}

Task<bool> Connection::ready(Wait what)
{
    boost::system::error_code error;
    co_await socket_->async_wait(what, asio::redirect_error(asio::use_awaitable, error));
    co_return !error && !lost_;
}

Task<Answer<void>> Connection::wait(Wait what)
{
    if (!co_await ready(what)) co_return std::unexpected(lose());
    co_return Answer<void>{};
}

Task<Answer<void>> Connection::flush()
{
    using asio::experimental::awaitable_operators::operator||;
    for (;;) {
        const int left = PQflush(handle_.get());
        if (left < 0) co_return std::unexpected(lose());
        if (left == 0) co_return Answer<void>{};
        // The server may stop reading until its answers are read. The wait that comes second is cancelled.
        const auto first = co_await (ready(writable) || ready(readable));
        const bool ok = std::visit([](bool waited) { return waited; }, first);
        if (!ok) co_return std::unexpected(lose());
        if (first.index() == 1 && PQconsumeInput(handle_.get()) != 1) co_return std::unexpected(lose());
    }
}

Task<Answer<PGresult*>> Connection::next_result()
{
    while (PQisBusy(handle_.get()) == 1) {
        if (auto waited = co_await wait(readable); !waited) co_return std::unexpected(waited.error());
        if (PQconsumeInput(handle_.get()) != 1) co_return std::unexpected(lose());
    }
    co_return PQgetResult(handle_.get());
}

void Connection::start_deadline(Duration limit)
{
    deadline_.expires_after(limit);
    deadline_.async_wait([socket = std::weak_ptr(socket_)](boost::system::error_code error) {
        if (const auto open = socket.lock(); open && !error) open->cancel();
    });
}

Fault Connection::lose()
{
    lost_ = true;
    const std::string said = one_line(PQerrorMessage(handle_.get()));
    return {{ErrorCode::unavailable, "PostgreSQL: " + (said.empty() ? std::string("connection lost") : said)},
            Fault::Again::on_a_new_one};
}

Fault Connection::failure_of(const PGresult* result)
{
    const std::string state = field_of(result, PG_DIAG_SQLSTATE);
    // The schema changed, or the session is not the one the statements were prepared in.
    const bool session_is_stale = state == "0A000" || state == "26000" || state == "42P05";
    if (state.empty() || has_class(state, "08") || has_class(state, "57P") || session_is_stale ||
        PQstatus(handle_.get()) == CONNECTION_BAD) {
        Fault failure = lose();
        if (!state.empty()) failure.error.message = "PostgreSQL: " + field_of(result, PG_DIAG_MESSAGE_PRIMARY);
        return failure;
    }
    const auto again = state == "40001" || state == "40P01" ? Fault::Again::at_once : Fault::Again::no;
    return {{code_of(state), "PostgreSQL: " + field_of(result, PG_DIAG_MESSAGE_PRIMARY) + " (" + state + ")",
             field_of(result, PG_DIAG_COLUMN_NAME)},
            again};
}

}  // namespace crmsync::postgres
