#include "api/dashboard.h"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

#include "api/media_type.h"
#include "api/routes.h"
#include "base/digest.h"
#include "dashboard/embedded.h"

namespace crmsync::api {

namespace {

constexpr std::string_view page_name = "index.html";

const embedded::dashboard::File* find(std::string_view path)
{
    const auto file = std::ranges::find(embedded::dashboard::files, path, &embedded::dashboard::File::path);
    return file == embedded::dashboard::files.end() ? nullptr : &*file;
}

/// New for every page that is sent: what a script or style that was smuggled in cannot know.
std::string make_nonce()
{
    std::array<unsigned char, 16> bytes{};
    if (RAND_bytes(bytes.data(), bytes.size()) != 1) std::abort();
    return to_base64({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::string with_nonce(std::string_view page, std::string_view nonce)
{
    constexpr std::string_view placeholder = "__NONCE__";
    std::string text;
    for (auto at = page.find(placeholder); at != page.npos; at = page.find(placeholder)) {
        text.append(page.substr(0, at)).append(nonce);
        page.remove_prefix(at + placeholder.size());
    }
    return text.append(page);
}

http::ServerResponse page()
{
    const std::string nonce = make_nonce();
    return {.status = 200,
            .headers = {{"Content-Type", std::string(media_type(page_name))},
                        {"Cache-Control", "no-store"},
                        {"Content-Security-Policy",
                         fmt::format("default-src 'none'; script-src 'self' 'nonce-{0}'; style-src 'self' "
                                     "'nonce-{0}'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action "
                                     "'none'; frame-ancestors 'none'",
                                     nonce)},
                        {"Cross-Origin-Opener-Policy", "same-origin"},
                        {"Referrer-Policy", "no-referrer"},
                        {"X-Content-Type-Options", "nosniff"}},
            .body = with_nonce(find(page_name)->text, nonce)};
}

/// What is not the page is embedded compressed alone. Whoever names no encoding takes any (RFC 9110, 12.5.3).
std::optional<http::ServerResponse> file(const http::ServerRequest& request, std::string_view path)
{
    const auto accepted = request.headers.find("Accept-Encoding").value_or("gzip");
    const bool brotli = accepted.contains("br");
    const auto* found = find(fmt::format("{}.{}", path, brotli ? "br" : "gz"));
    if (!found) return std::nullopt;
    // The names of assets hold a hash of what is in them.
    const bool is_fixed = path.starts_with("assets/");
    return http::ServerResponse{
        .status = 200,
        .headers = {{"Content-Type", std::string(media_type(path))},
                    {"Content-Encoding", brotli ? "br" : "gzip"},
                    {"Vary", "Accept-Encoding"},
                    {"Cache-Control", is_fixed ? "public, max-age=31536000, immutable" : "public, max-age=3600"},
                    {"X-Content-Type-Options", "nosniff"}},
        .body = std::string(found->text)};
}

}  // namespace

std::optional<http::ServerResponse> dashboard(const http::ServerRequest& request)
{
    if (request.method != http::Method::get && request.method != http::Method::head) return std::nullopt;
    if (auto found = file(request, std::string_view(request.path).substr(1))) return found;
    const bool wants_page = request.headers.find("Accept").value_or("").contains("text/html");
    const bool is_page = request.path == "/" || (wants_page && !request.path.starts_with(api_root));
    return is_page ? std::optional(page()) : std::nullopt;
}

}  // namespace crmsync::api
