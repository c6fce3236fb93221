# The dashboard (web/), built by Vite and embedded into the API.
file(GLOB_RECURSE dashboard_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web/src/* ${CMAKE_SOURCE_DIR}/web/public/*)
list(APPEND dashboard_sources ${CMAKE_SOURCE_DIR}/web/index.html ${CMAKE_SOURCE_DIR}/web/vite.config.ts
     ${CMAKE_SOURCE_DIR}/web/package-lock.json ${CMAKE_SOURCE_DIR}/web/build)
set(dashboard_folder ${CMAKE_BINARY_DIR}/dashboard)
add_custom_command(
    OUTPUT ${dashboard_folder}/index.html COMMAND ${CMAKE_SOURCE_DIR}/web/build ${dashboard_folder}
    DEPENDS ${dashboard_sources} COMMENT "Building the dashboard" VERBATIM)
crmsync_embed(api dashboard ${dashboard_folder} ALL ${dashboard_folder}/index.html)
