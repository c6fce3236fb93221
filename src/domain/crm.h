#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace crmsync {

/// The CRMs, always in this order. The names are those of APIs, columns and configuration.
enum class Crm { brevo, hubspot, mautic, n8n };

inline constexpr std::array all_crms{Crm::brevo, Crm::hubspot, Crm::mautic, Crm::n8n};

constexpr std::string_view to_string(Crm crm)
{
    switch (crm) {
        case Crm::brevo:
            return "brevo";
        case Crm::hubspot:
            return "hubspot";
        case Crm::mautic:
            return "mautic";
        case Crm::n8n:
            return "n8n";
    }
    __builtin_unreachable();
}

/// As people and error messages write it.
constexpr std::string_view display_name(Crm crm)
{
    switch (crm) {
        case Crm::brevo:
            return "Brevo";
        case Crm::hubspot:
            return "HubSpot";
        case Crm::mautic:
            return "Mautic";
        case Crm::n8n:
            return "n8n";
    }
    __builtin_unreachable();
}

constexpr std::size_t index_of(Crm crm) { return static_cast<std::size_t>(crm); }

constexpr std::optional<Crm> parse_crm(std::string_view name)
{
    for (const Crm crm : all_crms)
        if (to_string(crm) == name) return crm;
    return std::nullopt;
}

/// The column of `contacts` that publishes the remote id.
constexpr std::string_view remote_id_column(Crm crm)
{
    switch (crm) {
        case Crm::brevo:
            return "brevo_contact_id";
        case Crm::hubspot:
            return "hubspot_contact_id";
        case Crm::mautic:
            return "mautic_contact_id";
        case Crm::n8n:
            return "n8n_workflow_id";
    }
    __builtin_unreachable();
}

/// One value per CRM.
template <class T>
class PerCrm {
public:
    constexpr T& operator[](Crm crm) { return values_[index_of(crm)]; }
    constexpr const T& operator[](Crm crm) const { return values_[index_of(crm)]; }
    bool operator==(const PerCrm&) const = default;

private:
    std::array<T, all_crms.size()> values_{};
};

}  // namespace crmsync
