#include "proxy/load/ceiling.hpp"

#include <unistd.h>

#include <algorithm>
#include <string>

#include "proxy/load/generator.hpp"
#include "proxy/load/null_server.hpp"
#include "proxy/load/sockets.hpp"

namespace regatta::load {
namespace {

endpoint beside(endpoint const& target) {
  switch (target.kind()) {
    case endpoint::family::ipv4:
      return endpoint::loopback();
    case endpoint::family::ipv6:
      return endpoint::loopback_v6();
    default:
      break;
  }
  return *endpoint::unix_path("@regatta-load-" + std::to_string(::getpid()));
}

service service_for(load_plan const& plan) {
  if (plan.kind == traffic::http) return service::http;
  bool const one_way = plan.kind == traffic::bulk && plan.way != bulk_way::echoed;
  return one_way ? service::bulk : service::echo;
}

}  // namespace

ceiling measure_ceiling(load_plan const& plan, duration time,
                        std::vector<int> const& server_processors) {
  null_server const server({.where = beside(plan.target),
                            .kind = service_for(plan),
                            .threads = plan.threads,
                            .message_bytes = plan.message_bytes,
                            .processors = server_processors});
  auto same = plan;
  same.target = server.where();
  same.rate_per_s.reset();
  // Both ends are in this process.
  auto const most = static_cast<u32>((raise_descriptor_limit() - 64) / 2);
  same.connections = std::max(std::min(plan.connections, most), plan.threads);
  generator gun(same);
  gun.connect();
  (void)gun.run_for(time / 5);
  ceiling found;
  found.connections = same.connections;
  found.result = gun.run_for(time);
  found.per_s = found.result.achieved_per_s;
  if (found.result.cpu_ns != 0) {
    found.per_s_by_cpu = static_cast<double>(found.result.completed) * 1e9 * plan.threads /
                         static_cast<double>(found.result.cpu_ns);
  }
  return found;
}

}  // namespace regatta::load
