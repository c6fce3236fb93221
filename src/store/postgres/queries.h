#pragma once

#include <string>
#include <vector>

#include "domain/crm.h"
#include "domain/selection.h"
#include "store/postgres/connection.h"
#include "store/store.h"

/// Every statement the store runs, by the name of the verb that runs it. Statements that differ between CRMs only in
/// the columns they touch are made once per CRM from one text.
///
/// Two rules hold for all of them:
/// - Whoever changes a job, or a published column, holds the contact's row lock, taken in the order of ids (`claim`
///   skips contacts that are locked). Then no two verbs wait for each other in a circle, and a later statement of the
///   same transaction sees jobs that cannot change under it.
/// - A data-modifying part of a statement hands all that later parts need on by RETURNING; two parts are never joined.
namespace crmsync::postgres::queries {

using PerCrmQuery = PerCrm<Query>;

// -- Transactions. Settings hold for the transaction alone: a pooler may give the next one another session.
/// $1: statement timeout, as PostgreSQL writes durations. For what people ask.
extern const Query begin_work;
/// Also: plans by index alone. Statistics of a queue are stale by nature, and every hot statement has its index.
extern const Query begin_engine_work;
/// Also: the commit does not wait for the disk. Lost in a crash, it never happened.
extern const Query begin_claim;
extern const Query begin, commit, rollback;
extern const Query nothing;  // -> no row
extern const Query notify;   // $1: payload.

// -- claim
extern const Query lock_connector;  // $1: CRM -> state
extern const Query save_connector;  // $1: CRM, $2: state
extern const Query any_write;       // -> one row if the inbox holds anything
extern const PerCrmQuery pick;  // $1: now, $2: of the hand lane, $3: in all, $4: except, $5, $6: floors of the lanes
extern const PerCrmQuery pick_one;      // $1: now, $2: contact
extern const PerCrmQuery pick_untried;  // $1: now, $2: how many, $3: floor; of the bulk lane
extern const PerCrmQuery claim;         // $1: ids, $2: generations, $3: token, $4: worker -> claimed ids
extern const PerCrmQuery defer;         // $1: ids, $2: due times
extern const PerCrmQuery next_due;      // $1, $2: floors of the lanes -> earliest due time or null, of each lane
extern const PerCrmQuery is_due;        // $1: contact, $2: now -> one row if it is

// -- record
extern const Query lock_contacts;  // $1: ids -> those that exist
extern const PerCrmQuery record;   // see record_params; -> (contact, whether it was current) of those whose lease held

// -- workers
extern const Query register_worker;  // $1: id, $2: host, $3: pid
extern const Query heartbeat;        // $1: id -> one row if it lives
extern const Query forget_dead;      // $1: dead after, in microseconds, $2: a worker that lives; with what they planned
extern const Query forget_worker;    // $1: id
extern const Query lost_leases;      // $1: limit -> (contact, CRM) of leases whose worker is not registered
extern const Query held_leases;      // $1: worker, $2: limit -> (contact, CRM)
extern const PerCrmQuery leased_by;  // $1: worker, $2: token -> contacts
/// $1: ids, $2: reason, $3: this worker's, or null: of none that is registered, $4: under this token alone, or null
extern const PerCrmQuery hand_back;
extern const Query prune_history;   // $1: before, $2: limit
extern const Query prune_activity;  // $1: nothing before this minute, $2: hours before this

// -- remote operations. Durations in microseconds.
extern const PerCrmQuery count_untried;        // $1: now, $2: counted up to
extern const Query count_remote_operations;    // $1: CRM -> all, submitted
extern const Query forget_planned;             // $1: CRM, $2: worker
extern const Query insert_remote_operation;    // $1: id, $2: CRM, $3: worker, $4: now
extern const Query add_to_remote_operation;    // $1: id, $2..: columns -> one row if it is still planned
extern const Query note_submitted;             // $1: id, $2: the CRM's name of it, $3: due in
extern const Query take_remote_operation;      // $1: CRM, $2: lease -> id, the CRM's name, begun, looks
extern const Query next_remote_operation;      // $1: CRM -> how long until the next is due, or null
extern const Query postpone_remote_operation;  // $1: id, $2: pause
extern const Query remote_operation_jobs;      // $1: id, $2: after, $3: limit
extern const Query forget_remote_operation;    // $1: id
extern const Query planned_by_worker;          // $1: worker -> ids

// -- access tokens of connectors
extern const Query token;               // $1: CRM -> version, text
extern const Query take_token_turn;     // $1: CRM, $2: version, $3: lease in microseconds
extern const Query keep_token;          // $1: CRM, $2: version, $3: text
extern const Query give_up_token_turn;  // $1: CRM, $2: version

// -- alerts
extern const Query take_alert_turn;     // $1: holder, $2: lease in microseconds -> text, when it is the holder's turn
extern const Query keep_alerts;         // $1: holder, $2: text
extern const Query give_up_alert_turn;  // $1: holder
extern const Query alerts;              // -> text

// -- inbox
extern const Query try_lock_inbox;    // -> true when this session may absorb
extern const Query oldest_writes;     // $1: limit
extern const Query delete_writes;     // $1: ids
extern const PerCrmQuery job_states;  // $1: contacts -> (contact, state or null) of those that exist
extern const PerCrmQuery republish;   // $1: contacts; -> those whose columns were not what their job says
extern const Query restore_failures;  // $1: contacts whose shared retry columns may not show their latest failure

// -- edits of contacts
extern const Query any_edit;            // $1: CRM -> one row if there is any
extern const PerCrmQuery edits;         // $1: limit; not those of jobs in flight
extern const PerCrmQuery settle_edits;  // $1: now, $2: ids, $3: generations, $4: changed, $5: resync, $6: options
                                        // -> how many are queued
extern const Query forget_edits;        // $1: CRM, $2: ids

// -- decisions of people. `change`: see ActionArrays.
extern const PerCrmQuery act;            // $1: ids, $2: states that change, $3: only this error code -> (state, count)
                                         // before; $4: new state, $5: origin, $6: lane, $7: due, $8: options, $9: error
extern const PerCrmQuery preview_act;    // $1: ids, $2: only this error code -> (state, count)
extern const Query set_curation_status;  // $1: ids, $2: status
extern const Query dismiss;              // $1: dismissed, $2: CRM, $3: error code, $4: with dismissed, $5: ids
extern const Query audit;                // -> id
extern const Query raise_audit_count;    // $1: id, $2: by
extern const Query audit_log;            // $1: limit, $2: offset

// -- operations. Leases in microseconds. All but the count give `operation_columns`.
extern const Query begin_operation;   // $1: id, work, actor, total, estimate, owner, lease, now, audit's action, detail
extern const Query operation;         // $1: id
extern const Query lock_operation;    // $1: id, $2: owner -> also cursor, audit id, whether it is the owner's
extern const Query save_chunk;        // $1: id, done, outcome, cursor, $5: state, lease, finished at
extern const Query note_operation;    // $1: id, $2: owner, state, total, estimate, done, outcome, error, now, lease
extern const Query cancel_operation;  // $1: id, $2: now, $3: actor
extern const Query take_operation;    // $1: owner, $2: lease
extern const Query operations;        // $1: state, $2: older than this one, $3: limit
extern const Query prune_operations;  // $1: before, $2: limit
/// Of the alias o.
extern const std::string operation_columns;
/// More of a "WHERE" of `where`: contacts of whom a retry would queue something.
std::string and_to_retry(const std::vector<Crm>& crms, const std::optional<std::string>& error_code, Params& params);

// -- keys of the API
extern const Query create_api_key;    // $1..: id, hash, name, role, created at, by, expires at
extern const Query api_key;           // $1: id
extern const Query api_keys;          // $1: limit
extern const Query find_api_key;      // $1: hash
extern const Query revoke_api_key;    // $1: id, $2: now
extern const Query note_api_key_use;  // $1: id, $2: now

// -- addresses to which nothing goes any more, and who is erased
extern const Query suppression_key;         // -> key
extern const Query suppression_key_in_use;  // -> key, or nothing while the list is empty
extern const Query suppressed_among;        // $1: hashes -> those on the list
extern const Query suppressions;            // $1: limit, $2: offset
extern const Query suppress;                // $1: hashes, $2: now, $3: actor, $4: reason
extern const Query unsuppress;              // $1: hashes
extern const Query forget_named;            // $1: ids -> (id, e-mail)
extern const Query forget_addressed;        // $1: addresses -> (id, e-mail)
extern const Query forget_remotes;          // $1: contacts -> (contact, CRM, remote id, second id, in flight)
extern const Query forget_contacts;         // $1: ids
extern const Query forget_operations;       // $1: addresses

// -- contacts
/// In the order `read_contact` reads them.
extern const std::string contact_columns;
extern const Query create_contact;
extern const Query delete_contact;
extern const Query find_by_address;  // $1: numbers, $2: addresses -> (number, contact) of those that are
extern const Query contacts_by_id;
extern const Query contacts_exist;  // $1: ids -> those that do
extern const Query lock_import;
extern const Query import_contacts;
extern const Query required_columns;

/// "WHERE ..." (or nothing) for the alias c of contacts; adds its parameters.
std::string where(const ContactFilter& filter, Params& params);
/// The column or expression a list is sorted by, never null.
std::string sort_key(ContactSort::By by);

// -- adoption, in text on a blocking session
extern const PerCrmQuery adopt_jobs;     // $1: ids
extern const PerCrmQuery count_adopted;  // -> how many would be sent at once

// -- status
extern const Query connector_states;
extern const PerCrmQuery queue;     // $1: now -> waiting, running, of the waiting those due later, earliest
extern const Query counts;          // -> CRM ('': the contacts, first), state, origin, count, of those changed
extern const Query jobs_of;         // $1: contact
extern const Query history_of;      // $1: contact, $2: limit
extern const Query failures;        // $1: CRM, $2: code, $3: with dismissed, $4: limit, $5: offset
extern const Query failure_causes;  // $1: CRM, $2: with dismissed, $3: limit
extern const Query try_lock_tally;
extern const Query fold_tally;     // $1: how many rows may stay
extern const Query fold_activity;  // $1: only of more rows
extern const Query activity;  // $1: from minute, $2: to, $3: minutes per bucket -> (crm, bucket, measure, step, count)
extern const Query reconcile_tally;  // Adds a row per count that is off.
extern const Query database_clock;

// -- verification and late failures
extern const PerCrmQuery synced_contacts;      // $1: after, $2: share in millionths, $3: limit
extern const PerCrmQuery record_verification;  // $1: now, $2..: columns -> contacts
extern const Query note_verification_run;      // $1: CRM, $2: JSON
extern const Query verification_run;           // $1: CRM
extern const Query verification_counts;        // $1: CRM -> result or null, count
extern const Query count_opted_out;            // $1: CRM
extern const Query readings;                   // -> CRM, result, count
extern const Query verification_examples;      // $1: CRM, $2: limit
extern const Query verifications_of;           // $1: contact
extern const PerCrmQuery acknowledged_by;      // $1: numbers, $2: operations without jobs; $3 to $6: those with
extern const PerCrmQuery record_late;          // $1: now, $2..: columns -> contacts
extern const PerCrmQuery note_late;            // $1: contacts, $2: generations, $3: operations
extern const Query schema_version;
extern const Query news;  // What poll mode compares: changes when people or other programs acted.

}  // namespace crmsync::postgres::queries
