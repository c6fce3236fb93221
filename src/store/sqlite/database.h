#pragma once

#include <sqlite3.h>

#include <array>
#include <concepts>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/uuid.h"
#include "domain/crm.h"

// The C API of SQLite with owners. Nothing of the product is known here.
namespace crmsync::sqlite {

/// What SQLite said, thrown by all of this header. It never leaves src/store/sqlite: work on a connection runs inside
/// `WorkQueue`, which rolls the work back and makes this an Error.
class DatabaseError : public std::exception {
public:
    DatabaseError(sqlite3* handle, int code);
    explicit DatabaseError(Error error) : error_(std::move(error)) {}
    const char* what() const noexcept override { return error_.message.c_str(); }
    const Error& error() const { return error_; }

private:
    Error error_;
};

/// Waits a moment for a lock that others hold: SQLite's busy handler, in short steps, so that a lock is taken soon
/// after it is free. `times` that it waited before; false when that is enough.
bool wait_for_lock(int times);

/// A statement that is prepared once per connection. Only ever a constant: connections remember it by address.
class Query {
public:
    explicit Query(std::string text) : text_(std::move(text)) {}
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;
    const std::string& text() const { return text_; }

private:
    std::string text_;
};

/// The same statement for each CRM: "{crm}" stands for its name and "{remote_id}" for its column of that meaning.
class CrmQuery {
public:
    explicit CrmQuery(std::string_view text);
    const Query& operator[](Crm crm) const { return *queries_[index_of(crm)]; }

private:
    std::array<std::unique_ptr<const Query>, all_crms.size()> queries_;
};

/// A parameter whose type is known at run time only.
using Value = std::variant<std::int64_t, std::string>;

/// The rows of a running statement, which is free for its next use when this goes. Columns count from 0.
class Rows {
public:
    ~Rows();
    Rows(Rows&& other) noexcept;
    Rows(const Rows&) = delete;
    Rows& operator=(const Rows&) = delete;

    /// Moves to the next row; false at the end.
    bool next();

    bool is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
    std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
    /// Valid until the next row.
    std::string_view text(int column) const;
    /// Of a time held in microseconds.
    Instant instant(int column) const { return Instant{Duration{integer(column)}}; }
    Uuid uuid(int column) const;
    std::optional<std::string> optional_text(int column) const;
    std::optional<Instant> optional_instant(int column) const;
    std::optional<Uuid> optional_uuid(int column) const;

private:
    friend class Connection;
    Rows(sqlite3_stmt* statement, bool owned) : statement_(statement), owned_(owned) {}

    sqlite3_stmt* statement_;
    bool owned_;
};

/// One connection with its prepared statements. One thread at a time.
class Connection {
public:
    enum class Mode { read_write, create, read_only };
    /// `path` as SQLite takes it, also a "file:" URI.
    Connection(const std::string& path, Mode mode);
    Connection(Connection&&) noexcept = default;
    Connection& operator=(Connection&&) noexcept = default;

    /// Statements without parameters or results.
    void execute(const std::string& sql);

    /// Runs to the end; how many rows changed. Arguments: integers, text, Uuid, Instant (microseconds), optionals.
    template <class... Args>
    std::int64_t run(const Query& query, const Args&... args)
    {
        Rows rows = bound(prepared(query), false, SQLITE_STATIC, args...);
        while (rows.next()) {
        }
        return sqlite3_changes64(handle_.get());
    }
    template <class... Args>
    Rows open(const Query& query, const Args&... args)
    {
        return bound(prepared(query), false, SQLITE_TRANSIENT, args...);
    }
    /// For text that is put together at run time; not remembered.
    Rows open_once(const std::string& sql, const std::vector<Value>& args);
    /// The single number a query yields; 0 without a row.
    template <class... Args>
    std::int64_t number(const Query& query, const Args&... args)
    {
        Rows rows = open(query, args...);
        return rows.next() ? rows.integer(0) : 0;
    }

    sqlite3* handle() const { return handle_.get(); }
    std::int64_t total_changes() const { return sqlite3_total_changes64(handle_.get()); }
    bool in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }

private:
    struct Close {
        void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
    };
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
    };

    sqlite3_stmt* prepare(const std::string& sql, bool lasting);
    sqlite3_stmt* prepared(const Query& query);

    /// `lifetime`: SQLITE_STATIC when the arguments outlive the rows, else SQLITE_TRANSIENT.
    template <class... Args>
    Rows bound(sqlite3_stmt* statement, bool owned, sqlite3_destructor_type lifetime, const Args&... args)
    {
        Rows rows(statement, owned);
        const Binder binder{statement, lifetime};
        int index = 0;
        (check(binder(++index, args)), ...);
        return rows;
    }
    void check(int code)
    {
        if (code != SQLITE_OK) throw DatabaseError(handle_.get(), code);
    }

    /// Binds one parameter.
    struct Binder {
        sqlite3_stmt* statement;
        sqlite3_destructor_type lifetime;

        int operator()(int index, std::integral auto value) const
        {
            return sqlite3_bind_int64(statement, index, static_cast<std::int64_t>(value));
        }
        int operator()(int index, std::string_view text) const;
        int operator()(int index, const char* text) const { return (*this)(index, std::string_view(text)); }
        int operator()(int index, const Uuid& id) const;
        int operator()(int index, Instant at) const { return (*this)(index, at.time_since_epoch().count()); }
        int operator()(int index, std::nullopt_t) const { return sqlite3_bind_null(statement, index); }
        template <class T>
        int operator()(int index, const std::optional<T>& value) const
        {
            return value ? (*this)(index, *value) : sqlite3_bind_null(statement, index);
        }
    };

    // In this order: statements go before their connection.
    std::unique_ptr<sqlite3, Close> handle_;
    std::unordered_map<const Query*, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;
};

}  // namespace crmsync::sqlite
