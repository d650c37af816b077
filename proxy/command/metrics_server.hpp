// Answers GET /metrics and GET /healthz, on threads of its own: a runtime that is stuck is still
// seen. At most two requests are answered at once; others wait in line, a few in the program and
// the rest in the system's backlog.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "runtimes/interface/endpoint.hpp"

namespace regatta::proxy::command {

class metrics_server {
 public:
  struct answers {
    std::function<std::string()> metrics;
    std::function<bool()> is_healthy;  // 200, or 503.
  };

  // Whether this program was built with what it takes.
  static bool is_supported() noexcept;

  // Listens at `where`; as the flag had it, for messages. Throws failure. The answers are called on
  // any thread.
  metrics_server(endpoint const& where, answers given);
  // Waits for answers that are being given: a few seconds, where clients are slow.
  ~metrics_server();

  endpoint where() const;

 private:
  class engine;
  std::unique_ptr<engine> engine_;
};

}  // namespace regatta::proxy::command
