// The scenario path_memory on this program: connections that have done something, and are idle.
#include "scenarios/path_memory.hpp"

#include <chrono>
#include <optional>
#include <thread>

#include "proxy/paths/passage.hpp"
#include "proxy/paths/registered.hpp"

namespace regatta::paths {
namespace {

using scenarios::path_memory;

// In which a proxy that puts things away after a request has done so.
constexpr auto settling_takes = std::chrono::milliseconds(50);

class memory final : public cell_of_path {
 public:
  memory(contender::setup const& how, path_memory::params p)
      : cell_of_path(how, load::service::echo), connections_(p.connections) {
    require_descriptors_for(p.connections);
    // What a proxy makes at its first connection is not that of each, and is made. Throws where
    // there is no proxy, before anything is done.
    static_cast<void>(way_.proxy_private_bytes());
  }

  std::uint64_t run(scenarios::recorder& recorder) override {
    std::optional<load::generator> clients;
    u64 answered = 0;
    if (connections_ != 0) {
      clients.emplace(plan(connections_));
      clients->connect();
      auto const seen = clients->run(connections_);
      way_.expect_all_right(seen);
      answered = seen.completed;
    }
    std::this_thread::sleep_for(settling_takes);
    recorder.count("bytes", way_.proxy_private_bytes());
    return answered;
  }

 private:
  load::load_plan plan(u64 connections) const {
    auto plan = way_.plan();
    plan.connections = static_cast<u32>(connections);
    return plan;
  }

  u64 connections_;
};

registered<path_memory, memory> const entered;

}  // namespace
}  // namespace regatta::paths
