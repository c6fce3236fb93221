#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/router.h"
#include "simulator/faults.h"

namespace crmsync::simulator {

/// One request to a simulated CRM, past the faults that keep it from the CRM.
struct Call {
    const http::ServerRequest& request;
    std::string_view path;  ///< Below the CRM's base.
    const FaultDecision& faults;
    Monotonic arrived{};  ///< Before the faults delayed it: a CRM without locks decides by what it saw then.
};

struct Answer {
    http::ServerResponse response;
    std::string_view route;  ///< "POST /contacts": what is counted. Lives as long as the CRM.
};

/// A CRM that behaves as the vendor's does. For one event loop; never waits.
class Crm {
public:
    virtual ~Crm() = default;
    virtual std::string_view name() const = 0;  ///< "brevo"
    virtual std::string_view base() const = 0;  ///< "/brevo/v3": where its paths begin.
    virtual Answer answer(const Call& call) = 0;

    /// How this CRM words what a fault makes it say.
    virtual http::ServerResponse unauthorized() const = 0;
    virtual http::ServerResponse ip_unauthorized(std::string_view peer) const = 0;
    virtual http::ServerResponse rate_limited(int retry_after_s) const = 0;
    /// A respond fault without a body gets the CRM's usual error body for that status.
    virtual std::string error_body(int status) const = 0;

    /// For tests: counts, the contact with that address (null when there is none), and settings changed at run time.
    virtual json::object state() const = 0;
    virtual json::value find_contact(std::string_view email) const = 0;
    virtual Status configure(const json::object& settings) = 0;
    /// Forgets everything but the settings.
    virtual void reset() = 0;
};

/// The endpoints of one CRM.
class Routes {
public:
    using Handler = std::function<http::ServerResponse(const Call&, const http::PathParameters&)>;

    void add(http::Method method, std::string_view pattern, Handler handler)
    {
        table_.add(method, pattern);
        handlers_.push_back(std::move(handler));
        names_.push_back(std::string(to_string(method)) + " " + std::string(pattern));
    }
    const http::RouteTable& table() const { return table_; }
    const Handler& handler(std::size_t route) const { return handlers_[route]; }
    std::string_view name(std::size_t route) const { return names_[route]; }

private:
    http::RouteTable table_;
    std::vector<Handler> handlers_;
    std::vector<std::string> names_;
};

}  // namespace crmsync::simulator
