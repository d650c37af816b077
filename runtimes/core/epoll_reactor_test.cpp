#include "runtimes/core/epoll_reactor.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>
#include <vector>

#include "runtimes/interface/io_result.hpp"

namespace regatta::core {
namespace {

using std::chrono::milliseconds;

// Takes note of what is posted to it; runs nothing.
class noting_executor final : public executor_base {
 public:
  void post(work& w) noexcept override { posted.push_back(&w); }
  std::vector<work*> posted;
};

bool is_open(int descriptor) { return ::fcntl(descriptor, F_GETFD) >= 0; }

template <class Threading>
class Reactor : public testing::Test {
 protected:
  using reactor_type = epoll_reactor<Threading>;
  using source = typename reactor_type::source;
  using arming = typename source::arming;

  Reactor() {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends_.data()), 0);
    auto added = reactor_.add(ends_[0]);
    EXPECT_TRUE(added);
    source_ = *added;
    waiter_.executor = &tasks_;
    harvest();  // The edges of the registration itself.
  }
  ~Reactor() override {
    if (source_ != nullptr) reactor_.forget(*source_);
    if (ends_[1] >= 0) ::close(ends_[1]);
  }

  std::vector<work*> harvest() {
    std::vector<work*> woken;
    reactor_.poll([&](work& w) { woken.push_back(&w); });
    return woken;
  }
  void peer_writes() { EXPECT_EQ(::write(ends_[1], "x", 1), 1); }
  void peer_closes() { ::close(std::exchange(ends_[1], -1)); }

  reactor_type reactor_;
  std::array<int, 2> ends_{-1, -1};
  source* source_ = nullptr;
  noting_executor tasks_;
  work waiter_;
};

using policies = testing::Types<one_thread, many_threads>;
TYPED_TEST_SUITE(Reactor, policies);

TYPED_TEST(Reactor, HandsTheWaiterToTheSinkOnceItsDescriptorIsReady) {
  auto begun = this->source_->enter(direction::reading);
  ASSERT_TRUE(begun.is_open);
  ASSERT_EQ(this->source_->arm(direction::reading, this->waiter_, begun.tick),
            TestFixture::arming::armed);
  EXPECT_TRUE(this->harvest().empty());
  this->peer_writes();
  EXPECT_EQ(this->harvest(), std::vector{&this->waiter_});
  EXPECT_TRUE(this->harvest().empty());
  EXPECT_TRUE(this->tasks_.posted.empty());
  this->source_->leave(direction::reading, false, begun.tick);
}

TYPED_TEST(Reactor, DoesNotLoseAnEdgeBetweenTheAttemptAndTheWait) {
  auto begun = this->source_->enter(direction::reading);
  // Here the attempt would answer EAGAIN.
  this->peer_writes();
  this->harvest();
  EXPECT_EQ(this->source_->arm(direction::reading, this->waiter_, begun.tick),
            TestFixture::arming::ready);
  // The tick is up to date now, so a second attempt that finds nothing may wait.
  EXPECT_EQ(this->source_->arm(direction::reading, this->waiter_, begun.tick),
            TestFixture::arming::armed);
  this->source_->abandon(direction::reading);
}

TYPED_TEST(Reactor, AShortReadDoesNotPutOutAnEdgeThatCameMeanwhile) {
  auto const begun = this->source_->enter(direction::reading);
  this->peer_writes();
  this->harvest();
  this->source_->leave(direction::reading, true, begun.tick);
  EXPECT_TRUE(this->source_->enter(direction::reading).is_ready);
  this->source_->abandon(direction::reading);
}

TYPED_TEST(Reactor, AShortReadPutsReadinessOut) {
  auto const begun = this->source_->enter(direction::reading);
  EXPECT_TRUE(begun.is_ready);
  this->source_->leave(direction::reading, true, begun.tick);
  EXPECT_FALSE(this->source_->enter(direction::reading).is_ready);
  this->source_->abandon(direction::reading);
}

TYPED_TEST(Reactor, AShortReadBeforeTheEndLeavesTheEndToBeRead) {
  this->peer_writes();
  this->peer_closes();
  this->harvest();
  auto const begun = this->source_->enter(direction::reading);
  this->source_->leave(direction::reading, true, begun.tick);
  EXPECT_TRUE(this->source_->enter(direction::reading).is_ready);
  this->source_->abandon(direction::reading);
}

TYPED_TEST(Reactor, ClosingWakesTheWaitersOfBothDirections) {
  work writer;
  writer.executor = &this->tasks_;
  auto reading = this->source_->enter(direction::reading);
  auto writing = this->source_->enter(direction::writing);
  ASSERT_EQ(this->source_->arm(direction::reading, this->waiter_, reading.tick),
            TestFixture::arming::armed);
  ASSERT_EQ(this->source_->arm(direction::writing, writer, writing.tick),
            TestFixture::arming::armed);
  auto& closed = *std::exchange(this->source_, nullptr);
  this->reactor_.forget(closed);
  EXPECT_EQ(this->tasks_.posted, (std::vector{&this->waiter_, &writer}));
  EXPECT_FALSE(closed.again(direction::reading).is_open);
  closed.leave(direction::reading, false, 0);
  EXPECT_TRUE(is_open(this->ends_[0]));
  closed.leave(direction::writing, false, 0);
  EXPECT_FALSE(is_open(this->ends_[0]));
}

TYPED_TEST(Reactor, AClosedSourceRefusesOperationsUntilItsOwnerForgetsIt) {
  auto& closed = *std::exchange(this->source_, nullptr);
  this->reactor_.close(closed);
  EXPECT_FALSE(is_open(this->ends_[0]));
  this->reactor_.close(closed);
  EXPECT_FALSE(closed.enter(direction::reading).is_open);
  EXPECT_EQ(closed.descriptor(), -1);
  EXPECT_EQ(closed.with_descriptor([](int) { return 0; }), ECANCELED);
  EXPECT_TRUE(this->reactor_.has_sources()) << "not to be reused yet";
  this->reactor_.forget(closed);
  EXPECT_FALSE(this->reactor_.has_sources());
}

TYPED_TEST(Reactor, KeepsTheDescriptorOpenWhileAnOperationIsInIt) {
  auto& closed = *std::exchange(this->source_, nullptr);
  auto begun = closed.enter(direction::reading);
  this->reactor_.forget(closed);
  EXPECT_TRUE(is_open(this->ends_[0]));
  EXPECT_EQ(closed.arm(direction::reading, this->waiter_, begun.tick), TestFixture::arming::closed);
  closed.leave(direction::reading, false, begun.tick);
  EXPECT_FALSE(is_open(this->ends_[0]));
  EXPECT_FALSE(this->reactor_.has_sources());
}

TYPED_TEST(Reactor, AnAbandonedWaitIsNotWoken) {
  auto begun = this->source_->enter(direction::reading);
  ASSERT_EQ(this->source_->arm(direction::reading, this->waiter_, begun.tick),
            TestFixture::arming::armed);
  this->source_->abandon(direction::reading);
  this->peer_writes();
  EXPECT_TRUE(this->harvest().empty());
  EXPECT_TRUE(this->source_->enter(direction::reading).is_ready);
  this->source_->abandon(direction::reading);
}

TYPED_TEST(Reactor, TwoReadersAtOnceEndTheProgramWithASentence) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  auto const begun = this->source_->enter(direction::reading);
  EXPECT_DEATH((void)this->source_->enter(direction::reading), "one task may read");
  this->source_->leave(direction::reading, false, begun.tick);
}

TYPED_TEST(Reactor, AnswersAnErrorForWhatCannotBeReady) {
  EXPECT_EQ(this->reactor_.add(-1).error(), EBADF);
  int const file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(file, 0);
  EXPECT_EQ(this->reactor_.add(file).error(), EPERM);
  EXPECT_TRUE(is_open(file));
  ::close(file);
}

TYPED_TEST(Reactor, SourcesOfClosedDescriptorsAreUsedAgain) {
  std::vector<typename TestFixture::source*> first;
  for (int turn = 0; turn < 200; ++turn) {
    std::array<int, 2> pair;
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.data()), 0);
    auto added = this->reactor_.add(pair[0]);
    ASSERT_TRUE(added);
    if (turn == 0) first.push_back(*added);
    EXPECT_EQ(*added, first[0]);
    EXPECT_TRUE((*added)->enter(direction::reading).is_ready);
    (*added)->abandon(direction::reading);
    this->reactor_.forget(**added);
    ::close(pair[1]);
  }
}

TYPED_TEST(Reactor, ASleepNeverEndsEarly) {
  for (bool const counts_nanoseconds : {true, false}) {
    detail::kernel_counts_nanoseconds.store(counts_nanoseconds);
    for (auto const limit : {duration(1), duration(300'000), duration(2'100'000)}) {
      auto const deadline = clock::now() + limit;
      this->reactor_.sleep_until(deadline, [](work&) {}, [] { return true; });
      EXPECT_GE(clock::now(), deadline);
    }
  }
  detail::kernel_counts_nanoseconds.store(true);
}

TYPED_TEST(Reactor, DoesNotSleepForADeadlineThatHasPassedNorWhenThereIsWork) {
  this->reactor_.sleep_until(clock::now() - milliseconds(1), [](work&) {}, [] { return true; });
  this->reactor_.sleep_until(time_point::max(), [](work&) {}, [] { return false; });
}

TYPED_TEST(Reactor, AWakeFromAnotherThreadEndsTheSleep) {
  for (int turn = 0; turn < 200; ++turn) {
    std::atomic<bool> published{false};
    std::thread waker([&] {
      published.store(true);
      this->reactor_.wake();
    });
    // Not lost whether it comes before, during or after the last look.
    while (!published.load()) {
      this->reactor_.sleep_until(
          time_point::max(), [](work&) {}, [&] { return !published.load(); });
    }
    waker.join();
  }
}

TYPED_TEST(Reactor, AWakeCostsNoSystemCallWhereNobodySleeps) {
  EXPECT_FALSE(this->reactor_.wake());
}

TYPED_TEST(Reactor, WorksWithoutEverHavingOpenedAnything) {
  typename TestFixture::reactor_type fresh;
  EXPECT_EQ(fresh.poll([](work&) {}), 0u);
  EXPECT_FALSE(fresh.has_sources());
  EXPECT_FALSE(fresh.wake());
}

// Tells its thread that it was posted to.
class signalling_executor final : public executor_base {
 public:
  void post(work&) noexcept override {
    posted.store(true);
    posted.notify_one();
  }
  std::atomic<bool> posted{false};
};

TEST(ReactorThreads, ClosingMeetsAReaderWhereverItIs) {
  using reactor_type = epoll_reactor<many_threads>;
  reactor_type reactor;
  for (int turn = 0; turn < 500; ++turn) {
    std::array<int, 2> ends;
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    auto& source = **reactor.add(ends[0]);
    std::atomic<bool> has_entered{false};
    std::thread closer([&] {
      while (!has_entered.load()) std::this_thread::yield();
      reactor.forget(source);
    });
    std::thread poller([&] { reactor.poll([](work& w) { w.wake(); }); });
    signalling_executor task;
    work waiter;
    waiter.executor = &task;
    auto begun = source.enter(direction::reading);
    ASSERT_TRUE(begun.is_open);
    has_entered.store(true);
    while (begun.is_open) {
      char byte;
      EXPECT_LT(::recv(begun.descriptor, &byte, 1, 0), 0);
      EXPECT_EQ(errno, EAGAIN) << "the descriptor stays ours until we leave";
      auto const armed = source.arm(direction::reading, waiter, begun.tick);
      if (armed == reactor_type::source::arming::armed) {
        task.posted.wait(false);
        task.posted.store(false);
      }
      begun = source.again(direction::reading);
    }
    source.leave(direction::reading, false, begun.tick);
    closer.join();
    poller.join();
    EXPECT_FALSE(is_open(ends[0]));
    ::close(ends[1]);
  }
}

TEST(ReactorThreads, SourcesMayBeAddedAndClosedByAllThreads) {
  epoll_reactor<many_threads> reactor;
  std::atomic<bool> stop{false};
  std::thread poller([&] {
    while (!stop.load()) {
      reactor.sleep_until(time_point::max(), [](work&) {}, [&] { return !stop.load(); });
    }
  });
  std::vector<std::thread> openers;
  for (int i = 0; i < 3; ++i) {
    openers.emplace_back([&] {
      for (int turn = 0; turn < 300; ++turn) {
        std::array<int, 2> ends;
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
        auto added = reactor.add(ends[0]);
        EXPECT_TRUE(added);
        EXPECT_EQ(::write(ends[1], "x", 1), 1);
        reactor.forget(**added);
        ::close(ends[1]);
      }
    });
  }
  for (auto& opener : openers) opener.join();
  stop.store(true);
  reactor.wake();
  poller.join();
  EXPECT_FALSE(reactor.has_sources());
}

// A thread that helps out polls at the moment in which the sleeper is rung for: it takes the edge.
TEST(ReactorThreads, ARingThatAnotherPollerMeetsReachesTheSleeper) {
  epoll_reactor<many_threads> reactor;
  auto const nothing_comes = [](work&) {};
  std::atomic<u64> rung{0};
  std::atomic<u64> heard{0};
  std::atomic<bool> stop{false};
  std::thread rival([&] {
    while (!stop.load()) reactor.poll(nothing_comes);
  });
  std::thread sleeper([&] {
    while (!stop.load()) {
      u64 const seen = rung.load();
      heard.store(seen);
      reactor.sleep_until(time_point::max(), nothing_comes,
                          [&] { return rung.load() == seen && !stop.load(); });
    }
  });
  for (u64 ring = 1; ring <= 3'000; ++ring) {
    rung.store(ring);
    reactor.wake();
    while (heard.load() < ring) std::this_thread::yield();
  }
  stop.store(true);
  reactor.wake();
  sleeper.join();
  rival.join();
}

}  // namespace
}  // namespace regatta::core
