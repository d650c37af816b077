// The scenario path_bulk on this program: one transfer after the other over one connection.
#include "scenarios/path_bulk.hpp"

#include "proxy/paths/passage.hpp"
#include "proxy/paths/registered.hpp"

namespace regatta::paths {
namespace {

using scenarios::path_bulk;

class bulk final : public cell_of_path {
 public:
  bulk(contender::setup const& how, path_bulk::params p)
      : cell_of_path(how, load::service::bulk), bytes_(path_bulk::bytes(p)), client_(plan()) {
    client_.connect();
  }

  bool times_a_part() const override { return scenarios::times_a_part<path_bulk>(); }

  std::uint64_t run(scenarios::recorder& recorder) override {
    recorder.start_clock();
    auto const seen = client_.run(1);
    recorder.stop_clock();
    way_.expect_all_right(seen);
    recorder.count("generator_cpu_ns", seen.cpu_ns);
    return seen.completed * bytes_;
  }

 private:
  load::load_plan plan() const {
    auto plan = way_.plan();
    plan.kind = load::traffic::bulk;
    plan.way = load::bulk_way::up;
    plan.message_bytes = bytes_;
    // A slow path is measured; one that stands still has failed.
    plan.timeout = std::chrono::seconds(100);
    return plan;
  }

  u64 bytes_;
  load::generator client_;
};

registered<path_bulk, bulk> const entered;

}  // namespace
}  // namespace regatta::paths
