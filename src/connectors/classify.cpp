#include "connectors/classify.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <iomanip>
#include <locale>
#include <sstream>

#include "domain/normalise.h"
#include "domain/transition.h"

namespace crmsync {

namespace {

constexpr std::size_t reason_max = 300;
constexpr std::size_t code_max = 60;
constexpr std::chrono::seconds longest_wait = std::chrono::weeks{1};

/// A letter or a digit; beyond ASCII all count as letters.
bool is_word(char c)
{
    const bool ascii = static_cast<unsigned char>(c) < 0x80;
    return !ascii || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

void blot_out(std::string& text, std::string_view secret)
{
    // Short ones are syllables of any sentence: blotted out where they stand alone, and not at all when tiny.
    constexpr std::size_t secret_min = 3, anywhere_min = 8;
    if (secret.size() < secret_min) return;
    const auto stands_alone = [&](std::size_t at) {
        const auto end = at + secret.size();
        return (at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end]));
    };
    const auto same = [](char a, char b) {
        const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
        return lower(a) == lower(b);
    };
    for (std::size_t from = 0;;) {
        const auto found = std::search(text.begin() + static_cast<std::ptrdiff_t>(from), text.end(), secret.begin(),
                                       secret.end(), same);
        if (found == text.end()) return;
        from = static_cast<std::size_t>(found - text.begin());
        if (secret.size() < anywhere_min && !stands_alone(from)) {
            ++from;
            continue;
        }
        text.replace(from, secret.size(), "***");
        from += 3;
    }
}

/// "Sun, 06 Nov 1994 08:49:37 GMT", the one form RFC 9110 lets senders write.
std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text)
{
    std::tm parts{};
    std::istringstream in{std::string(text)};
    in.imbue(std::locale::classic());
    in >> std::get_time(&parts, "%a, %d %b %Y %H:%M:%S GMT");
    if (in.fail()) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year{parts.tm_year + 1900},
                                           std::chrono::month{static_cast<unsigned>(parts.tm_mon + 1)},
                                           std::chrono::day{static_cast<unsigned>(parts.tm_mday)}};
    return std::chrono::sys_days{date} + std::chrono::hours{parts.tm_hour} + std::chrono::minutes{parts.tm_min} +
           std::chrono::seconds{parts.tm_sec};
}

Transient transient(Transient::Scope scope, std::string code, std::string reason)
{
    return {.scope = scope, .code = std::move(code), .reason = std::move(reason)};
}

}  // namespace

std::string told(std::string_view message, const Secrets& secrets)
{
    std::string words = clean_text(message).text;
    for (const std::string_view secret : secrets) blot_out(words, secret);
    return cut(words, reason_max);
}

std::string api_error(Crm crm, std::string_view message, const Secrets& secrets)
{
    return std::string(display_name(crm)) + " API error: " + told(message, secrets);
}

std::string short_code(std::string_view word)
{
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    };
    return word.size() <= code_max && std::ranges::all_of(word, fits) ? std::string(word) : std::string{};
}

Outcome classify(const http::Response& response, std::string code, std::string reason)
{
    const int status = response.status;
    code = short_code(code);
    if (code.empty()) code = "http_" + std::to_string(status);
    if (status == 401 || status == 403) return Unauthorized{.code = std::move(code), .reason = std::move(reason)};
    if (status == 425) return transient(Transient::Scope::contact, std::move(code), std::move(reason));
    if (status == 429) return Throttled{.retry_after = retry_after_of(response.headers), .reason = std::move(reason)};
    if (status >= 400 && status < 500 && status != 408)
        return Rejected{.code = std::move(code), .reason = std::move(reason), .repairable_field = {}};
    return transient(Transient::Scope::crm, std::move(code), std::move(reason));
}

Outcome classify(const Error& error, Crm crm, const Secrets& secrets)
{
    const auto crm_failed = [&](std::string code) -> Outcome {
        return transient(Transient::Scope::crm, std::move(code), api_error(crm, error.message, secrets));
    };
    switch (error.code) {
        case ErrorCode::timeout:
            return crm_failed("timeout");
        case ErrorCode::cancelled:
            return transient(Transient::Scope::contact, "cancelled", "stopped during the call");
        case ErrorCode::invalid:
        case ErrorCode::internal:
            return crm_failed("unreadable_answer");
        case ErrorCode::not_found:
        case ErrorCode::conflict:
        case ErrorCode::unavailable:
            return crm_failed("unreachable");
        case ErrorCode::denied:
            return Unauthorized{.code = "token_refused", .reason = api_error(crm, error.message, secrets)};
    }
    __builtin_unreachable();
}

std::optional<Duration> retry_after_of(const http::Headers& headers)
{
    const auto value = headers.find("retry-after");
    if (!value) return std::nullopt;
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), seconds);
    if (error == std::errc{} && end == value->data() + value->size()) {
        return std::chrono::seconds{std::clamp<std::int64_t>(seconds, 0, longest_wait.count())};
    }
    const auto until = parse_http_date(*value);
    const auto sent = headers.find("date") ? parse_http_date(*headers.find("date")) : std::nullopt;
    if (!until || !sent) return std::nullopt;
    return std::clamp<Duration>(*until - *sent, 0s, longest_wait);
}

}  // namespace crmsync
