#include "domain/contact.h"

#include <algorithm>

namespace crmsync {

std::string address_of(std::string_view email)
{
    const std::size_t first = email.find_first_not_of(' ');
    if (first == std::string_view::npos) return {};
    std::string address(email.substr(first, email.find_last_not_of(' ') - first + 1));
    std::ranges::transform(address, address.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return address;
}

}  // namespace crmsync
