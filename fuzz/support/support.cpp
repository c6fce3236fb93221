#include "fuzz/support/support.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "domain/normalise.h"

// What libFuzzer calls.
extern "C" int LLVMFuzzerInitialize(int*, char***)  // NOLINT(readability-identifier-naming)
{
    spdlog::set_level(spdlog::level::off);
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)  // NOLINT
{
    crmsync::fuzz::try_input({reinterpret_cast<const char*>(data), size});
    return 0;
}

namespace crmsync::fuzz {

namespace {

constexpr std::size_t reason_max = 1000;
constexpr std::size_t code_max = 80;

bool contains_secret(std::string_view words)
{
    const std::string small = lower_case(words);
    return small.contains(canary_key) || small.contains(canary_email);
}

}  // namespace

void require(bool holds, std::string_view property, std::string_view detail)
{
    if (holds) return;
    std::fprintf(stderr, "broken: %.*s\n%.*s\n", static_cast<int>(property.size()), property.data(),
                 static_cast<int>(std::min<std::size_t>(detail.size(), 2000)), detail.data());
    std::abort();
}

std::string_view take_line(std::string_view& text)
{
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

std::string_view take_part(std::string_view& text, std::string_view line)
{
    const std::string_view whole = text;
    std::string_view rest = text;
    while (!rest.empty()) {
        const auto before = static_cast<std::size_t>(rest.data() - whole.data());
        if (take_line(rest) != line) continue;
        text = rest;
        return whole.substr(0, before);
    }
    text = {};
    return whole;
}

std::vector<std::string_view> in_pieces(std::string_view text)
{
    std::vector<std::string_view> pieces;
    std::uint32_t hash = 2166136261u;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
    for (std::uint32_t cuts = hash % 8; cuts > 0 && !text.empty(); --cuts) {
        hash = hash * 1664525u + 1013904223u;
        const std::size_t size = (hash >> 8) % text.size() + 1;
        pieces.push_back(text.substr(0, size));
        text.remove_prefix(size);
    }
    if (!text.empty()) pieces.push_back(text);
    return pieces;
}

http::Response answer_of(std::string_view text)
{
    http::Response response;
    const std::string_view status = take_line(text);
    std::from_chars(status.data(), status.data() + status.size(), response.status);
    response.status = std::clamp(response.status, 100, 599);
    while (!text.empty()) {
        const std::string_view line = take_line(text);
        if (line.empty()) break;
        const auto colon = std::min(line.find(':'), line.size());
        std::string_view value = line.substr(std::min(colon + 1, line.size()));
        while (value.starts_with(' ')) value.remove_prefix(1);
        response.headers.add(std::string(line.substr(0, colon)), std::string(value));
    }
    response.body = std::string(text);
    return response;
}

std::vector<MappedContact> contacts(std::size_t count)
{
    std::vector<MappedContact> made;
    for (std::size_t i = 0; i < count; ++i) {
        MappedContact contact{.contact_id = parse_uuid("0193a5b6-c7d8-7e9f-8a0b-1c2d3e4f5060").value(),
                              .email = i == 0 ? std::string(canary_email) : "second." + std::string(canary_email),
                              .fields = {{"FIRSTNAME", "Ann"}, {"SMS", "+12025550123", FieldType::phone_e164}},
                              .remote_id = std::nullopt,
                              .second_id = std::nullopt,
                              .idempotency_key = {},
                              .fingerprint = "f",
                              .warnings = {}};
        contact.contact_id.bytes.back() = static_cast<std::uint8_t>(contact.contact_id.bytes.back() + i);
        contact.idempotency_key = to_string(contact.contact_id) + ":brevo:1";
        made.push_back(std::move(contact));
    }
    return made;
}

bool was_sent(const MappedContact& contact, std::string_view field)
{
    return std::ranges::find(contact.fields, field, &MappedField::name) != contact.fields.end();
}

void check_words(std::string_view words)
{
    require(is_utf8(words), "words are UTF-8", words);
    require(std::ranges::none_of(words, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }),
            "words have no control characters", words);
    require(words.size() <= 4 * reason_max, "words are bounded", words);
    require(!contains_secret(words), "words repeat no secret", words);
}

void check_outcome(const Outcome& outcome)
{
    check_words(reason_of(outcome));
    const std::string_view code = code_of(outcome);
    check_words(code);
    require(code.size() <= code_max, "codes are short", code);
    if (const auto* upserted = std::get_if<Upserted>(&outcome)) {
        require(upserted->remote_id.size() <= 255, "a remote id is short", upserted->remote_id);
        require(is_utf8(upserted->remote_id) && !upserted->remote_id.contains('\0'), "a remote id is storable");
    }
    if (const auto* throttled = std::get_if<Throttled>(&outcome))
        require(!throttled->retry_after ||
                    (*throttled->retry_after >= Duration{0} && *throttled->retry_after <= std::chrono::days{7}),
                "nobody is made to wait for more than a week");
}

void Loop::run(Task<> task)
{
    bool done = false;
    std::exception_ptr thrown;
    asio::co_spawn(context, std::move(task), [&](std::exception_ptr error) {
        thrown = std::move(error);
        done = true;
    });
    context.restart();
    while (!done && context.run_one() > 0) {
    }
    if (thrown) std::rethrow_exception(thrown);
    require(done, "a task ends");
}

}  // namespace crmsync::fuzz
