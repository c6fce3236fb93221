# Turns files into a C++ table: `embedded::NAME::files`, sorted by path relative to ROOT; without TEXTS, all of ROOT.
set(rows "")
separate_arguments(TEXTS)
if(NOT TEXTS)
    file(GLOB_RECURSE TEXTS ${ROOT}/*)
endif()
list(SORT TEXTS)
foreach(path ${TEXTS})
    file(RELATIVE_PATH relative ${ROOT} ${path})
    file(READ ${path} hex HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" bytes "${hex}")
    string(LENGTH "${hex}" length)
    math(EXPR length "${length} / 2")
    string(APPEND rows "    File{\"${relative}\", std::string_view(\"${bytes}\", ${length})},\n")
endforeach()
list(LENGTH TEXTS count)
file(WRITE ${OUT}/embedded.h "#pragma once
#include <array>
#include <string_view>
namespace crmsync::embedded::${NAME} {
struct File { std::string_view path; std::string_view text; };
extern const std::array<File, ${count}> files;
}  // namespace crmsync::embedded::${NAME}
")
file(WRITE ${OUT}/embedded.cpp "#pragma clang diagnostic ignored \"-Woverlength-strings\"
#include \"${NAME}/embedded.h\"
namespace crmsync::embedded::${NAME} {
const std::array<File, ${count}> files = {{
${rows}}};
}  // namespace crmsync::embedded::${NAME}
")
