#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/errors.h"
#include "base/uuid.h"
#include "domain/crm.h"
#include "http/server.h"

namespace crmsync::api {

/// What a caller sent, field by field: a JSON body, or the query (whose values are all texts). Every reader notes what
/// is wrong and gives nothing then, so that all problems are reported at once; `problems` adds the fields that nobody
/// asked for.
class Input {
public:
    /// An absent body counts as {}. What is no JSON object is a problem.
    static Input body(const http::ServerRequest& request);
    static Input query(const http::ServerRequest& request);

    bool has(std::string_view name) const { return object_.contains(name); }
    /// Present, and null.
    bool is_null(std::string_view name) const;

    /// Null counts as absent in all of these.
    std::optional<std::string> text(std::string_view name);
    std::optional<bool> boolean(std::string_view name);
    std::optional<std::int64_t> integer(std::string_view name, std::int64_t min, std::int64_t max);
    std::optional<Uuid> uuid(std::string_view name);
    /// Without repetitions, in the order given; a problem when there are more than `max`.
    std::optional<std::vector<Uuid>> uuids(std::string_view name, std::size_t max);
    std::optional<std::vector<std::string>> texts(std::string_view name, std::size_t max);
    /// One of a closed set of words.
    template <class All, class Parse>
    auto choice(std::string_view name, const All& all, Parse parse) -> decltype(parse(std::string_view()))
    {
        const auto word = text(name);
        if (!word) return {};
        const auto value = parse(std::string_view(*word));
        if (value) return value;
        std::string words;
        for (const auto one : all) words += (words.empty() ? "" : ", ") + std::string(to_string(one));
        wrong(name, "must be one of " + words);
        return {};
    }
    /// Accepted, whatever it holds.
    void ignore(std::string_view name) { known_.emplace(name); }

    void wrong(std::string_view field, std::string reason);
    /// Nothing is read after this.
    const Problems& problems();

private:
    Input() = default;
    const boost::json::value* find(std::string_view name);

    boost::json::object object_;
    bool from_query_ = false;
    bool unreadable_ = false;
    std::set<std::string, std::less<>> known_;
    Problems problems_;
};

}  // namespace crmsync::api
