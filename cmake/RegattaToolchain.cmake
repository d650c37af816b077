# The compiler flags that every one of our targets shares.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

find_program(REGATTA_CCACHE ccache)
if(REGATTA_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${REGATTA_CCACHE})
endif()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

add_library(regatta_flags INTERFACE)
target_compile_options(regatta_flags INTERFACE -Wall -Wextra -Wconversion -Wshadow -Wpedantic)
if(REGATTA_WARNINGS_AS_ERRORS)
  target_compile_options(regatta_flags INTERFACE $<BUILD_INTERFACE:-Werror>)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Symmetric transfer is a tail call only with this flag below -O2 (GCC PR 100897).
  target_compile_options(regatta_flags INTERFACE -foptimize-sibling-calls)
  # False positives of g++ 12 inside coroutine frames and the standard library (GCC PR 105329, 105562).
  target_compile_options(regatta_flags INTERFACE -Wno-restrict -Wno-maybe-uninitialized)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # The std::stable_sort of libstdc++ 12 uses a function that libstdc++ itself calls deprecated, and clang complains of it
  # in whoever sorts. Later versions keep that to themselves.
  target_compile_options(regatta_flags INTERFACE -Wno-deprecated-declarations)
endif()
if(REGATTA_SANITIZE)
  target_compile_options(regatta_flags INTERFACE -fsanitize=${REGATTA_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  # It looks at an object through a pipe, and where tests leave no descriptor for one it takes whatever it has not seen
  # yet for broken.
  if(REGATTA_SANITIZE MATCHES "undefined")
    target_compile_options(regatta_flags INTERFACE -fno-sanitize=vptr)
  endif()
  target_link_options(regatta_flags INTERFACE -fsanitize=${REGATTA_SANITIZE})
endif()
target_link_libraries(regatta_flags INTERFACE Threads::Threads)
