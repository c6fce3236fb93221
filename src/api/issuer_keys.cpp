#include "api/issuer_keys.h"

#include <boost/asio/as_tuple.hpp>
#include <fstream>
#include <utility>

#include "base/log.h"
#include "http/network.h"

namespace crmsync::api {

namespace {

constexpr Duration answer_timeout = 5s;

std::unexpected<Error> invalid(std::string message) { return fail(ErrorCode::invalid, std::move(message), "JWT_JWKS"); }

/// Also from a pipe or a device: never more than a set may have.
Result<std::string> read_file(const std::string& path)
{
    std::ifstream in(path, std::ios::binary);
    std::string text(jwks_bytes_max + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (text.empty()) return invalid("names " + path + ", which cannot be read or is empty");
    return text;
}

}  // namespace

IssuerKeys::IssuerKeys(const Executor& executor, Clock& clock, std::string location)
    : clock_(clock), location_(std::move(location)), done_(executor, asio::steady_timer::time_point::max())
{
}

Result<std::unique_ptr<IssuerKeys>> IssuerKeys::create(const Executor& executor, Clock& clock, std::string location,
                                                       http::ClientOptions client)
{
    std::unique_ptr<IssuerKeys> keys(new IssuerKeys(executor, clock, std::move(location)));
    const auto scheme_end = keys->location_.find("://");
    if (scheme_end == std::string::npos) {
        keys->tried_at_ = clock.monotonic();
        auto text = read_file(keys->location_);
        if (!text) return std::unexpected(text.error());
        if (const Status taken = keys->take(std::move(*text)); !taken) return std::unexpected(taken.error());
        return keys;
    }
    const auto url = http::parse_url(keys->location_);
    if (!url) return invalid("is neither a file nor an address of the form https://host/path");
    if (!url->tls && !http::is_loopback(url->host)) return invalid("must begin with https://: who can change it signs");
    const auto path = std::min(keys->location_.find('/', scheme_end + 3), keys->location_.size());
    client.timeout = answer_timeout;
    client.max_body_bytes = jwks_bytes_max;
    auto made = http::Client::create(executor, keys->location_.substr(0, path), std::move(client));
    if (!made) return std::unexpected(made.error());
    keys->client_ = std::move(*made);
    keys->target_ = url->target;
    return keys;
}

Task<> IssuerKeys::keep_fresh()
{
    if (!tried_within(keys_.empty() ? pause : fresh_for)) co_await read();
}

Task<> IssuerKeys::look_again()
{
    if (reading_)
        co_await done_.async_wait(asio::as_tuple(asio::use_awaitable));
    else if (!tried_within(pause))
        co_await read();
}

bool IssuerKeys::tried_within(Duration duration) const
{
    return tried_at_ && clock_.monotonic() - *tried_at_ < duration;
}

Task<> IssuerKeys::read()
{
    tried_at_ = clock_.monotonic();
    reading_ = true;
    auto text = co_await fetch();
    reading_ = false;
    done_.cancel();
    const Status taken = text ? take(std::move(*text)) : std::unexpected(text.error());
    if (!taken) log::warn("JWT_JWKS: {}", taken.error().message);
}

Task<Result<std::string>> IssuerKeys::fetch()
{
    if (!client_) co_return read_file(location_);
    auto answer = co_await client_->send({.target = target_, .headers = {{"Accept", "application/json"}}});
    if (!answer) co_return std::unexpected(answer.error());
    if (answer->status != 200)
        co_return fail(ErrorCode::unavailable, "the issuer answered " + std::to_string(answer->status));
    co_return std::move(answer->body);
}

Status IssuerKeys::take(std::string text)
{
    if (text == text_) return {};
    auto keys = read_jwks(text);
    if (!keys) return std::unexpected(keys.error());
    keys_ = std::move(*keys);
    text_ = std::move(text);
    ++version_;
    return {};
}

}  // namespace crmsync::api
