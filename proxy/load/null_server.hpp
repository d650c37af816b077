// The fastest server that can be had: it does nothing with what it gets but answer. What the
// generator reaches against it is the generator's ceiling.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "runtimes/interface/endpoint.hpp"
#include "runtimes/interface/types.hpp"

namespace regatta::load {

enum class service : u8 {
  echo,  // Sends back what comes.
  http,  // Answers each GET with message_bytes of text.
  bulk,  // Takes, checks and sends what the head of a transfer asks for (bulk_head.hpp).
  sink,  // Reads and forgets; closes when the client has no more.
};
// "echo", "http", …
std::string_view name_of(service kind);

struct null_server_plan {
  endpoint where = endpoint::loopback();  // Port 0: one that the system chooses.
  service kind = service::echo;
  u32 threads = 1;
  u64 message_bytes = 128;           // Of the body of an HTTP answer.
  std::vector<int> processors = {};  // As in load_plan.
  int backlog = 4096;
};

class null_server {
 public:
  // Listens, and serves until it is destroyed. Throws std::system_error if it cannot listen there.
  explicit null_server(null_server_plan const& plan);
  // Resets whatever is connected still.
  ~null_server();
  null_server(null_server const&) = delete;
  null_server& operator=(null_server const&) = delete;

  endpoint const& where() const noexcept;
  // From any thread.
  u64 accepted() const noexcept;
  u64 bytes_received() const noexcept;

 private:
  class crew;
  std::unique_ptr<crew> crew_;
};

}  // namespace regatta::load
