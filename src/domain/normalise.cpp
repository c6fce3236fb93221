#include "domain/normalise.h"

#include <idn2.h>
#include <locale.h>
#include <wctype.h>

#include <phonenumbers/phonenumberutil.h>
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace crmsync {

namespace {

constexpr std::size_t email_max = 254;  // RFC 5321, 4.5.3.1.3, without the angle brackets.
constexpr std::size_t local_part_max = 64;
constexpr std::size_t label_max = 63;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }
constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::unexpected<std::string> refuse(std::string why) { return std::unexpected(std::move(why)); }

// ---- UTF-8 ---------------------------------------------------------------------------------------------------------

struct CodePoint {
    char32_t value = 0;
    std::size_t size = 0;  ///< 0: the bytes are no UTF-8.
};

/// The code point at the beginning of `text`, as RFC 3629 has it: no overlong forms, surrogates or values beyond
/// U+10FFFF.
CodePoint decode(std::string_view text)
{
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) return {lead, 1};
    const std::size_t size = lead >= 0xf0 && lead <= 0xf4  ? 4
                             : lead >= 0xe0 && lead < 0xf0 ? 3
                             : lead >= 0xc2 && lead < 0xe0 ? 2
                                                           : 0;
    if (size == 0 || text.size() < size) return {};
    char32_t value = lead & (0x7fu >> size);
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return {};
        value = value << 6 | (byte(i) & 0x3fu);
    }
    constexpr char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (value < smallest[size] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return {};
    return {value, size};
}

/// Unicode's White_Space property.
constexpr bool is_space(char32_t c)
{
    return c == ' ' || (c >= 0x09 && c <= 0x0d) || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

void append(std::string& out, char32_t c)
{
    const auto byte = [&](char32_t bits) { out += static_cast<char>(static_cast<unsigned char>(bits)); };
    if (c < 0x80) return byte(c);
    if (c < 0x800) {
        byte(0xc0 | c >> 6);
    } else {
        if (c < 0x10000) {
            byte(0xe0 | c >> 12);
        } else {
            byte(0xf0 | c >> 18);
            byte(0x80 | (c >> 12 & 0x3f));
        }
        byte(0x80 | (c >> 6 & 0x3f));
    }
    byte(0x80 | (c & 0x3f));
}

/// The text with every letter through one of the C library's tables, which know Unicode in this locale alone.
std::string mapped_letters(std::string_view text, wint_t (*map)(wint_t, locale_t))
{
    static const locale_t unicode = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    if (unicode == nullptr) std::abort();  // Built into the C library.
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) {
        const CodePoint c = decode(text);
        text.remove_prefix(std::max<std::size_t>(c.size, 1));
        append(result, c.size == 0 ? U'\ufffd' : static_cast<char32_t>(map(static_cast<wint_t>(c.value), unicode)));
    }
    return result;
}

constexpr bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7f && c < 0xa0); }

/// What copying and crawling leave around and inside of addresses, and no eye sees.
constexpr bool is_invisible(char32_t c)
{
    return is_space(c) || is_control(c) || (c >= 0x200b && c <= 0x200f) || c == 0x2060 || c == 0xfeff;
}

std::string_view trim_invisible(std::string_view text)
{
    std::size_t begin = text.size();
    std::size_t end = 0;
    for (std::size_t at = 0; at < text.size();) {
        const CodePoint c = decode(text.substr(at));
        const std::size_t size = std::max<std::size_t>(c.size, 1);
        if (c.size == 0 || !is_invisible(c.value)) {
            begin = std::min(begin, at);
            end = at + size;
        }
        at += size;
    }
    return begin < end ? text.substr(begin, end - begin) : std::string_view{};
}

// ---- E-mail --------------------------------------------------------------------------------------------------------

/// RFC 5321 Dot-string, with the UTF-8 of RFC 6531.
bool is_local_part(std::string_view local)
{
    constexpr std::string_view specials = "!#$%&'*+-/=?^_`{|}~.";
    if (local.empty() || local.front() == '.' || local.back() == '.' || local.contains("..")) return false;
    while (!local.empty()) {
        const CodePoint c = decode(local);
        const char first = local.front();
        if (c.size == 0 || is_invisible(c.value)) return false;
        if (c.size == 1 && !is_letter(first) && !is_digit(first) && !specials.contains(first)) return false;
        local.remove_prefix(c.size);
    }
    return true;
}

bool is_label(std::string_view label)
{
    return !label.empty() && label.size() <= label_max && label.front() != '-' && label.back() != '-' &&
           std::ranges::all_of(label, [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
}

/// At least two labels; the last one is no number, so that no address literal passes.
bool is_domain(std::string_view domain)
{
    std::size_t labels = 0;
    while (true) {
        const std::size_t dot = domain.find('.');
        const std::string_view label = domain.substr(0, dot);
        if (!is_label(label)) return false;
        ++labels;
        if (dot == std::string_view::npos) return labels >= 2 && !std::ranges::all_of(label, is_digit);
        domain.remove_prefix(dot + 1);
    }
}

std::string to_ascii_domain(const std::string& domain)
{
    char* ascii = nullptr;
    if (idn2_to_ascii_8z(domain.c_str(), &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK) return {};
    const std::unique_ptr<char, decltype(&idn2_free)> owner(ascii, idn2_free);
    return ascii;
}

}  // namespace

bool is_utf8(std::string_view text)
{
    while (!text.empty()) {
        const CodePoint c = decode(text);
        if (c.size == 0) return false;
        text.remove_prefix(c.size);
    }
    return true;
}

Normalised normalise_email(std::string_view text)
{
    text = trim_invisible(text);
    const std::size_t at = text.rfind('@');
    if (at == std::string_view::npos) return refuse("has no @");
    const std::string_view local = text.substr(0, at);
    if (local.size() > local_part_max || text.size() > 2 * email_max) return refuse("is too long");
    if (!is_local_part(local) || !is_utf8(text)) return refuse("has a malformed part before the @");
    std::string domain(text.substr(at + 1));
    if (domain.contains('\0')) return refuse("has a malformed domain");
    if (!std::ranges::all_of(domain, is_ascii)) domain = to_ascii_domain(domain);
    if (!is_domain(domain)) return refuse("has a malformed domain");
    std::string email = std::string(local) + '@' + domain;
    if (email.size() > email_max) return refuse("is too long");
    std::ranges::transform(email, email.begin(), to_lower);
    return email;
}

Normalised normalise_phone(std::string_view text, const std::string& region)
{
    using i18n::phonenumbers::PhoneNumber;
    using i18n::phonenumbers::PhoneNumberUtil;
    static const PhoneNumberUtil& util = *PhoneNumberUtil::GetInstance();
    // Longer than any number with its extension; the library's regular expressions get slow on long texts.
    if (text.size() > 60) return refuse("is too long for a phone number");
    PhoneNumber number;
    switch (util.Parse(std::string(text), region, &number)) {
        case PhoneNumberUtil::NO_PARSING_ERROR:
            break;
        case PhoneNumberUtil::INVALID_COUNTRY_CODE_ERROR:
            return refuse("has no known country code");
        case PhoneNumberUtil::NOT_A_NUMBER:
            return refuse("is not a phone number");
        case PhoneNumberUtil::TOO_SHORT_AFTER_IDD:
        case PhoneNumberUtil::TOO_SHORT_NSN:
            return refuse("is too short for a phone number");
        case PhoneNumberUtil::TOO_LONG_NSN:
            return refuse("is too long for a phone number");
    }
    if (!util.IsValidNumber(number)) return refuse("is not a phone number in use");
    std::string e164;
    util.Format(number, PhoneNumberUtil::E164, &e164);
    return e164;
}

CleanText clean_text(std::string_view text)
{
    CleanText clean;
    clean.text.reserve(text.size());
    bool space_before = false;
    while (!text.empty()) {
        const CodePoint c = decode(text);
        const std::string_view bytes = text.substr(0, std::max<std::size_t>(c.size, 1));
        text.remove_prefix(bytes.size());
        if (c.size > 0 && is_space(c.value)) {
            space_before = !clean.text.empty();
            continue;
        }
        if (c.size > 0 && is_control(c.value)) continue;
        if (std::exchange(space_before, false)) clean.text += ' ';
        clean.repaired |= c.size == 0;
        clean.text += c.size == 0 ? std::string_view("\xef\xbf\xbd") : bytes;
    }
    return clean;
}

std::string lower_case(std::string_view text) { return mapped_letters(text, ::towlower_l); }
std::string upper_case(std::string_view text) { return mapped_letters(text, ::towupper_l); }

std::pair<std::string_view, std::string_view> split_name(std::string_view name)
{
    const auto skip = [&](std::size_t from, bool spaces) {
        while (from < name.size()) {
            const CodePoint c = decode(name.substr(from));
            if ((c.size > 0 && is_space(c.value)) != spaces) break;
            from += std::max<std::size_t>(c.size, 1);
        }
        return from;
    };
    const std::size_t first = skip(0, true);
    const std::size_t end = skip(first, false);
    return {name.substr(first, end - first), name.substr(skip(end, true))};
}

}  // namespace crmsync
