// Enters the scenario `floor` into this program: each of its parameters `what` is a line.
#include "scenarios/floor.hpp"

#include <memory>
#include <string>

#include "harness/contender/registry.hpp"
#include "runtimes/interface/unsupported.hpp"
#include "runtimes/machine/line.hpp"
#include "scenarios/support/describe.hpp"
#include "scenarios/support/traits.hpp"

namespace regatta::machine {
namespace {

using scenarios::floor;

std::unique_ptr<line> make_line_for_one(floor::params p) {
  if (p.what == "atomic") return make_atomic();
  if (p.what == "coroutine_resume") return make_coroutine_resume();
  if (p.what == "frame") return make_frame();
  if (p.what == "system_call") return make_system_call();
  if (p.what == "tcp_hop") return make_tcp_hop();
  if (p.what == "tcp_round_trip") return make_tcp_round_trip();
  return nullptr;
}

std::unique_ptr<line> make_line_for_two(floor::params p, processor other) {
  if (p.what == "contended_atomic") return make_contended_atomic(other);
  if (p.what == "cache_line") return make_cache_line(other);
  if (p.what == "futex_wake") return make_futex(other, timed_side::waker);
  if (p.what == "futex_sleep") return make_futex(other, timed_side::sleeper);
  if (p.what == "eventfd_wake") return make_eventfd(other, timed_side::waker);
  return make_eventfd(other, timed_side::sleeper);
}

std::unique_ptr<line> make_line(floor::params p, std::vector<processor> const& places) {
  if (auto alone = make_line_for_one(p)) return alone;
  if (places.size() < 2) {
    throw runtime_unsupported(std::string(p.what.name()) +
                              " is between two processors, and this process may use one only");
  }
  return make_line_for_two(p, places[1]);
}

class cell_of_line final : public contender::cell {
 public:
  explicit cell_of_line(floor::params p)
      : places_(choose_processors()),
        here_(places_.at(0)),
        line_(make_line(p, places_)),
        operations_(p.operations) {}

  std::uint64_t run(scenarios::recorder& latency) override {
    return line_->measure(operations_, latency);
  }
  contender::counters read_counters() const override { return {}; }
  bool times_a_part() const override { return scenarios::times_a_part<floor>(); }

 private:
  std::vector<processor> places_;
  pinned here_;
  std::unique_ptr<line> line_;
  u64 operations_;
};

struct registered_floor {
  registered_floor() {
    contender::registry::of_this_program().add(
        {.scenario = scenarios::describe<floor>(), .unsupported = {}, .prepare = &prepare});
  }

  static std::unique_ptr<contender::cell> prepare(contender::setup const&,
                                                  scenarios::parameter_list const& list) {
    return std::make_unique<cell_of_line>(scenarios::read_parameters<floor>(list));
  }
};
registered_floor const registered;

}  // namespace
}  // namespace regatta::machine
