# SPDX-License-Identifier: MIT
# Makes builtin.c, the table of the plugins that are linked in, of ENVOI_STATIC_PLUGINS and their descriptors; the list
# may be empty. Sets ENVOI_BUILTIN_C.

# A text as a C string literal, one source line per line.
function(envoi_c_string out text)
  string(REPLACE "\\" "\\\\" text "${text}")
  string(REPLACE "\"" "\\\"" text "${text}")
  string(REPLACE "\n" "\\n\"\n     \"" text "${text}")
  set(${out} "\"${text}\"" PARENT_SCOPE)
endfunction()

set(BUILTIN_ENTRIES "")
set(BUILTIN_ROWS "")
foreach(id ${ENVOI_STATIC_PLUGINS})
  if(NOT TARGET ${id}_objects)
    message(FATAL_ERROR "ENVOI_STATIC_PLUGINS names ${id}, and there is no such plugin")
  endif()
  set(descriptor "${PROJECT_SOURCE_DIR}/plugins.d/${id}.plugin")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${descriptor}")
  file(READ "${descriptor}" text)
  # Without the module; the line stays, so that the numbers in messages are those of the file.
  string(REGEX REPLACE "(^|\n)module:[^\n]*" "\\1#" text "${text}")
  envoi_c_string(text "${text}")
  string(APPEND BUILTIN_ENTRIES "envoi_plugin_entry envoi_plugin_${id};\n")
  string(APPEND BUILTIN_ROWS "    {\"${id}\", envoi_plugin_${id},\n     ${text}},\n")
endforeach()

set(ENVOI_BUILTIN_C "${CMAKE_CURRENT_BINARY_DIR}/builtin.c")
configure_file("${CMAKE_CURRENT_LIST_DIR}/builtin.c.in" "${ENVOI_BUILTIN_C}" @ONLY)
