#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crmsync::http {

enum class Method { get, post, put, patch, delete_, options, head };
constexpr std::string_view to_string(Method method)
{
    switch (method) {
        case Method::get:
            return "GET";
        case Method::post:
            return "POST";
        case Method::put:
            return "PUT";
        case Method::patch:
            return "PATCH";
        case Method::delete_:
            return "DELETE";
        case Method::options:
            return "OPTIONS";
        case Method::head:
            return "HEAD";
    }
    __builtin_unreachable();
}

/// Field names, methods of authentication and the like compare without regard to ASCII case.
bool same_name(std::string_view a, std::string_view b);

/// Header fields in order; names compare without regard to case.
class Headers {
public:
    Headers() = default;
    Headers(std::initializer_list<std::pair<std::string, std::string>> fields) : fields_(fields) {}

    void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
    /// The first field of that name.
    std::optional<std::string_view> find(std::string_view name) const;
    void reserve(std::size_t count) { fields_.reserve(count); }
    auto begin() const { return fields_.begin(); }
    auto end() const { return fields_.end(); }

private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

/// An absolute URL's parts, as a client needs them.
struct Url {
    bool tls = false;
    std::string host;      ///< Without brackets for IPv6.
    std::string port;      ///< Always set; 80 or 443 where the text has none.
    std::string target;    ///< Path and query, encoded, at least "/".
    std::string userinfo;  ///< "name:password", decoded; empty when absent.
};

/// Percent-encodes everything but RFC 3986's unreserved characters: for one path segment or query value.
std::string encode_component(std::string_view text);
/// Decodes %XX (and, in a query, '+' as a space). Nothing when a sequence is broken.
std::optional<std::string> decode_component(std::string_view text, bool plus_is_space);

}  // namespace crmsync::http
