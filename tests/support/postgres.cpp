#include "tests/support/postgres.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "store/migrate.h"

namespace crmsync::testing_support {

namespace {

namespace fs = std::filesystem;

constexpr const char* pgbouncer_binary = "/usr/sbin/pgbouncer";

/// The newest server on this machine, where Debian puts them.
std::string find_bin()
{
    std::string newest;
    int newest_version = 0;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", error)) {
        const int version = std::atoi(entry.path().filename().c_str());
        if (version > newest_version && fs::exists(entry.path() / "bin/initdb")) {
            newest_version = version;
            newest = entry.path() / "bin";
        }
    }
    return newest;
}

int free_port()
{
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    if (bind(socket, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
        getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) != 0)
        throw std::runtime_error("no free port");
    close(socket);
    return ntohs(address.sin_port);
}

/// Runs a program to its end, as the server's user when we are root: PostgreSQL refuses to run as root.
int run(std::vector<std::string> command, const std::string& log)
{
    if (geteuid() == 0) command.insert(command.begin(), {"/usr/sbin/runuser", "-u", "postgres", "--"});
    std::vector<char*> arguments;
    for (std::string& word : command) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const pid_t child = fork();
    if (child == 0) {
        const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
        dup2(out, STDOUT_FILENO);
        dup2(out, STDERR_FILENO);
        execv(arguments[0], arguments.data());
        _exit(127);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

struct Psql::Handle {
    PGconn* connection;
};

Psql::Psql(const std::string& url) : handle_(new Handle{PQconnectdb(url.c_str())})
{
    if (PQstatus(handle_->connection) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(handle_->connection));
    PQsetNoticeProcessor(handle_->connection, [](void*, const char*) {}, nullptr);
}

Psql::~Psql() { PQfinish(handle_->connection); }

std::vector<std::vector<std::string>> Psql::operator()(const std::string& statements)
{
    PGresult* result = PQexec(handle_->connection, statements.c_str());
    const auto status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        const std::string said = PQresultErrorMessage(result);
        PQclear(result);
        throw std::runtime_error(said);
    }
    std::vector<std::vector<std::string>> rows;
    for (int row = 0; row < PQntuples(result); ++row) {
        auto& columns = rows.emplace_back();
        for (int column = 0; column < PQnfields(result); ++column)
            columns.emplace_back(PQgetvalue(result, row, column));
    }
    PQclear(result);
    return rows;
}

PostgresServer* PostgresServer::instance(std::string& why_not)
{
    static std::string reason;
    static const std::unique_ptr<PostgresServer> server = [] {
        std::unique_ptr<PostgresServer> made(new PostgresServer);
        if (!made->start(reason)) made.reset();
        return made;
    }();
    why_not = reason;
    return server.get();
}

bool PostgresServer::start(std::string& why_not)
{
    const std::string bin = find_bin();
    if (bin.empty()) {
        why_not = "no PostgreSQL server is installed";
        return false;
    }
    std::string pattern = (fs::temp_directory_path() / "crmsync-postgres-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    fs::permissions(directory_, fs::perms::all);
    const std::string log = directory_ + "/log";
    port_ = free_port();
    if (run({bin + "/initdb", "-D", directory_ + "/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C",
             "--no-sync"},
            log) != 0) {
        why_not = "initdb failed";
        return false;
    }
    const std::string options = "-p " + std::to_string(port_) + " -c listen_addresses=127.0.0.1 -c fsync=off -k " +
                                directory_ +
                                " -c full_page_writes=off -c shared_buffers=64MB -c max_connections=200 "
                                "-c autovacuum_naptime=5s -c log_min_messages=warning";
    if (run({bin + "/pg_ctl", "-D", directory_ + "/data", "-l", directory_ + "/server.log", "-w", "-o", options,
             "start"},
            log) != 0) {
        why_not = "the PostgreSQL server did not start";
        return false;
    }
    return true;
}

PostgresServer::~PostgresServer()
{
    if (port_ == 0) return;
    const std::string log = directory_ + "/log";
    if (pooler_port_ != 0) {
        std::ifstream file(directory_ + "/pgbouncer.pid");
        pid_t pooler = 0;
        if (file >> pooler && pooler > 1) kill(pooler, SIGTERM);
    }
    run({find_bin() + "/pg_ctl", "-D", directory_ + "/data", "-m", "immediate", "-w", "stop"}, log);
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
}

void PostgresServer::restart()
{
    const std::string log = directory_ + "/log";
    if (run({find_bin() + "/pg_ctl", "-D", directory_ + "/data", "-m", "immediate", "-w", "-l",
             directory_ + "/server.log", "restart"},
            log) != 0)
        throw std::runtime_error("the PostgreSQL server did not restart");
}

std::string PostgresServer::url(const std::string& database) const
{
    return "postgresql://postgres@127.0.0.1:" + std::to_string(port_) + "/" + database;
}

std::string PostgresServer::pooled_url(const std::string& database)
{
    if (pooler_port_ == 0) start_pgbouncer();
    return "postgresql://postgres@127.0.0.1:" + std::to_string(pooler_port_) + "/" + database;
}

void PostgresServer::start_pgbouncer()
{
    pooler_port_ = free_port();
    const std::string config = directory_ + "/pgbouncer.ini";
    std::ofstream(config)
        << "[databases]\n* = host=127.0.0.1 port=" << port_ << " user=postgres\n[pgbouncer]\n"
        << "listen_addr = 127.0.0.1\nlisten_port = " << pooler_port_ << "\nunix_socket_dir =\n"
        << "auth_type = any\npool_mode = transaction\ndefault_pool_size = 5\nserver_idle_timeout = 2\n"
        << "pidfile = " << directory_ << "/pgbouncer.pid\nlogfile = " << directory_ << "/pgbouncer.log\n";
    if (run({pgbouncer_binary, "-d", config}, directory_ + "/log") != 0)
        throw std::runtime_error("pgbouncer did not start");
    // It detaches before it listens.
    const std::string any = "postgresql://postgres@127.0.0.1:" + std::to_string(pooler_port_) + "/postgres";
    for (int tries = 0; PQping(any.c_str()) != PQPING_OK && tries < 500; ++tries) poll(nullptr, 0, 10);
}

std::vector<std::vector<std::string>> PostgresServer::sql(const std::string& database, const std::string& statements)
{
    return Psql(url(database))(statements);
}

void PostgresServer::make_template()
{
    sql("postgres", "CREATE DATABASE crmsync_template");
    if (const auto made = postgres::migrate(url("crmsync_template"), false, {}); !made)
        throw std::runtime_error(made.error().message);
    template_made_ = true;
}

std::string PostgresServer::create_database(bool migrated)
{
    if (migrated && !template_made_) make_template();
    const std::string name = "test_" + std::to_string(++databases_);
    sql("postgres", "CREATE DATABASE " + name + (migrated ? " TEMPLATE crmsync_template" : ""));
    return name;
}

}  // namespace crmsync::testing_support
