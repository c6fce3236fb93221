#include "connectors/remote_pages.h"

#include <gtest/gtest.h>

namespace crmsync {
namespace {

TEST(RemotePages, AreThoseOfIdsOnceTheAddressIsKnown)
{
    RemotePages pages;
    EXPECT_EQ(pages.page_of("7"), std::nullopt);
    pages.set("https://crm.example/contact/");
    EXPECT_EQ(pages.page_of("7"), "https://crm.example/contact/7");
    EXPECT_EQ(pages.page_of("aB1"), "https://crm.example/contact/aB1");
}

TEST(RemotePages, NothingElseBecomesPartOfAnAddress)
{
    const RemotePages pages("https://crm.example/");
    for (const auto* text : {"", "ann@example.com", "../7", "7 ", "7?x=1", "\"><"})
        EXPECT_EQ(pages.page_of(text), std::nullopt) << text;
}

}  // namespace
}  // namespace crmsync
