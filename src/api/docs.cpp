#include "api/docs.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "api/embedded.h"
#include "api/media_type.h"
#include "swagger_ui/embedded.h"

namespace crmsync::api {

namespace {

/// The file of that name; 404 when there is none, or when all of them are closed.
template <class Files>
Reply file_reply(const Call& call, const Files& files, std::string_view path)
{
    const auto file = std::ranges::find(files, path, &Files::value_type::path);
    if (!call.services.has_docs || file == files.end()) return refuse(404, "No such resource");
    return http::ServerResponse{.status = 200,
                                .headers = {{"Content-Type", std::string(media_type(path))},
                                            {"Cache-Control", "no-cache"},
                                            {"X-Content-Type-Options", "nosniff"}},
                                .body = std::string(file->text),
                                .stream = {}};
}

/// The page holds a person's token while they try calls: it runs nothing but its own scripts and talks to nobody else.
constexpr std::string_view page_policy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

}  // namespace

Task<Reply> api_document(Call call) { co_return file_reply(call, embedded::api::files, "openapi.json"); }

Task<Reply> docs_page(Call call)
{
    auto page = file_reply(call, embedded::api::files, "docs.html");
    if (!page) co_return page;
    page->headers.add("Content-Security-Policy", std::string(page_policy));
    page->headers.add("Referrer-Policy", "no-referrer");
    co_return page;
}

Task<Reply> docs_file(Call call)
{
    const std::string_view name = call.path["file"];
    if (name == "docs.js") co_return file_reply(call, embedded::api::files, name);
    co_return file_reply(call, embedded::swagger_ui::files, name);
}

}  // namespace crmsync::api
