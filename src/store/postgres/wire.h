#pragma once

#include <libpq-fe.h>

#include <bit>
#include <cassert>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/uuid.h"

namespace crmsync::postgres {

/// Values cross the wire in PostgreSQL's binary format: no escaping, no parsing of numbers, times or uuids, and no
/// cast in the SQL, for every parameter carries its type.
namespace wire {

inline void append_big_endian(std::string& out, std::integral auto value)
{
    if constexpr (std::endian::native == std::endian::little && sizeof(value) > 1) value = std::byteswap(value);
    out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

template <std::integral T>
T read_big_endian(const char* bytes)
{
    T value;
    std::memcpy(&value, bytes, sizeof(value));
    if constexpr (std::endian::native == std::endian::little && sizeof(value) > 1) value = std::byteswap(value);
    return value;
}

/// PostgreSQL counts microseconds from 2000-01-01.
inline constexpr Instant epoch = std::chrono::sys_days{std::chrono::January / 1 / 2000};

template <class T>
struct Codec;

template <>
struct Codec<bool> {
    static constexpr Oid type = 16, array = 1000;
    static void append(std::string& out, bool value) { out.push_back(value ? '\1' : '\0'); }
    static bool read(std::string_view bytes) { return bytes[0] != '\0'; }
};

template <>
struct Codec<std::int64_t> {
    static constexpr Oid type = 20, array = 1016;
    static void append(std::string& out, std::int64_t value) { append_big_endian(out, value); }
    static std::int64_t read(std::string_view bytes)
    {
        switch (bytes.size()) {
            case 2:
                return read_big_endian<std::int16_t>(bytes.data());
            case 4:
                return read_big_endian<std::int32_t>(bytes.data());
            default:
                return read_big_endian<std::int64_t>(bytes.data());
        }
    }
};

template <>
struct Codec<int> {
    static constexpr Oid type = 23, array = 1007;
    static void append(std::string& out, int value) { append_big_endian(out, value); }
    static int read(std::string_view bytes) { return static_cast<int>(Codec<std::int64_t>::read(bytes)); }
};

template <>
struct Codec<std::string_view> {
    static constexpr Oid type = 25, array = 1009;
    static void append(std::string& out, std::string_view value) { out.append(value); }
    static std::string_view read(std::string_view bytes) { return bytes; }
};

template <>
struct Codec<std::string> : Codec<std::string_view> {
    static std::string read(std::string_view bytes) { return std::string(bytes); }
};

template <>
struct Codec<Uuid> {
    static constexpr Oid type = 2950, array = 2951;
    static void append(std::string& out, const Uuid& id)
    {
        out.append(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size());
    }
    static Uuid read(std::string_view bytes)
    {
        Uuid id;
        std::memcpy(id.bytes.data(), bytes.data(), id.bytes.size());
        return id;
    }
};

template <>
struct Codec<Instant> {
    static constexpr Oid type = 1184, array = 1185;
    static void append(std::string& out, Instant at) { append_big_endian(out, (at - epoch).count()); }
    static Instant read(std::string_view bytes)
    {
        return epoch + Duration{read_big_endian<std::int64_t>(bytes.data())};
    }
};

template <class T>
struct Unwrapped {
    using Type = T;
};
template <class T>
struct Unwrapped<std::optional<T>> {
    using Type = T;
};
template <class T>
inline constexpr bool is_optional = !std::same_as<T, typename Unwrapped<T>::Type>;

}  // namespace wire

/// A column of values for `unnest`: a one-dimensional array, built up element by element.
template <class T>
class Column {
public:
    using Value = typename wire::Unwrapped<T>::Type;

    void reserve(std::size_t count) { bytes_.reserve(count * (sizeof(Value) + sizeof(std::int32_t))); }
    void push_back(const T& value)
    {
        ++count_;
        if constexpr (wire::is_optional<T>) {
            if (!value) return wire::append_big_endian(bytes_, std::int32_t{-1});
            append(*value);
        } else {
            append(value);
        }
    }
    std::size_t size() const { return count_; }
    /// As the server reads it.
    std::string encoded() const
    {
        std::string out;
        out.reserve(bytes_.size() + 20);
        wire::append_big_endian(out, std::int32_t{count_ == 0 ? 0 : 1});  // Dimensions.
        wire::append_big_endian(out, std::int32_t{1});                    // May hold nulls.
        wire::append_big_endian(out, static_cast<std::int32_t>(wire::Codec<Value>::type));
        if (count_ == 0) return out;
        wire::append_big_endian(out, static_cast<std::int32_t>(count_));
        wire::append_big_endian(out, std::int32_t{1});  // Lower bound.
        return out += bytes_;
    }

private:
    void append(const Value& value)
    {
        const std::size_t at = bytes_.size();
        wire::append_big_endian(bytes_, std::int32_t{0});
        wire::Codec<Value>::append(bytes_, value);
        const auto length = static_cast<std::int32_t>(bytes_.size() - at - sizeof(std::int32_t));
        std::string prefix;
        wire::append_big_endian(prefix, length);
        std::memcpy(bytes_.data() + at, prefix.data(), prefix.size());
    }

    std::string bytes_;
    std::size_t count_ = 0;
};

/// The parameters $1, $2, ... of one statement.
class Params {
public:
    Params() = default;
    template <class... T>
    static Params of(const T&... values)
    {
        Params params;
        (params.add(values), ...);
        return params;
    }

    template <class T>
    void add(const Column<T>& column)
    {
        push(wire::Codec<typename Column<T>::Value>::array, column.encoded());
    }
    template <class T>
    void add(const std::vector<T>& values)
    {
        Column<T> column;
        column.reserve(values.size());
        for (const T& value : values) column.push_back(value);
        add(column);
    }
    template <class T>
    void add(const std::optional<T>& value)
    {
        if (value) return add(*value);
        push(wire::Codec<T>::type, std::nullopt);
    }
    template <class T>
    void add(const T& value)
    {
        std::string bytes;
        wire::Codec<T>::append(bytes, value);
        push(wire::Codec<T>::type, std::move(bytes));
    }
    void add(const char* text) { add(std::string_view(text)); }

    int size() const { return static_cast<int>(types_.size()); }
    const std::vector<Oid>& types() const { return types_; }
    const std::vector<std::optional<std::string>>& values() const { return values_; }

private:
    void push(Oid type, std::optional<std::string> value)
    {
        types_.push_back(type);
        values_.push_back(std::move(value));
    }

    std::vector<Oid> types_;
    std::vector<std::optional<std::string>> values_;
};

/// The rows a statement returned, in binary. Views read from them live as long as they do.
class Rows {
public:
    Rows() = default;
    explicit Rows(PGresult* result) : result_(result) {}

    int size() const { return result_ ? PQntuples(result_.get()) : 0; }
    bool empty() const { return size() == 0; }
    /// Rows inserted, updated or deleted.
    std::size_t affected() const
    {
        const std::string_view text = PQcmdTuples(result_.get());
        std::size_t count = 0;
        for (const char digit : text) count = count * 10 + static_cast<std::size_t>(digit - '0');
        return count;
    }

    /// T: bool, int, int64_t, string, string_view, Uuid, Instant, or an optional of these; a null needs the optional.
    template <class T>
    T get(int row, int column) const
    {
        using Value = typename wire::Unwrapped<T>::Type;
        assert(row < size() && column < PQnfields(result_.get()));
        const bool null = PQgetisnull(result_.get(), row, column) != 0;
        if constexpr (wire::is_optional<T>) {
            if (null) return std::nullopt;
        }
        assert(!null);
        return wire::Codec<Value>::read({PQgetvalue(result_.get(), row, column),
                                         static_cast<std::size_t>(PQgetlength(result_.get(), row, column))});
    }

private:
    struct Clear {
        void operator()(PGresult* result) const { PQclear(result); }
    };
    std::unique_ptr<PGresult, Clear> result_;
};

/// Reads one row from left to right.
class Row {
public:
    Row(const Rows& rows, int row) : rows_(rows), row_(row) {}
    template <class T>
    T next()
    {
        return rows_.get<T>(row_, column_++);
    }

private:
    const Rows& rows_;
    int row_;
    int column_ = 0;
};

}  // namespace crmsync::postgres
