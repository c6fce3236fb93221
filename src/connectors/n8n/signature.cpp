#include "connectors/n8n/signature.h"

#include "base/digest.h"

namespace crmsync::n8n {

std::string signature(std::string_view secret, std::string_view idempotency_key, std::string_view timestamp,
                      std::string_view body)
{
    return call_signature(secret, idempotency_key, timestamp, body);
}

std::string json_web_token(std::string_view secret, Instant now)
{
    constexpr std::chrono::seconds lifetime = 5min;
    const auto issued = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch());
    const std::string text = to_base64url(R"({"alg":"HS256","typ":"JWT"})") + '.' +
                             to_base64url(R"({"iss":"crmsync","iat":)" + std::to_string(issued.count()) + R"(,"exp":)" +
                                          std::to_string((issued + lifetime).count()) + '}');
    return text + '.' + to_base64url(hmac_sha256(secret, text));
}

}  // namespace crmsync::n8n
