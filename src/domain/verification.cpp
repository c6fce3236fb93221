#include "domain/verification.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "base/result.h"
#include "domain/normalise.h"

namespace crmsync {

namespace {

namespace json = boost::json;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lowered(std::string_view text)
{
    std::string out(text);
    std::ranges::transform(out, out.begin(), lower);
    return out;
}

std::string trimmed(std::string_view text) { return clean_text(text).text; }

std::optional<bool> truth_in(std::string_view text)
{
    const std::string word = lowered(text);
    if (word == "true" || word == "1" || word == "yes") return true;
    if (word == "false" || word == "0" || word == "no") return false;
    return std::nullopt;
}

std::string digits_of(std::string_view text)
{
    std::string digits;
    std::ranges::copy_if(text, std::back_inserter(digits), is_digit);
    return digits;
}

/// "-007.50" and "-7.5" alike; nothing for what is no plain decimal number.
std::optional<std::string> plain_decimal(std::string_view text)
{
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    const auto point = text.find('.');
    std::string_view whole = text.substr(0, point);
    std::string_view fraction = point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
    if ((whole.empty() && fraction.empty()) || !std::ranges::all_of(whole, is_digit) ||
        !std::ranges::all_of(fraction, is_digit))
        return std::nullopt;
    while (whole.starts_with('0')) whole.remove_prefix(1);
    while (fraction.ends_with('0')) fraction.remove_suffix(1);
    std::string plain(whole.empty() ? "0" : whole);
    if (!fraction.empty()) plain.append(1, '.').append(fraction);
    return negative && plain != "0" ? "-" + plain : plain;
}

std::optional<double> number_in(std::string_view text)
{
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

bool same_number(std::string_view ours, std::string_view theirs)
{
    const auto plain = plain_decimal(ours);
    if (const auto other = plain_decimal(theirs); plain && other) return plain == other;
    const auto value = number_in(ours);
    return value && value == number_in(theirs);
}

std::string_view date_of(std::string_view text) { return text.substr(0, std::string_view("2026-11-20").size()); }

bool same_moment(std::string_view ours, std::string_view theirs)
{
    const auto at = parse_rfc3339(ours);
    const auto other = parse_rfc3339(theirs);
    if (!at || !other) return ours == theirs;
    return std::chrono::floor<std::chrono::seconds>(*at) == std::chrono::floor<std::chrono::seconds>(*other);
}

bool same_text(std::string_view ours, std::string_view theirs, FieldType type)
{
    if (ours == theirs) return true;
    switch (type) {
        case FieldType::text:
        case FieldType::boolean:
            return false;
        case FieldType::phone_e164:
            return !digits_of(ours).empty() && digits_of(ours) == digits_of(theirs);
        case FieldType::number:
            return same_number(ours, theirs);
        case FieldType::date:
            return date_of(ours) == date_of(theirs);
        case FieldType::datetime:
            return same_moment(ours, theirs);
    }
    __builtin_unreachable();
}

bool same_value(const MappedField& field, std::string_view email, std::string_view held)
{
    const std::string theirs = trimmed(held);
    return std::visit(Overloaded{
                          [&](const std::string& text) {
                              const std::string ours = trimmed(text);
                              if (ours == email) return ours == lowered(theirs);
                              return same_text(ours, theirs, field.type);
                          },
                          [&](bool truth) { return truth_in(theirs) == truth; },
                          [&](const Number& number) { return same_number(number.text, theirs); },
                          [&](const Cleared&) { return theirs.empty(); },
                      },
                      field.value);
}

bool is_word_character(char c) { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') || c == '_'; }

bool names(std::string_view warning, std::string_view field)
{
    for (auto at = warning.find(field); at != std::string_view::npos; at = warning.find(field, at + 1)) {
        const auto end = at + field.size();
        const bool begins = at == 0 || !is_word_character(warning[at - 1]);
        const bool ends = end == warning.size() || !is_word_character(warning[end]);
        if (begins && ends) return true;
    }
    return false;
}

bool is_compared(const MappedField& field, const std::vector<std::string>& warnings)
{
    return !field.is_volatile &&
           std::ranges::none_of(warnings, [&](const std::string& warning) { return names(warning, field.name); });
}

std::string_view held_value(const RemoteContact& held, std::string_view name)
{
    const auto found = std::ranges::find(held.fields, name, &RemoteValue::name);
    return found == held.fields.end() ? std::string_view() : std::string_view(found->text);
}

}  // namespace

std::string_view to_string(Verification verification)
{
    switch (verification) {
        case Verification::verified:
            return "verified";
        case Verification::drifted:
            return "drifted";
        case Verification::missing:
            return "missing";
        case Verification::changed:
            return "changed";
    }
    __builtin_unreachable();
}

std::optional<Verification> parse_verification(std::string_view text)
{
    for (const Verification one : all_verifications)
        if (to_string(one) == text) return one;
    return std::nullopt;
}

Comparison compare(const SyncedContact& synced, const MappedContact& mapped, const std::optional<RemoteContact>& held)
{
    if (!held) return {.result = Verification::missing, .fields = {}, .opted_out = synced.opted_out};
    Comparison found{.result = Verification::verified, .fields = {}, .opted_out = held->opted_out};
    if (synced.contact_updated_at > synced.acknowledged_at) {
        found.result = Verification::changed;
        return found;
    }
    if (lowered(trimmed(held->email)) != lowered(mapped.email)) found.fields.emplace_back("email");
    for (const MappedField& field : mapped.fields)
        if (is_compared(field, synced.warnings) && !same_value(field, mapped.email, held_value(*held, field.name)))
            found.fields.push_back(field.name);
    if (!found.fields.empty()) found.result = Verification::drifted;
    return found;
}

void VerificationRun::count(const Comparison& found)
{
    ++checked;
    if (found.opted_out) ++opted_out;
    switch (found.result) {
        case Verification::verified:
            ++verified;
            return;
        case Verification::drifted:
            ++drifted;
            return;
        case Verification::missing:
            ++missing;
            return;
        case Verification::changed:
            ++changed;
            return;
    }
}

std::string to_json(const VerificationRun& run)
{
    json::object object{{"started_at", to_rfc3339(run.started_at)},
                        {"ended_at", run.ended_at ? json::value(to_rfc3339(*run.ended_at)) : json::value(nullptr)},
                        {"share", run.share},
                        {"actor", run.actor},
                        {"problem", run.problem},
                        {"expected", run.expected},
                        {"checked", run.checked},
                        {"verified", run.verified},
                        {"drifted", run.drifted},
                        {"missing", run.missing},
                        {"changed", run.changed},
                        {"opted_out", run.opted_out},
                        {"repaired", run.repaired},
                        {"calls", run.calls}};
    return json::serialize(object);
}

std::optional<VerificationRun> parse_verification_run(std::string_view text)
{
    boost::system::error_code error;
    const json::value value = json::parse(text, error);
    if (error || !value.is_object()) return std::nullopt;
    const json::object& object = value.get_object();
    const auto words = [&](std::string_view name) {
        const json::value* found = object.if_contains(name);
        return found && found->is_string() ? std::string(found->get_string()) : std::string();
    };
    const auto number = [&](std::string_view name) {
        const json::value* found = object.if_contains(name);
        return found && found->is_int64() ? found->get_int64() : 0;
    };
    const auto started = parse_rfc3339(words("started_at"));
    if (!started) return std::nullopt;
    const json::value* share = object.if_contains("share");
    VerificationRun run{.started_at = *started, .ended_at = std::nullopt};
    if (const auto ended = parse_rfc3339(words("ended_at"))) run.ended_at = *ended;
    run.share = share && share->is_number() ? share->to_number<double>() : 1;
    run.actor = words("actor");
    run.problem = words("problem");
    run.expected = number("expected");
    run.checked = number("checked");
    run.verified = number("verified");
    run.drifted = number("drifted");
    run.missing = number("missing");
    run.changed = number("changed");
    run.opted_out = number("opted_out");
    run.repaired = number("repaired");
    run.calls = number("calls");
    return run;
}

}  // namespace crmsync
