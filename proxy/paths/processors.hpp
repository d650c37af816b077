// Who runs where. A proxy that shares a processor with its clients is slowed down by them, and how
// much depends on nothing but the kernel's mood; so it has its own wherever there are two.
#pragma once

#include <string>
#include <vector>

#include "runtimes/interface/types.hpp"

namespace regatta::paths {

struct places {
  std::vector<int> proxy;   // As many as it has threads, if there are so many to spare.
  std::vector<int> others;  // Of the clients and the server: the rest. The same for every path.

  bool are_shared() const { return proxy.empty(); }
  // "on processor 1, clients and server on 0"
  std::string describe() const;
};

// Divides the processors that this process may use. With one alone there is nothing to divide, and
// both lists are empty.
places divide(std::vector<int> const& allowed, u64 proxy_threads);

// Those that this process was allowed when it began.
std::vector<int> const& allowed_processors();

// The calling thread, and those that it makes, run there until this ends.
class confined {
 public:
  explicit confined(std::vector<int> const& where);
  ~confined();
  confined(confined const&) = delete;
  confined& operator=(confined const&) = delete;

 private:
  std::vector<int> const before_;
};

}  // namespace regatta::paths
