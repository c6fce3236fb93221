#include "connectors/brevo/settings.h"

#include <algorithm>
#include <charconv>

#include "http/client.h"

namespace crmsync::brevo {

namespace {

/// Reads settings one by one and collects what is wrong.
class Reader {
public:
    explicit Reader(const Settings& settings) : settings_(settings) {}

    std::string_view text(std::string_view name) const
    {
        const auto found = settings_.find(name);
        if (found == settings_.end()) return {};
        std::string_view value = found->second;
        while (!value.empty() && is_space(value.front())) value.remove_prefix(1);
        while (!value.empty() && is_space(value.back())) value.remove_suffix(1);
        return value;
    }

    template <class Number>
    void number(std::string_view name, std::int64_t least, std::int64_t most, Number& out)
    {
        const std::string_view value = text(name);
        if (value.empty()) return;
        const auto parsed = parse_number(value);
        if (parsed && *parsed >= least && *parsed <= most)
            out = static_cast<Number>(*parsed);
        else
            problem(name, "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most) +
                              ", not \"" + std::string(value) + "\"");
    }

    void boolean(std::string_view name, bool& out)
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

    void problem(std::string_view name, std::string_view what)
    {
        if (!problems_.empty()) problems_ += "; ";
        problems_.append("BREVO_").append(name).append(" ").append(what);
    }

    static std::optional<std::int64_t> parse_number(std::string_view text)
    {
        std::int64_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
        return value;
    }

    const std::string& problems() const { return problems_; }

private:
    static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

    const Settings& settings_;
    std::string problems_;
};

/// The key goes into a header line: anything but visible ASCII is a slip of copying.
bool is_key(std::string_view key)
{
    return std::ranges::all_of(key, [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

Result<BrevoSettings> read_settings(const Settings& settings, std::vector<std::string>& warnings)
{
    Reader reader(settings);
    BrevoSettings out;
    out.api_key = reader.text("API_KEY");
    if (out.api_key.empty()) reader.problem("API_KEY", "not configured");
    if (!is_key(out.api_key)) reader.problem("API_KEY", "holds characters that no key has");

    if (const auto list = reader.text("LIST_ID"); !list.empty()) {
        out.list_id = Reader::parse_number(list);
        if (!out.list_id || *out.list_id <= 0) {
            out.list_id.reset();
            warnings.push_back("Invalid BREVO_LIST_ID: " + std::string(list) + " - syncing without list");
        }
    }
    if (const auto url = reader.text("API_BASE_URL"); !url.empty()) out.base_url = url;
    if (const auto parsed = http::parse_url(out.base_url); !parsed)
        reader.problem("API_BASE_URL", "is no http(s) URL: " + parsed.error().message);

    reader.boolean("AUTO_SETUP", out.auto_setup);
    reader.number("RATE_LIMIT_PER_SECOND", 0, 1'000'000, out.per_second);
    reader.number("RATE_LIMIT_PER_HOUR", 0, 1'000'000'000, out.per_hour);
    reader.number("RATE_LIMIT_RESERVE_PERCENT", 0, 99, out.reserve_percent);
    reader.number("MAX_IN_FLIGHT", 1, 10'000, out.max_in_flight);
    std::int64_t seconds = 30;
    reader.number("HTTP_TIMEOUT_SECONDS", 1, 3600, seconds);
    out.timeout = std::chrono::seconds{seconds};
    if (!reader.problems().empty()) return fail(ErrorCode::invalid, reader.problems());
    return out;
}

}  // namespace crmsync::brevo
