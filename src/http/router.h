#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/server.h"

namespace crmsync::http {

/// What the `{name}` segments of a pattern matched, in the order of the pattern.
class PathParameters {
public:
    PathParameters() = default;
    PathParameters(const std::vector<std::string>* names, std::vector<std::string> values)
        : names_(names), values_(std::move(values))
    {
    }
    /// Asking for a name the pattern does not have is a bug.
    const std::string& operator[](std::string_view name) const;

private:
    const std::vector<std::string>* names_ = nullptr;
    std::vector<std::string> values_;
};

/// Method and path pattern to a number: patterns like "/contacts/{id}/lists", where `{name}` matches one non-empty
/// segment. A literal segment is preferred to a parameter. GET routes answer HEAD as well. One step per segment.
class RouteTable {
public:
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    struct Match {
        std::size_t route = none;
        PathParameters parameters;
        std::string allow;  ///< When the path exists but not with that method: the methods it has, for a 405.
    };

    RouteTable();
    ~RouteTable();
    RouteTable(RouteTable&&) noexcept;
    RouteTable& operator=(RouteTable&&) noexcept;

    /// Numbers count up from 0. Adding the same method and pattern twice is a bug.
    std::size_t add(Method method, std::string_view pattern);
    Match match(Method method, std::string_view path) const;
    /// The pattern as it was added: the name of the route in metrics.
    const std::string& pattern(std::size_t route) const { return patterns_[route]; }

private:
    struct Node;
    const Node* find(const Node& node, std::string_view rest, std::vector<std::string>& values) const;

    std::unique_ptr<Node> root_;
    std::vector<std::string> patterns_;
    std::vector<std::vector<std::string>> names_;
};

/// A table of handlers. Unknown paths are answered 404, known paths with another method 405 and Allow.
class Router {
public:
    using RouteHandler = std::function<Task<ServerResponse>(ServerRequest, PathParameters)>;

    void add(Method method, std::string_view pattern, RouteHandler handler);
    Task<ServerResponse> handle(ServerRequest request) const;
    const RouteTable& table() const { return table_; }

private:
    RouteTable table_;
    std::vector<RouteHandler> handlers_;
};

}  // namespace crmsync::http
