#include "store/text.h"

#include "domain/normalise.h"

namespace crmsync {

namespace {

Status check_text(std::string_view field, std::string_view text)
{
    if (text.contains('\0')) return fail(ErrorCode::invalid, "must not hold a NUL byte", std::string(field));
    if (!is_utf8(text)) return fail(ErrorCode::invalid, "must be UTF-8", std::string(field));
    return {};
}

}  // namespace

Status check_storable(const ContactFields& fields)
{
    if (Status email = check_text("email", fields.email); !email) return email;
    const std::initializer_list<std::pair<std::string_view, const std::optional<std::string>&>> optionals = {
        {"name", fields.name},
        {"phone_number", fields.phone_number},
        {"context", fields.context},
        {"source_url", fields.source_url}};
    for (const auto& [field, text] : optionals)
        if (text)
            if (Status checked = check_text(field, *text); !checked) return checked;
    return {};
}

std::string sort_value(const Contact& contact, ContactSort::By by)
{
    switch (by) {
        case ContactSort::By::created_at:
            return to_rfc3339(contact.created_at);
        case ContactSort::By::updated_at:
            return to_rfc3339(contact.updated_at);
        case ContactSort::By::email:
            return address_of(contact.fields.email);
        case ContactSort::By::name:
            return contact.fields.name.value_or("");
    }
    __builtin_unreachable();
}

}  // namespace crmsync
