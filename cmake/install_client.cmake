# What a user of the library installs (component `client`): headers, libpennon.so, libpennon.a, and what
# CMake and pkg-config find them by.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(PENNON_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/pennon)
install(DIRECTORY client/include/pennon DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT client)
install(TARGETS pennon_shared EXPORT pennon-targets COMPONENT client)
install(EXPORT pennon-targets NAMESPACE pennon:: DESTINATION ${PENNON_CMAKE_DIR} COMPONENT client)

# One archive of all the layers that the library consists of.
set(layers pennon_api pennon_client pennon_engine pennon_wire pennon_model pennon_base)
set(PENNON_STATIC_NEEDS re2)
if(PENNON_RE2_SOURCE)
  list(APPEND layers pennon_re2)
  set(PENNON_STATIC_NEEDS "")
endif()
set(script "create libpennon.a\n")
foreach(layer ${layers})
  string(APPEND script "addlib $<TARGET_FILE:${layer}>\n")
endforeach()
file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/lib/libpennon.mri CONTENT "${script}save\nend\n")
add_custom_command(OUTPUT ${PROJECT_BINARY_DIR}/lib/libpennon.a
  COMMAND ${CMAKE_AR} -M < libpennon.mri DEPENDS ${layers} WORKING_DIRECTORY ${PROJECT_BINARY_DIR}/lib VERBATIM)
add_custom_target(pennon_static ALL DEPENDS ${PROJECT_BINARY_DIR}/lib/libpennon.a)
install(FILES ${PROJECT_BINARY_DIR}/lib/libpennon.a DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT client)

configure_package_config_file(cmake/pennon-config.cmake.in ${PROJECT_BINARY_DIR}/pennon-config.cmake
  INSTALL_DESTINATION ${PENNON_CMAKE_DIR})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/pennon-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/pennon-config.cmake ${PROJECT_BINARY_DIR}/pennon-config-version.cmake
  DESTINATION ${PENNON_CMAKE_DIR} COMPONENT client)
file(RELATIVE_PATH PENNON_PREFIX_FROM_PC /usr/${CMAKE_INSTALL_LIBDIR}/pkgconfig /usr)
configure_file(cmake/pennon.pc.in ${PROJECT_BINARY_DIR}/pennon.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/pennon.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT client)
