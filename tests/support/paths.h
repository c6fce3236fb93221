#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace crmsync::test {

/// A file of the source tree, named by its path in it.
std::filesystem::path source_file(std::string_view path);

/// The program that this build made.
const std::string& built_program();

}  // namespace crmsync::test
