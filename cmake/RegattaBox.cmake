# A *box* is one folder of the house as one CMake target. Everyone includes by the path from the
# repository root, and a box reaches only the headers of the boxes that it links: each box gets an
# include directory of its own that holds nothing but a link to its folder.
#
#   regatta_box(regatta_stats PATH harness/stats SOURCES histogram.cpp LINKS fmt::fmt)
#
# Without SOURCES the box is header-only. In a project of its own, against an installed Regatta, the folder is the
# one that calls, whatever the path it is included by. Installed, all boxes share one include directory.
function(regatta_box target)
  cmake_parse_arguments(BOX "" "PATH" "SOURCES;LINKS" ${ARGN})
  set(folder ${PROJECT_SOURCE_DIR}/${BOX_PATH})
  if(NOT IS_DIRECTORY ${folder})
    set(folder ${CMAKE_CURRENT_SOURCE_DIR})
  endif()
  set(facade ${PROJECT_BINARY_DIR}/boxes/${target})
  get_filename_component(parent ${facade}/${BOX_PATH} DIRECTORY)
  file(MAKE_DIRECTORY ${parent})
  if(NOT EXISTS ${facade}/${BOX_PATH})
    file(CREATE_LINK ${folder} ${facade}/${BOX_PATH} SYMBOLIC)
  endif()
  set(includes $<BUILD_INTERFACE:${facade}> $<INSTALL_INTERFACE:include/regatta>)
  if(BOX_SOURCES)
    add_library(${target} STATIC ${BOX_SOURCES})
    target_include_directories(${target} PUBLIC ${includes})
    target_link_libraries(${target} PUBLIC ${BOX_LINKS} PRIVATE regatta_flags)
  else()
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE ${includes})
    target_link_libraries(${target} INTERFACE ${BOX_LINKS})
  endif()
endfunction()

# A GoogleTest program. Its cases appear in ctest one by one.
#
#   regatta_test(stats_test SOURCES histogram_test.cpp LINKS regatta_stats)
function(regatta_test target)
  if(NOT REGATTA_TESTS)
    return()
  endif()
  cmake_parse_arguments(TEST "" "TIMEOUT;LABELS" "SOURCES;LINKS;DEFINITIONS" ${ARGN})
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 120)
  endif()
  add_executable(${target} ${TEST_SOURCES})
  target_link_libraries(${target} PRIVATE ${TEST_LINKS} regatta_flags GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_definitions(${target} PRIVATE ${TEST_DEFINITIONS})
  gtest_discover_tests(${target} DISCOVERY_MODE PRE_TEST
    PROPERTIES TIMEOUT ${TEST_TIMEOUT} LABELS "${TEST_LABELS}")
endfunction()

if(REGATTA_TESTS)
  enable_testing()
  include(GoogleTest)
  find_package(GTest REQUIRED)
endif()
