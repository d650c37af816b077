// Enters a native scenario into this program: its parameters and its oracle are those of the
// scenario of the house, its run is written against Asio.
//
//   template <class Host>
//   struct native_yield {
//     static awaitable<u64> run(Host& host, scenarios::yield::params p, scenarios::recorder&);
//   };
//   registered<scenarios::yield, native_yield> const registered_yield;
#pragma once

#include <memory>
#include <string_view>

#include "harness/contender/registry.hpp"
#include "runtimes/asio_native/host.hpp"
#include "scenarios/support/describe.hpp"
#include "scenarios/support/outside.hpp"
#include "scenarios/support/traits.hpp"

namespace regatta::asio_native {

template <class Scenario, class Host, template <class> class Native>
class native_cell final : public contender::cell {
 public:
  native_cell(contender::setup const& how, typename Scenario::params p)
      : host_(how.threads), params_(p) {}
  ~native_cell() override { scenarios::outsider::wait_until_idle(); }

  std::uint64_t run(scenarios::recorder& latency) override {
    return host_.run(Native<Host>::run(host_, params_, latency));
  }
  contender::counters read_counters() const override { return {}; }
  bool caller_is_worker() const override { return Host::caller_is_worker; }
  bool times_a_part() const override { return scenarios::times_a_part<Scenario>(); }

 private:
  Host host_;
  typename Scenario::params params_;
};

template <class Scenario, template <class> class Native>
class registered {
 public:
  registered() {
    contender::registry::of_this_program().add(
        {.scenario = scenarios::describe<Scenario>(), .unsupported = {}, .prepare = &prepare});
  }

 private:
  static std::unique_ptr<contender::cell> prepare(contender::setup const& how,
                                                  scenarios::parameter_list const& list) {
    auto const p = scenarios::read_parameters<Scenario>(list);
    if (how.variant == many_threads::name) {
      return std::make_unique<native_cell<Scenario, many_threads, Native>>(how, p);
    }
    return std::make_unique<native_cell<Scenario, one_thread, Native>>(how, p);
  }
};

}  // namespace regatta::asio_native
