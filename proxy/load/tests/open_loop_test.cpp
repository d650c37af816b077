#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cmath>
#include <thread>

#include "proxy/load/generator.hpp"
#include "proxy/load/null_server.hpp"
#include "proxy/load/tests/test_server.hpp"

namespace regatta::load {
namespace {

using namespace std::chrono_literals;

constexpr u64 size = 128;
using message = std::array<u8, size>;

u64 count_above(stats::histogram const& h, duration limit) {
  auto const share = h.share_up_to(static_cast<u64>(limit.count()));
  return h.count() - static_cast<u64>(std::lround(share * static_cast<double>(h.count())));
}

TEST(OpenLoop, SendsWhatIsDue) {
  null_server const server({});
  for (auto when : {arrivals::constant, arrivals::poisson}) {
    generator gun({.target = server.where(),
                   .threads = 2,
                   .connections = 8,
                   .rate_per_s = 2000,
                   .when = when,
                   .time = 500ms});
    auto const r = gun.run();
    EXPECT_EQ(r.failed(), 0u);
    EXPECT_EQ(r.skipped, 0u);
    EXPECT_EQ(r.completed, r.scheduled);
    if (when == arrivals::constant) {
      EXPECT_EQ(r.scheduled, 1000u);
    } else {
      EXPECT_NEAR(static_cast<double>(r.scheduled), 1000, 150);
    }
    EXPECT_EQ(r.latency_corrected.count(), r.completed);
    EXPECT_EQ(r.latency_uncorrected.count(), r.completed);
    EXPECT_NEAR(r.offered_per_s, static_cast<double>(r.scheduled) * 2, 1e-6 * r.offered_per_s);
    EXPECT_GE(r.latency_corrected.max(), r.latency_uncorrected.max());
    EXPECT_TRUE(r.open_loop);
  }
}

TEST(OpenLoop, CountsRequestsInsteadOfTimeIfTold) {
  null_server const server({});
  generator gun({.target = server.where(), .threads = 2, .connections = 2, .rate_per_s = 5000});
  auto const r = gun.run(501);
  EXPECT_EQ(r.scheduled, 501u);
  EXPECT_EQ(r.completed, 501u);
  EXPECT_GE(r.elapsed_ns, 99'000'000u);
  EXPECT_NEAR(r.offered_per_s, 5000, 25);
}

// The server stalls once for 200 ms, in which 200 requests are due. A generator that waits for its
// answers before it goes on sends one of them, and calls it the only slow one.
TEST(OpenLoop, ChargesAStallToEveryoneWhoWasDue) {
  test_server const server([](int socket, int) {
    message m;
    for (int i = 0; test_server::recv_all(socket, m.data(), m.size()); ++i) {
      if (i == 100) std::this_thread::sleep_for(200ms);
      if (!test_server::send_all(socket, m.data(), m.size())) return;
    }
  });
  generator gun({.target = server.where(), .rate_per_s = 1000});
  auto const r = gun.run_for(600ms);
  EXPECT_EQ(r.completed, 600u);
  EXPECT_EQ(r.skipped, 0u);
  // Who was due in the first 150 ms of the stall waited for 50 ms at least.
  EXPECT_GE(count_above(r.latency_corrected, 49ms), 149u);
  EXPECT_GE(r.latency_corrected.max(), 199'000'000u);
  // More than one only if the machine stalls as well.
  EXPECT_GE(count_above(r.latency_uncorrected, 190ms), 1u);
  EXPECT_LE(count_above(r.latency_uncorrected, 49ms), 5u);
}

TEST(OpenLoop, SkipsExactlyWhatExceedsItsBound) {
  test_server const server([](int socket, int) {
    message m;
    while (test_server::recv_all(socket, m.data(), m.size())) continue;
  });
  for (u32 threads : {1u, 2u}) {
    generator gun({.target = server.where(),
                   .threads = threads,
                   .connections = 4,
                   .rate_per_s = 1000,
                   .most_in_flight = 10,
                   .timeout = 1s});
    auto const r = gun.run(100);
    EXPECT_EQ(r.scheduled, 100u);
    EXPECT_EQ(r.skipped, 90u);
    EXPECT_EQ(r.failed(failure::timed_out), 10u);
    EXPECT_EQ(r.completed, 0u);
    EXPECT_TRUE(r.saturated());
    // The next run begins with nothing left of this one.
    EXPECT_EQ(gun.run(10).skipped, 0u);
  }
}

TEST(OpenLoop, CallsALoadThatIsTooMuchSaturated) {
  // At most 500 answers in a second.
  test_server const server([](int socket, int) {
    message m;
    while (test_server::recv_all(socket, m.data(), m.size())) {
      std::this_thread::sleep_for(2ms);
      if (!test_server::send_all(socket, m.data(), m.size())) return;
    }
  });
  generator gun({.target = server.where()});
  auto const r = gun.run_for(300ms, 1000);
  EXPECT_TRUE(r.saturated());
  EXPECT_EQ(r.completed + r.skipped, 300u);
  EXPECT_LT(r.achieved_per_s, 600);
  auto const slow = gun.run_for(300ms, 100);
  EXPECT_EQ(slow.completed, 30u);
}

TEST(OpenLoop, GivesUpWhenNoConnectionIsLeft) {
  std::atomic<bool> is_broken = false;
  test_server const server([&](int socket, int) {
    message m;
    if (is_broken) return;
    while (test_server::recv_all(socket, m.data(), m.size()) && !is_broken) {
      if (!test_server::send_all(socket, m.data(), m.size())) return;
    }
  });
  generator gun({.target = server.where(), .connections = 2, .rate_per_s = 1000});
  EXPECT_EQ(gun.run(100).completed, 100u);
  is_broken = true;
  auto const r = gun.run_for(1h);
  EXPECT_TRUE(r.gave_up);
  EXPECT_EQ(r.completed, 0u);
  EXPECT_EQ(r.failed() + r.skipped, r.scheduled);
}

TEST(OpenLoop, StopsFromOutside) {
  null_server const server({});
  generator gun({.target = server.where(), .connections = 2, .rate_per_s = 1000});
  gun.connect();
  std::thread stopper([&] {
    std::this_thread::sleep_for(100ms);
    gun.stop();
  });
  auto const r = gun.run_for(1h);
  stopper.join();
  EXPECT_TRUE(r.interrupted);
  EXPECT_GT(r.completed, 0u);
  EXPECT_NEAR(r.offered_per_s, 1000, 100);
}

TEST(OpenLoop, ChurnsOnSchedule) {
  null_server const server({});
  generator gun({.target = server.where(), .kind = traffic::churn, .connections = 8});
  auto const r = gun.run_for(300ms, 1000);
  EXPECT_EQ(r.completed, 300u);
  EXPECT_EQ(r.connect_times.count(), 300u);
}

}  // namespace
}  // namespace regatta::load
