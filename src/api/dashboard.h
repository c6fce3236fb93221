#pragma once

#include <optional>

#include "http/server.h"

namespace crmsync::api {

/// The dashboard (web/): one page, whose scripts look at the path and draw what it names, and its files. Nothing for
/// paths that are neither: a page is for whoever asks for one (`Accept: text/html`), never in place of an answer.
std::optional<http::ServerResponse> dashboard(const http::ServerRequest& request);

}  // namespace crmsync::api
