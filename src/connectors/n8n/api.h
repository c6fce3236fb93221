#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/connector.h"
#include "connectors/n8n/settings.h"

namespace crmsync::n8n {

/// What the public API tells, as far as we read it.

/// A workflow that begins with the webhook of a path.
struct WebhookWorkflow {
    std::string id;
    std::string name;
    bool active = false;
    std::string method;          ///< "GET" unless the node says otherwise.
    std::string authentication;  ///< "none", "basicAuth", "headerAuth", "jwtAuth".
};
struct WorkflowPage {
    std::vector<WebhookWorkflow> workflows;  ///< Those with the path alone.
    std::string next_cursor;                 ///< Empty at the end.
};
std::optional<WorkflowPage> read_workflows(std::string_view body, std::string_view path);

/// What keeps the workflow from taking our calls, one line each.
std::vector<std::string> obstacles_of(const WebhookWorkflow& workflow, Auth auth);

struct ExecutionPage {
    std::vector<LateFailure> failures;
    std::optional<Instant> oldest_start;
    std::string next_cursor;  ///< Empty at the end.
};
/// Executions listed with their data. Those that n8n ran again with success are left out.
std::optional<ExecutionPage> read_failures(std::string_view body);

}  // namespace crmsync::n8n
