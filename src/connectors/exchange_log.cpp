#include "connectors/exchange_log.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <ranges>
#include <utility>

#include "connectors/call_name.h"

namespace crmsync {

namespace json = boost::json;

namespace {

constexpr std::string_view mask = "***";
constexpr std::size_t read_max = 64u << 10;
constexpr std::size_t shown_max = 4u << 10;
constexpr std::size_t text_max = 300;
/// Shorter ones would blot out half of every sentence.
constexpr std::size_t secret_min = 3;
constexpr std::size_t secrets_max = 1000;
constexpr std::size_t word_max = 24;
constexpr std::size_t digits_max = 5;

/// What CRMs call the words in which they tell what is wrong.
constexpr std::array told_under =
    std::to_array<std::string_view>({"category", "code", "detail", "details", "error", "error_description",
                                     "error_type", "hint", "message", "reason", "status", "subCategory", "type"});

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Whether a word may be an address, a number, a key or an id.
bool is_telling(std::string_view word)
{
    return word.contains('@') || word.size() > word_max ||
           std::ranges::count_if(word, is_digit) > static_cast<std::ptrdiff_t>(digits_max);
}

std::string without_secrets(std::string text, const std::vector<std::string>& secrets)
{
    for (const auto& secret : secrets)
        for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos; at += mask.size())
            text.replace(at, secret.size(), mask);
    return text;
}

std::string masked_words(std::string_view text, const std::vector<std::string>& secrets)
{
    const std::string clean = without_secrets(std::string(text.substr(0, text_max)), secrets);
    std::string result;
    std::string word;
    const auto end_word = [&] {
        result += is_telling(word) ? std::string(mask) : word;
        word.clear();
    };
    for (const char c : clean) {
        if (std::string_view(" \t\r\n\"'()[]{}<>,;=").contains(c)) {
            end_word();
            result += c;
        } else {
            word += c;
        }
    }
    end_word();
    return text.size() > text_max ? result + "..." : result;
}

json::value masked(const json::value& value, bool told, const std::vector<std::string>& secrets);

json::object masked(const json::object& object, const std::vector<std::string>& secrets)
{
    json::object result;
    for (const auto& member : object) {
        const std::string_view name = member.key();
        const bool told = std::ranges::find(told_under, name) != told_under.end();
        const std::string shown = is_telling(name) ? std::string(mask) : std::string(name);
        result[shown] = masked(member.value(), told, secrets);
    }
    return result;
}

json::value masked(const json::value& value, bool told, const std::vector<std::string>& secrets)
{
    if (const auto* object = value.if_object()) return masked(*object, secrets);
    if (const auto* array = value.if_array()) {
        json::array result;
        for (const auto& one : *array) result.push_back(masked(one, told, secrets));
        return result;
    }
    if (const auto* text = value.if_string()) {
        if (!told) return json::string(mask);
        return json::string(masked_words(*text, secrets));
    }
    if (value.is_number() && is_telling(json::serialize(value))) return json::string(mask);
    return value;
}

std::string size_words(std::string_view body) { return "(" + std::to_string(body.size()) + " bytes)"; }

std::optional<json::value> parsed(std::string_view body)
{
    if (body.empty() || body.size() > read_max) return std::nullopt;
    boost::system::error_code failure;
    auto value = json::parse(body, failure);
    if (failure || (!value.is_object() && !value.is_array())) return std::nullopt;
    return value;
}

void collect(const json::value& value, std::vector<std::string>& texts)
{
    if (texts.size() >= secrets_max) return;
    if (const auto* object = value.if_object()) {
        for (const auto& member : *object) collect(member.value(), texts);
    } else if (const auto* array = value.if_array()) {
        for (const auto& one : *array) collect(one, texts);
    } else if (const auto* text = value.if_string(); text && text->size() >= secret_min) {
        texts.emplace_back(*text);
    }
}

}  // namespace

std::string masked_body(std::string_view body, const std::vector<std::string>& secrets)
{
    if (body.empty()) return {};
    const auto value = parsed(body);
    if (!value) return size_words(body);
    std::string text = json::serialize(masked(*value, false, secrets));
    if (text.size() > shown_max) text = text.substr(0, shown_max) + "... " + size_words(body);
    return text;
}

std::vector<std::string> texts_of(std::string_view body)
{
    std::vector<std::string> texts;
    if (const auto value = parsed(body)) collect(*value, texts);
    // The longest first: one may be part of another.
    std::ranges::sort(texts, std::ranges::greater{}, &std::string::size);
    return texts;
}

void ExchangeLog::on_exchange(const http::Request& request, const Result<http::Response>& answer, Duration took)
{
    const auto secrets = texts_of(request.body);
    SeenExchange seen{.at = clock_.now(),
                      .method = request.method,
                      .target = masked_target(request.target),
                      .status = answer ? std::optional(answer->status) : std::nullopt,
                      .error = answer ? "" : answer.error().message,
                      .took = took,
                      .request_id = std::string(request.headers.find("x-request-id").value_or("")),
                      .request = masked_body(request.body, {}),
                      .answer = answer ? masked_body(answer->body, secrets) : ""};
    const MutexLock lock(mutex_);
    exchanges_.push_back(std::move(seen));
    if (exchanges_.size() > kept_) exchanges_.pop_front();
}

std::vector<SeenExchange> ExchangeLog::last() const
{
    const MutexLock lock(mutex_);
    return {exchanges_.rbegin(), exchanges_.rend()};
}

}  // namespace crmsync
