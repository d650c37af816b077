# What the functions of RegattaRuntime.cmake leave for the driver to find.
#   cmake -D PROJECT_BINARY_DIR=<an empty folder> -P manifest_test.cmake
include(${CMAKE_CURRENT_LIST_DIR}/RegattaRuntime.cmake)

function(expect_json name wanted)
  file(READ ${PROJECT_BINARY_DIR}/contenders/${name}.json text)
  set(path ${ARGN})
  set(question GET)
  if(ARGN MATCHES ";LENGTH$")
    list(REMOVE_ITEM path LENGTH)
    set(question LENGTH)
  endif()
  string(JSON found ERROR_VARIABLE error ${question} "${text}" ${path})
  if(error OR NOT found STREQUAL wanted)
    message(SEND_ERROR "${name}.json: '${ARGN}' is '${found}' (${error}), expected '${wanted}' in ${text}")
  endif()
endfunction()

file(REMOVE_RECURSE ${PROJECT_BINARY_DIR}/contenders)

# A reason may hold whatever a person writes.
regatta_skip_runtime(libuv "libuv was \"not\" found; C:\\nowhere")
expect_json(libuv libuv name)
expect_json(libuv "libuv was \"not\" found; C:\\nowhere" programs 0 skipped)

# What is missing or too old is said with the command that brings it.
regatta_add_foreign_runtime(tokio LANGUAGE rust NEEDS no-such-cargo INSTALL "apt-get install cargo" COMMAND contender_tokio)
expect_json(tokio "no-such-cargo was not found; install with: apt-get install cargo" programs 0 skipped)
regatta_add_foreign_runtime(old LANGUAGE cmake NEEDS cmake VERSION 1000.1 INSTALL "time travel" COMMAND contender_old)
expect_json(old "cmake is ${CMAKE_VERSION}; 1000.1 or newer is needed; install with: time travel" programs 0 skipped)

regatta_add_foreign_runtime(go LANGUAGE go NEEDS cmake VERSION 3.22 COMMAND "/with blank/contender_go" --serve)
expect_json(go go kind)
expect_json(go "/with blank/contender_go" programs 0 command 0)
expect_json(go --serve programs 0 command 1)

# Small programs, where there are some.
regatta_add_program(small "c++" COMMAND contender_small SMALL_TASK "/with blank/task" --now SMALL_ECHO small_echo)
expect_json(small "/with blank/task" programs 0 small_programs task 0)
expect_json(small --now programs 0 small_programs task 1)
expect_json(small small_echo programs 0 small_programs echo 0)
regatta_add_foreign_runtime(zig LANGUAGE zig COMMAND contender_zig SMALL_TASK small_task)
expect_json(zig small_task programs 0 small_programs task 0)
expect_json(zig 1 programs 0 small_programs LENGTH)

# Variants that are programs of their own: the first is the default, and one of them may be missing.
regatta_add_program(asio "c++" VARIANT io_context LAWS laws_asio COMMAND contender_asio_io_context --serve)
regatta_skip_runtime(asio "liburing was not found" VARIANT io_uring)
expect_json(asio "c++" kind)
expect_json(asio io_context programs 0 variant)
expect_json(asio contender_asio_io_context programs 0 command 0)
expect_json(asio laws_asio programs 0 laws 0)
expect_json(asio io_uring programs 1 variant)
expect_json(asio "liburing was not found" programs 1 skipped)

# A build that fails costs its contender, says why, and gives the manifest back when it works again.
function(build_go required expected_status)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -D NAME=go -D REQUIRED=${required} -D MANIFEST=${PROJECT_BINARY_DIR}/contenders/go.json
      -D LOG=${PROJECT_BINARY_DIR}/go.log -P ${CMAKE_CURRENT_LIST_DIR}/foreign_build.cmake -- ${ARGN}
    RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
  if(NOT status EQUAL expected_status)
    message(SEND_ERROR "building go with '${ARGN}' (required: ${required}) ended with ${status}, expected ${expected_status}")
  endif()
endfunction()
build_go(0 0 ${CMAKE_COMMAND} -E cat /no/such/file)
file(READ ${PROJECT_BINARY_DIR}/contenders/go.json text)
string(JSON why GET "${text}" programs 0 skipped)
if(NOT why MATCHES "its build failed .*/no/such/file")
  message(SEND_ERROR "the manifest does not say why the build failed: ${text}")
endif()
build_go(0 0 ${CMAKE_COMMAND} -E true)
expect_json(go "/with blank/contender_go" programs 0 command 0)
build_go(1 1 ${CMAKE_COMMAND} -E false)
expect_json(go "/with blank/contender_go" programs 0 command 0)
