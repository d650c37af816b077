// The server on one runtime, as the rest of the program sees it: without the runtime's type. There
// is one source for each runtime (host.cpp.in), so that no other names any.
#pragma once

#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "proxy/counts.hpp"
#include "proxy/settings.hpp"
#include "runtimes/interface/runtime.hpp"

namespace regatta::proxy::command {

class host {
 public:
  host() = default;
  host(host const&) = delete;
  host& operator=(host const&) = delete;
  virtual ~host() = default;

  virtual runtime_info info() const = 0;
  virtual u32 threads() const noexcept = 0;  // 0: unknown.
  // What was settled with the runtime in mind; for the log.
  virtual settings const& chosen() const noexcept = 0;

  // Takes over the listening sockets. Once, before serve(). Throws failure.
  virtual void adopt(std::vector<int> const& descriptors) = 0;
  // Serves on the calling thread, until stop() was called and every connection has ended. False:
  // some were reset when the deadline had come.
  virtual bool serve() = 0;

  // All that follows: any thread, from adopt() on.

  // No new clients. To be called once; either of them.
  virtual void stop() noexcept = 0;
  // As stop(), but who waits at the doors is left to a successor.
  virtual void hand_over() noexcept = 0;
  // False soon after either: only then may a successor begin.
  virtual bool is_accepting() const noexcept = 0;
  virtual proxy::counts counts() const = 0;
  virtual std::vector<upstream_counts> upstreams() const = 0;
};

// Makes a host. Throws runtime_unsupported where the machine refuses what the runtime stands on.
using make_host = std::unique_ptr<host> (*)(u32 threads, settings const& chosen);

}  // namespace regatta::proxy::command
