#include "store/sqlite/database.h"

#include <fmt/format.h>

#include <utility>

namespace crmsync::sqlite {

namespace {

ErrorCode meaning_of(int code)
{
    switch (code & 0xff) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_FULL:
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN:
        case SQLITE_READONLY:
        case SQLITE_NOMEM:
        case SQLITE_INTERRUPT:
        case SQLITE_PROTOCOL:
            return ErrorCode::unavailable;
        case SQLITE_TOOBIG:
            return ErrorCode::invalid;
        default:
            return ErrorCode::internal;
    }
}

std::string replaced(std::string text, std::string_view placeholder, std::string_view value)
{
    for (std::size_t at = 0; (at = text.find(placeholder, at)) != std::string::npos; at += value.size())
        text.replace(at, placeholder.size(), value);
    return text;
}

}  // namespace

// The message of a constraint names columns, never values; nothing personal gets into an error.
DatabaseError::DatabaseError(sqlite3* handle, int code)
    : error_{meaning_of(code), fmt::format("SQLite: {}", handle ? sqlite3_errmsg(handle) : sqlite3_errstr(code))}
{
}

bool wait_for_lock(int times)
{
    constexpr int times_max = 5000;  // A millisecond each.
    if (times >= times_max) return false;
    sqlite3_sleep(1);
    return true;
}

CrmQuery::CrmQuery(std::string_view text)
{
    for (const Crm crm : all_crms)
        queries_[index_of(crm)] = std::make_unique<const Query>(
            replaced(replaced(std::string(text), "{crm}", to_string(crm)), "{remote_id}", remote_id_column(crm)));
}

Rows::Rows(Rows&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)), owned_(other.owned_) {}

Rows::~Rows()
{
    if (owned_)
        sqlite3_finalize(statement_);
    else
        sqlite3_reset(statement_);
}

bool Rows::next()
{
    switch (const int code = sqlite3_step(statement_)) {
        case SQLITE_ROW:
            return true;
        case SQLITE_DONE:
            return false;
        default:
            throw DatabaseError(sqlite3_db_handle(statement_), code);
    }
}

std::string_view Rows::text(int column) const
{
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return bytes ? std::string_view(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)))
                 : std::string_view();
}

Uuid Rows::uuid(int column) const { return parse_uuid(text(column)).value_or(Uuid{}); }

std::optional<std::string> Rows::optional_text(int column) const
{
    if (is_null(column)) return std::nullopt;
    return std::string(text(column));
}

std::optional<Instant> Rows::optional_instant(int column) const
{
    if (is_null(column)) return std::nullopt;
    return instant(column);
}

std::optional<Uuid> Rows::optional_uuid(int column) const
{
    if (is_null(column)) return std::nullopt;
    return uuid(column);
}

Connection::Connection(const std::string& path, Mode mode)
{
    // Before SQLite's first use in the process: its memory statistics cost a lock per allocation.
    [[maybe_unused]] static const int without_statistics = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    const int flags = mode == Mode::read_only ? SQLITE_OPEN_READONLY
                      : mode == Mode::create  ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                              : SQLITE_OPEN_READWRITE;
    sqlite3* handle = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &handle, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, nullptr);
    handle_.reset(handle);
    check(code);
    sqlite3_extended_result_codes(handle, 1);
    sqlite3_busy_handler(handle, [](void*, int times) { return wait_for_lock(times) ? 1 : 0; }, nullptr);
}

void Connection::execute(const std::string& sql)
{
    check(sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr));
}

Rows Connection::open_once(const std::string& sql, const std::vector<Value>& args)
{
    Rows rows(prepare(sql, false), true);
    const Binder binder{rows.statement_, SQLITE_TRANSIENT};
    int index = 0;
    for (const Value& value : args) check(std::visit([&](const auto& it) { return binder(++index, it); }, value));
    return rows;
}

sqlite3_stmt* Connection::prepare(const std::string& sql, bool lasting)
{
    sqlite3_stmt* statement = nullptr;
    check(sqlite3_prepare_v3(handle_.get(), sql.c_str(), static_cast<int>(sql.size() + 1),
                             lasting ? SQLITE_PREPARE_PERSISTENT : 0U, &statement, nullptr));
    return statement;
}

sqlite3_stmt* Connection::prepared(const Query& query)
{
    auto& statement = statements_[&query];
    if (!statement) statement.reset(prepare(query.text(), true));
    return statement.get();
}

int Connection::Binder::operator()(int index, std::string_view text) const
{
    return sqlite3_bind_text64(statement, index, text.data() ? text.data() : "", text.size(), lifetime, SQLITE_UTF8);
}

int Connection::Binder::operator()(int index, const Uuid& id) const
{
    const std::string text = to_string(id);
    return sqlite3_bind_text64(statement, index, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

}  // namespace crmsync::sqlite
