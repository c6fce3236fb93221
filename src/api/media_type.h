#pragma once

#include <string_view>

namespace crmsync::api {

/// Of the files that browsers get, by their names.
constexpr std::string_view media_type(std::string_view path)
{
    if (path.ends_with(".json")) return "application/json";
    if (path.ends_with(".html")) return "text/html; charset=utf-8";
    if (path.ends_with(".css")) return "text/css; charset=utf-8";
    if (path.ends_with(".svg")) return "image/svg+xml";
    return path.ends_with(".js") ? "text/javascript; charset=utf-8" : "text/plain; charset=utf-8";
}

}  // namespace crmsync::api
