# The manual pages: docs/man/*.md by lowdown, each installed with the program it is of (component
# daemon, store or cli). The pages of section 5 show the settings files themselves.
find_program(PENNON_LOWDOWN lowdown)
if(NOT PENNON_LOWDOWN)
  message(STATUS "no lowdown: the manual pages are not made")
  return()
endif()

# pennon_manual_page(NAME SECTION COMPONENT [SETTINGS]): docs/man/NAME.SECTION.md, with @SETTINGS@ filled in.
function(pennon_manual_page name section component)
  set(source ${PROJECT_SOURCE_DIR}/docs/man/${name}.${section}.md)
  if(ARGN)
    file(READ ${ARGN} text)
    string(STRIP "${text}" text)
    string(REPLACE "\n" "\n    " text "${text}")
    set(SETTINGS "    ${text}")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${ARGN})
    configure_file(${source} ${PROJECT_BINARY_DIR}/man/${name}.${section}.md @ONLY)
    set(source ${PROJECT_BINARY_DIR}/man/${name}.${section}.md)
  endif()
  set(page ${PROJECT_BINARY_DIR}/man/${name}.${section})
  add_custom_command(OUTPUT ${page} COMMAND ${PENNON_LOWDOWN} -s -Tman
    --out-no-smarty -o ${page} ${source}
    DEPENDS ${source} VERBATIM)
  install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section} COMPONENT ${component})
  set_property(GLOBAL APPEND PROPERTY PENNON_MANUAL_PAGES ${page})
endfunction()

file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/man)
pennon_manual_page(pennond 8 daemon)
pennon_manual_page(pennond.yaml 5 daemon ${PROJECT_SOURCE_DIR}/config/pennond.yaml)
pennon_manual_page(pennon-store 8 store)
pennon_manual_page(pennon-store.yaml 5 store ${PROJECT_SOURCE_DIR}/config/pennon-store.yaml)
pennon_manual_page(pennon 1 cli)

get_property(pages GLOBAL PROPERTY PENNON_MANUAL_PAGES)
add_custom_target(pennon_manual ALL DEPENDS ${pages})
