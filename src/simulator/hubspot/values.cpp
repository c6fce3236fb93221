#include "simulator/hubspot/values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>

#include "simulator/hubspot/reply.h"

namespace crmsync::simulator::hubspot {

namespace {

constexpr std::size_t text_max = 65'536;

std::unexpected<Complaint> refused(std::string code, std::string message)
{
    return std::unexpected(Complaint{std::move(code), std::move(message)});
}

template <class T>
std::optional<T> to_number(std::string_view text)
{
    T number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

/// Epoch milliseconds, or what the standard writes.
std::optional<Instant> to_instant(std::string_view text)
{
    if (const auto milliseconds = to_number<std::int64_t>(text)) {
        constexpr std::int64_t sane = 253'402'300'800'000;  // The year 10000.
        if (*milliseconds < -sane || *milliseconds >= sane) return std::nullopt;
        return Instant{std::chrono::milliseconds{*milliseconds}};
    }
    const auto parsed = parse_rfc3339(text.size() == 10 ? std::string(text) + "T00:00:00Z" : std::string(text));
    return parsed ? std::optional(*parsed) : std::nullopt;
}

std::expected<std::string, Complaint> accept_options(const Property& property, std::string_view text)
{
    const bool several = property.field_type == "checkbox";
    for (std::size_t from = 0; from <= text.size();) {
        const std::size_t end = several ? std::min(text.find(';', from), text.size()) : text.size();
        const std::string_view choice = text.substr(from, end - from);
        const bool leading = several && from == 0 && choice.empty();  // ";b" appends to what is there.
        if (!leading && std::ranges::find(property.options, choice, &Option::value) == property.options.end()) {
            std::string allowed;
            for (const Option& option : property.options)
                allowed.append(allowed.empty() ? "" : ", ").append(option.value);
            return refused("INVALID_OPTION",
                           std::string(choice) + " was not one of the allowed options: [" + allowed + "]");
        }
        from = end + 1;
    }
    return std::string(text);
}

std::expected<std::string, Complaint> accept_date(const Property& property, std::string_view text)
{
    const auto at = to_instant(text);
    const std::string what = std::string(text) + " was not a valid " + property.type + ".";
    if (!at) return refused("INVALID_DATE", what);
    if (property.type == "datetime") return timestamp(*at);
    if (at->time_since_epoch() % std::chrono::days{1} != Duration{0})
        return refused("INVALID_DATE", what + " Dates are at midnight UTC.");
    return to_rfc3339(*at).substr(0, 10);
}

}  // namespace

std::expected<std::string, Complaint> accept(const Property& property, std::string_view text)
{
    if (text.empty()) return std::string();
    if (property.number == State::email) {
        if (!is_email(text)) return refused("INVALID_EMAIL", "Email address " + std::string(text) + " is invalid");
        return lower(text);
    }
    if (property.type == "number") {
        if (!to_number<double>(text)) return refused("INVALID_FLOAT", std::string(text) + " was not a valid number.");
        return std::string(text);
    }
    if (property.type == "bool" || property.type == "enumeration") return accept_options(property, text);
    if (property.type == "date" || property.type == "datetime") return accept_date(property, text);
    if (text.size() > text_max) return refused("INVALID_STRING", "The value is longer than 65536 characters.");
    return std::string(text);
}

bool is_email(std::string_view text)
{
    // HubSpot knows the top-level domains. Of those that do not exist these are met in tests; example.com exists.
    constexpr std::array unknown{"invalid", "localhost", "test", "lcom"};
    const auto at = text.find('@');
    if (at == 0 || at == std::string_view::npos || at > 64 || text.size() > 254 || text.find('@', at + 1) != text.npos)
        return false;
    const auto host = text.substr(at + 1);
    const auto dot = host.rfind('.');
    if (dot == 0 || dot == host.npos || host.starts_with('.') || text.contains("..") ||
        text.substr(0, at).ends_with('.'))
        return false;
    const std::string top = lower(host.substr(dot + 1));
    if (top.size() < 2 || std::ranges::find(unknown, top) != unknown.end()) return false;
    return std::ranges::none_of(text, [](char c) {
        return static_cast<unsigned char>(c) <= ' ' || c == 0x7f || std::string_view("()<>[],;:\\\"").contains(c);
    });
}

}  // namespace crmsync::simulator::hubspot
