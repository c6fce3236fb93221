#pragma once

#include <functional>

#include "store/migrate.h"
#include "store/postgres/session.h"

namespace crmsync::postgres {

/// Adopting a live `contacts` table of another application: what is missing is added, each addition a step of its own
/// that holds no lock for long; nothing is dropped or rewritten. Every step looks first, so all may be repeated.

/// The name of migration 1 in the history when it adopted instead of creating.
inline constexpr std::string_view adopted_name = "contacts (adopted)";

/// Runs the step again while somebody else holds a lock that it needs.
Status retried(Session& session, const std::function<Status()>& step);

/// Brings the table's columns, types and indexes up to our contract, or, with `dry_run`, tells what that would take.
Status adopt_contacts(Session& session, bool dry_run, MigrationReport& report, const MigrationProgress& progress);
/// Makes the search in addresses and names go by an index, where the database has trigrams (pg_trgm, part of
/// PostgreSQL's own extensions); else warns that it reads all contacts. Concurrently; may be repeated.
Status add_search_index(Session& session, bool dry_run, MigrationReport& report, const MigrationProgress& progress);
/// Contacts, and how many of them would be queued per CRM.
Status count_what_would_be_sent(Session& session, MigrationReport& report);
/// Makes jobs of the old statuses, 5,000 contacts a transaction; goes on where an earlier run was cut off. First of
/// all pauses every connector, so that nothing is sent before a person says so.
Status backfill_jobs(Session& session, const MigrationProgress& progress);

}  // namespace crmsync::postgres
