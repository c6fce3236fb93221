# The install layout (`cmake --install`) and the Debian package (`cpack -G DEB`, as packaging/build-deb calls it).
# Nothing goes outside of the prefix: what belongs to /etc and /var, the package's own scripts make.
include(GNUInstallDirs)
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON) # Installing needs the program, not the tests.

install(TARGETS crmsync)
install(PROGRAMS packaging/crmsyncctl TYPE SBIN)
install(FILES packaging/crmsync.service DESTINATION lib/systemd/system)
install(DIRECTORY packaging/prometheus packaging/grafana DESTINATION ${CMAKE_INSTALL_DATADIR}/crmsync)
install(FILES packaging/crmsync.env packaging/crmsync.toml DESTINATION ${CMAKE_INSTALL_DATADIR}/crmsync)
install(FILES README.md CHANGELOG.md ARCHITECTURE.md TYPE DOC)
install(FILES LICENSE TYPE DOC RENAME copyright)
install(FILES .env.example TYPE DOC RENAME env.example)
install(DIRECTORY docs TYPE DOC PATTERN images EXCLUDE)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "The crmsync authors <crmsync@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "keeps picked contacts in step with Brevo, HubSpot, Mautic and n8n")
set(CPACK_PACKAGE_DESCRIPTION "HTTP API, background workers and command line in one program, on embedded SQLite or
on PostgreSQL. Calls each CRM as fast as its limits allow, retries what can
succeed later, and shows per contact what happened.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, ca-certificates")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "postgresql")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA "${CMAKE_SOURCE_DIR}/packaging/debian/postinst"
    "${CMAKE_SOURCE_DIR}/packaging/debian/prerm" "${CMAKE_SOURCE_DIR}/packaging/debian/postrm")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
