#pragma once

namespace crmsync::app {

struct Menu;

void add_service_commands(Menu& menu);    ///< serve, worker, simulate
void add_database_commands(Menu& menu);   ///< migrate, backup
void add_import_command(Menu& menu);      ///< import
void add_contact_commands(Menu& menu);    ///< contacts list|show|add|edit|delete
void add_forget_commands(Menu& menu);     ///< forget, suppressed list|add|remove
void add_decision_commands(Menu& menu);   ///< select, unselect, skip, sync, retry
void add_operation_commands(Menu& menu);  ///< operations, operation
void add_status_commands(Menu& menu);     ///< status, failed, dismiss, audit
void add_preview_command(Menu& menu);     ///< preview
void add_connector_commands(Menu& menu);  ///< setup, test, pause, resume
void add_verify_command(Menu& menu);      ///< verify
void add_alert_commands(Menu& menu);      ///< alert, alert test
void add_access_commands(Menu& menu);     ///< token, config, version
void add_key_commands(Menu& menu);        ///< key add|list|revoke
void add_doctor_command(Menu& menu);      ///< doctor

}  // namespace crmsync::app
