#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace crmsync::app {

/// How many letters must be put in, taken out or changed to make one from the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The known words that somebody who wrote `word` may have meant, nearest first; those it begins count as near.
std::vector<std::string_view> similar(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace crmsync::app
