#include "store/postgres/adopt.h"

namespace crmsync::postgres {

Status retried(Session& session, const std::function<Status()>& step)
{
    constexpr int tries_max = 60;
    for (int attempt = 1;; ++attempt) {
        Status done = step();
        if (done) return done;
        const bool again = session.again() && attempt < tries_max;
        session.run("ROLLBACK");
        if (!again) return done;
        if (auto paused = session.run("SELECT pg_sleep(0.5)"); !paused) return std::unexpected(paused.error());
    }
}

Status adopt_contacts(Session&, bool, MigrationReport&, const MigrationProgress&) { return {}; }
Status count_what_would_be_sent(Session&, MigrationReport&) { return {}; }
Status backfill_jobs(Session&, const MigrationProgress&) { return {}; }

}  // namespace crmsync::postgres
