#pragma once

#include "api/call.h"

namespace crmsync::api {

/// Reads the body as it arrives and imports it; `call.request.body` is empty.
Task<Reply> import_contacts(Call call, http::BodyReader& body);

}  // namespace crmsync::api
