#include "connectors/oauth.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>
#include <charconv>

#include "base/digest.h"
#include "base/log.h"
#include "connectors/classify.h"

namespace crmsync {

namespace json = boost::json;

namespace {

constexpr Duration renewed_ahead = 60s;
constexpr Duration lifetime_unless_told = 1h;
constexpr Duration lifetime_max = std::chrono::days{365};
/// A process has the turn for one request and this, for what the vault itself takes.
constexpr Duration turn_slack = 10s;
constexpr Duration poll_interval = 200ms;
constexpr int turns_waited_for = 3;

struct Token {
    std::string access;
    Instant renew_at{};

    bool is_usable(Instant now, const std::optional<std::string>& refused) const
    {
        return !access.empty() && now < renew_at && access != refused;
    }
};

std::string text_of(const json::object& in, std::string_view name)
{
    const json::value* value = in.if_contains(name);
    return value && value->is_string() ? std::string(value->as_string()) : std::string{};
}

json::object object_of(std::string_view text)
{
    boost::system::error_code error;
    json::value root = json::parse(text, error);
    return !error && root.is_object() ? std::move(root.as_object()) : json::object{};
}

/// "expires_in": a number, or one in quotes as some vendors write it.
Duration lifetime_of(const json::object& answer)
{
    const json::value* value = answer.if_contains("expires_in");
    double seconds = 0;
    if (value && value->is_number()) seconds = value->to_number<double>();
    if (value && value->is_string()) {
        const std::string_view digits = value->as_string();
        std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
    }
    if (!(seconds > 0)) return lifetime_unless_told;
    const double most = std::chrono::duration<double>(lifetime_max).count();
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(std::min(seconds, most)));
}

/// It goes into a header line.
bool is_token(std::string_view text)
{
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

/// What the vendor says went wrong: RFC 6749's {"error", "error_description"}, Mautic's {"errors": [{"message",
/// "type"}]}, or HubSpot's {"status", "message"}.
std::string complaint_of(const http::Response& response)
{
    const json::object answer = object_of(response.body);
    const json::value* list = answer.if_contains("errors");
    const json::object* first = list && list->is_array() && !list->as_array().empty() && list->as_array()[0].is_object()
                                    ? &list->as_array()[0].as_object()
                                    : nullptr;
    const json::object& told_in = first ? *first : answer;
    std::string code = text_of(told_in, first ? "type" : "error");
    if (code.empty()) code = text_of(told_in, "status");
    std::string words = text_of(told_in, "error_description");
    if (words.empty()) words = text_of(told_in, "message");
    if (code.empty() && words.empty()) return "HTTP " + std::to_string(response.status);
    if (code.empty() || words.empty()) return code + words;
    return code + ": " + words;
}

}  // namespace

class OAuth::Core {
public:
    Core(const Executor& executor, Clock& clock, TokenVault* vault, OAuthOptions options, std::string target,
         std::unique_ptr<http::Client> client)
        : executor_(executor),
          clock_(clock),
          vault_(vault),
          options_(std::move(options)),
          target_(std::move(target)),
          client_(std::move(client)),
          refresh_(options_.refresh_token.value_or("")),
          origin_(to_hex(sha256(options_.token_url + '\n' + options_.client_id + '\n' + refresh_)))
    {
    }

    Task<Result<std::string>> get(std::optional<std::string> refused);
    void close();

private:
    /// One renewal, and whoever waits for it.
    struct Flight {
        explicit Flight(const Executor& executor) : landed(executor, asio::steady_timer::time_point::max()) {}
        asio::steady_timer landed;
        std::optional<Result<std::string>> result;
    };

    Task<> fly(std::shared_ptr<Flight> flight, std::optional<std::string> refused);
    Task<Result<std::string>> obtain(const std::optional<std::string>& refused);
    Task<Result<std::string>> obtain_in_turn(std::int64_t version, const std::optional<std::string>& refused);
    Task<Status> request_token();
    Task<Status> keep(std::int64_t version);
    Status read_answer(const http::Response& response);
    void adopt(const TokenVault::Kept& kept);
    std::string form() const;
    std::string vault_text() const;
    bool is_usable(const std::optional<std::string>& refused) const { return token_.is_usable(clock_.now(), refused); }

    Executor executor_;
    Clock& clock_;
    TokenVault* vault_;
    OAuthOptions options_;
    std::string target_;
    std::unique_ptr<http::Client> client_;
    Token token_;
    std::string refresh_;
    std::string origin_;  ///< Tells tokens of these credentials from those of others that were configured before.
    std::optional<std::int64_t> unkept_;  ///< The vault could not be told of `token_`; it had this version.
    std::shared_ptr<Flight> flight_;
    bool closed_ = false;
};

Task<Result<std::string>> OAuth::Core::get(std::optional<std::string> refused)
{
    for (;;) {
        // A flight that a cancelled coroutine began would never take off: Asio throws at its next await.
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none)
            co_return fail(ErrorCode::cancelled, "cancelled before a token was asked for");
        if (closed_) co_return fail(ErrorCode::cancelled, "the connector was closed");
        if (is_usable(refused) && !unkept_) co_return token_.access;
        const bool leads = flight_ == nullptr;
        if (leads) flight_ = std::make_shared<Flight>(executor_);
        const auto flight = flight_;
        if (leads)
            co_await asio::co_spawn(executor_, fly(flight, refused),
                                    asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable));
        else
            co_await flight->landed.async_wait(asio::as_tuple(asio::use_awaitable));
        if (!flight->result) co_return fail(ErrorCode::cancelled, "cancelled while a token was renewed");
        // Whoever led may not have known yet that this token is refused.
        if (leads || !*flight->result || **flight->result != refused) co_return *flight->result;
    }
}

Task<> OAuth::Core::fly(std::shared_ptr<Flight> flight, std::optional<std::string> refused)
{
    flight->result = co_await obtain(refused);
    flight_.reset();
    flight->landed.cancel();
}

Task<Result<std::string>> OAuth::Core::obtain(const std::optional<std::string>& refused)
{
    if (unkept_) (void)co_await keep(*unkept_);
    if (is_usable(refused)) co_return token_.access;
    if (!vault_) {
        const Status got = co_await request_token();
        if (!got) co_return std::unexpected(got.error());
        co_return token_.access;
    }
    const Monotonic give_up = clock_.monotonic() + turns_waited_for * (options_.timeout + turn_slack);
    while (!closed_ && clock_.monotonic() < give_up) {
        const auto kept = co_await vault_->read(options_.crm);
        if (!kept) co_return std::unexpected(kept.error());
        adopt(*kept);
        if (is_usable(refused)) co_return token_.access;
        const auto turn = co_await vault_->take_turn(options_.crm, kept->version, options_.timeout + turn_slack);
        if (!turn) co_return std::unexpected(turn.error());
        if (*turn) co_return co_await obtain_in_turn(kept->version, refused);
        co_await sleep_for(clock_, poll_interval);
    }
    if (closed_) co_return fail(ErrorCode::cancelled, "the connector was closed");
    co_return fail(ErrorCode::unavailable, "another process is renewing the access token and does not end");
}

Task<Result<std::string>> OAuth::Core::obtain_in_turn(std::int64_t version, const std::optional<std::string>& refused)
{
    const Status got = co_await request_token();
    if (!got) {
        // The turn may have run out under a request that was slow, and another have spent the refresh token since.
        const auto kept = co_await vault_->read(options_.crm);
        if (kept && kept->version != version) adopt(*kept);
        if (is_usable(refused)) co_return token_.access;
        (void)co_await vault_->give_up_turn(options_.crm, version);
        co_return std::unexpected(got.error());
    }
    if (const Status kept = co_await keep(version); !kept)
        log::warn("the renewed {} access token could not be kept yet: {}", display_name(options_.crm),
                  kept.error().message);
    co_return token_.access;
}

/// When another's token is there by now, both are good, and the next renewal reads theirs.
Task<Status> OAuth::Core::keep(std::int64_t version)
{
    const auto kept = co_await vault_->keep(options_.crm, version, vault_text());
    unkept_ = kept ? std::nullopt : std::optional(version);
    co_return status_of(kept);
}

Task<Status> OAuth::Core::request_token()
{
    const auto answer = co_await client_->send(
        {.method = http::Method::post,
         .target = target_,
         .headers = {{"content-type", "application/x-www-form-urlencoded"}, {"accept", "application/json"}},
         .body = form()});
    if (!answer) {
        const ErrorCode code = answer.error().code == ErrorCode::invalid ? ErrorCode::unavailable : answer.error().code;
        co_return fail(code, "no access token: " + told(answer.error().message, {}));
    }
    co_return read_answer(*answer);
}

Status OAuth::Core::read_answer(const http::Response& response)
{
    const int status = response.status;
    const std::string words = told(complaint_of(response), {options_.client_id, options_.client_secret, refresh_,
                                                            options_.refresh_token.value_or(""), token_.access});
    const bool busy = status == 408 || status == 425 || status == 429;
    if (status >= 400 && status < 500 && !busy)
        return fail(ErrorCode::denied, "no access token, " + words + " (" + options_.remedy + ")");
    const json::object answer = object_of(response.body);
    std::string access = text_of(answer, "access_token");
    if (status < 200 || status > 299 || !is_token(access))
        return fail(ErrorCode::unavailable, "no access token, " + words);
    const Duration lifetime = lifetime_of(answer);
    token_ = {.access = std::move(access), .renew_at = clock_.now() + lifetime - std::min(renewed_ahead, lifetime / 2)};
    if (std::string next = text_of(answer, "refresh_token"); !next.empty() && options_.refresh_token)
        refresh_ = std::move(next);
    return {};
}

std::string OAuth::Core::form() const
{
    std::string out;
    const auto add = [&](std::string_view name, std::string_view value) {
        if (!out.empty()) out += '&';
        out.append(http::encode_component(name)).append(1, '=').append(http::encode_component(value));
    };
    add("grant_type", options_.refresh_token ? "refresh_token" : "client_credentials");
    add("client_id", options_.client_id);
    add("client_secret", options_.client_secret);
    if (options_.refresh_token) add("refresh_token", refresh_);
    for (const auto& [name, value] : options_.extra_fields) add(name, value);
    return out;
}

std::string OAuth::Core::vault_text() const
{
    return json::serialize(json::object{{"origin", origin_},
                                        {"access_token", token_.access},
                                        {"refresh_token", refresh_},
                                        {"renew_at", to_rfc3339(token_.renew_at)}});
}

void OAuth::Core::adopt(const TokenVault::Kept& kept)
{
    if (unkept_) return;  // Ours is newer.
    const json::object held = object_of(kept.text.value_or(""));
    const auto renew_at = parse_rfc3339(text_of(held, "renew_at"));
    std::string access = text_of(held, "access_token");
    if (text_of(held, "origin") != origin_ || !renew_at || !is_token(access)) return;
    token_ = {.access = std::move(access), .renew_at = *renew_at};
    refresh_ = text_of(held, "refresh_token");
}

void OAuth::Core::close()
{
    closed_ = true;
    client_->close();
}

Result<std::unique_ptr<OAuth>> OAuth::create(const Executor& executor, Clock& clock, TokenVault* vault,
                                             OAuthOptions options)
{
    const auto url = http::parse_url(options.token_url);
    if (!url) return std::unexpected(url.error());
    const std::string host = url->host.contains(':') ? "[" + url->host + "]" : url->host;
    auto client = http::Client::create(executor, (url->tls ? "https://" : "http://") + host + ":" + url->port,
                                       {.timeout = options.timeout,
                                        .max_body_bytes = 1u << 20,
                                        .max_idle_connections = 1,
                                        .outbound = options.outbound,
                                        .watchers = options.watchers});
    if (!client) return std::unexpected(client.error());
    return std::unique_ptr<OAuth>(
        new OAuth(std::make_unique<Core>(executor, clock, vault, std::move(options), url->target, *std::move(client))));
}

OAuth::OAuth(std::unique_ptr<Core> core) : core_(std::move(core)) {}
OAuth::~OAuth() = default;

Task<Result<std::string>> OAuth::token() { return core_->get(std::nullopt); }
Task<Result<std::string>> OAuth::renew(std::string refused) { return core_->get(std::move(refused)); }
void OAuth::close() { core_->close(); }

}  // namespace crmsync
