#pragma once

#include <string>
#include <string_view>

#include "simulator/json_body.h"

namespace crmsync::simulator::n8n {

inline http::ServerResponse text_response(int status, std::string_view body)
{
    http::ServerResponse response;
    response.status = status;
    response.headers.add("Content-Type", "text/html; charset=utf-8");
    response.body = body;
    return response;
}

/// A webhook's refusal of its caller: plain text, and the same challenge whatever the node asks for.
inline http::ServerResponse refusal(int status, std::string_view why)
{
    http::ServerResponse response;
    response.status = status;
    response.headers.add("WWW-Authenticate", "Basic realm=\"Webhook\"");
    response.body = why;
    return response;
}

/// {"code", "message", "hint"}
inline http::ServerResponse problem(int status, int code, std::string_view message, std::string_view hint = {})
{
    json::object body{{"code", code}, {"message", message}};
    if (!hint.empty()) body["hint"] = hint;
    return json_response(status, body);
}

/// What n8n says for want of a better reason.
inline http::ServerResponse could_not_execute()
{
    return problem(500, 0, "There was a problem executing the workflow");
}

}  // namespace crmsync::simulator::n8n
