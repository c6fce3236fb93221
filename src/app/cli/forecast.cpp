#include "app/cli/forecast.h"

#include <fmt/format.h>

namespace crmsync::app {

namespace {

std::string display_names(const std::vector<Crm>& crms)
{
    std::string names;
    for (const Crm crm : crms) names.append(names.empty() ? "" : ", ").append(display_name(crm));
    return names;
}

std::string ids_of(const Forecast::Group& group, std::size_t from)
{
    std::string ids;
    for (std::size_t i = from; i < group.examples.size(); ++i)
        ids.append(ids.empty() ? "" : " ").append(to_string(group.examples[i]));
    const auto more = group.contacts - static_cast<std::int64_t>(group.examples.size());
    if (more > 0) ids += fmt::format(" and {} more", grouped(more));
    return ids;
}

void print_addresses(Console& console, const Forecast::Meeting& same)
{
    console.line(fmt::format("{} e-mail address(es) on {} contacts: of each the newest goes, {} will not be sent",
                             grouped(same.groups), grouped(same.contacts), grouped(same.contacts - same.groups)));
    Table table{{"E-MAIL", "CONTACTS", "GOES", "DO NOT GO"}, {}, {false, true}};
    for (const Forecast::Group& group : same.examples)
        table.rows.push_back(
            {printable(group.shared), grouped(group.contacts), to_string(group.examples.front()), ids_of(group, 1)});
    console.table(table);
}

void print_phones(Console& console, const Forecast::Meeting& same, const std::vector<Crm>& phones_once)
{
    console.line(
        fmt::format("{} phone number(s) on {} contacts with different addresses: {} takes a number once, the "
                    "others go without it",
                    grouped(same.groups), grouped(same.contacts), display_names(phones_once)));
    Table table{{"PHONE ENDS IN", "CONTACTS", "WHO"}, {}, {false, true}};
    for (const Forecast::Group& group : same.examples)
        table.rows.push_back({printable(group.shared), grouped(group.contacts), ids_of(group, 0)});
    console.table(table);
}

}  // namespace

void print_forecast(Console& console, const Forecast& forecast, const std::vector<Crm>& phones_once)
{
    const bool phones = !phones_once.empty() && forecast.same_phone.groups > 0;
    console.note(fmt::format("{} contact(s) looked at", grouped(forecast.contacts)));
    if (forecast.same_address.groups > 0) print_addresses(console, forecast.same_address);
    if (phones) print_phones(console, forecast.same_phone, phones_once);
    if (forecast.same_address.groups == 0 && !phones)
        console.line(phones_once.empty() ? "No two of them share an e-mail address"
                                         : "No two of them share an e-mail address or a phone number");
}

std::string forecast_hint(const Forecast& forecast, const std::vector<Crm>& phones_once)
{
    std::string hint;
    const auto& [groups, contacts, ignored] = forecast.same_address;
    if (groups > 0) hint = fmt::format("{} share an e-mail address with a newer contact", grouped(contacts - groups));
    if (!phones_once.empty() && forecast.same_phone.groups > 0)
        hint += fmt::format("{}{} share a phone number, which {} takes once", hint.empty() ? "" : "; ",
                            grouped(forecast.same_phone.contacts), display_names(phones_once));
    return hint;
}

}  // namespace crmsync::app
