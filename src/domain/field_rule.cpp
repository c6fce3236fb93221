#include "domain/field_rule.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/result.h"
#include "domain/consent.h"
#include "domain/normalise.h"

namespace crmsync {

namespace {

constexpr std::array all_source_fields{SourceField::email,      SourceField::name,     SourceField::first_name,
                                       SourceField::last_name,  SourceField::phone,    SourceField::email_type,
                                       SourceField::has_gmail,  SourceField::context,  SourceField::source_url,
                                       SourceField::domain_id,  SourceField::page_id,  SourceField::source_job_id,
                                       SourceField::contact_id, SourceField::synced_at};
constexpr std::array all_field_types{FieldType::text,   FieldType::phone_e164, FieldType::boolean,
                                     FieldType::number, FieldType::date,       FieldType::datetime};
constexpr std::array all_transforms{Transform::trim, Transform::lower,      Transform::upper,
                                    Transform::e164, Transform::first_word, Transform::rest};

template <class All>
auto parse(const All& all, std::string_view text) -> std::optional<typename All::value_type>
{
    const auto found = std::ranges::find(all, text, [](auto one) { return to_string(one); });
    return found == all.end() ? std::nullopt : std::optional(*found);
}

template <class All>
std::string names_of(const All& all)
{
    std::string names;
    for (const auto one : all) names.append(names.empty() ? "" : ", ").append(to_string(one));
    return names;
}

/// JSON's own grammar of numbers, so that the text can go on the wire as it is.
bool is_number(std::string_view text)
{
    const auto digits = [&] {
        const auto end = std::min(text.find_first_not_of("0123456789"), text.size());
        text.remove_prefix(end);
        return end;
    };
    if (text.starts_with('-')) text.remove_prefix(1);
    const bool zero = text.starts_with('0');
    const auto whole = digits();
    if (whole == 0 || (zero && whole > 1)) return false;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        if (digits() == 0) return false;
    }
    if (text.starts_with('e') || text.starts_with('E')) {
        text.remove_prefix(1);
        if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
        if (digits() == 0) return false;
    }
    return text.empty();
}

/// From a date or an instant in RFC 3339.
std::optional<Instant> to_instant(const std::string& text)
{
    const auto at = parse_rfc3339(text.size() == 10 ? text + "T00:00:00Z" : text);
    return at ? std::optional(*at) : std::nullopt;
}

/// Whether what a contact has there can ever be of the type. Texts that people fill in may hold anything.
bool could_be(SourceField source, FieldType type)
{
    if (type == FieldType::text) return true;
    switch (source) {
        case SourceField::name:
        case SourceField::first_name:
        case SourceField::last_name:
        case SourceField::phone:
        case SourceField::context:
        case SourceField::source_url:
            return true;
        case SourceField::has_gmail:
            return type == FieldType::boolean;
        case SourceField::synced_at:
            return type == FieldType::date || type == FieldType::datetime;
        case SourceField::email:
        case SourceField::email_type:
        case SourceField::domain_id:
        case SourceField::page_id:
        case SourceField::source_job_id:
        case SourceField::contact_id:
            return false;
    }
    __builtin_unreachable();
}

/// Collects what is wrong with one rule.
class Check {
public:
    Check(const FieldRule& rule, Crm crm, const std::string& region)
        : rule_(rule), region_(region), consent_(consent_field(crm, rule.target))
    {
    }

    std::vector<std::string> run()
    {
        source();
        fallback();
        consent();
        return std::move(problems_);
    }

private:
    void add(std::string problem) { problems_.push_back(std::move(problem)); }

    void source()
    {
        const std::string type(to_string(rule_.type));
        if (const std::string* constant = constant_text()) {
            if (!rule_.fallback.empty() || rule_.when_empty == WhenEmpty::clear)
                add("a constant is never empty; remove default and empty");
            fixed(*constant, rule_.transforms, "value");
        } else if (rule_.parts.empty() && rule_.transforms.empty() && !could_be(rule_.source, rule_.type)) {
            add(std::string(to_string(rule_.source)) + " never holds a " + type + "; use type = \"text\"");
        }
        const bool as_phone = std::ranges::find(rule_.transforms, Transform::e164) != rule_.transforms.end();
        if (as_phone && rule_.type != FieldType::text && rule_.type != FieldType::phone_e164)
            add("the transform e164 makes a phone number, which is no " + type + "; use type = \"phone_e164\"");
    }

    void fallback()
    {
        if (rule_.fallback.empty()) return;
        if (rule_.when_empty == WhenEmpty::clear)
            add("with a default it is never empty; remove default, or empty = \"clear\"");
        fixed(rule_.fallback, {}, "default");
    }

    /// A value that the mapping itself holds.
    void fixed(const std::string& text, const std::vector<Transform>& transforms, const std::string& what)
    {
        const auto changed = transformed(clean_text(text).text, transforms, region_);
        if (changed && changed->empty()) return add("the " + what + " is empty; use false where nothing is to be sent");
        const auto value = changed ? to_value(*changed, rule_.type, region_) : std::unexpected(changed.error());
        if (!value)
            add("the " + what + " " + value.error() + "; mend it, or the type " + std::string(to_string(rule_.type)));
        else if (rule_.consent && consent_ != ConsentField::other && !takes_consent_away(consent_, *value))
            add("the " + what + " would turn on contacts who have opted out; only opting out can be sent");
    }

    void consent()
    {
        switch (consent_) {
            case ConsentField::none:
                if (rule_.consent) add("is no field about consent; remove consent = true");
                return;
            case ConsentField::other:
                return add("is about consent and cannot be set from a mapping; remove it");
            case ConsentField::opt_in:
            case ConsentField::opt_out:
                if (!rule_.consent)
                    add("says whether a contact wants mail; add consent = true to let it say that one has opted out");
                if (rule_.when_empty == WhenEmpty::clear)
                    add("emptying it would turn on contacts who have opted out; remove empty = \"clear\"");
                return;
        }
    }

    const std::string* constant_text() const
    {
        return rule_.parts.size() == 1 ? std::get_if<std::string>(&rule_.parts.front()) : nullptr;
    }

    const FieldRule& rule_;
    const std::string& region_;
    ConsentField consent_;
    std::vector<std::string> problems_;
};

std::string template_text(const std::vector<TextPart>& parts)
{
    std::string text;
    for (const TextPart& part : parts)
        std::visit(Overloaded{[&](const std::string& literal) {
                                  for (const char c : literal) text.append(c == '{' || c == '}' ? 2 : 1, c);
                              },
                              [&](SourceField field) { text.append("{").append(to_string(field)).append("}"); }},
                   part);
    return text;
}

}  // namespace

std::string_view to_string(SourceField field)
{
    switch (field) {
        case SourceField::email:
            return "email";
        case SourceField::name:
            return "name";
        case SourceField::first_name:
            return "first_name";
        case SourceField::last_name:
            return "last_name";
        case SourceField::phone:
            return "phone";
        case SourceField::email_type:
            return "email_type";
        case SourceField::has_gmail:
            return "has_gmail";
        case SourceField::context:
            return "context";
        case SourceField::source_url:
            return "source_url";
        case SourceField::domain_id:
            return "domain_id";
        case SourceField::page_id:
            return "page_id";
        case SourceField::source_job_id:
            return "source_job_id";
        case SourceField::contact_id:
            return "contact_id";
        case SourceField::synced_at:
            return "synced_at";
    }
    __builtin_unreachable();
}

std::string_view to_string(FieldType type)
{
    switch (type) {
        case FieldType::text:
            return "text";
        case FieldType::phone_e164:
            return "phone_e164";
        case FieldType::boolean:
            return "boolean";
        case FieldType::number:
            return "number";
        case FieldType::date:
            return "date";
        case FieldType::datetime:
            return "datetime";
    }
    __builtin_unreachable();
}

std::string_view to_string(Transform transform)
{
    switch (transform) {
        case Transform::trim:
            return "trim";
        case Transform::lower:
            return "lower";
        case Transform::upper:
            return "upper";
        case Transform::e164:
            return "e164";
        case Transform::first_word:
            return "first_word";
        case Transform::rest:
            return "rest";
    }
    __builtin_unreachable();
}

std::optional<SourceField> parse_source_field(std::string_view text) { return parse(all_source_fields, text); }
std::optional<FieldType> parse_field_type(std::string_view text) { return parse(all_field_types, text); }
std::optional<Transform> parse_transform(std::string_view text) { return parse(all_transforms, text); }
std::string source_field_names() { return names_of(all_source_fields); }
std::string field_type_names() { return names_of(all_field_types); }
std::string transform_names() { return names_of(all_transforms); }

std::expected<std::vector<TextPart>, std::string> parse_template(std::string_view text)
{
    std::vector<TextPart> parts;
    std::string literal;
    const auto end_literal = [&] {
        if (!literal.empty()) parts.emplace_back(std::exchange(literal, {}));
    };
    while (!text.empty()) {
        const char c = text.front();
        if (text.starts_with("{{") || text.starts_with("}}")) {
            literal += c;
            text.remove_prefix(2);
        } else if (c == '}') {
            return std::unexpected("has a } without its {; write }} for a brace that is meant");
        } else if (c != '{') {
            literal += c;
            text.remove_prefix(1);
        } else {
            const std::size_t end = text.find('}');
            if (end == std::string_view::npos)
                return std::unexpected("has a { without its }; write {{ for a brace that is meant");
            const std::string_view name = text.substr(1, end - 1);
            const auto field = parse_source_field(name);
            if (!field)
                return std::unexpected("names \"" + std::string(name) + "\", which no contact has; use one of " +
                                       source_field_names());
            end_literal();
            parts.emplace_back(*field);
            text.remove_prefix(end + 1);
        }
    }
    end_literal();
    const auto is_field = [](const TextPart& part) { return std::holds_alternative<SourceField>(part); };
    if (std::ranges::none_of(parts, is_field))
        return std::unexpected("names no field of a contact; use value = \"...\" for a constant");
    return parts;
}

std::string to_text(const FieldValue& value)
{
    return std::visit(Overloaded{
                          [](const std::string& text) { return text; },
                          [](bool truth) { return std::string(truth ? "true" : "false"); },
                          [](const Number& number) { return number.text; },
                          [](const Cleared&) { return std::string("(emptied)"); },
                      },
                      value);
}

std::string to_seconds_text(Instant at) { return to_rfc3339(at).substr(0, 19) + 'Z'; }

std::expected<FieldValue, std::string> to_value(std::string text, FieldType type, const std::string& phone_region)
{
    switch (type) {
        case FieldType::text:
            return std::move(text);
        case FieldType::phone_e164: {
            Normalised phone = normalise_phone(text, phone_region);
            if (!phone) return std::unexpected(phone.error());
            return *std::move(phone);
        }
        case FieldType::boolean:
            if (text == "true") return true;
            if (text == "false") return false;
            return std::unexpected("is neither true nor false");
        case FieldType::number:
            if (is_number(text)) return Number{std::move(text)};
            return std::unexpected("is not a number");
        case FieldType::date:
            if (const auto at = to_instant(text)) return to_rfc3339(*at).substr(0, 10);
            return std::unexpected("is not a date such as 2026-11-20");
        case FieldType::datetime:
            if (const auto at = to_instant(text)) return to_seconds_text(*at);
            return std::unexpected("is not a time such as 2026-11-20T12:30:00Z");
    }
    __builtin_unreachable();
}

std::expected<std::string, std::string> transformed(std::string text, const std::vector<Transform>& transforms,
                                                    const std::string& phone_region)
{
    const auto apply = [&](Transform transform) -> Normalised {
        switch (transform) {
            case Transform::trim:
                return text;  // A clean text is.
            case Transform::lower:
                return lower_case(text);
            case Transform::upper:
                return upper_case(text);
            case Transform::e164:
                if (text.empty()) return text;
                return normalise_phone(text, phone_region);
            case Transform::first_word:
                return std::string(split_name(text).first);
            case Transform::rest:
                return std::string(split_name(text).second);
        }
        __builtin_unreachable();
    };
    for (const Transform transform : transforms) {
        Normalised next = apply(transform);
        if (!next) return next;
        text = *std::move(next);
    }
    return text;
}

std::vector<std::string> problems_of(const FieldRule& rule, Crm crm, const std::string& phone_region)
{
    return Check(rule, crm, phone_region).run();
}

std::string describe(const FieldRule& rule)
{
    std::string text(to_string(rule.source));
    if (rule.parts.size() == 1 && std::holds_alternative<std::string>(rule.parts.front()))
        text = "value \"" + std::get<std::string>(rule.parts.front()) + "\"";
    else if (!rule.parts.empty())
        text = "template \"" + template_text(rule.parts) + "\"";
    for (const Transform transform : rule.transforms) text.append(", ").append(to_string(transform));
    if (rule.type != FieldType::text) text.append(" as ").append(to_string(rule.type));
    if (!rule.fallback.empty()) text.append(", default \"").append(rule.fallback).append("\"");
    if (rule.when_empty == WhenEmpty::clear) text += ", emptied when empty";
    if (rule.unique) text += ", unique";
    if (rule.consent) text += ", consent";
    return text;
}

}  // namespace crmsync
