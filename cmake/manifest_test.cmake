# What the functions of RegattaRuntime.cmake leave for the driver to find.
#   cmake -D PROJECT_BINARY_DIR=<an empty folder> -P manifest_test.cmake
include(${CMAKE_CURRENT_LIST_DIR}/RegattaRuntime.cmake)

function(expect_json name wanted)
  file(READ ${PROJECT_BINARY_DIR}/contenders/${name}.json text)
  string(JSON found ERROR_VARIABLE error GET "${text}" ${ARGN})
  if(error OR NOT found STREQUAL wanted)
    message(SEND_ERROR "${name}.json: '${ARGN}' is '${found}' (${error}), expected '${wanted}' in ${text}")
  endif()
endfunction()

file(REMOVE_RECURSE ${PROJECT_BINARY_DIR}/contenders)

# A reason may hold whatever a person writes.
regatta_skip_runtime(libuv "libuv was \"not\" found; C:\\nowhere")
expect_json(libuv libuv name)
expect_json(libuv "libuv was \"not\" found; C:\\nowhere" skipped)

regatta_add_foreign_runtime(tokio LANGUAGE rust NEEDS no-such-cargo APT cargo COMMAND contender_tokio)
expect_json(tokio "no-such-cargo was not found; install with: apt-get install cargo" skipped)

regatta_add_foreign_runtime(go LANGUAGE go NEEDS cmake COMMAND "/with blank/contender_go" --serve)
expect_json(go go kind)
expect_json(go "/with blank/contender_go" command 0)
expect_json(go --serve command 1)
