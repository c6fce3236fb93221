#include "connectors/settings_reader.h"

#include <algorithm>
#include <charconv>

#include "http/client.h"

namespace crmsync {

namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

}  // namespace

SettingsReader::SettingsReader(Crm crm, const Settings& settings) : prefix_(to_string(crm)), settings_(settings)
{
    for (char& c : prefix_)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    prefix_ += '_';
}

std::string_view SettingsReader::text(std::string_view name) const
{
    const auto found = settings_.find(name);
    if (found == settings_.end()) return {};
    std::string_view value = found->second;
    while (!value.empty() && is_space(value.front())) value.remove_prefix(1);
    while (!value.empty() && is_space(value.back())) value.remove_suffix(1);
    return value;
}

std::optional<std::int64_t> SettingsReader::whole_number(std::string_view name, std::int64_t least, std::int64_t most)
{
    const std::string_view value = text(name);
    if (value.empty()) return std::nullopt;
    const auto parsed = parse_number(value);
    if (parsed && *parsed >= least && *parsed <= most) return parsed;
    problem(name, "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most) + ", not \"" +
                      std::string(value) + "\"");
    return std::nullopt;
}

void SettingsReader::boolean(std::string_view name, bool& out)
{
    const std::string_view value = text(name);
    const auto is_one_of = [&](std::initializer_list<std::string_view> words) {
        return std::ranges::find(words, value) != words.end();
    };
    if (is_one_of({"true", "1", "yes", "on"}))
        out = true;
    else if (is_one_of({"false", "0", "no", "off"}))
        out = false;
    else if (!value.empty())
        problem(name, "must be true or false, not \"" + std::string(value) + "\"");
}

void SettingsReader::seconds(std::string_view name, std::int64_t least, std::int64_t most, Duration& out)
{
    if (const auto read = whole_number(name, least, most)) out = std::chrono::seconds{*read};
}

void SettingsReader::url(std::string_view name, std::string& out)
{
    if (const auto value = text(name); !value.empty()) out = value;
    if (const auto parsed = http::parse_url(out); !parsed)
        problem(name, "is no http(s) URL: " + parsed.error().message);
}

std::string SettingsReader::key(std::string_view name)
{
    const std::string_view value = text(name);
    if (!std::ranges::all_of(value, [](char c) { return c > ' ' && c < 0x7f; }))
        problem(name, "holds characters that no key has");
    return std::string(value);
}

std::optional<std::int64_t> SettingsReader::optional_id(std::string_view name, std::string_view without,
                                                        std::vector<std::string>& warnings) const
{
    const std::string_view value = text(name);
    if (value.empty()) return std::nullopt;
    const auto id = parse_number(value);
    if (id && *id > 0) return id;
    warnings.push_back("Invalid " + prefix_ + std::string(name) + ": " + std::string(value) + " - syncing without " +
                       std::string(without));
    return std::nullopt;
}

void SettingsReader::problem(std::string_view name, std::string_view what)
{
    if (!problems_.empty()) problems_ += "; ";
    problems_.append(prefix_).append(name).append(" ").append(what);
}

Status SettingsReader::verdict() const
{
    if (problems_.empty()) return {};
    return fail(ErrorCode::invalid, problems_);
}

std::optional<std::int64_t> SettingsReader::parse_number(std::string_view text)
{
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace crmsync
