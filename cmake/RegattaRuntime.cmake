# How a runtime becomes a contender. Whoever adds a runtime writes one of these lines in
# runtimes/<name>/CMakeLists.txt and touches no other file:
#
#   regatta_add_runtime(work_stealing SOURCES worker.cpp LIBRARIES PkgConfig::liburing)
#   regatta_add_foreign_runtime(tokio LANGUAGE rust NEEDS cargo APT cargo
#       BUILD cargo build --release --target-dir ${CMAKE_CURRENT_BINARY_DIR}
#       COMMAND ${CMAKE_CURRENT_BINARY_DIR}/release/contender_tokio --serve)
#   regatta_skip_runtime(libuv "libuv was not found; install with: apt-get install libuv1-dev")
#
# Each leaves one manifest in contenders/<name>.json. That folder is the list of contenders.
include(${CMAKE_CURRENT_LIST_DIR}/RegattaScenarios.cmake)

set(REGATTA_TEMPLATES ${CMAKE_CURRENT_LIST_DIR})

function(regatta_json_string result text)
  string(REPLACE "\\" "\\\\" text "${text}")
  string(REPLACE "\"" "\\\"" text "${text}")
  set(${result} "\"${text}\"" PARENT_SCOPE)
endfunction()

function(regatta_write_manifest name kind)
  set(command "")
  foreach(word IN LISTS ARGN)
    regatta_json_string(quoted "${word}")
    list(APPEND command ${quoted})
  endforeach()
  list(JOIN command ", " command)
  file(WRITE ${PROJECT_BINARY_DIR}/contenders/${name}.json
       "{\"name\": \"${name}\", \"command\": [${command}], \"kind\": \"${kind}\"}\n")
endfunction()

# A runtime that cannot be built here. Every table shows it as skipped, with the reason.
function(regatta_skip_runtime name why)
  regatta_json_string(reason "${why}")
  file(WRITE ${PROJECT_BINARY_DIR}/contenders/${name}.json "{\"name\": \"${name}\", \"skipped\": ${reason}}\n")
  message(STATUS "Contender ${name} is skipped: ${why}")
endfunction()

# A C++ runtime: runtimes/<name>/runtime.hpp defines regatta::runtimes::<name>::runtime. Its contender is
# one program, one small source for each scenario, and one test for each; so are its laws.
function(regatta_add_runtime name)
  cmake_parse_arguments(RUNTIME "" "" "SOURCES;LIBRARIES" ${ARGN})
  set(libraries regatta_interface ${RUNTIME_LIBRARIES})
  if(TARGET regatta_core)
    list(APPEND libraries regatta_core)
  endif()
  regatta_box(regatta_runtime_${name} PATH runtimes/${name} SOURCES ${RUNTIME_SOURCES} LINKS ${libraries})

  set(REGATTA_RUNTIME ${name})
  set(sources ${CMAKE_CURRENT_BINARY_DIR}/subject.cpp)
  configure_file(${REGATTA_TEMPLATES}/subject.cpp.in ${CMAKE_CURRENT_BINARY_DIR}/subject.cpp @ONLY)
  regatta_list_scenarios(scenarios)
  foreach(REGATTA_SCENARIO IN LISTS scenarios)
    set(source ${CMAKE_CURRENT_BINARY_DIR}/pair_${REGATTA_SCENARIO}.cpp)
    configure_file(${REGATTA_TEMPLATES}/pair.cpp.in ${source} @ONLY)
    list(APPEND sources ${source})
  endforeach()

  add_executable(contender_${name} ${sources})
  target_link_libraries(contender_${name} PRIVATE
    regatta_runtime_${name} regatta_scenarios regatta_contender_main regatta_flags)
  regatta_write_manifest(${name} "c++" ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/contender_${name} --serve)

  if(REGATTA_TESTS)
    foreach(scenario IN LISTS scenarios)
      add_test(NAME smoke.${name}.${scenario} COMMAND contender_${name} --check=${scenario})
      set_tests_properties(smoke.${name}.${scenario} PROPERTIES
        LABELS smoke TIMEOUT 120 SKIP_RETURN_CODE 77)
    endforeach()
    regatta_add_laws(${name})
  endif()
endfunction()

# The test program laws_<runtime>: every law, instantiated for this runtime.
function(regatta_add_laws REGATTA_RUNTIME)
  file(GLOB laws CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/runtimes/laws
       ${PROJECT_SOURCE_DIR}/runtimes/laws/*.hpp)
  if(NOT laws)
    return()
  endif()
  set(sources "")
  foreach(header IN LISTS laws)
    get_filename_component(REGATTA_LAW ${header} NAME_WE)
    set(source ${CMAKE_CURRENT_BINARY_DIR}/law_${REGATTA_LAW}.cpp)
    configure_file(${REGATTA_TEMPLATES}/law.cpp.in ${source} @ONLY)
    list(APPEND sources ${source})
  endforeach()
  regatta_test(laws_${REGATTA_RUNTIME} SOURCES ${sources}
               LINKS regatta_runtime_${REGATTA_RUNTIME} regatta_laws TIMEOUT 300)
endfunction()

# A contender in any language: a program that speaks protocol 1 on stdin and stdout.
#
#   LANGUAGE  for the tables
#   NEEDS     the program that builds it; without it the contender is skipped
#   APT       the package that brings NEEDS, for the reason
#   BUILD     the command that builds it, run in the runtime's folder; may be missing
#   COMMAND   the command that starts it
function(regatta_add_foreign_runtime name)
  cmake_parse_arguments(FOREIGN "" "LANGUAGE;NEEDS;APT" "BUILD;COMMAND" ${ARGN})
  if(FOREIGN_NEEDS)
    find_program(REGATTA_PROGRAM_${FOREIGN_NEEDS} ${FOREIGN_NEEDS})
    if(NOT REGATTA_PROGRAM_${FOREIGN_NEEDS})
      set(why "${FOREIGN_NEEDS} was not found")
      if(FOREIGN_APT)
        string(APPEND why "; install with: apt-get install ${FOREIGN_APT}")
      endif()
      regatta_skip_runtime(${name} "${why}")
      return()
    endif()
  endif()
  if(FOREIGN_BUILD)
    add_custom_target(contender_${name} ALL COMMAND ${FOREIGN_BUILD}
      WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} USES_TERMINAL VERBATIM
      COMMENT "Building contender ${name}")
  endif()
  regatta_write_manifest(${name} "${FOREIGN_LANGUAGE}" ${FOREIGN_COMMAND})
endfunction()
