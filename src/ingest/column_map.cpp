#include "ingest/column_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "domain/transition.h"

namespace crmsync::ingest {

namespace {

struct UsualName {
    std::string_view key;  ///< In lower case, letters and digits alone.
    Column column;
};

constexpr std::array usual_names{
    UsualName{"email", Column::email},
    UsualName{"emailaddress", Column::email},
    UsualName{"mail", Column::email},
    UsualName{"mailaddress", Column::email},
    UsualName{"contactemail", Column::email},
    UsualName{"primaryemail", Column::email},
    UsualName{"workemail", Column::email},
    UsualName{"businessemail", Column::email},
    UsualName{"name", Column::name},
    UsualName{"fullname", Column::name},
    UsualName{"contactname", Column::name},
    UsualName{"displayname", Column::name},
    UsualName{"firstname", Column::first_name},
    UsualName{"givenname", Column::first_name},
    UsualName{"forename", Column::first_name},
    UsualName{"lastname", Column::last_name},
    UsualName{"surname", Column::last_name},
    UsualName{"familyname", Column::last_name},
    UsualName{"phonenumber", Column::phone_number},
    UsualName{"phone", Column::phone_number},
    UsualName{"telephone", Column::phone_number},
    UsualName{"telephonenumber", Column::phone_number},
    UsualName{"tel", Column::phone_number},
    UsualName{"mobile", Column::phone_number},
    UsualName{"mobilephone", Column::phone_number},
    UsualName{"mobilenumber", Column::phone_number},
    UsualName{"cell", Column::phone_number},
    UsualName{"cellphone", Column::phone_number},
    UsualName{"workphone", Column::phone_number},
    UsualName{"emailtype", Column::email_type},
    UsualName{"hasgmail", Column::has_gmail},
    UsualName{"context", Column::context},
    UsualName{"notes", Column::context},
    UsualName{"sourceurl", Column::source_url},
    UsualName{"website", Column::source_url},
    UsualName{"web", Column::source_url},
    UsualName{"url", Column::source_url},
    UsualName{"homepage", Column::source_url},
    UsualName{"domainid", Column::domain_id},
    UsualName{"pageid", Column::page_id},
    UsualName{"sourcejobid", Column::source_job_id},
};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_filler(char c) { return c == ' ' || c == '\t' || c == '_' || c == '-' || c == '.'; }

std::string key_of(std::string_view header)
{
    std::string key;
    for (const char c : header)
        if (!is_filler(c)) key += lower(c);
    return key;
}

std::string_view trim(std::string_view text)
{
    const auto begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

/// Takes a value off the front: in quotes, or up to the next comma.
Result<std::string> take_value(std::string_view& rest)
{
    if (!rest.starts_with('"')) {
        const auto value = rest.substr(0, rest.find(','));
        rest.remove_prefix(value.size());
        return std::string(trim(value));
    }
    std::string value;
    for (std::size_t i = 1; i < rest.size(); ++i) {
        if (rest[i] != '"') {
            value += rest[i];
        } else if (rest.substr(i).starts_with("\"\"")) {
            value += '"';
            ++i;
        } else {
            rest = trim(rest.substr(i + 1));
            if (!rest.empty() && !rest.starts_with(','))
                return fail(ErrorCode::invalid, fmt::format("a comma is missing after \"{}\"", value), "map");
            return value;
        }
    }
    return fail(ErrorCode::invalid, "a quote is opened and never closed", "map");
}

std::string known_columns()
{
    std::string names;
    for (const Column column : all_columns) names += fmt::format("{}{}", names.empty() ? "" : ", ", to_string(column));
    return names;
}

/// As many as a person can read.
std::string list_headers(std::span<const std::string_view> headers)
{
    constexpr std::size_t shown_max = 50;
    std::string list;
    for (const auto header : headers.first(std::min(headers.size(), shown_max)))
        list += fmt::format("{}\"{}\"", list.empty() ? "" : ", ", cut(header, 100));
    if (headers.size() > shown_max) list += ", ...";
    return list;
}

std::unexpected<Error> no_such_header(Column column, std::string_view name, std::span<const std::string_view> headers)
{
    return fail(ErrorCode::invalid,
                fmt::format("{} is mapped to column \"{}\", which is not there; the columns are {}", to_string(column),
                            name, list_headers(headers)),
                std::string(to_string(column)));
}

std::unexpected<Error> held_twice(Column column, std::string_view first, std::string_view second)
{
    const auto name = to_string(column);
    if (trim(first) == trim(second))
        return fail(
            ErrorCode::invalid,
            fmt::format("column \"{}\" is there twice and both hold {}; give one of them another name", first, name),
            std::string(name));
    return fail(
        ErrorCode::invalid,
        fmt::format("columns \"{0}\" and \"{1}\" both hold {2}; say which one to take: map {2}=\"{0}\" or {2}=\"{1}\"",
                    first, second, name),
        std::string(name));
}

}  // namespace

std::string_view to_string(Column column)
{
    switch (column) {
        case Column::email:
            return "email";
        case Column::name:
            return "name";
        case Column::first_name:
            return "first_name";
        case Column::last_name:
            return "last_name";
        case Column::phone_number:
            return "phone_number";
        case Column::email_type:
            return "email_type";
        case Column::has_gmail:
            return "has_gmail";
        case Column::context:
            return "context";
        case Column::source_url:
            return "source_url";
        case Column::domain_id:
            return "domain_id";
        case Column::page_id:
            return "page_id";
        case Column::source_job_id:
            return "source_job_id";
    }
    __builtin_unreachable();
}

std::optional<Column> parse_column(std::string_view name)
{
    for (const Column column : all_columns)
        if (to_string(column) == name) return column;
    return std::nullopt;
}

Result<Mapping> parse_mapping(std::string_view text)
{
    Mapping mapping;
    auto rest = trim(text);
    while (!rest.empty()) {
        const auto equals = rest.find('=');
        if (equals == std::string_view::npos)
            return fail(ErrorCode::invalid, fmt::format("\"{}\" is not of the form field=\"Column name\"", rest),
                        "map");
        const auto name = trim(rest.substr(0, equals));
        const auto column = parse_column(name);
        if (!column)
            return fail(ErrorCode::invalid,
                        fmt::format("\"{}\" is not a field of contacts; the fields are {}", name, known_columns()),
                        "map");
        if (mapping[*column])
            return fail(ErrorCode::invalid, fmt::format("{} is mapped twice; leave one of the two out", name), "map");
        rest = trim(rest.substr(equals + 1));
        auto value = take_value(rest);
        if (!value) return std::unexpected(value.error());
        mapping[*column] = std::move(*value);
        if (!rest.empty()) rest = trim(rest.substr(1));
    }
    return mapping;
}

std::optional<Column> column_by_usual_name(std::string_view header)
{
    const std::string key = key_of(header);
    const auto* const found = std::ranges::find(usual_names, std::string_view(key), &UsualName::key);
    return found == usual_names.end() ? std::nullopt : std::optional(found->column);
}

std::optional<Column> column_for(std::string_view header, const Mapping& mapping)
{
    for (const Column column : all_columns)
        if (mapping[column] && !mapping[column]->empty() && *mapping[column] == trim(header)) return column;
    const auto usual = column_by_usual_name(header);
    return usual && !mapping[*usual] ? usual : std::nullopt;
}

Result<std::vector<std::optional<Column>>> map_columns(std::span<const std::string_view> headers,
                                                       const Mapping& mapping)
{
    std::vector<std::optional<Column>> result;
    PerColumn<std::optional<std::string_view>> held_by;
    for (const auto header : headers) {
        const auto& column = result.emplace_back(column_for(header, mapping));
        if (!column) continue;
        if (held_by[*column]) return held_twice(*column, *held_by[*column], header);
        held_by[*column] = header;
    }
    for (const Column column : all_columns)
        if (mapping[column] && !mapping[column]->empty() && !held_by[column])
            return no_such_header(column, *mapping[column], headers);
    if (!held_by[Column::email]) {
        const bool undivided = headers.size() == 1 && headers.front().find_first_of("|:^~") != std::string_view::npos;
        return fail(ErrorCode::invalid,
                    fmt::format("no column holds the e-mail address; name it by map email=\"Column name\"; the "
                                "columns are {}{}",
                                list_headers(headers),
                                undivided ? "; if there should be more, say what separates them: delimiter" : ""),
                    "email");
    }
    return result;
}

}  // namespace crmsync::ingest
