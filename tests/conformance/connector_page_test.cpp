// docs/connectors.md shows pieces of the example; they are the example's own.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/paths.h"

namespace crmsync {
namespace {

std::string text_of(const std::filesystem::path& path)
{
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST(ConnectorPage, ShowsWhatIsCompiled)
{
    const std::filesystem::path root = test::source_file("");
    std::string code = text_of(root / "tests/conformance/connector_test.cpp");
    for (const auto& file : std::filesystem::directory_iterator(root / "tests/examples/acme"))
        code += text_of(file.path());
    const std::string page = text_of(root / "docs/connectors.md");
    constexpr std::string_view fence = "```cpp\n";
    std::size_t blocks = 0;
    for (std::size_t at = 0; (at = page.find(fence, at)) != std::string::npos; ++blocks) {
        at += fence.size();
        const std::string block = page.substr(at, page.find("\n```", at) - at);
        EXPECT_NE(code.find(block), std::string::npos) << block;
    }
    EXPECT_GE(blocks, 5u);
}

}  // namespace
}  // namespace crmsync
