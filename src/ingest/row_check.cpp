#include "ingest/row_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "domain/normalise.h"
#include "domain/transition.h"

namespace crmsync::ingest {

namespace {

std::string_view trim(std::string_view text)
{
    constexpr std::string_view space = " \t\r\n\v\f";
    const auto begin = text.find_first_not_of(space);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(space) - begin + 1);
}

bool same_word(std::string_view text, std::string_view lower_case)
{
    return std::ranges::equal(text, lower_case, [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
    });
}

template <std::size_t N>
bool is_one_of(std::string_view text, const std::array<std::string_view, N>& lower_case_words)
{
    return std::ranges::any_of(lower_case_words, [&](std::string_view word) { return same_word(text, word); });
}

constexpr std::array<std::string_view, 3> no_values{"(blank)", "n/a", "-"};
constexpr std::array<std::string_view, 5> true_words{"true", "yes", "1", "t", "y"};
constexpr std::array<std::string_view, 5> false_words{"false", "no", "0", "f", "n"};

std::unexpected<RowProblem> refuse(Refused why, std::string reason)
{
    return std::unexpected(RowProblem{why, std::move(reason)});
}

/// At most so much of a value as helps to find it.
std::string shown(std::string_view value) { return cut(clean_text(value).text, 60); }

/// Trimmed; nothing when absent, empty or a word for nothing.
std::optional<std::string_view> value_of(std::string_view raw)
{
    const auto text = trim(raw);
    if (text.empty() || is_one_of(text, no_values)) return std::nullopt;
    return text;
}

void set_text(std::optional<std::string>& field, std::string_view raw)
{
    if (const auto text = value_of(raw)) field = *text;
}

/// What a value is not; nothing when it was set.
using Problem = std::optional<RowProblem>;

Problem invalid_value(Column column, std::string_view value, std::string_view complaint)
{
    return RowProblem{Refused::invalid_value,
                      fmt::format("{}: \"{}\" is {}", to_string(column), shown(value), complaint)};
}

Problem set_uuid(std::optional<Uuid>& field, Column column, std::string_view raw)
{
    const auto text = value_of(raw);
    if (!text) return {};
    const auto id = parse_uuid(*text);
    if (!id) return invalid_value(column, *text, "not a UUID");
    field = *id;
    return {};
}

Problem set_bool(std::optional<bool>& field, Column column, std::string_view raw)
{
    const auto text = value_of(raw);
    if (!text) return {};
    const bool is_true = is_one_of(*text, true_words);
    if (!is_true && !is_one_of(*text, false_words)) return invalid_value(column, *text, "neither true nor false");
    field = is_true;
    return {};
}

Problem set_email_type(std::optional<EmailType>& field, std::string_view raw)
{
    const auto text = value_of(raw);
    if (!text) return {};
    std::string upper(*text);
    std::ranges::transform(upper, upper.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    const auto type = parse_email_type(upper);
    if (!type) return invalid_value(Column::email_type, *text, "none of SERVICE, CORPORATE, FREE and UNKNOWN");
    field = type;
    return {};
}

void set_name(std::optional<std::string>& field, const RowValues& values)
{
    if (const auto whole = value_of(values[Column::name])) {
        field = *whole;
        return;
    }
    const auto first = value_of(values[Column::first_name]);
    const auto last = value_of(values[Column::last_name]);
    if (first && last)
        field = fmt::format("{} {}", *first, *last);
    else if (first || last)
        field = first ? *first : *last;
}

/// All columns but the e-mail address.
Problem set_fields(ContactFields& fields, const RowValues& values)
{
    set_name(fields.name, values);
    set_text(fields.phone_number, values[Column::phone_number]);
    set_text(fields.context, values[Column::context]);
    set_text(fields.source_url, values[Column::source_url]);
    if (auto problem = set_email_type(fields.email_type, values[Column::email_type])) return problem;
    if (auto problem = set_bool(fields.has_gmail, Column::has_gmail, values[Column::has_gmail])) return problem;
    if (auto problem = set_uuid(fields.domain_id, Column::domain_id, values[Column::domain_id])) return problem;
    if (auto problem = set_uuid(fields.page_id, Column::page_id, values[Column::page_id])) return problem;
    return set_uuid(fields.source_job_id, Column::source_job_id, values[Column::source_job_id]);
}

bool has_value(const ContactFields& fields, Column column)
{
    switch (column) {
        case Column::email:
            return !fields.email.empty();
        case Column::name:
        case Column::first_name:
        case Column::last_name:
            return fields.name.has_value();
        case Column::phone_number:
            return fields.phone_number.has_value();
        case Column::email_type:
            return fields.email_type.has_value();
        case Column::has_gmail:
            return fields.has_gmail.has_value();
        case Column::context:
            return fields.context.has_value();
        case Column::source_url:
            return fields.source_url.has_value();
        case Column::domain_id:
            return fields.domain_id.has_value();
        case Column::page_id:
            return fields.page_id.has_value();
        case Column::source_job_id:
            return fields.source_job_id.has_value();
    }
    __builtin_unreachable();
}

}  // namespace

std::string_view to_string(Refused why)
{
    switch (why) {
        case Refused::no_email:
            return "no e-mail address";
        case Refused::malformed_email:
            return "malformed e-mail address";
        case Refused::invalid_value:
            return "invalid value";
        case Refused::missing_value:
            return "missing value";
        case Refused::suppressed:
            return "suppressed address";
        case Refused::wrong_shape:
            return "too many fields";
        case Refused::unreadable:
            return "unreadable";
    }
    __builtin_unreachable();
}

Result<RowCheck> RowCheck::create(const PerColumn<std::optional<std::string>>& constants,
                                  const std::vector<std::string>& required)
{
    RowCheck check;
    if (constants[Column::email]) return fail(ErrorCode::invalid, "every contact has its own e-mail address", "email");
    for (const Column column : all_columns) {
        if (!constants[column]) continue;
        RowValues one;
        one[column] = *constants[column];
        if (const auto problem = set_fields(check.defaults_, one)) {
            const std::string field(to_string(column));
            const std::size_t named = problem->reason.starts_with(field + ": ") ? field.size() + 2 : 0;
            return fail(ErrorCode::invalid, problem->reason.substr(named), field);
        }
    }
    for (const auto& name : required)
        if (const auto column = parse_column(name)) check.required_[*column] = true;
    return check;
}

std::expected<ContactFields, RowProblem> RowCheck::check(const RowValues& values) const
{
    const auto email = value_of(values[Column::email]);
    if (!email) return refuse(Refused::no_email, "no e-mail address");
    if (const auto normal = normalise_email(*email); !normal)
        return refuse(Refused::malformed_email, "e-mail address " + normal.error());
    ContactFields fields = defaults_;
    fields.email = *email;
    if (auto problem = set_fields(fields, values)) return std::unexpected(std::move(*problem));
    for (const Column column : all_columns)
        if (required_[column] && !has_value(fields, column))
            return refuse(
                Refused::missing_value,
                fmt::format("no {0}, which this database requires; add a column or the option {0}", to_string(column)));
    return fields;
}

}  // namespace crmsync::ingest
