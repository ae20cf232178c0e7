# SPDX-License-Identifier: MIT
# What is installed beside the plugins and the program: the library, its headers, and what lets others build against them.
include(CMakePackageConfigHelpers)

set(ENVOI_CMAKE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/envoi")

install(TARGETS envoi envoi_plugin_abi EXPORT envoi-targets
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/envoi" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  FILES_MATCHING PATTERN "*.h")

install(EXPORT envoi-targets NAMESPACE envoi:: DESTINATION "${ENVOI_CMAKE_DIR}")
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/envoi-config.cmake.in" "${PROJECT_BINARY_DIR}/envoi-config.cmake"
  INSTALL_DESTINATION "${ENVOI_CMAKE_DIR}" PATH_VARS ENVOI_PLUGIN_DIR ENVOI_DESCRIPTOR_DIR)
# Before 1.0 a minor version may break the API, though not the ABI of the plugins.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/envoi-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/envoi-config.cmake" "${PROJECT_BINARY_DIR}/envoi-config-version.cmake"
  DESTINATION "${ENVOI_CMAKE_DIR}")

# The prefix is told from where the file is, so that a tree that was installed elsewhere (--prefix, DESTDIR) works.
set(ENVOI_PC_PREFIX "${CMAKE_INSTALL_PREFIX}")
if(NOT IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  file(RELATIVE_PATH up "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
  string(REGEX REPLACE "/$" "" up "${up}")
  set(ENVOI_PC_PREFIX "\${pcfiledir}/${up}")
endif()
# envoi_pc_path(<out> <directory>): relative to ${prefix} when it can be.
function(envoi_pc_path out dir)
  if(IS_ABSOLUTE "${dir}")
    set(${out} "${dir}" PARENT_SCOPE)
  else()
    set(${out} "\${prefix}/${dir}" PARENT_SCOPE)
  endif()
endfunction()
envoi_pc_path(ENVOI_PC_LIBDIR "${CMAKE_INSTALL_LIBDIR}")
envoi_pc_path(ENVOI_PC_INCLUDEDIR "${CMAKE_INSTALL_INCLUDEDIR}")
envoi_pc_path(ENVOI_PC_PLUGINDIR "${ENVOI_PLUGIN_DIR}")
envoi_pc_path(ENVOI_PC_DESCRIPTORDIR "${ENVOI_DESCRIPTOR_DIR}")
configure_file("${CMAKE_CURRENT_LIST_DIR}/envoi.pc.in" "${PROJECT_BINARY_DIR}/envoi.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/envoi.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

find_program(SCDOC scdoc)
# envoi_man(<page>...): makes and installs a man page of section 5.
function(envoi_man)
  foreach(name IN LISTS ARGN)
    set(page "${PROJECT_SOURCE_DIR}/docs/man/${name}.scd")
    add_custom_command(
      OUTPUT "${PROJECT_BINARY_DIR}/${name}"
      COMMAND sh -c "\"${SCDOC}\" <\"${page}\" >\"${PROJECT_BINARY_DIR}/${name}\""
      DEPENDS "${page}"
      VERBATIM)
    add_custom_target("man_${name}" ALL DEPENDS "${PROJECT_BINARY_DIR}/${name}")
    install(FILES "${PROJECT_BINARY_DIR}/${name}" DESTINATION "${CMAKE_INSTALL_MANDIR}/man5")
  endforeach()
endfunction()
if(SCDOC)
  envoi_man(envoi-plugins.d.5)
  if(ENVOI_BUILD_TOOLS)
    envoi_man(accounts.conf.5)
  endif()
endif()
