// The scenario path_latency on this program: an open loop from the generator to the null server.
#include "scenarios/path_latency.hpp"

#include <map>
#include <optional>
#include <tuple>

#include "proxy/paths/passage.hpp"
#include "proxy/paths/recorded.hpp"
#include "proxy/paths/registered.hpp"

namespace regatta::paths {
namespace {

using scenarios::path_latency;

// Long enough for a rate; what comes before it warms up.
constexpr auto peak_takes = std::chrono::milliseconds(300);
constexpr auto warming_up_takes = std::chrono::milliseconds(100);

class latency final : public cell_of_path {
 public:
  latency(contender::setup const& how, path_latency::params p)
      : cell_of_path(how, load::service::echo), params_(p) {
    require_descriptors_for(p.clients);
    auto plan = plan_of_clients();
    plan.rate_per_s = p.per_s != 0 ? static_cast<double>(p.per_s)
                                   : peak(how) * static_cast<double>(p.percent_of_peak) / 100.0;
    plan.requests = p.requests;
    clients_.emplace(plan);
    clients_->connect();
  }

  bool times_a_part() const override { return scenarios::times_a_part<path_latency>(); }

  std::uint64_t run(scenarios::recorder& recorder) override {
    recorder.start_clock();
    auto const seen = clients_->run();
    recorder.stop_clock();
    way_.expect_all_right(seen);
    record_all(seen.latency_corrected, recorder);
    recorder.count("skipped", seen.skipped);
    recorder.count("offered_per_s", static_cast<u64>(seen.offered_per_s));
    recorder.count("achieved_per_s", static_cast<u64>(seen.achieved_per_s));
    recorder.count("generator_cpu_ns", seen.cpu_ns);
    // From when each was sent, as generators count that forget whom they have kept waiting.
    auto const& uncorrected = seen.latency_uncorrected;
    recorder.count("uncorrected_ns_p50", uncorrected.quantile(0.5));
    recorder.count("uncorrected_ns_p99", uncorrected.quantile(0.99));
    recorder.count("uncorrected_ns_max", uncorrected.max());
    // How much of a latency may be the generator's own.
    recorder.count("lateness_ns_p99", seen.lateness.quantile(0.99));
    return seen.completed + seen.skipped;
  }

 private:
  load::load_plan plan_of_clients() const {
    auto plan = way_.plan();
    plan.connections = static_cast<u32>(params_.clients);
    plan.message_bytes = params_.message_bytes;
    return plan;
  }

  // Requests per second in a closed loop; of each way, setup and size once in a process.
  double peak(contender::setup const& how) {
    static std::map<std::tuple<std::string, u64, u64, u64>, double> measured;
    auto const [place, is_new] = measured.try_emplace(
        {how.variant, how.threads, params_.clients, params_.message_bytes}, 0.0);
    if (is_new) {
      load::generator clients(plan_of_clients());
      clients.run_for(warming_up_takes);
      auto const seen = clients.run_for(peak_takes);
      if (seen.failed() != 0 || seen.achieved_per_s <= 0) measured.erase(place);
      way_.expect_all_right(seen);
      if (seen.achieved_per_s <= 0) way_.complain("no request was answered in the closed loop");
      place->second = seen.achieved_per_s;
    }
    return place->second;
  }

  path_latency::params params_;
  std::optional<load::generator> clients_;
};

registered<path_latency, latency> const entered;

}  // namespace
}  // namespace regatta::paths
