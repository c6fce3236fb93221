#include "simulator/mautic/values.h"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <charconv>
#include <cmath>

#include "simulator/mautic/countries.h"

namespace crmsync::simulator::mautic {

namespace {

using Cleaned = std::expected<json::value, Problem>;

bool alphanumeric(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

std::string_view trim(std::string_view text)
{
    constexpr std::string_view space = " \t\r\n\v";
    const auto begin = text.find_first_not_of(space);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(space) - begin + 1);
}

std::size_t characters(std::string_view text)
{
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

bool is_email(std::string_view text)
{
    const auto at = text.find('@');
    if (at == std::string_view::npos || at == 0 || at > 64 || text.find('@', at + 1) != std::string_view::npos)
        return false;
    const auto domain = text.substr(at + 1);
    const auto dots = [](std::string_view part) {
        return part.starts_with('.') || part.ends_with('.') || part.contains("..");
    };
    return domain.contains('.') && !dots(text.substr(0, at)) && !dots(domain) && !domain.starts_with('-') &&
           std::ranges::all_of(domain, [](char c) { return alphanumeric(c) || c == '.' || c == '-'; });
}

Cleaned clean_email(const Field& field, std::string_view text)
{
    const std::string email = sanitize_email(text);
    if (email.empty()) return json::value(nullptr);
    if (email.find_first_of("^&*%") != std::string::npos)
        return std::unexpected(refused(field.alias, email + " has characters not allowed in email addresses."));
    if (!is_email(email)) return std::unexpected(refused(field.alias, email + " is invalid."));
    return json::value(email);
}

Cleaned clean_number(const Field& field, std::string_view text)
{
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(number))
        return std::unexpected(not_valid(field.alias));
    if (number == std::floor(number) && std::abs(number) < 1e15) return json::value(static_cast<std::int64_t>(number));
    return json::value(number);
}

/// Only the forms of a date that a program writes: strtotime knows a thousand more.
Cleaned clean_date(const Field& field, std::string_view text, bool with_time)
{
    std::string full(text);
    if (full.size() == 10) full += "T00:00:00Z";
    if (full.size() == 19) full += 'Z';
    const auto at = parse_rfc3339(full);
    if (!at) return std::unexpected(not_valid(field.alias));
    std::string stored = to_rfc3339(*at).substr(0, with_time ? 19 : 10);
    if (with_time) stored[10] = ' ';
    return json::value(stored);
}

bool truthy(std::string_view text)
{
    static constexpr std::array words{"1", "true", "yes", "on", "y", "t"};
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
    return std::ranges::count(words, lower) > 0;
}

/// Options are {"label", "value"} or plain texts.
bool is_option(const Field& field, std::string_view text)
{
    const auto* properties = field.properties.if_object();
    const auto* list = properties ? properties->if_contains("list") : nullptr;
    if (!list || !list->is_array()) return false;
    return std::ranges::any_of(list->get_array(), [&](const json::value& option) {
        const auto* object = option.if_object();
        const auto* value = object ? object->if_contains("value") : &option;
        return value && value->is_string() && std::string_view(value->get_string()) == text;
    });
}

Cleaned clean_choice(const Field& field, std::string_view text)
{
    const bool known = field.type == "country" ? is_country(text) : is_option(field, text);
    if (!known) return std::unexpected(not_valid(field.alias));
    return json::value(text);
}

Cleaned clean_multiselect(const Field& field, const json::value& value)
{
    std::string joined;
    for (const auto& option : value.get_array()) {
        if (!option.is_string() || !is_option(field, option.get_string()))
            return std::unexpected(not_valid(field.alias));
        joined += (joined.empty() ? "" : "|") + std::string(option.get_string());
    }
    return json::value(joined);
}

/// PHP's text of a JSON scalar.
std::string php_text(const json::value& value)
{
    if (value.is_string()) return std::string(value.get_string());
    if (value.is_bool()) return value.get_bool() ? "1" : "";
    return value.is_null() ? std::string{} : json::serialize(value);
}

}  // namespace

std::string sanitize_email(std::string_view text)
{
    constexpr std::string_view allowed = "!#$%&'*+-=?^_`{|}~@.[]";
    std::string kept;
    for (const char c : text.substr(0, 254))
        if (alphanumeric(c) || allowed.contains(c)) kept.push_back(c);
    return kept;
}

std::string strip_tags(std::string_view text)
{
    std::string kept;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool tag = text[i] == '<' && i + 1 < text.size() &&
                         std::string_view(" \t\r\n").find(text[i + 1]) == std::string_view::npos;
        if (!tag) {
            kept.push_back(text[i]);
            continue;
        }
        i = text.find('>', i);
        if (i == std::string_view::npos) break;
    }
    return kept;
}

std::expected<json::value, Problem> clean_value(const Field& field, const json::value& value)
{
    if (field.type == "multiselect" && value.is_array()) return clean_multiselect(field, value);
    if (value.is_structured()) return std::unexpected(not_valid(field.alias));
    const std::string raw = php_text(value);
    if (field.type == "boolean") {
        if (value.is_null() || (value.is_string() && raw.empty())) return json::value(nullptr);
        return json::value(truthy(raw));
    }
    const std::string text(trim(field.type == "html" ? raw : strip_tags(raw)));
    if (text.empty()) return json::value(nullptr);
    if (field.type == "email") return clean_email(field, text);
    if (field.type == "number") return clean_number(field, text);
    if (field.type == "date" || field.type == "datetime") return clean_date(field, text, field.type == "datetime");
    if (field.type == "select" || field.type == "country") return clean_choice(field, text);
    const bool bounded = field.type != "textarea" && field.type != "html";
    if (bounded && characters(text) > static_cast<std::size_t>(field.length))
        return std::unexpected(refused(field.alias, "This value is too long. It should have " +
                                                        std::to_string(field.length) + " characters or less."));
    return json::value(text);
}

}  // namespace crmsync::simulator::mautic
