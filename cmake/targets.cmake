add_library(crmsync_flags INTERFACE)
target_include_directories(crmsync_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(crmsync_flags INTERFACE CRMSYNC_VERSION="${PROJECT_VERSION}")

# Half of what most files compile is the same headers. With CRMSYNC_PCH they are compiled once for the sources and once
# for the tests (crmsync_precompiled(TARGET src|tests)); clang-tidy and the dev preset go without, so that each file
# includes what it uses.
function(crmsync_precompiled target headers)
    if(CRMSYNC_PCH)
        target_precompile_headers(${target} REUSE_FROM ${headers}_headers)
        if(CRMSYNC_FUZZ) # What a fuzzer sees is compiled with a flag more; it changes no header.
            target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-validate-pch")
        endif()
    endif()
endfunction()
function(crmsync_precompile name)
    if(CRMSYNC_PCH)
        file(WRITE ${CMAKE_BINARY_DIR}/${name}_headers.cpp "")
        add_library(${name}_headers OBJECT ${CMAKE_BINARY_DIR}/${name}_headers.cpp)
        target_link_libraries(${name}_headers PRIVATE crmsync_flags Boost::headers boost_asio fmt::fmt spdlog::spdlog)
        target_precompile_headers(${name}_headers PRIVATE ${ARGN})
    endif()
endfunction()

# All that is generated before the compiler can see it; what clang-tidy needs of a build.
add_custom_target(embedded)

# crmsync_embed(LIBRARY NAME ROOT file...): the files become `embedded::NAME::files` of NAME/embedded.h, for the library
# alone, named by their paths relative to ROOT. With ALL it is whatever ROOT holds, embedded anew when a file changes.
function(crmsync_embed library name root)
    cmake_parse_arguments(ARG "ALL" "" "" ${ARGN})
    set(texts ${ARG_UNPARSED_ARGUMENTS})
    set(watched ${texts})
    if(ARG_ALL)
        set(texts "")
    endif()
    set(folder ${CMAKE_BINARY_DIR}/embedded/${name})
    add_custom_command(
        OUTPUT ${folder}/embedded.cpp ${folder}/embedded.h
        COMMAND ${CMAKE_COMMAND} -DNAME=${name} -DROOT=${root} "-DTEXTS=${texts}" -DOUT=${folder}
                -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
        DEPENDS ${watched} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake VERBATIM)
    target_sources(${library} PRIVATE ${folder}/embedded.cpp)
    target_include_directories(${library} PRIVATE ${CMAKE_BINARY_DIR}/embedded)
    add_custom_target(${name}_embedded DEPENDS ${folder}/embedded.cpp)
    add_dependencies(embedded ${name}_embedded)
endfunction()

# crmsync_library(NAME LINK public... [PRIVATE private...] [EXCLUDE file...]): the static library of src/NAME, all its
# sources, and the text files among them (*.sql, *.json, *.html and the like), embedded under its name.
function(crmsync_library name)
    cmake_parse_arguments(ARG "" "" "LINK;PRIVATE;EXCLUDE" ${ARGN})
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cpp)
    foreach(excluded ${ARG_EXCLUDE})
        list(REMOVE_ITEM sources ${CMAKE_SOURCE_DIR}/src/${name}/${excluded})
    endforeach()
    set(folder ${CMAKE_SOURCE_DIR}/src/${name})
    file(GLOB_RECURSE texts CONFIGURE_DEPENDS ${folder}/*.sql ${folder}/*.csv ${folder}/*.json ${folder}/*.html
         ${folder}/*.js)
    if(NOT sources)
        add_library(${name} INTERFACE)
        target_link_libraries(${name} INTERFACE ${ARG_LINK} ${ARG_PRIVATE})
        return()
    endif()
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC ${ARG_LINK} PRIVATE ${ARG_PRIVATE})
    crmsync_precompiled(${name} src)
    if(texts)
        crmsync_embed(${name} ${name} ${folder} ${texts})
    endif()
endfunction()

# crmsync_together(LIBRARY FOLDER): with CRMSYNC_PCH the files of src/LIBRARY/FOLDER are compiled as two, which takes a
# fraction of the time where they share costly headers. So names of their anonymous namespaces must differ.
function(crmsync_together library folder)
    if(CRMSYNC_PCH)
        file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${library}/${folder}/*.cpp)
        set(half a)
        foreach(source ${sources})
            set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${folder}_${half})
            string(REPLACE "${half}" "" half "ab")
        endforeach()
        set_target_properties(${library} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
    endif()
endfunction()
