# Asio is used from Boost's headers alone: no library of Boost's is linked. Headers that were fetched
# (scripts/lib/fetch_boost.sh) go before the system's.
#
#   regatta_find_asio(why 1.78)    # `why` there is none, or "" and then there is the target regatta_boost_asio
function(regatta_find_asio result oldest)
  find_path(REGATTA_BOOST_ROOT boost/asio.hpp
    PATHS ${PROJECT_SOURCE_DIR}/build/deps/usr/include NO_DEFAULT_PATH
    DOC "The folder that holds boost/asio.hpp")
  find_path(REGATTA_BOOST_ROOT boost/asio.hpp)
  set(install "apt-get install libboost-dev, or where that is older (Debian 12): scripts/lib/fetch_boost.sh")
  if(NOT REGATTA_BOOST_ROOT)
    set(${result} "Boost.Asio was not found; install with: ${install}" PARENT_SCOPE)
    return()
  endif()
  file(STRINGS ${REGATTA_BOOST_ROOT}/boost/version.hpp version REGEX "define BOOST_LIB_VERSION")
  string(REGEX REPLACE ".*\"([0-9]+)_([0-9]+).*" "\\1.\\2" version "${version}")
  if(version VERSION_LESS oldest)
    # Looked for again next time: it may have been fetched by then.
    unset(REGATTA_BOOST_ROOT CACHE)
    set(${result} "Boost is ${version} here and must be ${oldest} or newer; install with: ${install}" PARENT_SCOPE)
    return()
  endif()
  if(NOT TARGET regatta_boost_asio)
    add_library(regatta_boost_asio INTERFACE)
    target_include_directories(regatta_boost_asio SYSTEM INTERFACE ${REGATTA_BOOST_ROOT})
  endif()
  set(${result} "" PARENT_SCOPE)
endfunction()
