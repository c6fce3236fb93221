#include "tests/support/paths.h"

namespace crmsync::test {

std::filesystem::path source_file(std::string_view path) { return std::filesystem::path(CRMSYNC_SOURCE_DIR) / path; }

const std::string& built_program()
{
    static const std::string program = CRMSYNC_BINARY;
    return program;
}

}  // namespace crmsync::test
