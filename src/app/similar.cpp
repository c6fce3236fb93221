#include "app/similar.h"

#include <algorithm>
#include <map>
#include <utility>

namespace crmsync::app {

std::size_t edit_distance(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row.back();
}

std::vector<std::string_view> similar(std::string_view word, const std::vector<std::string_view>& known)
{
    constexpr std::size_t shown_max = 3;
    std::multimap<std::size_t, std::string_view> near;  // By distance; of equal ones the first known first.
    for (const std::string_view candidate : known) {
        const bool begins = word.size() > 1 && candidate.starts_with(word);
        const std::size_t distance = begins ? 1 : edit_distance(word, candidate);
        if (distance <= candidate.size() / 2) near.emplace(distance, candidate);
    }
    std::vector<std::string_view> result;
    for (const auto& [distance, candidate] : near)
        if (result.size() < shown_max) result.push_back(candidate);
    return result;
}

}  // namespace crmsync::app
