# pennon_layer(NAME HEADERS ... SOURCES ... PUBLIC ... PRIVATE ...): one folder, one library.
# Each header is compiled alone: as what its own source includes first, or else in the file set that
# CMake verifies. The repository is the only include root, so an include names its layer.
function(pennon_layer name)
  cmake_parse_arguments(ARG "" "" "HEADERS;SOURCES;PUBLIC;PRIVATE" ${ARGN})
  if(ARG_SOURCES)
    add_library(${name} STATIC ${ARG_SOURCES})
    set(scope PUBLIC)
  else()
    add_library(${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  pennon_split_headers("${ARG_HEADERS}" "${ARG_SOURCES}")
  target_sources(${name} ${scope}
    FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${unsourced}
    FILE_SET sourced TYPE HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${sourced})
  set_target_properties(${name} PROPERTIES INTERFACE_HEADER_SETS_TO_VERIFY HEADERS)
  target_include_directories(${name} ${scope} ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} ${scope} ${ARG_PUBLIC})
  if(ARG_PRIVATE)
    target_link_libraries(${name} PRIVATE ${ARG_PRIVATE})
  endif()
endfunction()

# Sets `sourced` to the headers that a source of their own includes before anything else, `unsourced`
# to the others.
function(pennon_split_headers headers sources)
  set(sourced "")
  set(unsourced "")
  cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE folder)
  foreach(header IN LISTS headers)
    cmake_path(REPLACE_EXTENSION header .cpp OUTPUT_VARIABLE source)
    set(first "")
    if(source IN_LIST sources)
      file(STRINGS ${source} first REGEX "^#include" LIMIT_COUNT 1)
    endif()
    if(first STREQUAL "#include \"${folder}/${header}\"")
      list(APPEND sourced ${header})
    else()
      list(APPEND unsourced ${header})
    endif()
  endforeach()
  return(PROPAGATE sourced unsourced)
endfunction()

# pennon_program(NAME SOURCES ... LINK ...): an executable in build/<preset>/bin.
function(pennon_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINK})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
endfunction()
