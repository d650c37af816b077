# What `cmake --install` brings, so that a runtime of one's own needs no copy of these sources:
#
#   bin/regatta                   the command
#   bin/regatta-load              the load generator
#   include/regatta/              the house, by the paths that sources include it by
#   lib/, lib/cmake/regatta/      the boxes as targets regatta::…, and the functions: find_package(regatta)
#   libexec/regatta/              the contenders
#   share/regatta/contenders/     their manifests, which find them wherever the whole is moved to
#   share/regatta/scripts/        what draws charts and reports
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# The boxes of a generated contender, by the names that the functions link. Installed they are regatta::interface, …
set(REGATTA_INSTALLED_BOXES flags interface core scenario_support scenarios proxy protocol stats machine specification
  contender contender_main laws)
set(boxes "")
foreach(box IN LISTS REGATTA_INSTALLED_BOXES)
  if(TARGET regatta_${box})
    set_target_properties(regatta_${box} PROPERTIES EXPORT_NAME ${box})
    list(APPEND boxes regatta_${box})
  endif()
endforeach()
install(TARGETS ${boxes} EXPORT regatta ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/regatta)
install(EXPORT regatta NAMESPACE regatta:: FILE regattaTargets.cmake DESTINATION ${package})

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/regattaConfig.cmake.in
  ${PROJECT_BINARY_DIR}/regattaConfig.cmake INSTALL_DESTINATION ${package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/regattaConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/regattaConfig.cmake ${PROJECT_BINARY_DIR}/regattaConfigVersion.cmake
  DESTINATION ${package})
install(DIRECTORY ${CMAKE_CURRENT_LIST_DIR}/ DESTINATION ${package} FILES_MATCHING
  PATTERN "RegattaBox.cmake" PATTERN "RegattaNeeds.cmake" PATTERN "RegattaRuntime.cmake" PATTERN "RegattaScenarios.cmake"
  PATTERN "foreign_build.cmake" PATTERN "law.cpp.in" PATTERN "pair.cpp.in" PATTERN "subject.cpp.in"
  PATTERN "small_program_task.cpp.in" PATTERN "small_program_echo.cpp.in")

foreach(folder runtimes/interface runtimes/core runtimes/laws scenarios proxy
    harness/protocol harness/stats harness/machine harness/specification harness/contender)
  get_filename_component(parent ${folder} DIRECTORY)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${folder} DESTINATION include/regatta/${parent}
    FILES_MATCHING PATTERN "*.hpp" PATTERN "tests" EXCLUDE PATTERN "broken" EXCLUDE)
endforeach()

if(REGATTA_COMMAND)
  install(TARGETS regatta DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(PROGRAMS ${PROJECT_SOURCE_DIR}/scripts/find_python DESTINATION ${CMAKE_INSTALL_DATADIR}/regatta/scripts)
  install(FILES ${PROJECT_SOURCE_DIR}/scripts/report.py ${PROJECT_SOURCE_DIR}/scripts/requirements.txt
    DESTINATION ${CMAKE_INSTALL_DATADIR}/regatta/scripts)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/scripts/regatta_report DESTINATION ${CMAKE_INSTALL_DATADIR}/regatta/scripts
    PATTERN "__pycache__" EXCLUDE)
endif()

# Which contenders there are, and whether they are built, is known only when all is done.
set(install_contenders ${PROJECT_BINARY_DIR}/install_contenders.cmake)
file(CONFIGURE OUTPUT ${install_contenders} @ONLY CONTENT [[
set(BUILD "@PROJECT_BINARY_DIR@")
set(DATA "@CMAKE_INSTALL_DATADIR@/regatta/contenders")
set(PROGRAMS "@CMAKE_INSTALL_LIBEXECDIR@/regatta")
include("@CMAKE_CURRENT_LIST_DIR@/install_contenders.cmake")
]])
install(SCRIPT ${install_contenders})
