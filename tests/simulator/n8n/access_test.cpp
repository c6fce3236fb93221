#include "simulator/n8n/access.h"

#include "tests/simulator/n8n/installation.h"

namespace crmsync::simulator::testing {
namespace {

class N8nAccess : public N8nTest {
protected:
    Reply call(const std::string& authorization, const std::string& header = "Authorization")
    {
        http::Headers headers;
        if (!authorization.empty()) headers.add(header, authorization);
        return hook("contacts", R"({"email":"a@example.org"})", headers);
    }
    void expect_refusal(const Reply& reply, int status, std::string_view why)
    {
        EXPECT_EQ(reply.status, status);
        EXPECT_EQ(reply.text, why);
        EXPECT_EQ(reply.headers.find("www-authenticate"), "Basic realm=\"Webhook\"");
    }
    static std::string token(const std::string& header, const std::string& claims, const std::string& secret)
    {
        const std::string text = to_base64url(header) + "." + to_base64url(claims);
        return "Bearer " + text + "." + to_base64url(hmac_sha256(secret, text));
    }
};

TEST_F(N8nAccess, TakesAnybodyUnlessTold)
{
    start();
    EXPECT_EQ(call("").status, 200);
}

TEST_F(N8nAccess, ChecksTheHeader)
{
    start();
    settings(R"({"auth":"header","header":"Authorization","secret":"Bearer s3cret"})");
    EXPECT_EQ(call("Bearer s3cret").status, 200);
    expect_refusal(call("Bearer wrong"), 403, "Authorization data is wrong!");
    expect_refusal(call(""), 403, "Authorization data is wrong!");
    settings(R"({"header":"X-Token","secret":"t"})");
    EXPECT_EQ(call("t", "x-token").status, 200);
}

TEST_F(N8nAccess, ChecksNameAndPassword)
{
    start();
    settings(R"({"auth":"basic","secret":"user:pass"})");
    EXPECT_EQ(call("Basic " + to_base64("user:pass")).status, 200);
    expect_refusal(call(""), 401, "Authorization is required!");
    expect_refusal(call("Basic " + to_base64("user:no")), 401, "Authentication data is wrong!");
    settings(R"({"before_2_8":true})");
    expect_refusal(call("Basic !"), 403, "Authorization data is wrong!");
}

TEST_F(N8nAccess, ChecksTokens)
{
    start();
    settings(R"({"auth":"jwt","secret":"signing key"})");
    const std::string head = R"({"alg":"HS256","typ":"JWT"})";
    EXPECT_EQ(call(token(head, "{}", "signing key")).status, 200);
    EXPECT_EQ(call(token(head, R"({"exp":4102444800})", "signing key")).status, 200);
    expect_refusal(call(""), 401, "No token provided");
    expect_refusal(call("Bearer x"), 403, "jwt malformed");
    expect_refusal(call("Bearer a.b.c.d"), 403, "jwt malformed");
    expect_refusal(call(token(R"({"alg":"none"})", "{}", "signing key")), 403, "invalid algorithm");
    expect_refusal(call(token(head, "{}", "another key")), 403, "invalid signature");
    expect_refusal(call(token(head, R"({"exp":1})", "signing key")), 403, "jwt expired");
}

TEST_F(N8nAccess, LetsWorkflowsCheckSignatures)
{
    start();
    settings(R"({"signing_secret":"shared"})");
    const std::string body = R"({"email":"a@example.org"})";
    const auto signed_at = [&](const std::string& at, const std::string& secret) {
        const std::string text = "key-1." + at + "." + body;
        return hook("contacts-ack", body,
                    {{"Idempotency-Key", "key-1"},
                     {"X-Crmsync-Timestamp", at},
                     {"X-Crmsync-Signature", "sha256=" + to_hex(hmac_sha256(secret, text))}})
            .status;
    };
    const std::string now = to_rfc3339(clock_.now());
    EXPECT_EQ(signed_at(now, "shared"), 202);
    EXPECT_EQ(signed_at(now, "another"), 401);
    EXPECT_EQ(signed_at(to_rfc3339(clock_.now() - 6min), "shared"), 401);
    EXPECT_EQ(hook("contacts-ack", body).status, 401);
}

}  // namespace
}  // namespace crmsync::simulator::testing
