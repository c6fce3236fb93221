#include "alerts/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/digest.h"

namespace crmsync::alerts {
namespace {

TEST(Mailboxes, AreReadWithNamesAndWithout)
{
    const auto read = parse_mailboxes(R"(ann@example.com, Bob Größe <bob@example.com>,"Lee, Cy" <cy@example.com>)");
    ASSERT_TRUE(read);
    EXPECT_THAT(*read, testing::ElementsAre(Mailbox{"", "ann@example.com"}, Mailbox{"Bob Größe", "bob@example.com"},
                                            Mailbox{"Lee, Cy", "cy@example.com"}));
}

TEST(Mailboxes, NeverHoldWhatEndsAHeaderOrACommand)
{
    for (const std::string text :
         {"", "ann", "@example.com", "ann@", "ann@example.com,", "ann@example.com\r\nBcc: eve@example.com",
          "Ann\r\nBcc: eve@example.com <ann@example.com>", "<ann@example.com> SIZE=1", "ann@example.com>\nDATA",
          "ann bob@example.com", "a@b@example.com", "änn@example.com"})
        EXPECT_FALSE(parse_mailboxes(text)) << text;
}

TEST(MailServers, AreReadByTheirUrl)
{
    const auto plain = parse_mail_server("smtp://mail.example.com:587");
    ASSERT_TRUE(plain);
    EXPECT_FALSE(plain->tls);
    EXPECT_EQ(plain->host, "mail.example.com");
    EXPECT_EQ(plain->port, "587");
    EXPECT_FALSE(plain->is_this_machine());
    EXPECT_TRUE(parse_mail_server("smtps://mail.example.com")->tls);
    EXPECT_EQ(parse_mail_server("smtp://[::1]:2525")->host, "::1");
    EXPECT_TRUE(parse_mail_server("smtp://[::1]:2525")->is_this_machine());
    EXPECT_TRUE(parse_mail_server("smtp://127.0.0.1")->is_this_machine());
}

TEST(MailServers, AreRefusedWithoutRepeatingThem)
{
    for (const std::string url :
         {"mail.example.com:587", "http://mail.example.com", "smtp://", "smtp://host:", "smtp://ho st",
          "smtp://host:12x", "smtp://host/path", "smtp://[::1", "smtp://ann:canary@host"}) {
        const auto server = parse_mail_server(url);
        ASSERT_FALSE(server) << url;
        EXPECT_FALSE(server.error().message.contains("canary"));
    }
}

TEST(MailHeaders, KeepAsciiAndEncodeTheRest)
{
    EXPECT_EQ(header_text("Brevo: circuit open"), "Brevo: circuit open");
    EXPECT_EQ(header_text("Größe"), "=?UTF-8?B?R3LDtsOfZQ==?=");
    EXPECT_FALSE(header_text("one\r\nBcc: eve@example.com").contains("\r\nBcc"));
    EXPECT_EQ(header_of({"Ann Lee", "ann@example.com"}), "Ann Lee <ann@example.com>");
    EXPECT_EQ(header_of({"", "ann@example.com"}), "<ann@example.com>");
    EXPECT_EQ(header_of({"Größe", "ann@example.com"}), "=?UTF-8?B?R3LDtsOfZQ==?= <ann@example.com>");
    // A name with a comma would be two addresses.
    EXPECT_FALSE(header_of({"Lee, Cy", "cy@example.com"}).contains("Lee, Cy"));
}

TEST(MailHeaders, NeverCutACharacterInTwo)
{
    std::string name;
    for (int i = 0; i < 40; ++i) name += "€";
    const std::string words = header_text(name);
    std::string decoded;
    for (std::size_t at = 0; (at = words.find("=?UTF-8?B?", at)) != std::string::npos;) {
        at += 10;
        const std::string word = from_base64(words.substr(at, words.find("?=", at) - at)).value();
        EXPECT_LE(word.size(), 45u);
        EXPECT_EQ(word.size() % 3, 0u);
        decoded += word;
    }
    EXPECT_EQ(decoded, name);
}

TEST(MailBodies, AreAsciiInShortLines)
{
    EXPECT_EQ(quoted_printable("Größe = 1\n.\n-- \nend\n"), "Gr=C3=B6=C3=9Fe =3D 1\r\n.\r\n--=20\r\nend\r\n");
    EXPECT_EQ(quoted_printable(""), "");
    const std::string body = quoted_printable(std::string(200, 'x') + "\n");
    EXPECT_EQ(body, std::string(75, 'x') + "=\r\n" + std::string(75, 'x') + "=\r\n" + std::string(50, 'x') + "\r\n");
}

}  // namespace
}  // namespace crmsync::alerts
