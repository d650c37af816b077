# How a runtime becomes a contender. Whoever adds a runtime writes one of these lines in
# runtimes/<name>/CMakeLists.txt and touches no other file:
#
#   regatta_add_runtime(libuv NEEDS libuv SOURCES runtime.cpp stream.cpp)
#   regatta_add_foreign_runtime(zig LANGUAGE zig NEEDS zig VERSION 0.13 INSTALL "apt-get install zig"
#       BUILD zig build --prefix ${CMAKE_CURRENT_BINARY_DIR}
#       COMMAND ${CMAKE_CURRENT_BINARY_DIR}/bin/contender_zig --serve)
#   regatta_add_cargo_runtime(tokio)
#   regatta_skip_runtime(libuv "libuv was not found; install with: apt-get install libuv1-dev")
#
# Together they leave one manifest in contenders/<name>.json. That folder is the list of contenders.
include(${CMAKE_CURRENT_LIST_DIR}/RegattaScenarios.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/RegattaNeeds.cmake)

set(REGATTA_TEMPLATES ${CMAKE_CURRENT_LIST_DIR})

# Half of the time that a build takes goes into contenders. The scenarios are the same text in each of them, so a
# sanitizer sees them on the runtimes that stand by themselves; an engine of others it sees through the runtime's laws,
# which are built for all.
set(REGATTA_NOT_SANITIZED
  "the contenders of other people's engines are not built with sanitizers; -DREGATTA_SANITIZE_ALL_CONTENDERS=ON builds them")

# Builds in other languages go one after the other: they share caches and locks, and each takes all processors.
set_property(GLOBAL APPEND PROPERTY JOB_POOLS regatta_foreign_builds=1)

function(regatta_json_string result text)
  string(REPLACE "\\" "\\\\" text "${text}")
  string(REPLACE "\"" "\\\"" text "${text}")
  string(REGEX REPLACE "[\t\r\n]" " " text "${text}")
  set(${result} "\"${text}\"" PARENT_SCOPE)
endfunction()

# regatta_json_array(RESULT WORD…): ["WORD", …]
function(regatta_json_array result)
  set(quoted_words "")
  foreach(word IN LISTS ARGN)
    regatta_json_string(quoted "${word}")
    string(APPEND quoted_words "${quoted}, ")
  endforeach()
  string(REGEX REPLACE ", $" "" quoted_words "${quoted_words}")
  set(${result} "[${quoted_words}]" PARENT_SCOPE)
endfunction()

# The manifest of a contender lists its programs: one, or one for each variant that is a program of its own.
# The first is the default. regatta_enter_program(NAME KIND ENTRY) adds one and writes the manifest anew.
function(regatta_enter_program name kind entry)
  if(kind)
    set_property(GLOBAL PROPERTY REGATTA_KIND_OF_${name} "${kind}")
  endif()
  get_property(kind GLOBAL PROPERTY REGATTA_KIND_OF_${name})
  get_property(known GLOBAL PROPERTY REGATTA_PROGRAMS_OF_${name})
  set(programs "${entry}")
  if(known)
    set(programs "${known},\n  ${entry}")
  endif()
  set_property(GLOBAL PROPERTY REGATTA_PROGRAMS_OF_${name} "${programs}")
  get_property(attributes GLOBAL PROPERTY REGATTA_ATTRIBUTES_OF_${name})
  file(WRITE ${PROJECT_BINARY_DIR}/contenders/${name}.json
       "{\"name\": \"${name}\", \"kind\": \"${kind}\"${attributes}, \"programs\": [\n  ${programs}\n]}\n")
endfunction()

# regatta_add_program(NAME KIND [VARIANT v] [LAWS command…] [SMALL_TASK command…] [SMALL_ECHO command…] COMMAND command…)
function(regatta_add_program name kind)
  cmake_parse_arguments(PROGRAM "" "VARIANT" "LAWS;SMALL_TASK;SMALL_ECHO;COMMAND" ${ARGN})
  regatta_json_array(command ${PROGRAM_COMMAND})
  regatta_json_array(laws ${PROGRAM_LAWS})
  set(small "")
  foreach(what task echo)
    string(TOUPPER ${what} option)
    if(PROGRAM_SMALL_${option})
      regatta_json_array(small_command ${PROGRAM_SMALL_${option}})
      string(APPEND small "\"${what}\": ${small_command}, ")
    endif()
  endforeach()
  if(small)
    string(REGEX REPLACE ", $" "" small "${small}")
    set(small ", \"small_programs\": {${small}}")
  endif()
  regatta_enter_program(${name} "${kind}"
    "{\"variant\": \"${PROGRAM_VARIANT}\", \"command\": ${command}, \"laws\": ${laws}${small}}")
endfunction()

# A runtime, or one variant of it, that cannot be built here. Every table shows it as skipped, with the
# reason: what is missing, and the command that brings it.
function(regatta_skip_runtime name why)
  cmake_parse_arguments(SKIPPED "" "VARIANT" "" ${ARGN})
  regatta_json_string(reason "${why}")
  regatta_enter_program(${name} "" "{\"variant\": \"${SKIPPED_VARIANT}\", \"skipped\": ${reason}}")
  message(STATUS "Contender ${name} ${SKIPPED_VARIANT} is skipped: ${why}")
endfunction()

# A C++ runtime: runtimes/<name>/runtime.hpp defines regatta::runtimes::<name>::runtime. Its contender is
# one program, one small source for each scenario, and one test for each; so are its laws.
#
#   VARIANT       the class is called so instead of `runtime`, and is one of several of this folder, each with
#                 a program of its own; the one that is added first is the contender's default
#   NEEDS         libraries by their names in RegattaNeeds.cmake; without one of them the runtime is skipped
#   SOURCES       compiled for each variant anew
#   LIBRARIES     what else the runtime links
#   DEFINITIONS   for everything that includes runtime.hpp
#   NOT_MEASURED  for tests only: `regatta run` passes it over
function(regatta_add_runtime name)
  cmake_parse_arguments(RUNTIME "NOT_MEASURED" "VARIANT" "NEEDS;SOURCES;LIBRARIES;DEFINITIONS" ${ARGN})
  set(program ${name})
  set(REGATTA_CLASS runtime)
  if(RUNTIME_VARIANT)
    set(program ${name}_${RUNTIME_VARIANT})
    set(REGATTA_CLASS ${RUNTIME_VARIANT})
  endif()
  regatta_need_all(needs why ${RUNTIME_NEEDS})
  regatta_record_runtime(${program})
  if(why)
    regatta_skip_runtime(${name} "${why}" VARIANT "${RUNTIME_VARIANT}")
    return()
  endif()
  if(RUNTIME_NOT_MEASURED)
    set_property(GLOBAL PROPERTY REGATTA_ATTRIBUTES_OF_${name} ", \"measured\": false")
  endif()
  set(libraries regatta_interface ${needs} ${RUNTIME_LIBRARIES})
  if(TARGET regatta_core)
    list(APPEND libraries regatta_core)
  endif()
  set(box regatta_runtime_${program})
  regatta_box(${box} PATH runtimes/${name} SOURCES ${RUNTIME_SOURCES} LINKS ${libraries})
  get_target_property(box_type ${box} TYPE)
  if(box_type STREQUAL "INTERFACE_LIBRARY")
    target_compile_definitions(${box} INTERFACE ${RUNTIME_DEFINITIONS})
  else()
    target_compile_definitions(${box} PUBLIC ${RUNTIME_DEFINITIONS})
  endif()

  set(REGATTA_RUNTIME ${name})
  set(REGATTA_VARIANT "${RUNTIME_VARIANT}")
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/${program})
  set(sources ${generated}/subject.cpp)
  configure_file(${REGATTA_TEMPLATES}/subject.cpp.in ${generated}/subject.cpp @ONLY)
  regatta_list_scenarios(scenarios)
  foreach(REGATTA_SCENARIO IN LISTS scenarios)
    set(source ${generated}/pair_${REGATTA_SCENARIO}.cpp)
    configure_file(${REGATTA_TEMPLATES}/pair.cpp.in ${source} @ONLY)
    list(APPEND sources ${source})
  endforeach()

  set(laws "")
  if(REGATTA_TESTS)
    regatta_add_laws(${program} ${generated} laws)
  endif()
  if(RUNTIME_NEEDS AND REGATTA_SANITIZE AND NOT REGATTA_SANITIZE_ALL_CONTENDERS)
    regatta_skip_runtime(${name} "${REGATTA_NOT_SANITIZED}" VARIANT "${RUNTIME_VARIANT}")
    return()
  endif()
  add_executable(contender_${program} ${sources})
  target_link_libraries(contender_${program} PRIVATE
    ${box} regatta_scenarios regatta_contender_main regatta_flags)
  regatta_compile_together(contender_${program})
  if(REGATTA_TESTS)
    regatta_add_smoke_tests(${program} ${scenarios})
  endif()
  set(small "")
  if(NOT RUNTIME_NOT_MEASURED)
    foreach(what task echo)
      set(source ${generated}/small_${what}.cpp)
      configure_file(${REGATTA_TEMPLATES}/small_program_${what}.cpp.in ${source} @ONLY)
      regatta_add_small_program(${program} ${what} small SOURCES ${source} LIBRARIES ${box})
    endforeach()
  endif()
  regatta_add_program(${name} "c++" VARIANT "${RUNTIME_VARIANT}" LAWS ${laws} ${small}
    COMMAND ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/contender_${program} --serve)
endfunction()

# For whoever builds programs of its own on the runtimes (proxy/command), after runtimes/: REGATTA_CPP_RUNTIMES lists
# them in the order in which they were added, and REGATTA_…_OF_<program> says of each what it is. Called with the
# variables of regatta_add_runtime().
function(regatta_record_runtime program)
  set(full_name ${name})
  if(RUNTIME_VARIANT)
    set(full_name ${name}/${RUNTIME_VARIANT})
  endif()
  if(NOT why AND RUNTIME_NOT_MEASURED)
    set(why "it is for tests only")
  endif()
  set_property(GLOBAL APPEND PROPERTY REGATTA_CPP_RUNTIMES ${program})
  set_property(GLOBAL PROPERTY REGATTA_RUNTIME_OF_${program} ${name})
  set_property(GLOBAL PROPERTY REGATTA_CLASS_OF_${program} ${REGATTA_CLASS})
  set_property(GLOBAL PROPERTY REGATTA_NAME_OF_${program} ${full_name})
  set_property(GLOBAL PROPERTY REGATTA_MISSING_OF_${program} "${why}")
  set_property(GLOBAL PROPERTY REGATTA_IS_APART_${program} "${RUNTIME_DEFINITIONS}")
endfunction()

# A C++ library in its own idiom: the sources enter its subject and its scenarios into the contender's registry
# (harness/contender/registry.hpp) and are linked with the harness, which brings main() and the protocol.
#
#   regatta_add_native_runtime(asio_native NEEDS boost_asio VARIANTS io_context thread_pool SOURCES subject.cpp skynet.cpp)
#
#   VARIANTS  what subject.cpp enters as variants, for the tests
#   SUBJECT   it is no runtime, but `machine` or `path`: it is asked for the scenarios about such a one, and for no others
#   FOLDER    where it lies, if not in runtimes/<name>
#   SOURCES   a source that is named after a scenario has it; what the others hold is the program's affair
#   SMALL_TASK, SMALL_ECHO  the source of a small program; may be missing
function(regatta_add_native_runtime name)
  cmake_parse_arguments(NATIVE "" "SUBJECT;FOLDER;SMALL_TASK;SMALL_ECHO" "NEEDS;VARIANTS;SOURCES;LIBRARIES" ${ARGN})
  if(NATIVE_SUBJECT)
    set_property(GLOBAL PROPERTY REGATTA_ATTRIBUTES_OF_${name} ", \"subject\": \"${NATIVE_SUBJECT}\"")
  endif()
  if(NOT NATIVE_FOLDER)
    set(NATIVE_FOLDER runtimes/${name})
  endif()
  regatta_need_all(needs why ${NATIVE_NEEDS})
  if(NOT why AND NATIVE_NEEDS AND REGATTA_SANITIZE AND NOT REGATTA_SANITIZE_ALL_CONTENDERS)
    set(why "${REGATTA_NOT_SANITIZED}")
  endif()
  if(why)
    regatta_skip_runtime(${name} "${why}")
    return()
  endif()
  regatta_box(regatta_runtime_${name} PATH ${NATIVE_FOLDER}
    LINKS regatta_interface regatta_core regatta_scenarios regatta_contender ${needs} ${NATIVE_LIBRARIES})
  add_executable(contender_${name} ${NATIVE_SOURCES})
  target_link_libraries(contender_${name} PRIVATE
    regatta_runtime_${name} regatta_contender_main regatta_flags)
  if(REGATTA_TESTS)
    regatta_list_scenarios(known)
    set(scenarios "")
    foreach(source IN LISTS NATIVE_SOURCES)
      get_filename_component(stem ${source} NAME_WE)
      if(stem IN_LIST known)
        list(APPEND scenarios ${stem})
      endif()
    endforeach()
    regatta_add_smoke_tests(${name} ${scenarios} VARIANTS ${NATIVE_VARIANTS})
  endif()
  set(small "")
  if(NATIVE_SMALL_TASK)
    regatta_add_small_program(${name} task small SOURCES ${NATIVE_SMALL_TASK} LIBRARIES ${needs} ${NATIVE_LIBRARIES})
  endif()
  if(NATIVE_SMALL_ECHO)
    regatta_add_small_program(${name} echo small SOURCES ${NATIVE_SMALL_ECHO} LIBRARIES ${needs} ${NATIVE_LIBRARIES})
  endif()
  regatta_add_program(${name} "c++" ${small}
    COMMAND ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/contender_${name} --serve)
endfunction()

# A program as small as a user of the library would write it, with no harness in it: small_<program>_task runs one task,
# small_<program>_echo is a server (runtimes/README.md says what they must do). Optimised as the contender is, and
# stripped, because `regatta run` measures how large they are and how long they take to start; a sanitizer would say
# nothing about either. Appends what regatta_add_program() is to be told to `result`.
#
#   regatta_add_small_program(PROGRAM task|echo result SOURCES source… LIBRARIES target…)
function(regatta_add_small_program program what result)
  if(REGATTA_SANITIZE)
    return()
  endif()
  cmake_parse_arguments(SMALL "" "" "SOURCES;LIBRARIES" ${ARGN})
  set(target small_${program}_${what})
  add_executable(${target} ${SMALL_SOURCES})
  target_link_libraries(${target} PRIVATE ${SMALL_LIBRARIES} regatta_flags)
  target_link_options(${target} PRIVATE -s)
  set(command ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/${target})
  if(REGATTA_TESTS AND REGATTA_COMMAND)
    add_test(NAME small.${program}.${what} COMMAND try_small_program ${what} ${command})
    set_tests_properties(small.${program}.${what} PROPERTIES LABELS smoke TIMEOUT 60 SKIP_RETURN_CODE 77)
  endif()
  string(TOUPPER ${what} option)
  set(${result} ${${result}} SMALL_${option} ${command} PARENT_SCOPE)
endfunction()

# The generated sources of one target include the same headers, which cost more than they do themselves.
function(regatta_compile_together target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 16)
endfunction()

# regatta_add_smoke_tests(PROGRAM SCENARIO… [VARIANTS v…]): each scenario on contender_<program> at smoke size, in each
# variant.
function(regatta_add_smoke_tests program)
  cmake_parse_arguments(SMOKE "" "" "VARIANTS" ${ARGN})
  foreach(scenario IN LISTS SMOKE_UNPARSED_ARGUMENTS)
    foreach(variant IN LISTS SMOKE_VARIANTS ITEMS "")
      set(test smoke.${program}.${variant}.${scenario})
      if(NOT variant)
        if(SMOKE_VARIANTS)
          continue()
        endif()
        set(test smoke.${program}.${scenario})
      endif()
      add_test(NAME ${test} COMMAND contender_${program} --variant=${variant} --check=${scenario})
      set_tests_properties(${test} PROPERTIES LABELS smoke TIMEOUT 120 SKIP_RETURN_CODE 77)
    endforeach()
  endforeach()
endfunction()

# Sets `targets` to what to link for these needs, or `result` to why one of them cannot be had.
function(regatta_need_all targets result)
  set(found "")
  set(${result} "" PARENT_SCOPE)
  foreach(need IN LISTS ARGN)
    regatta_need(${need} why)
    if(why)
      set(${result} "${why}" PARENT_SCOPE)
      return()
    endif()
    list(APPEND found regatta_need_${need})
  endforeach()
  set(${targets} ${found} PARENT_SCOPE)
endfunction()

# The test program laws_<program>: every law, instantiated for REGATTA_CLASS of REGATTA_RUNTIME. Sets
# `result` to the command that runs it.
function(regatta_add_laws REGATTA_PROGRAM generated result)
  file(GLOB laws CONFIGURE_DEPENDS RELATIVE ${REGATTA_HOUSE}/runtimes/laws ${REGATTA_HOUSE}/runtimes/laws/*.hpp)
  if(NOT laws)
    return()
  endif()
  set(sources "")
  foreach(header IN LISTS laws)
    get_filename_component(REGATTA_LAW ${header} NAME_WE)
    set(source ${generated}/law_${REGATTA_LAW}.cpp)
    configure_file(${REGATTA_TEMPLATES}/law.cpp.in ${source} @ONLY)
    list(APPEND sources ${source})
  endforeach()
  regatta_test(laws_${REGATTA_PROGRAM} SOURCES ${sources}
               LINKS regatta_runtime_${REGATTA_PROGRAM} regatta_laws TIMEOUT 300)
  if(TARGET laws_${REGATTA_PROGRAM})
    regatta_compile_together(laws_${REGATTA_PROGRAM})
  endif()
  set(${result} ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/laws_${REGATTA_PROGRAM} PARENT_SCOPE)
endfunction()

# A contender in any language: a program that speaks protocol 1 on stdin and stdout.
#
#   LANGUAGE  for the tables
#   NEEDS     the program that builds or runs it; without it the contender is skipped
#   VERSION   the oldest NEEDS that will do, as `NEEDS --version` (or `NEEDS version`) tells it
#   INSTALL   how to get NEEDS, for the reason: a command, without a semicolon
#   BUILD     the command that builds it, run in the runtime's folder; may be missing. Where it fails the
#             contender is skipped, and the build goes on, unless REGATTA_REQUIRE_CONTENDERS is set
#   COMMAND   the command that starts it
#   SMALL_TASK, SMALL_ECHO  the commands that start its small programs, which BUILD makes as well; one that is not given
#             is *unsupported* where it is asked for
function(regatta_add_foreign_runtime name)
  cmake_parse_arguments(FOREIGN "" "LANGUAGE;NEEDS;VERSION;INSTALL" "BUILD;COMMAND;SMALL_TASK;SMALL_ECHO" ${ARGN})
  if(REGATTA_SANITIZE)
    regatta_skip_runtime(${name} "its language has sanitizers of its own: see the other builds")
    return()
  endif()
  if(FOREIGN_NEEDS)
    regatta_find_tool(why ${FOREIGN_NEEDS} "${FOREIGN_VERSION}")
    if(why)
      if(FOREIGN_INSTALL)
        string(APPEND why "; install with: ${FOREIGN_INSTALL}")
      endif()
      regatta_skip_runtime(${name} "${why}")
      return()
    endif()
  endif()
  regatta_add_program(${name} "${FOREIGN_LANGUAGE}" COMMAND ${FOREIGN_COMMAND}
    SMALL_TASK ${FOREIGN_SMALL_TASK} SMALL_ECHO ${FOREIGN_SMALL_ECHO})
  if(FOREIGN_BUILD)
    add_custom_target(contender_${name} ALL
      COMMAND ${CMAKE_COMMAND}
        -D NAME=${name} -D REQUIRED=$<BOOL:${REGATTA_REQUIRE_CONTENDERS}>
        -D MANIFEST=${PROJECT_BINARY_DIR}/contenders/${name}.json
        -D LOG=${CMAKE_CURRENT_BINARY_DIR}/build.log
        -P ${REGATTA_TEMPLATES}/foreign_build.cmake -- ${FOREIGN_BUILD}
      WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} VERBATIM
      JOB_POOL regatta_foreign_builds COMMENT "Building contender ${name}")
  endif()
  if(REGATTA_TESTS AND REGATTA_COMMAND)
    add_test(NAME verify.${name} COMMAND regatta verify ${name} ${name}/* --no-laws)
    set_tests_properties(verify.${name} PROPERTIES LABELS "smoke;foreign" TIMEOUT 300)
  endif()
endfunction()

# A contender of the Cargo workspace in runtimes/Cargo.toml. They share one folder of built things, so that what they
# have in common is built once.
#
#   SMALL  the packages of its small programs, each built by itself: together with others it would get their features
function(regatta_add_cargo_runtime name)
  cmake_parse_arguments(CARGO "" "" "SMALL" ${ARGN})
  set(build "cargo build --release --locked --target-dir '${PROJECT_BINARY_DIR}/rust'")
  set(builds "${build}")
  foreach(package IN LISTS CARGO_SMALL)
    string(APPEND builds " && ${build} --package ${package}")
  endforeach()
  regatta_add_foreign_runtime(${name} LANGUAGE rust NEEDS cargo VERSION 1.85
    INSTALL "rustup, see https://rustup.rs (Debian 13: apt-get install cargo, Ubuntu 24.04: apt-get install rustup \
&& rustup default stable, Fedora: dnf install cargo)"
    BUILD sh -c "${builds}"
    COMMAND ${PROJECT_BINARY_DIR}/rust/release/contender_${name} --serve
    SMALL_TASK ${PROJECT_BINARY_DIR}/rust/release/small_${name}_task
    SMALL_ECHO ${PROJECT_BINARY_DIR}/rust/release/small_${name}_echo)
endfunction()

# Sets `result` to why `tool` will not do, or to "" if it will.
function(regatta_find_tool result tool oldest)
  set(${result} "" PARENT_SCOPE)
  find_program(REGATTA_PROGRAM_${tool} ${tool})
  if(NOT REGATTA_PROGRAM_${tool})
    set(${result} "${tool} was not found" PARENT_SCOPE)
    return()
  endif()
  if(NOT oldest)
    return()
  endif()
  set(version "")
  foreach(question --version version)
    if(NOT version)
      execute_process(COMMAND ${REGATTA_PROGRAM_${tool}} ${question}
        OUTPUT_VARIABLE said ERROR_VARIABLE complained RESULT_VARIABLE failed)
      if(NOT failed AND said MATCHES "([0-9]+\\.[0-9]+(\\.[0-9]+)?)")
        set(version ${CMAKE_MATCH_1})
      endif()
    endif()
  endforeach()
  if(NOT version)
    set(${result} "${tool} does not say its version; ${oldest} or newer is needed" PARENT_SCOPE)
  elseif(version VERSION_LESS oldest)
    set(${result} "${tool} is ${version}; ${oldest} or newer is needed" PARENT_SCOPE)
  endif()
endfunction()
