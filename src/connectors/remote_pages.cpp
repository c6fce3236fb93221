#include "connectors/remote_pages.h"

#include <algorithm>
#include <utility>

namespace crmsync {

namespace {

bool is_id(std::string_view text)
{
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    });
}

}  // namespace

void RemotePages::set(std::string before_id)
{
    const MutexLock lock(mutex_);
    before_id_ = std::move(before_id);
}

std::optional<std::string> RemotePages::page_of(std::string_view id) const
{
    if (!is_id(id)) return std::nullopt;
    const MutexLock lock(mutex_);
    if (before_id_.empty()) return std::nullopt;
    return before_id_ + std::string(id);
}

}  // namespace crmsync
