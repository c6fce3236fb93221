#include "store/backup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>

#include "store/sqlite/migrate.h"
#include "store/sqlite/queries.h"

namespace crmsync::sqlite {

namespace {

namespace fs = std::filesystem;

constexpr int pages_per_step = 1024;

/// The file that is being written, with what SQLite keeps beside it. Gone unless it is kept.
class Part {
public:
    explicit Part(const fs::path& file) : file_(file), part_(file.string() + ".part") { remove(); }
    ~Part() { remove(); }
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;

    const std::string& path() const { return part_; }
    Status keep() const
    {
        if (!synced(part_) || ::rename(part_.c_str(), file_.c_str()) != 0 || !synced(fs::absolute(file_).parent_path()))
            return fail(ErrorCode::unavailable,
                        fmt::format("cannot write {}: {}", file_.string(), std::generic_category().message(errno)));
        return {};
    }

private:
    void remove() const
    {
        std::error_code ignored;
        for (const char* suffix : {"", "-journal", "-wal", "-shm"}) fs::remove(part_ + suffix, ignored);
    }
    static bool synced(const fs::path& path)
    {
        const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (descriptor < 0) return false;
        const bool done = ::fsync(descriptor) == 0;
        ::close(descriptor);
        return done;
    }

    fs::path file_;
    std::string part_;
};

struct FinishBackup {
    void operator()(sqlite3_backup* backup) const { sqlite3_backup_finish(backup); }
};

void copy(Connection& from, Connection& to, const BackupProgress& progress)
{
    // What is read in one transaction is of one moment. Without it a backup begins anew whenever somebody writes.
    from.execute("BEGIN");
    from.number(sql::page_count);
    const std::unique_ptr<sqlite3_backup, FinishBackup> backup(
        sqlite3_backup_init(to.handle(), "main", from.handle(), "main"));
    if (!backup) throw DatabaseError(to.handle(), sqlite3_errcode(to.handle()));
    for (int code = SQLITE_OK; code != SQLITE_DONE;) {
        code = sqlite3_backup_step(backup.get(), pages_per_step);
        if (code != SQLITE_OK && code != SQLITE_DONE) throw DatabaseError(nullptr, code);
        const auto total = static_cast<std::uint64_t>(sqlite3_backup_pagecount(backup.get()));
        if (progress) progress(total - static_cast<std::uint64_t>(sqlite3_backup_remaining(backup.get())), total);
    }
}

Status check(Connection& copy)
{
    Rows integrity = copy.open(sql::integrity_check);
    if (integrity.next() && integrity.text(0) != "ok")
        return fail(ErrorCode::internal, fmt::format("the database is damaged: {}", integrity.text(0)));
    Rows orphans = copy.open(sql::foreign_key_check);
    if (orphans.next())
        return fail(ErrorCode::internal, fmt::format("the database is damaged: a row of {} has lost its {}",
                                                     orphans.text(0), orphans.text(2)));
    return {};
}

Result<BackupReport> report_on(const std::string& path)
{
    const Result<std::vector<Migration>> known = migration_status("sqlite:" + path);
    if (!known) return std::unexpected(known.error());
    Connection db(path, Connection::Mode::read_write);
    if (db.number(sql::has_table, "schema_migration") == 0)
        return fail(ErrorCode::conflict, "the database is not crmsync's");
    return BackupReport{
        .bytes = fs::file_size(path),
        .schema_version = static_cast<int>(db.number(sql::schema_version)),
        .migrations_missing = static_cast<std::size_t>(std::ranges::count(*known, false, &Migration::applied))};
}

Result<BackupReport> make_copy(const std::string& path, const Part& part, const BackupProgress& progress)
{
    {
        Connection from(path, Connection::Mode::read_write);
        Connection to(part.path(), Connection::Mode::create);
        copy(from, to, progress);
    }
    {
        Connection made(part.path(), Connection::Mode::read_write);
        if (const Status sound = check(made); !sound) return std::unexpected(sound.error());
    }
    return report_on(part.path());
}

}  // namespace

Result<BackupReport> back_up(const std::string& url, const fs::path& file, const BackupProgress& progress)
{
    const std::string path = path_of(url);
    if (!fs::exists(path)) return fail(ErrorCode::not_found, fmt::format("there is no database at {}", path));
    if (fs::exists(file))
        return fail(ErrorCode::conflict, fmt::format("{} is there already; a backup replaces nothing", file.string()));
    const Part part(file);
    try {
        Result<BackupReport> report = make_copy(path, part, progress);
        if (!report) return report;
        if (const Status kept = part.keep(); !kept) return std::unexpected(kept.error());
        return report;
    } catch (const DatabaseError& error) {
        return std::unexpected(error.error());
    }
}

}  // namespace crmsync::sqlite
