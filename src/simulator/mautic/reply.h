#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "http/server.h"
#include "simulator/json_body.h"

namespace crmsync::simulator::mautic {

/// What a request or one item of a batch is refused with. Three hands write Mautic's errors, each in its own shape.
struct Problem {
    enum class Shape {
        form,   ///< {"code", "message", "details": {"email": ["..."]} or []}
        item,   ///< {"message", "code", "type": "api"}: access and not-found errors inside a batch.
        layer,  ///< {"message", "code", "type"}: authentication, routing, uncaught exceptions.
    };
    int status = 400;
    std::string message;
    Shape shape = Shape::form;
    std::string field = {};     ///< Whose value is refused; empty: none in particular.
    std::string type = {};      ///< Empty: null.
    std::string verbatim = {};  ///< Set by a fault: the whole body.

    json::object render() const;
};

/// "email: nope is invalid."
Problem refused(std::string field, std::string_view why);
Problem not_found();
/// What Symfony makes of a request that no code expected.
Problem crashed(int status);
Problem not_valid(std::string field);

http::ServerResponse reply(const Problem& problem);

/// An answer of the API's controllers, which sign with the version.
http::ServerResponse reply(int status, const json::value& body);
/// Signs an error too.
http::ServerResponse signed_reply(const Problem& problem);

/// The body as JSON, or the fields of a form. A body that names no content type is not read: nothing was sent.
std::expected<json::value, Problem> read_body(const http::ServerRequest& request);

/// PHP's empty array is a list, whatever it was meant to be.
json::value php_map(json::object object);

/// "2026-11-20T10:40:04+00:00"
std::string timestamp(Instant at);

}  // namespace crmsync::simulator::mautic
