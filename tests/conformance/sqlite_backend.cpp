#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <stdexcept>

#include "store/migrate.h"
#include "store/open.h"
#include "store/sqlite/database.h"
#include "tests/conformance/store_backend.h"

namespace crmsync::conformance {

namespace {

class SqliteBackend final : public StoreBackend {
public:
    SqliteBackend(std::string path, bool single_threaded) : path_(std::move(path)), single_threaded_(single_threaded)
    {
        if (const auto migrated = migrate("sqlite:" + path_, false); !migrated)
            throw std::runtime_error(migrated.error().message);
        foreign_.emplace(path_, sqlite::Connection::Mode::create);  // Keeps a database in memory alive.
        open();
    }
    ~SqliteBackend() override
    {
        store_.reset();
        foreign_.reset();
        for (const char* suffix : {"", "-wal", "-shm", ".lock", ".turn"}) std::filesystem::remove(path_ + suffix);
    }

    Store& store() override { return *store_; }
    void foreign_sql(const std::string& sql) override { foreign_->execute(sql); }
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
        config.url = "sqlite:" + path_;
        config.single_threaded = single_threaded_;
        config.engine = true;
        auto opened = run(open_store(loop().get_executor(), clock(), config));
        if (!opened) throw std::runtime_error(opened.error().message);
        store_ = std::move(*opened);
    }

    std::string path_;
    bool single_threaded_;
    std::optional<sqlite::Connection> foreign_;
    std::unique_ptr<Store> store_;
};

std::string unique_name()
{
    static std::atomic<int> count{0};
    return "crmsync-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
}

}  // namespace

std::vector<StoreKind> sqlite_kinds()
{
    return {{"sqlite_file",
             [](std::string&) {
                 return std::make_unique<SqliteBackend>(std::filesystem::temp_directory_path() / unique_name(), false);
             }},
            {"sqlite_memory_without_threads", [](std::string&) {
                 return std::make_unique<SqliteBackend>("file:/" + unique_name() + "?vfs=memdb", true);
             }}};
}

}  // namespace crmsync::conformance
