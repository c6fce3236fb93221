#include <stdexcept>

#include "store/open.h"
#include "tests/conformance/store_backend.h"
#include "tests/support/postgres.h"

namespace crmsync::conformance {

namespace {

using testing_support::PostgresServer;
using testing_support::Psql;

/// Leases live by the database's clock; here that clock follows the test's.
constexpr const char* test_clock = R"(
CREATE TABLE test_clock AS SELECT now() AS at;
CREATE OR REPLACE FUNCTION crmsync_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT at FROM test_clock'
)";

class PostgresBackend final : public StoreBackend {
public:
    PostgresBackend(PostgresServer& server, bool pooled)
        : server_(server), pooled_(pooled), database_(server.create_database()), foreign_(server.url(database_))
    {
        foreign_(test_clock);
        open();
    }
    ~PostgresBackend() override
    {
        store_.reset();
        loop().restart();
        loop().poll();  // What the closed store had posted.
    }

    Store& store() override
    {
        if (shown_ != clock().now()) {
            shown_ = clock().now();
            foreign_("UPDATE test_clock SET at = '" + to_rfc3339(shown_) + "'");
        }
        return *store_;
    }
    void foreign_sql(const std::string& sql) override { foreign_(sql); }
    void kill_and_reopen() override
    {
        run(store_->close());
        store_.reset();
        open();
    }

private:
    void open()
    {
        StoreConfig config;
        config.url = pooled_ ? server_.pooled_url(database_) : server_.url(database_);
        config.pool_size = 2;
        config.engine = true;
        auto opened = run(open_store(loop().get_executor(), clock(), config));
        if (!opened) throw std::runtime_error(opened.error().message);
        store_ = std::move(*opened);
    }

    PostgresServer& server_;
    bool pooled_;
    std::string database_;
    Psql foreign_;
    Instant shown_{};
    std::unique_ptr<Store> store_;
};

StoreKind kind(std::string name, bool pooled)
{
    return {std::move(name), [pooled](std::string& why_not) -> std::unique_ptr<StoreBackend> {
                PostgresServer* server = PostgresServer::instance(why_not);
                return server ? std::make_unique<PostgresBackend>(*server, pooled) : nullptr;
            }};
}

}  // namespace

std::vector<StoreKind> postgres_kinds() { return {kind("postgres", false), kind("postgres_through_a_pooler", true)}; }

}  // namespace crmsync::conformance
