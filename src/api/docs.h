#pragma once

#include "api/call.h"

namespace crmsync::api {

/// `openapi.json` of this folder, which describes every route of `all_routes`. All three are a 404 when closed.
Task<Reply> api_document(Call call);
/// The same as a page on which calls can be tried: Swagger UI, out of the binary, so that no other host is asked.
Task<Reply> docs_page(Call call);
/// Its scripts and styles.
Task<Reply> docs_file(Call call);

}  // namespace crmsync::api
