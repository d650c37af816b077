# The libraries that runtimes of this repository stand on. None of them is required: a runtime whose library is
# missing is skipped, and says what would bring it. Only the statistics cannot be without theirs.
#
#   regatta_need(liburing why)   # makes the target regatta_need_liburing, or sets `why`

# Headers and libraries that scripts/install has unpacked where the system's own are too old.
set(REGATTA_UNPACKED ${PROJECT_SOURCE_DIR}/build/deps/usr)

function(regatta_need need result)
  set(why "")
  if(NOT TARGET regatta_need_${need})
    if(need STREQUAL "libuv")
      regatta_need_libuv(why)
    elseif(need STREQUAL "liburing")
      regatta_need_liburing(why)
    elseif(need STREQUAL "boost_asio")
      regatta_need_boost_asio(why)
    elseif(need STREQUAL "boost_math")
      regatta_need_boost_math(why)
    else()
      message(FATAL_ERROR "cmake/RegattaNeeds.cmake knows no '${need}'")
    endif()
  endif()
  set(${result} "${why}" PARENT_SCOPE)
endfunction()

function(regatta_need_libuv result)
  set(install "apt-get install libuv1-dev (Fedora: dnf install libuv-devel)")
  regatta_look_for(libuv HEADER uv.h LIBRARY uv INSTALL "${install}" RESULT why)
  if(NOT why)
    file(STRINGS ${headers}/uv/version.h version REGEX "define UV_VERSION_(MAJOR|MINOR) ")
    string(REGEX REPLACE "[^0-9;]" "" version "${version}")
    string(REPLACE ";" "." version "${version}")
    if(version VERSION_LESS 1.44)
      set(why "libuv is ${version} here, and 1.44 or newer is needed; install with: ${install}")
    endif()
  endif()
  regatta_make_need(libuv)
endfunction()

function(regatta_need_liburing result)
  set(install "apt-get install liburing-dev (Fedora: dnf install liburing-devel)")
  regatta_look_for(liburing HEADER liburing.h LIBRARY uring INSTALL "${install}" RESULT why)
  if(NOT why)
    # Before 2.4 its headers do not say their version; this came with 2.3.
    file(STRINGS ${headers}/liburing/io_uring.h known REGEX "IORING_SETUP_DEFER_TASKRUN")
    if(NOT known)
      set(why "liburing is older than 2.3 here; install with: ${install}")
    endif()
  endif()
  regatta_make_need(liburing)
endfunction()

# Asio is used from Boost's headers alone. 1.81 is the first that has all we use of it: io_uring (1.78), and
# parallel groups of any number.
function(regatta_need_boost_asio result)
  set(oldest 1.81)
  set(install "scripts/install (it unpacks what Debian 12 has beside its older Boost), or apt-get install libboost-dev \
on Debian 13 and Ubuntu 24.04 (Fedora: dnf install boost-devel)")
  regatta_look_for(Boost.Asio HEADER boost/asio.hpp INSTALL "${install}" RESULT why)
  if(NOT why)
    file(STRINGS ${headers}/boost/version.hpp version REGEX "define BOOST_LIB_VERSION")
    string(REGEX REPLACE ".*\"([0-9]+)_([0-9]+).*" "\\1.\\2" version "${version}")
    if(version VERSION_LESS oldest)
      set(why "Boost is ${version} here, and ${oldest} or newer is needed; install with: ${install}")
    endif()
  endif()
  regatta_make_need(boost_asio)
endfunction()

# The distributions, from headers alone; any Boost of the last ten years has them.
function(regatta_need_boost_math result)
  set(install "apt-get install libboost-dev (Fedora: dnf install boost-devel)")
  regatta_look_for(Boost.Math HEADER boost/math/distributions/binomial.hpp INSTALL "${install}" RESULT why)
  regatta_make_need(boost_math)
endfunction()

# Sets `headers` and `libraries`, or RESULT to why not: NAME HEADER file [LIBRARY name] INSTALL "…" RESULT why
macro(regatta_look_for name)
  cmake_parse_arguments(NEED "" "HEADER;LIBRARY;INSTALL;RESULT" "" ${ARGN})
  # Looked for anew each time: what was missing may have been installed since.
  unset(headers)
  unset(libraries)
  find_path(headers ${NEED_HEADER} HINTS ${REGATTA_UNPACKED}/include NO_CACHE)
  if(NEED_LIBRARY)
    find_library(libraries ${NEED_LIBRARY} HINTS ${REGATTA_UNPACKED}/lib NO_CACHE)
  endif()
  set(${NEED_RESULT} "")
  if(NOT headers OR (NEED_LIBRARY AND NOT libraries))
    set(${NEED_RESULT} "${name} was not found; install with: ${NEED_INSTALL}")
  endif()
endmacro()

# The target of a need, if there is no `why` against it, and the caller's answer.
macro(regatta_make_need need)
  if(NOT why)
    add_library(regatta_need_${need} INTERFACE)
    target_include_directories(regatta_need_${need} SYSTEM INTERFACE ${headers})
    target_link_libraries(regatta_need_${need} INTERFACE ${libraries})
  endif()
  set(${result} "${why}" PARENT_SCOPE)
endmacro()
