#include "ingest/importer.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <fstream>
#include <sstream>

#include "store/open.h"
#include "tests/support/await.h"

namespace crmsync::ingest {
namespace {

using test::await;

class ImporterTest : public ::testing::Test {
protected:
    ImporterTest()
    {
        StoreConfig config{.url = "sqlite::memory:", .direct_url = {}, .single_threaded = true};
        auto opened = await(loop_, sqlite::open(loop_.get_executor(), clock_, config));
        if (!opened) throw std::runtime_error(opened.error().message);
        store_ = std::move(*opened);
    }
    ~ImporterTest() override { await(loop_, store_->close()); }

    struct Line {
        std::uint64_t line = 0;
        std::string reason;
        std::string text;
        bool operator==(const Line&) const = default;
    };

    std::unique_ptr<Importer> importer(ImportOptions options = {})
    {
        options.actor = "test";
        Importer::Listener listener;
        listener.refused = [this](const RefusedLine& line) {
            refused_.push_back({line.place.line, std::string(line.reason), std::string(line.place.text)});
        };
        return await(loop_, Importer::create(*store_, clock_, std::move(options), std::move(listener))).value();
    }

    Result<ImportReport> import(std::string_view text, ImportOptions options = {}, std::size_t piece = 1u << 20)
    {
        const auto into = importer(std::move(options));
        Status fed;
        for (; fed && !text.empty(); text.remove_prefix(std::min(piece, text.size())))
            fed = await(loop_, into->feed(text.substr(0, piece)));
        auto report = await(loop_, into->finish());
        if (!fed) return std::unexpected(fed.error());
        return report;
    }

    std::vector<Contact> contacts()
    {
        return await(loop_, store_->contacts({}, {.by = ContactSort::By::email}, {.limit = 1000}))->contacts;
    }

    static void expect_all_accounted_for(const ImportReport& report)
    {
        EXPECT_EQ(report.read, report.created + report.updated + report.unchanged + report.merged + report.refused);
        std::uint64_t by_reason = 0;
        for (const auto& [why, count] : report.refused_by_reason) by_reason += count;
        EXPECT_EQ(by_reason, report.refused);
    }

    asio::io_context loop_;
    ManualClock clock_{Instant{std::chrono::seconds{1'700'000'000}}};
    std::unique_ptr<Store> store_;
    std::vector<Line> refused_;
};

TEST_F(ImporterTest, AccountsForEveryLine)
{
    const auto report = import(
        "E-mail;First name;Last name\r\nann@example.com;Ann;Lee\r\n\r\n(blank);Bob;\r\nANN@example.com;;Li\r\n"
        "x@y;;\r\na@b.com;;;surplus\r\nc@example.com;\"open;x\r\n",
        {}, 7);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->read, 6U);
    EXPECT_EQ(report->created, 1U);
    EXPECT_EQ(report->merged, 1U);
    EXPECT_EQ(report->blank_lines, 1U);
    EXPECT_EQ(report->refused, 4U);
    expect_all_accounted_for(*report);
    ASSERT_EQ(refused_.size(), 4U);
    EXPECT_EQ(refused_[0], (Line{4, "no e-mail address", "(blank);Bob;"}));
    EXPECT_EQ(refused_[1].line, 6U);
    EXPECT_EQ(refused_[2], (Line{7, "4 fields, but the header has 3; is a delimiter within a field not quoted?",
                                 "a@b.com;;;surplus"}));
    EXPECT_EQ(refused_[3].reason, "a quote is opened here and never closed");
    ASSERT_EQ(contacts().size(), 1U);
    EXPECT_EQ(contacts()[0].fields.name, "Li");
}

TEST_F(ImporterTest, ImportsTwiceWithoutDoubling)
{
    const std::string text = "email,name\na@example.com,Ann\nb@example.com,Bob\n";
    EXPECT_EQ(import(text)->created, 2U);
    const auto again = import(text);
    EXPECT_EQ(again->created, 0U);
    EXPECT_EQ(again->unchanged, 2U);
    EXPECT_EQ(import("email,name\nB@EXAMPLE.COM,Rob\n")->updated, 1U);
}

TEST_F(ImporterTest, ReadsWindows1252WithAWarning)
{
    const auto report = import("email,name\na@example.com,J\xfcrgen\nb@example.com,J\xc3\xbcrgen\n");
    EXPECT_EQ(report->warnings,
              std::vector<std::string>{"line 2 is not UTF-8; it and others like it were read as Windows-1252"});
    for (const auto& contact : contacts()) EXPECT_EQ(contact.fields.name, "J\xc3\xbcrgen");
}

TEST_F(ImporterTest, RefusesWholeInputsItCannotRead)
{
    EXPECT_EQ(import("\xff\xfe"
                     "e\0m\0")
                  .error()
                  .message,
              "the input is UTF-16; save it as UTF-8 (\"CSV UTF-8\") and import that");
    EXPECT_EQ(import("").error().message, "the input is empty; its first line must name the columns");
    EXPECT_TRUE(import("City\nRome\n").error().message.starts_with("no column holds the e-mail address"));
    EXPECT_EQ(import("", {.format = Format::ndjson})->read, 0U);
}

TEST_F(ImporterTest, RefusesJsonItCannotUse)
{
    const auto report = import(
        "{\"email\":\"a@example.com\",\"E-mail\":\"b@example.com\"}\n{\"email\":\"a@example.com\",\"name\":[1]}\n"
        "{\"email\":\"a@example.com\",\"name\":\"x\\u0000\"}\n{\"email\":\"a@example.com\",\"name\":null}\n",
        {.format = Format::ndjson});
    EXPECT_EQ(report->created, 1U);
    ASSERT_EQ(refused_.size(), 3U);
    EXPECT_EQ(refused_[0].reason, "email is given twice; one of its keys is \"E-mail\"");
    EXPECT_EQ(refused_[1].reason, "name is neither a text, a number nor a boolean");
    EXPECT_EQ(refused_[2].reason, "name holds a NUL byte");
}

TEST_F(ImporterTest, WritesInBatchesAndCanBeCancelledBetweenThem)
{
    std::string text = "email\n";
    for (int i = 0; i < 20'000; ++i) text += "p" + std::to_string(i) + "@example.com\n";
    const auto into = importer();
    into->cancel();
    EXPECT_EQ(await(loop_, into->feed(text)).error().code, ErrorCode::cancelled);
    EXPECT_EQ(await(loop_, into->finish()).error().code, ErrorCode::cancelled);
    const auto audit = await(loop_, store_->audit_log(1, 0));
    EXPECT_TRUE(audit->at(0).detail.contains(R"("interrupted":true)")) << audit->at(0).detail;
    const auto report = import(text);
    EXPECT_EQ(report->created, 20'000U);
    expect_all_accounted_for(*report);
}

TEST_F(ImporterTest, RefusesAddressesOnTheSuppressionList)
{
    ASSERT_TRUE(await(loop_, store_->suppress({"ann@example.com"}, "asked", "test", clock_.now())));
    const auto report = import("email,name\nbob@example.com,Bob\nANN@example.com,Ann\nzoe@example.com,Zoe\n");
    ASSERT_TRUE(report);
    EXPECT_EQ(report->read, 3u);
    EXPECT_EQ(report->created, 2u);
    EXPECT_EQ(report->refused, 1u);
    EXPECT_EQ(report->refused_by_reason.at(Refused::suppressed), 1u);
    EXPECT_EQ(refused_, (std::vector<Line>{{3, "the address is on the suppression list", "ANN@example.com"}}));
    EXPECT_EQ(contacts().size(), 2u);
}

}  // namespace
}  // namespace crmsync::ingest
