#include "harness/machine/build.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <gnu/libc-version.h>

#include <nlohmann/json.hpp>

namespace regatta::machine {

// In a file of its own that is written anew by each build: see build_id.cmake.
extern char const* const git_commit;
extern bool const git_dirty;

namespace {

std::string compiler_name() {
#if defined(__clang__)
  return fmt::format("clang++ {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#elif defined(__GNUC__)
  return fmt::format("g++ {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#else
  return "unknown";
#endif
}

bool is_sanitized() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
  return true;
#else
  return false;
#endif
#else
  return false;
#endif
}

// Each of the usual allocators exports a name of its own, also when it was preloaded.
std::string allocator_name() {
  if (::dlsym(RTLD_DEFAULT, "mallctl") != nullptr) return "jemalloc";
  if (::dlsym(RTLD_DEFAULT, "mi_malloc") != nullptr) return "mimalloc";
  if (::dlsym(RTLD_DEFAULT, "tc_malloc") != nullptr) return "tcmalloc";
  return "glibc malloc";
}

}  // namespace

build this_build() {
  build b;
  b.compiler = compiler_name();
  b.flags = REGATTA_BUILD_FLAGS;
  b.build_type = REGATTA_BUILD_TYPE;
  b.allocator = allocator_name();
#ifndef NDEBUG
  b.assertions = true;
#endif
  b.sanitized = is_sanitized();
  if (*git_commit != '\0') {
    b.git_commit = git_commit;
    b.git_dirty = git_dirty;
  }
  b.libraries["glibc"] = ::gnu_get_libc_version();
#ifdef __GLIBCXX__
  b.libraries["libstdc++"] = std::to_string(__GLIBCXX__);
#endif
  b.libraries["fmt"] =
      fmt::format("{}.{}.{}", FMT_VERSION / 10'000, FMT_VERSION / 100 % 100, FMT_VERSION % 100);
  b.libraries["nlohmann_json"] =
      fmt::format("{}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR,
                  NLOHMANN_JSON_VERSION_PATCH);
  return b;
}

}  // namespace regatta::machine
