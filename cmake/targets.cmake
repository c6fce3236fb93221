add_library(crmsync_flags INTERFACE)
target_include_directories(crmsync_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(crmsync_flags INTERFACE CRMSYNC_VERSION="${PROJECT_VERSION}")

# All that is generated before the compiler can see it; what clang-tidy needs of a build.
add_custom_target(embedded)

# crmsync_library(NAME LINK public... [PRIVATE private...] [EXCLUDE file...]): the static library of src/NAME, all its
# sources, and its embedded text files (*.sql), each of which becomes a string in the generated header NAME/embedded.h.
function(crmsync_library name)
    cmake_parse_arguments(ARG "" "" "LINK;PRIVATE;EXCLUDE" ${ARGN})
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cpp)
    foreach(excluded ${ARG_EXCLUDE})
        list(REMOVE_ITEM sources ${CMAKE_SOURCE_DIR}/src/${name}/${excluded})
    endforeach()
    set(folder ${CMAKE_SOURCE_DIR}/src/${name})
    file(GLOB_RECURSE texts CONFIGURE_DEPENDS ${folder}/*.sql ${folder}/*.csv ${folder}/*.json ${folder}/*.html)
    if(texts)
        set(embedded ${CMAKE_BINARY_DIR}/embedded/${name}/embedded.cpp)
        add_custom_command(
            OUTPUT ${embedded} ${CMAKE_BINARY_DIR}/embedded/${name}/embedded.h
            COMMAND ${CMAKE_COMMAND} -DNAME=${name} -DROOT=${CMAKE_SOURCE_DIR}/src/${name} "-DTEXTS=${texts}"
                    -DOUT=${CMAKE_BINARY_DIR}/embedded/${name} -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
            DEPENDS ${texts} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake VERBATIM)
        list(APPEND sources ${embedded})
        add_custom_target(${name}_embedded DEPENDS ${embedded})
        add_dependencies(embedded ${name}_embedded)
    endif()
    if(NOT sources)
        add_library(${name} INTERFACE)
        target_link_libraries(${name} INTERFACE ${ARG_LINK} ${ARG_PRIVATE})
        return()
    endif()
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC ${ARG_LINK} PRIVATE ${ARG_PRIVATE})
    if(texts)
        target_include_directories(${name} PRIVATE ${CMAKE_BINARY_DIR}/embedded)
    endif()
endfunction()
