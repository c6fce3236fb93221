# Every library comes from Debian 12 (tools/packages), what browsers get from npm (web/); tools/install installs both.
# Nothing is vendored or downloaded at configure time.
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Boost 1.81 CONFIG REQUIRED COMPONENTS headers json url)
find_package(PostgreSQL REQUIRED)
find_package(SQLite3 3.40 REQUIRED)
find_package(fmt 9 CONFIG REQUIRED)
find_package(spdlog 1.10 CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(tomlplusplus 3.3 CONFIG REQUIRED)
find_package(Protobuf 3.21 REQUIRED)
find_package(absl CONFIG REQUIRED)
find_package(CURL 7.88 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(IDN2 REQUIRED IMPORTED_TARGET libidn2)
pkg_check_modules(CJOSE REQUIRED IMPORTED_TARGET cjose)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)

# libphonenumber ships no CMake config. Its -dev package conflicts with Boost 1.81: tools/install unpacks the headers.
find_path(PHONENUMBER_INCLUDE_DIR phonenumbers/phonenumberutil.h
          HINTS ${CMAKE_SOURCE_DIR}/build/deps/phonenumber/usr/include REQUIRED)
find_library(PHONENUMBER_LIBRARY NAMES libphonenumber.so.8 phonenumber REQUIRED)
add_library(phonenumber INTERFACE)
target_include_directories(phonenumber SYSTEM INTERFACE ${PHONENUMBER_INCLUDE_DIR})
target_link_libraries(phonenumber INTERFACE ${PHONENUMBER_LIBRARY} protobuf::libprotobuf absl::node_hash_map
                                            absl::node_hash_set)

find_path(CSV_INCLUDE_DIR csv.h REQUIRED)
find_library(CSV_LIBRARY NAMES csv REQUIRED)
add_library(csv INTERFACE)
target_include_directories(csv SYSTEM INTERFACE ${CSV_INCLUDE_DIR})
target_link_libraries(csv INTERFACE ${CSV_LIBRARY})

find_path(SWAGGER_UI_DIR swagger-ui-bundle.js
          HINTS ${CMAKE_SOURCE_DIR}/build/deps/web/node_modules/swagger-ui-dist NO_DEFAULT_PATH REQUIRED)

# Asio and Beast are compiled once, here, instead of in every file that includes them.
add_library(boost_asio STATIC cmake/boost_asio.cpp)
target_compile_definitions(boost_asio PUBLIC BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
                                             BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_DATE_TIME)
# Beast 1.81 asserts what a chunked body without content breaks when it comes in tiny pieces, and reads it rightly
# (https://github.com/boostorg/beast/pull/2861).
target_compile_definitions(boost_asio PRIVATE BOOST_DISABLE_ASSERTS)
target_compile_options(boost_asio PRIVATE -w)
target_link_libraries(boost_asio PUBLIC Boost::headers OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
