// Programmer errors end the program with a sentence that says what to do instead.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace regatta {

[[noreturn, gnu::cold, gnu::noinline]] inline void assertion_failed(char const* condition,
                                                                    char const* advice,
                                                                    char const* file,
                                                                    int line) noexcept {
  std::fprintf(stderr, "%s:%d: assertion `%s` failed: %s\n", file, line, condition, advice);
  std::abort();
}

}  // namespace regatta

// Always on: use outside hot loops.
#define REGATTA_ASSERT(condition, advice) \
  ((condition) ? void(0) : ::regatta::assertion_failed(#condition, advice, __FILE__, __LINE__))

// Only in debug builds: for hot loops.
#ifdef NDEBUG
#define REGATTA_DEBUG_ASSERT(condition, advice) void(0)
#else
#define REGATTA_DEBUG_ASSERT(condition, advice) REGATTA_ASSERT(condition, advice)
#endif
