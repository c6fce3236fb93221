#pragma once

#include <list>
#include <memory>

#include "api/call.h"

namespace crmsync::api {

class EventQueue;

/// The clients that follow live changes. For the API's loop.
class EventStreams {
public:
    /// An answer that goes on until the client leaves or `stop`: server-sent events "job" and "connector", and a
    /// comment every 15 s so that both sides notice a dead connection. A client that reads too slowly misses events
    /// and is told how many ("lagged"); what it shows it must then read anew.
    Reply open(Call call);
    /// Ends all streams, now and to come.
    void stop();

private:
    std::list<std::weak_ptr<EventQueue>> open_;
    bool stopped_ = false;
};

}  // namespace crmsync::api
