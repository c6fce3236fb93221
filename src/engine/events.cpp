#include "engine/events.h"

namespace crmsync {

EventBus::Subscription EventBus::subscribe(Subscriber subscriber)
{
    const MutexLock lock(mutex_);
    const auto position = subscribers_.insert(subscribers_.end(), std::move(subscriber));
    return Subscription(nullptr, [this, position](void*) {
        const MutexLock ending(mutex_);
        subscribers_.erase(position);
    });
}

void EventBus::publish(const Event& event)
{
    const MutexLock lock(mutex_);
    for (const auto& subscriber : subscribers_) subscriber(event);
}

bool EventBus::has_subscribers() const
{
    const MutexLock lock(mutex_);
    return !subscribers_.empty();
}

}  // namespace crmsync
