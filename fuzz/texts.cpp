#include "base/clock.h"
#include "base/seal.h"
#include "connectors/classify.h"
#include "domain/consent.h"
#include "domain/normalise.h"
#include "fuzz/support/support.h"
#include "ingest/encoding.h"

// Addresses, phone numbers, names, times and whatever else is a text: what is normal stays as it is.

namespace crmsync::fuzz {

namespace {

void try_text(std::string_view input)
{
    require(is_utf8(input) == ingest::is_utf8(input), "UTF-8 is UTF-8 everywhere");
    const CleanText clean = clean_text(input);
    require(is_utf8(clean.text), "a clean text is UTF-8");
    require(clean_text(clean.text).text == clean.text, "a clean text is clean", clean.text);
    require(clean.repaired || is_utf8(input), "what is mended is told");
    require(is_utf8(lower_case(clean.text)) && is_utf8(upper_case(clean.text)), "letters stay UTF-8");
    const auto [first, rest] = split_name(clean.text);
    require(first.size() + rest.size() <= clean.text.size(), "a name is split in two");
    check_words(told(input, {canary_key, canary_email}));
}

void try_values(std::string_view input)
{
    if (const auto email = normalise_email(input)) {
        require(normalise_email(*email) == *email, "a normal address is normal", *email);
        require(is_utf8(*email) && email->size() <= 254, "an address can be sent", *email);
    } else {
        check_words(email.error());
    }
    if (const auto phone = normalise_phone(input, "US")) {
        require(phone->starts_with('+') && phone->size() <= 20, "a number is E.164", *phone);
    } else {
        check_words(phone.error());
    }
}

void try_times(std::string_view input)
{
    if (const auto at = parse_rfc3339(input))
        require(parse_rfc3339(to_rfc3339(*at)) == *at, "a time is read as it was written", to_rfc3339(*at));
    for (const auto* date : {"Sun, 06 Nov 1994 08:49:37 GMT", ""}) {
        const auto wait = retry_after_of({{"Retry-After", std::string(input)}, {"Date", date}});
        require(!wait || (*wait >= Duration{0} && *wait <= std::chrono::days{7}), "nobody waits for more than a week");
    }
}

}  // namespace

void try_input(std::string_view input)
{
    try_text(input);
    try_values(input);
    try_times(input);
    static const Seal seal(std::string(32, 'k'));
    require(!seal.open(input, "p"), "nobody can make what we have sealed");
    require(seal.open(seal.seal(input, "p"), "p") == std::string(input), "what is sealed can be opened");
}

}  // namespace crmsync::fuzz
