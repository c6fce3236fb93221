#pragma once

#include <memory>
#include <string>
#include <vector>

namespace crmsync::testing_support {

/// A real PostgreSQL server of this test process alone: on a free port, in a directory of its own, without fsync.
/// Started when first asked for; stopped and removed when the process ends.
class PostgresServer {
public:
    /// Null when this machine has no PostgreSQL; `why_not` says so.
    static PostgresServer* instance(std::string& why_not);
    ~PostgresServer();

    /// A fresh database. `migrated`: a copy of a template that holds the newest schema. Goes with the server: dropping
    /// one waits for a checkpoint.
    std::string create_database(bool migrated = true);
    std::string url(const std::string& database) const;
    /// The same through PgBouncer in transaction mode, which is started when first asked for.
    std::string pooled_url(const std::string& database);

    /// Blocking SQL on a connection of its own; several statements allowed. Returns the last one's rows; throws.
    std::vector<std::vector<std::string>> sql(const std::string& database, const std::string& statements);
    /// Stops the server as a crash would (its clients are cut off) and starts it again.
    void restart();
    /// Where server log and data are.
    const std::string& directory() const { return directory_; }

private:
    PostgresServer() = default;
    bool start(std::string& why_not);
    void start_pgbouncer();
    void make_template();

    std::string directory_;
    int port_ = 0;
    int pooler_port_ = 0;
    bool template_made_ = false;
    int databases_ = 0;
};

/// A blocking connection that stays open, for holding transactions open and for prepared test clocks.
class Psql {
public:
    explicit Psql(const std::string& url);
    ~Psql();
    Psql(const Psql&) = delete;
    Psql& operator=(const Psql&) = delete;
    std::vector<std::vector<std::string>> operator()(const std::string& statements);

private:
    struct Handle;
    std::unique_ptr<Handle> handle_;
};

}  // namespace crmsync::testing_support
