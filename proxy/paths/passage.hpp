// What a cell stands on: a null server, and the way to it. Clients enter at one end; what the proxy
// in between takes is read from outside.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "harness/contender/registry.hpp"
#include "proxy/load/generator.hpp"
#include "proxy/load/null_server.hpp"
#include "proxy/paths/processors.hpp"
#include "proxy/paths/way.hpp"

namespace regatta::paths {

class passage {
 public:
  // Starts the server, and the proxy of the variant, which has carried a request when this returns.
  // Throws what start_proxy() throws, and std::runtime_error if the request failed.
  passage(contender::setup const& how, load::service served);

  // A plan with the entrance for its target.
  load::load_plan plan() const;
  load::null_server const& server() const { return *server_; }

  bool has_proxy() const { return proxy_.process != nullptr; }
  // 0 where there is none.
  pid_t proxy_pid() const { return has_proxy() ? proxy_.process->pid() : 0; }
  // CPU time that the proxy has taken so far; nothing where there is none.
  std::optional<u64> proxy_cpu_ns() const;
  // What is its own of memory. Throws runtime_unsupported where there is no proxy.
  u64 proxy_private_bytes() const;

  // Throws std::runtime_error: why the load failed, which is the death of the proxy if it has died.
  [[noreturn]] void complain(std::string const& what);
  void expect_all_right(load::load_result const& result);

 private:
  void carry_one_request(load::service served);

  places where_;
  confined confined_;
  std::unique_ptr<load::null_server> server_;
  running_proxy proxy_;
};

// Where a way's proxy runs, for hello.
places places_of(contender::setup const& how);
u64 threads_of(contender::setup const& how);

// Throws runtime_unsupported if so many clients do not fit into this process and into the proxy,
// which have the same limit: a client and the server's end take a descriptor each, as do the two
// ends in the proxy.
void require_descriptors_for(u64 clients);

// Several cells measure from here: what they have in common.
class cell_of_path : public contender::cell {
 public:
  cell_of_path(contender::setup const& how, load::service served) : way_(how, served) {}

  contender::counters read_counters() const override { return {}; }
  bool caller_is_worker() const override { return false; }
  bool works_elsewhere() const override { return true; }
  std::optional<std::uint64_t> cpu_ns() const override { return way_.proxy_cpu_ns(); }

 protected:
  passage way_;
};

}  // namespace regatta::paths
