// How many descriptors this process may have open: what bounds a server's connections.
#pragma once

#include <sys/resource.h>

#include "runtimes/interface/types.hpp"

namespace regatta {

// The limit that holds now (`ulimit -Sn`).
inline u64 descriptor_limit() noexcept {
  rlimit files{};
  return ::getrlimit(RLIMIT_NOFILE, &files) == 0 ? u64{files.rlim_cur} : 0;
}

// Lifts the limit as far as the system lets an ordinary process (`ulimit -Hn`), and answers it. For
// main(): it concerns the whole process.
inline u64 raise_descriptor_limit() noexcept {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &files);
  }
  return descriptor_limit();
}

}  // namespace regatta
