// A probe that knows how many of its kind live. It finds what sanitizers miss: a frame that leaks
// inside a pool that is never given back, a value destroyed twice without its memory being reused.
#pragma once

#include <gtest/gtest.h>

#include <atomic>

#include "runtimes/interface/types.hpp"

namespace regatta::laws {

// How many probes of one law live, and how many were destroyed twice. Any thread.
class lives {
 public:
  lives() = default;
  lives(lives const&) = delete;
  lives& operator=(lives const&) = delete;

  i64 count() const noexcept { return count_.load(); }
  i64 destroyed_twice() const noexcept { return destroyed_twice_.load(); }

 private:
  friend class life;
  std::atomic<i64> count_{0};
  std::atomic<i64> destroyed_twice_{0};
};

class life {
 public:
  explicit life(lives& all) noexcept : all_(&all) { ++all.count_; }
  life(life const& other) noexcept : life(*other.all_) {}
  life& operator=(life const&) = delete;
  ~life() {
    --all_->count_;
    // Volatile: the compiler may drop a write to an object that is about to die.
    if (alive_ != is_alive) ++all_->destroyed_twice_;
    alive_ = 0;
  }

 private:
  static constexpr u32 is_alive = 0x11fe11fe;
  lives* all_;
  u32 volatile alive_ = is_alive;
};

// Says in a law's last line that everything has died, once.
inline void expect_nobody_lives(lives const& all) {
  EXPECT_EQ(all.count(), 0) << "frames leaked, or died too often";
  EXPECT_EQ(all.destroyed_twice(), 0);
}

}  // namespace regatta::laws
