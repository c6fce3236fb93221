#include "domain/fingerprint.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>

#include "base/digest.h"

namespace crmsync {

namespace {

constexpr std::size_t payload_bytes = 16;
constexpr std::size_t field_bytes = 8;
constexpr std::size_t field_digits = 11;  // Of base64, for so many bytes.
constexpr char next_field = '\n';

/// Lengths go before texts, so that no two payloads share one input.
void append(std::string& input, std::string_view text)
{
    input += std::to_string(text.size());
    input += ':';
    input += text;
}

void append_value(std::string& input, const FieldValue& value)
{
    std::visit(Overloaded{
                   [&](const std::string& text) { append(input, text); },
                   [&](bool truth) { input += truth ? 't' : 'f'; },
                   [&](const Number& number) { append(input, number.text); },
                   [&](const Cleared&) { input += 'c'; },
               },
               value);
}

std::string_view hash_of(std::string_view input, std::array<unsigned char, EVP_MAX_MD_SIZE>& digest, std::size_t bytes)
{
    static const EVP_MD* const sha256 =
        EVP_MD_fetch(nullptr, "SHA256", nullptr);  // Looking it up costs more than hashing.
    const int done = EVP_Digest(input.data(), input.size(), digest.data(), nullptr, sha256, nullptr);
    if (done != 1) std::abort();  // Out of memory; a wrong fingerprint would hide changes.
    return {reinterpret_cast<const char*>(digest.data()), bytes};
}

/// Names of fields are the CRM's or a person's; the text's own marks are not for them.
std::string printable_name(std::string name)
{
    std::ranges::replace_if(name, [](unsigned char c) { return c < ' '; }, '?');
    return name;
}

template <class Each>
void for_each_field(const MappedContact& contact, const Each& each)
{
    const auto own = std::ranges::find(contact.fields, "email", &MappedField::name);
    if (own == contact.fields.end()) each("email", FieldValue(contact.email));
    for (const MappedField& field : contact.fields)
        if (!field.is_volatile) each(printable_name(field.name), field.value);
}

std::string digest_of(const std::string& salt, std::string_view name, const FieldValue& value)
{
    std::string input = salt;
    append(input, name);
    append_value(input, value);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    return to_base64url(hash_of(input, digest, field_bytes));
}

}  // namespace

std::string fingerprint_of(const MappedContact& contact)
{
    std::string input;
    input.reserve(512);
    append(input, contact.email);
    for (const MappedField& field : contact.fields) {
        if (field.is_volatile) continue;
        append(input, field.name);
        append_value(input, field.value);
    }
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    std::string text = to_hex(hash_of(input, digest, payload_bytes));
    const std::string salt = to_string(contact.contact_id);
    for_each_field(contact, [&](std::string_view name, const FieldValue& value) {
        text += next_field;
        text += digest_of(salt, name, value);
        text += name;
    });
    return text;
}

bool same_payload(std::string_view one, std::string_view other)
{
    const auto whole = [](std::string_view text) { return text.substr(0, text.find(next_field)); };
    return whole(one) == whole(other);
}

std::string_view to_string(FieldDifference::Kind kind)
{
    switch (kind) {
        case FieldDifference::Kind::changed:
            return "changed";
        case FieldDifference::Kind::added:
            return "new";
        case FieldDifference::Kind::gone:
            return "gone";
    }
    __builtin_unreachable();
}

std::optional<std::vector<FieldDifference>> differences(std::string_view acknowledged, const MappedContact& contact)
{
    std::map<std::string, std::string_view, std::less<>> before;  // Digests by name.
    std::size_t at = acknowledged.find(next_field);
    if (at == std::string_view::npos) return std::nullopt;
    while (at != std::string_view::npos) {
        const std::size_t end = acknowledged.find(next_field, at + 1);
        const std::string_view field = acknowledged.substr(at + 1, end == std::string_view::npos ? end : end - at - 1);
        if (field.size() > field_digits) before.emplace(field.substr(field_digits), field.substr(0, field_digits));
        at = end;
    }
    std::vector<FieldDifference> found;
    const std::string salt = to_string(contact.contact_id);
    for_each_field(contact, [&](std::string_view name, const FieldValue& value) {
        const auto known = before.extract(std::string(name));
        if (known.empty())
            found.push_back({FieldDifference::Kind::added, std::string(name)});
        else if (known.mapped() != digest_of(salt, name, value))
            found.push_back({FieldDifference::Kind::changed, std::string(name)});
    });
    for (const auto& [name, digest] : before) found.push_back({FieldDifference::Kind::gone, name});
    return found;
}

}  // namespace crmsync
