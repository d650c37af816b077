// The checks of a sample, one by one: each of these contenders would otherwise get a number.
#include "harness/driver/visit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace regatta::driver {
namespace {

using ::testing::HasSubstr;

struct example {
  cell what;
  visit_wishes wishes;
  timed_sample sample;

  example() {
    what.expected = 42;
    what.operations = 10;
    wishes.iterations = 3;
    wishes.threads = 1;
    sample.taken.iterations = 3;
    sample.taken.ns = 900;
    sample.taken.operations = 30;
    sample.taken.answer = 42;
    sample.taken.threads_used = 1;
    sample.exchange_ns = 1000;
  }
  failure judged() const { return check_sample(sample, what, wishes); }
};

TEST(CheckSample, AnHonestSamplePasses) { EXPECT_EQ(example().judged().what, outcome::ok); }

TEST(CheckSample, AWrongAnswerFails) {
  example e;
  e.sample.taken.answer = 41;
  EXPECT_EQ(e.judged().what, outcome::wrong_answer);
  EXPECT_EQ(e.judged().reason, "answered 41; the oracle says 42");
}

TEST(CheckSample, AnswersThatDifferFail) {
  example e;
  e.sample.taken.answers_differ = true;
  EXPECT_EQ(e.judged().what, outcome::wrong_answer);
}

TEST(CheckSample, MoreTimeThanTheDriverSawFails) {
  example e;
  e.sample.taken.ns = 1001;
  EXPECT_EQ(e.judged().what, outcome::failed);
  EXPECT_THAT(e.judged().reason, HasSubstr("the whole exchange took 1 µs"));
}

TEST(CheckSample, NoLatenciesWhereTheyAreWhatIsComparedFail) {
  example e;
  e.what.measures = scenarios::quantity::latency;
  EXPECT_EQ(e.judged().what, outcome::failed);
  EXPECT_THAT(e.judged().reason, HasSubstr("does not tell the latencies"));
  e.sample.taken.latencies = protocol::latency{{{300, 1}}};
  EXPECT_EQ(e.judged().what, outcome::ok);
}

TEST(CheckSample, NoTimeAtAllFails) {
  example e;
  e.sample.taken.ns = 0;
  EXPECT_EQ(e.judged().what, outcome::failed);
}

TEST(CheckSample, MoreThreadsThanAskedForFail) {
  example e;
  e.sample.taken.threads_used = 2;
  EXPECT_EQ(e.judged().what, outcome::failed);
  EXPECT_EQ(e.judged().reason, "ran tasks on 2 threads; it was set up with 1");
}

TEST(CheckSample, OtherWorkThanAskedForFails) {
  example e;
  e.sample.taken.operations = 20;
  EXPECT_EQ(e.judged().what, outcome::failed);
  example f;
  f.sample.taken.iterations = 2;
  EXPECT_EQ(f.judged().what, outcome::failed);
}

TEST(CheckSample, WhatIsNotSaidIsNotHeldAgainstAnyone) {
  example e;
  e.sample.taken.iterations = 0;
  e.sample.taken.threads_used.reset();
  EXPECT_EQ(e.judged().what, outcome::ok);
}

TEST(CheckBackend, WhatWasSeenMustNotContradictWhatIsClaimed) {
  const io_backends neither{};
  const io_backends epoll{.epoll = true, .io_uring = false};
  const io_backends ring{.epoll = false, .io_uring = true};
  const io_backends both{.epoll = true, .io_uring = true};
  for (const io_backends seen : {neither, epoll, both}) {
    EXPECT_EQ(check_backend("epoll", seen).what, outcome::ok);
  }
  for (const io_backends seen : {neither, ring, both}) {
    EXPECT_EQ(check_backend("io_uring", seen).what, outcome::ok);
  }
  for (const io_backends seen : {neither, epoll, ring, both}) {
    EXPECT_EQ(check_backend("none", seen).what, outcome::ok);
    EXPECT_EQ(check_backend("", seen).what, outcome::ok);
  }
  EXPECT_EQ(check_backend("epoll", ring).what, outcome::failed);
  EXPECT_EQ(check_backend("io_uring", epoll).what, outcome::failed);
  EXPECT_THAT(check_backend("io_uring", epoll).reason, HasSubstr("holds an epoll and no ring"));
}

}  // namespace
}  // namespace regatta::driver
