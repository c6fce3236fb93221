#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace crmsync {

/// What a caller may do; each role may do what those before it may.
enum class Role {
    viewer,     ///< Looks at everything but who may call.
    operator_,  ///< Changes contacts and what happens to them; stops and starts connectors.
    admin,      ///< Says who may call.
};
inline constexpr std::array all_roles{Role::viewer, Role::operator_, Role::admin};

constexpr std::string_view to_string(Role role)
{
    switch (role) {
        case Role::viewer:
            return "viewer";
        case Role::operator_:
            return "operator";
        case Role::admin:
            return "admin";
    }
    __builtin_unreachable();
}

constexpr std::optional<Role> parse_role(std::string_view text)
{
    for (const Role role : all_roles)
        if (to_string(role) == text) return role;
    return std::nullopt;
}

constexpr bool includes(Role role, Role needed) { return role >= needed; }

}  // namespace crmsync
