#include "http/router.h"

#include <algorithm>
#include <cassert>

namespace crmsync::http {

namespace {

constexpr std::size_t method_count = 7;

std::size_t index_of(Method method) { return static_cast<std::size_t>(method); }

/// Takes the first segment off "/a/b": gives "a", leaves "/b". Empty text has none.
std::string_view take_segment(std::string_view& path)
{
    path.remove_prefix(1);
    const auto end = std::min(path.find('/'), path.size());
    const auto segment = path.substr(0, end);
    path.remove_prefix(end);
    return segment;
}

}  // namespace

struct RouteTable::Node {
    Node() { routes.fill(none); }
    std::vector<std::pair<std::string, std::unique_ptr<Node>>> literals;
    std::unique_ptr<Node> parameter;
    std::array<std::size_t, method_count> routes{};

    bool is_end() const
    {
        return std::ranges::any_of(routes, [](std::size_t route) { return route != none; });
    }
};

const std::string& PathParameters::operator[](std::string_view name) const
{
    const auto found = std::ranges::find(*names_, name);
    assert(found != names_->end());
    return values_[static_cast<std::size_t>(found - names_->begin())];
}

RouteTable::RouteTable() : root_(std::make_unique<Node>()) {}
RouteTable::~RouteTable() = default;
RouteTable::RouteTable(RouteTable&&) noexcept = default;
RouteTable& RouteTable::operator=(RouteTable&&) noexcept = default;

std::size_t RouteTable::add(Method method, std::string_view pattern)
{
    const std::size_t route = patterns_.size();
    patterns_.emplace_back(pattern);
    auto& names = names_.emplace_back();
    Node* node = root_.get();
    for (std::string_view rest = pattern; !rest.empty();) {
        const std::string_view segment = take_segment(rest);
        if (segment.starts_with('{') && segment.ends_with('}')) {
            names.emplace_back(segment.substr(1, segment.size() - 2));
            if (!node->parameter) node->parameter = std::make_unique<Node>();
            node = node->parameter.get();
            continue;
        }
        const auto known = std::ranges::find(node->literals, segment, [](const auto& entry) { return entry.first; });
        if (known == node->literals.end())
            node = node->literals.emplace_back(segment, std::make_unique<Node>()).second.get();
        else
            node = known->second.get();
    }
    assert(node->routes[index_of(method)] == none);
    node->routes[index_of(method)] = route;
    return route;
}

const RouteTable::Node* RouteTable::find(const Node& node, std::string_view rest,
                                         std::vector<std::string>& values) const
{
    if (rest.empty()) return node.is_end() ? &node : nullptr;
    const std::string_view segment = take_segment(rest);
    for (const auto& [literal, child] : node.literals)
        if (literal == segment)
            if (const Node* found = find(*child, rest, values)) return found;
    if (!node.parameter || segment.empty()) return nullptr;
    values.emplace_back(segment);
    if (const Node* found = find(*node.parameter, rest, values)) return found;
    values.pop_back();
    return nullptr;
}

RouteTable::Match RouteTable::match(Method method, std::string_view path) const
{
    Match match;
    std::vector<std::string> values;
    const Node* node = path.starts_with('/') ? find(*root_, path, values) : nullptr;
    if (!node) return match;
    match.route = node->routes[index_of(method)];
    if (match.route == none && method == Method::head) match.route = node->routes[index_of(Method::get)];
    if (match.route != none) {
        match.parameters = PathParameters(&names_[match.route], std::move(values));
        return match;
    }
    for (std::size_t i = 0; i < method_count; ++i) {
        if (node->routes[i] == none) continue;
        if (!match.allow.empty()) match.allow += ", ";
        match.allow += to_string(static_cast<Method>(i));
    }
    return match;
}

void Router::add(Method method, std::string_view pattern, RouteHandler handler)
{
    table_.add(method, pattern);
    handlers_.push_back(std::move(handler));
}

Task<ServerResponse> Router::handle(ServerRequest request) const
{
    auto match = table_.match(request.method, request.path);
    if (match.route != RouteTable::none)
        co_return co_await handlers_[match.route](std::move(request), std::move(match.parameters));
    if (match.allow.empty()) co_return error_response(404, "No such resource");
    auto response = error_response(405, "The resource does not have this method");
    response.headers.add("Allow", std::move(match.allow));
    co_return response;
}

}  // namespace crmsync::http
