#include "api/docs.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "api/embedded.h"
#include "swagger_ui/embedded.h"

namespace crmsync::api {

namespace {

std::string_view type_of(std::string_view path)
{
    if (path.ends_with(".json")) return "application/json";
    if (path.ends_with(".html")) return "text/html; charset=utf-8";
    if (path.ends_with(".css")) return "text/css; charset=utf-8";
    return path.ends_with(".js") ? "text/javascript; charset=utf-8" : "text/plain; charset=utf-8";
}

/// The file of that name, or nothing.
template <class Files>
std::optional<http::ServerResponse> file_response(const Files& files, std::string_view path)
{
    const auto file = std::ranges::find(files, path, &Files::value_type::path);
    if (file == files.end()) return std::nullopt;
    return http::ServerResponse{.status = 200,
                                .headers = {{"Content-Type", std::string(type_of(path))},
                                            {"Cache-Control", "no-cache"},
                                            {"X-Content-Type-Options", "nosniff"}},
                                .body = std::string(file->text),
                                .stream = {}};
}

std::unexpected<ErrorAnswer> no_such_page() { return refuse(404, "No such resource"); }

/// The page holds a person's token while they try calls: it runs nothing but its own scripts and talks to nobody else.
constexpr std::string_view page_policy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

}  // namespace

Task<Reply> api_document(Call call)
{
    if (!call.services.has_docs) co_return no_such_page();
    co_return file_response(embedded::api::files, "openapi.json").value();
}

Task<Reply> docs_page(Call call)
{
    if (!call.services.has_docs) co_return no_such_page();
    auto page = file_response(embedded::api::files, "docs.html").value();
    page.headers.add("Content-Security-Policy", std::string(page_policy));
    page.headers.add("Referrer-Policy", "no-referrer");
    co_return page;
}

Task<Reply> docs_file(Call call)
{
    const std::string_view name = call.path["file"];
    if (!call.services.has_docs) co_return no_such_page();
    auto file = name == "docs.js" ? file_response(embedded::api::files, name)
                                  : file_response(embedded::swagger_ui::files, name);
    if (!file) co_return no_such_page();
    co_return std::move(*file);
}

}  // namespace crmsync::api
