#pragma once

#include <string>
#include <vector>

#include "store/sqlite/database.h"
#include "store/store.h"

namespace crmsync::sqlite {

/// A WHERE clause over `contacts AS c`, put together from what a filter names. Values are parameters, never text.
class Where {
public:
    Where() = default;
    /// Statuses that few contacts have are found by their jobs: `contacts` has no index on any. Looks how many they
    /// are.
    Where(Connection& db, const ContactFilter& filter);

    /// `term` has one "?" per value.
    void add(std::string_view term, std::vector<Value> values);
    /// "" or " WHERE ...".
    std::string text() const;
    std::vector<Value>& values() { return values_; }
    bool empty() const { return text_.empty(); }

private:
    std::string text_;
    std::vector<Value> values_;
};

}  // namespace crmsync::sqlite
