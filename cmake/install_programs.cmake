# What a host installs: the components `daemon`, `store` and `cli`, each a program with its settings,
# units and completions. Packages and images take these; packaging/debian has the lists.
set(PENNON_UNIT_DIR lib/systemd/system CACHE STRING "Where systemd's units go, below the prefix")

install(TARGETS pennond RUNTIME COMPONENT daemon)
install(FILES config/pennond.yaml DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/pennon COMPONENT daemon)
install(FILES systemd/pennond.service systemd/pennond.socket DESTINATION ${PENNON_UNIT_DIR} COMPONENT daemon)
install(FILES systemd/pennon.sysusers DESTINATION lib/sysusers.d RENAME pennond.conf COMPONENT daemon)
install(FILES systemd/pennon.tmpfiles DESTINATION lib/tmpfiles.d RENAME pennond.conf COMPONENT daemon)

install(TARGETS pennon-store RUNTIME COMPONENT store)
install(FILES config/pennon-store.yaml DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/pennon COMPONENT store)
install(FILES systemd/pennon-store.service DESTINATION ${PENNON_UNIT_DIR} COMPONENT store)
install(FILES systemd/pennon-store.sysusers DESTINATION lib/sysusers.d RENAME pennon-store.conf COMPONENT store)
install(FILES systemd/pennon-store.tmpfiles DESTINATION lib/tmpfiles.d RENAME pennon-store.conf COMPONENT store)

install(TARGETS pennon RUNTIME COMPONENT cli)
install(FILES config/flag-set.schema.json config/example-flags.json DESTINATION ${CMAKE_INSTALL_DATADIR}/pennon
  COMPONENT cli)
foreach(shell bash fish)
  add_custom_command(OUTPUT ${PROJECT_BINARY_DIR}/completion.${shell} VERBATIM
    COMMAND sh -c "$<TARGET_FILE:pennon> completion ${shell} > completion.${shell}"
    DEPENDS pennon WORKING_DIRECTORY ${PROJECT_BINARY_DIR})
endforeach()
add_custom_target(pennon_completions ALL
  DEPENDS ${PROJECT_BINARY_DIR}/completion.bash ${PROJECT_BINARY_DIR}/completion.fish)
install(FILES ${PROJECT_BINARY_DIR}/completion.bash RENAME pennon COMPONENT cli
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${PROJECT_BINARY_DIR}/completion.fish RENAME pennon.fish COMPONENT cli
  DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
