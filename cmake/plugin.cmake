# SPDX-License-Identifier: MIT
# The registry refuses modules in directories that others can write, so the modes do not depend on the umask.
set(CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

# envoi_plugin_wanted(<id> <out>): false with ENVOI_WITH_<ID>=OFF.
function(envoi_plugin_wanted id out)
  string(TOUPPER "${id}" name)
  set(wanted TRUE)
  if(DEFINED ENVOI_WITH_${name} AND NOT ENVOI_WITH_${name})
    set(wanted FALSE)
    if(id IN_LIST ENVOI_STATIC_PLUGINS)
      message(FATAL_ERROR "ENVOI_STATIC_PLUGINS names ${id}, and ENVOI_WITH_${name} is off")
    endif()
  endif()
  set(${out} ${wanted} PARENT_SCOPE)
endfunction()

# envoi_add_plugin_directory(<id>): what is not wanted needs no library either, unless tests bring it themselves.
function(envoi_add_plugin_directory id)
  envoi_plugin_wanted(${id} wanted)
  if(wanted OR ENVOI_BUILD_TESTS OR ENVOI_BUILD_FUZZERS)
    add_subdirectory(${id})
  endif()
endfunction()

# envoi_add_plugin(<id> SOURCES <file>... [LIBS <target>...])
#
# Compiles the sources once, against the plugin ABI alone. The objects become a module with one exported symbol or, if <id>
# is in ENVOI_STATIC_PLUGINS, a part of libenvoi. The descriptor plugins.d/<id>.plugin is installed with the module, or built
# in. With ENVOI_WITH_<ID>=OFF only the objects remain, for tests that bring a mechanism themselves.
function(envoi_add_plugin id)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  add_library(${id}_objects OBJECT ${ARG_SOURCES})
  target_compile_options(${id}_objects PRIVATE ${ENVOI_SOURCE_WARNINGS})
  target_link_libraries(${id}_objects PUBLIC envoi::plugin_abi PRIVATE ${ARG_LIBS})

  envoi_plugin_wanted(${id} wanted)
  if(NOT wanted)
    return()
  endif()

  set(descriptor "${PROJECT_SOURCE_DIR}/plugins.d/${id}.plugin")
  if(id IN_LIST ENVOI_STATIC_PLUGINS)
    set_property(GLOBAL APPEND PROPERTY ENVOI_STATIC_LIBS ${ARG_LIBS})
    return()
  endif()

  add_library(${id} MODULE $<TARGET_OBJECTS:${id}_objects>)
  target_link_libraries(${id} PRIVATE ${ARG_LIBS})
  # clang leaves the symbols of the sanitizers to the program.
  if(NOT CMAKE_C_FLAGS MATCHES "-fsanitize")
    target_link_options(${id} PRIVATE LINKER:--no-undefined)
  endif()
  set_target_properties(${id} PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/plugins" LINKER_LANGUAGE C)
  install(TARGETS ${id} LIBRARY DESTINATION "${ENVOI_PLUGIN_DIR}")

  configure_file("${descriptor}" "${CMAKE_BINARY_DIR}/plugins.d/${id}.plugin" COPYONLY)
  install(FILES "${descriptor}" DESTINATION "${ENVOI_DESCRIPTOR_DIR}")
endfunction()
