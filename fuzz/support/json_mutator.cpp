#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "domain/normalise.h"

// Bytes at random seldom leave JSON readable, so every other change is one of the tree: of the JSON that is the input,
// or that begins behind a blank line of it. Targets whose inputs hold JSON link this file.

// libFuzzer's names.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t size_max);  // NOLINT

namespace {

namespace json = boost::json;

using Random = std::minstd_rand;

std::size_t below(Random& random, std::size_t count) { return random() % count; }

json::value awkward_value(Random& random)
{
    switch (below(random, 22)) {
        case 0:
            return nullptr;
        case 1:
            return true;
        case 2:
            return false;
        case 3:
            return 0;
        case 4:
            return -1;
        case 5:
            return INT64_MIN;
        case 6:
            return INT64_MAX;
        case 7:
            return UINT64_MAX;
        case 8:
            return 1e308;
        case 9:
            return 0.5;
        case 10:
            return "";
        case 11:
            return json::string("a\0b", 3);
        case 12:
            return "canary-key-7f3a9c";
        case 13:
            return "canary@example.com";
        case 14:
            return json::string(5000, 'x');
        case 15:
            return "line\nbreak \xe2\x80\xa8 and \xf0\x9f\x98\x80";
        case 16:
            return json::object{};
        case 17:
            return json::array{};
        case 18:
            return "9223372036854775808";
        case 19:
            return "2026-11-20T12:34:56Z";
        case 20:
            return static_cast<std::int64_t>(random());
        default:
            return json::string(std::to_string(random()));
    }
}

void collect(json::value& value, std::vector<json::value*>& all)
{
    all.push_back(&value);
    if (auto* object = value.if_object())
        for (auto& member : *object) collect(member.value(), all);
    if (auto* array = value.if_array())
        for (auto& element : *array) collect(element, all);
}

void change_text(json::string& text, Random& random)
{
    std::array<char, 4096> bytes{};
    const std::size_t size = std::min(text.size(), bytes.size() / 2);
    std::memcpy(bytes.data(), text.data(), size);
    const std::size_t changed = LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(bytes.data()), size, bytes.size());
    std::string_view result(bytes.data(), changed);
    text = crmsync::is_utf8(result) ? json::string(result) : json::string(below(random, 100), '?');
}

void change_members(json::object& object, const std::vector<json::value*>& all, Random& random)
{
    if (object.empty()) {
        object["email"] = awkward_value(random);
        return;
    }
    const auto member = object.begin() + static_cast<std::ptrdiff_t>(below(random, object.size()));
    const std::string key(member->key());
    json::value held = member->value();
    switch (below(random, 4)) {
        case 0:
            object.erase(key);
            return;
        case 1:
            object.erase(key);
            object[key + "x"] = std::move(held);
            return;
        case 2:
            object[key] = json::value(*all[below(random, all.size())]);
            return;
        default:
            object[key] = json::array{std::move(held)};
            return;
    }
}

void change_elements(json::array& array, const std::vector<json::value*>& all, Random& random)
{
    if (array.size() > 50) return array.resize(below(random, array.size()));
    const json::value other = array.empty() || below(random, 2) == 0 ? json::value(*all[below(random, all.size())])
                                                                     : json::value(array[below(random, array.size())]);
    const auto at = array.begin() + static_cast<std::ptrdiff_t>(array.empty() ? 0 : below(random, array.size()));
    if (array.empty() || below(random, 2) == 0)
        array.insert(at, other);
    else
        array.erase(at);
}

void change(json::value& root, Random& random)
{
    std::vector<json::value*> all;
    collect(root, all);
    json::value& chosen = *all[below(random, all.size())];
    const bool by_kind = below(random, 3) != 0;
    if (by_kind && chosen.is_string())
        change_text(chosen.get_string(), random);
    else if (by_kind && chosen.is_object())
        change_members(chosen.get_object(), all, random);
    else if (by_kind && chosen.is_array())
        change_elements(chosen.get_array(), all, random);
    else if (below(random, 4) == 0)
        chosen = json::value(*all[below(random, all.size())]);
    else
        chosen = awkward_value(random);
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t size_max,  // NOLINT
                                               unsigned seed)
{
    Random random(seed | 1u);
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto blank = input.find("\n\n");
    const std::size_t begin = blank == std::string_view::npos ? 0 : blank + 2;
    boost::system::error_code error;
    json::value root = json::parse(input.substr(begin), error);
    if (error || below(random, 2) == 0) return LLVMFuzzerMutate(data, size, size_max);
    for (std::size_t changes = below(random, 3) + 1; changes > 0; --changes) change(root, random);
    const std::string changed = json::serialize(root);
    if (begin + changed.size() > size_max) return LLVMFuzzerMutate(data, size, size_max);
    std::memcpy(data + begin, changed.data(), changed.size());
    return begin + changed.size();
}
