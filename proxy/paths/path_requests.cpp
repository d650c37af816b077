// The scenario path_requests on this program: a closed loop from the generator to the null server.
#include "scenarios/path_requests.hpp"

#include "proxy/paths/passage.hpp"
#include "proxy/paths/recorded.hpp"
#include "proxy/paths/registered.hpp"

namespace regatta::paths {
namespace {

using scenarios::path_requests;

class requests final : public cell_of_path {
 public:
  requests(contender::setup const& how, path_requests::params p)
      : cell_of_path(how, load::service::echo), params_(p), clients_(plan()) {
    if (p.connections == "long") clients_.connect();
  }

  bool times_a_part() const override { return scenarios::times_a_part<path_requests>(); }

  std::uint64_t run(scenarios::recorder& latency) override {
    latency.start_clock();
    auto const seen = clients_.run(params_.requests);
    latency.stop_clock();
    way_.expect_all_right(seen);
    record_all(seen.latency_uncorrected, latency);
    latency.count("generator_cpu_ns", seen.cpu_ns);
    return seen.completed * params_.message_bytes;
  }

 private:
  load::load_plan plan() const {
    require_descriptors_for(params_.clients);
    auto plan = way_.plan();
    plan.connections = static_cast<u32>(params_.clients);
    plan.message_bytes = params_.message_bytes;
    if (params_.connections == "short") plan.kind = load::traffic::churn;
    return plan;
  }

  path_requests::params params_;
  load::generator clients_;
};

registered<path_requests, requests> const entered;

}  // namespace
}  // namespace regatta::paths
