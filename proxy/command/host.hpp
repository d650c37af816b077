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
  // What was settled with the runtime in mind; for the log.
  virtual settings const& chosen() const noexcept = 0;

  // Takes over the listening sockets. Once, before serve(). Throws failure.
  virtual void adopt(std::vector<int> const& descriptors) = 0;
  // Serves on the calling thread, until stop() was called and every connection has ended. False:
  // some were reset when the deadline had come.
  virtual bool serve() = 0;

  // Any thread, from adopt() on.
  virtual void stop() noexcept = 0;
  virtual proxy::counts counts() const = 0;
};

// Makes a host. Throws runtime_unsupported where the machine refuses what the runtime stands on.
using make_host = std::unique_ptr<host> (*)(u32 threads, settings const& chosen);

}  // namespace regatta::proxy::command
