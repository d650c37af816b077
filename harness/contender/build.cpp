#include "harness/contender/build.hpp"

#include <dlfcn.h>

namespace regatta::contender::build {

std::string compiler() {
#if defined(__clang__)
  return std::string("clang++ ") + __clang_version__;
#else
  return std::string("g++ ") + __VERSION__;
#endif
}

std::string flags() { return REGATTA_BUILD_FLAGS; }

// Looks who is there, because an allocator can be preloaded under a finished program.
std::string allocator() {
  std::string malloc_of = "glibc malloc";
  if (dlsym(RTLD_DEFAULT, "mi_malloc") != nullptr) malloc_of = "mimalloc";
  if (dlsym(RTLD_DEFAULT, "tc_malloc") != nullptr) malloc_of = "tcmalloc";
  if (dlsym(RTLD_DEFAULT, "mallctl") != nullptr) malloc_of = "jemalloc";
  return malloc_of + " + frame pool";
}

std::string version() { return REGATTA_VERSION; }

}  // namespace regatta::contender::build
