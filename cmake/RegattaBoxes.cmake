# The order of the house, lowest first: a box can link only what stands above it here.
# A folder that is not there yet is passed over.
foreach(box
    runtimes/interface
    runtimes/core
    scenarios
    proxy
    harness/protocol
    harness/stats
    harness/comparison
    harness/choice
    harness/claims
    proxy/load
    harness/machine
    harness/history
    harness/specification
    harness/contender
    runtimes
    proxy/command
    proxy/tests/faults
    proxy/paths
    harness/driver
    scripts
    tests)
  if(NOT REGATTA_COMMAND AND box MATCHES "^(harness/(comparison|choice|claims|history|driver)|tests)$")
    continue()
  endif()
  if(EXISTS ${PROJECT_SOURCE_DIR}/${box}/CMakeLists.txt)
    add_subdirectory(${PROJECT_SOURCE_DIR}/${box} ${PROJECT_BINARY_DIR}/${box})
  endif()
endforeach()
