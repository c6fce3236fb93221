#include "store/postgres/session.h"

#include <array>

namespace crmsync::postgres {

namespace {

struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
};

Result<Session::Answer> read(const PGresult* result)
{
    Session::Answer answer;
    answer.command_count = PQcmdTuples(const_cast<PGresult*>(result));
    for (int row = 0; row < PQntuples(result); ++row) {
        Session::TextRow& columns = answer.rows.emplace_back();
        for (int column = 0; column < PQnfields(result); ++column)
            columns.push_back(PQgetisnull(result, row, column)
                                  ? std::nullopt
                                  : std::optional<std::string>(PQgetvalue(result, row, column)));
    }
    return answer;
}

}  // namespace

Result<Session> Session::open(const std::string& url)
{
    const std::array keywords{"dbname", "fallback_application_name", "client_encoding", "connect_timeout",
                              static_cast<const char*>(nullptr)};
    const std::array values{url.c_str(), "crmsync", "UTF8", "10", static_cast<const char*>(nullptr)};
    Session session(PQconnectdbParams(keywords.data(), values.data(), 1));
    if (PQstatus(session.handle_.get()) != CONNECTION_OK)
        return fail(ErrorCode::unavailable, std::string("PostgreSQL: ") + PQerrorMessage(session.handle_.get()));
    PQsetNoticeProcessor(session.handle_.get(), [](void*, const char*) {}, nullptr);
    return session;
}

Result<Session::Answer> Session::run(const std::string& sql, const std::vector<std::optional<std::string>>& params)
{
    std::vector<const char*> values;
    for (const auto& param : params) values.push_back(param ? param->c_str() : nullptr);
    const std::unique_ptr<PGresult, Clear> result(
        params.empty() ? PQexec(handle_.get(), sql.c_str())
                       : PQexecParams(handle_.get(), sql.c_str(), static_cast<int>(values.size()), nullptr,
                                      values.data(), nullptr, nullptr, 0));
    const auto status = PQresultStatus(result.get());
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
        again_ = false;
        return read(result.get());
    }
    const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
    again_ = state && (std::string_view(state) == "55P03" || std::string_view(state) == "40P01");
    const char* said = PQresultErrorField(result.get(), PG_DIAG_MESSAGE_PRIMARY);
    const bool gone = PQstatus(handle_.get()) != CONNECTION_OK;
    return fail(again_ || gone ? ErrorCode::unavailable : ErrorCode::internal,
                std::string("PostgreSQL: ") + (said ? said : PQerrorMessage(handle_.get())));
}

Result<std::optional<std::string>> Session::value(const std::string& sql,
                                                  const std::vector<std::optional<std::string>>& params)
{
    auto answer = run(sql, params);
    if (!answer) return std::unexpected(answer.error());
    if (answer->rows.empty()) return std::nullopt;
    return answer->rows.front().front();
}

}  // namespace crmsync::postgres
