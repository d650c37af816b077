// The seeds that a simulated runtime is tried with, and how a failure says which one it was.
//
//   replay_hint const hint("build/dev/bin/laws_simulated --gtest_filter=…");
//   for (seed_loop seeds(seed_allowance(1s)); seeds.next() && !failed();) {
//     R rt({.seed = seeds.seed()});
//     …
//   }
//
// REGATTA_SEED=N tries that seed and no other. REGATTA_SEEDS=N tries 1 to N, and REGATTA_SEEDS=M-N
// those from M to N, however long it takes; without it, those from 1 to 1,000 that fit into the
// time allowed.
#pragma once

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "runtimes/interface/compiler.hpp"
#include "runtimes/interface/runtime.hpp"
#include "runtimes/interface/types.hpp"

// The sanitizers end the program in their own way, but call this before, where they are linked.
extern "C" [[gnu::weak]] void __sanitizer_set_death_callback(void (*callback)());

namespace regatta {

// A runtime whose course follows from runtime_options::seed alone, in virtual time. One run of a
// program on it says little, and how long that takes says nothing.
template <class R>
concept simulated_runtime = runtime<R> && requires { requires R::is_simulated; };

// If the program dies while one of these lives, its last words are how to see that again. One at a
// time.
class replay_hint {
 public:
  // `command` repeats what is tried, but for the seed.
  explicit replay_hint(std::string command) {
    command_ = std::move(command);
    for (int const deadly : {SIGABRT, SIGTERM, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
      // What is known of a bad access, the sanitizer tells.
      if (REGATTA_ADDRESS_SANITIZER && deadly != SIGABRT && deadly != SIGTERM) continue;
      struct sigaction last_words{};
      last_words.sa_handler = &die;
      // Once: the second time the signal does what it always does.
      last_words.sa_flags = static_cast<int>(SA_RESETHAND);
      ::sigaction(deadly, &last_words, nullptr);
    }
    if (&__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(&print);
  }
  ~replay_hint() { text_[0] = '\0'; }
  replay_hint(replay_hint const&) = delete;
  replay_hint& operator=(replay_hint const&) = delete;

  // Written down before anything can go wrong: the handler of a signal may not format.
  static void set_seed(u64 seed) noexcept {
    std::snprintf(text_.data(), text_.size(),
                  "this was seed %llu; run it again with: REGATTA_SEED=%llu %s\n",
                  static_cast<unsigned long long>(seed), static_cast<unsigned long long>(seed),
                  command_.c_str());
  }
  // The sentence, without its end of line.
  static std::string text() {
    std::string words = text_.data();
    if (!words.empty()) words.pop_back();
    return words;
  }
  // At any moment, also from the handler of a signal. Says nothing where nothing is tried.
  static void print() noexcept {
    static_cast<void>(!::write(STDERR_FILENO, text_.data(), std::strlen(text_.data())));
  }

 private:
  static void die(int signal) {
    print();
    ::raise(signal);
  }

  static inline std::string command_;
  static inline std::array<char, 1'024> text_{};
};

// How long seeds are tried: so much time of the processor, so that as many are tried on a machine
// that is busy with other things; but not for ever.
class seed_allowance {
 public:
  explicit seed_allowance(duration allowed) noexcept
      : last_(processor_time() + allowed), deadline_(clock::now() + 10 * allowed) {}

  bool is_over() const noexcept { return processor_time() > last_ || clock::now() > deadline_; }

 private:
  static duration processor_time() noexcept {
    timespec used{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return std::chrono::seconds(used.tv_sec) + duration(used.tv_nsec);
  }

  duration last_;
  time_point deadline_;
};

class seed_loop {
 public:
  // Where nobody has said how many, begins no other seed when the time is over; the first in any
  // case.
  explicit seed_loop(seed_allowance allowed) noexcept : allowed_(allowed) {
    if (char const* const one = std::getenv("REGATTA_SEED")) {
      first_ = last_ = std::strtoull(one, nullptr, 10);
      is_prescribed_ = true;
    } else if (char const* const many = std::getenv("REGATTA_SEEDS")) {
      char* rest = nullptr;
      u64 const number = std::strtoull(many, &rest, 10);
      if (*rest == '-') first_ = number;
      last_ = *rest == '-' ? std::strtoull(rest + 1, nullptr, 10) : number;
      is_prescribed_ = true;
    }
  }

  bool next() noexcept {
    u64 const following = first_ + tried_;
    if (following > last_ || (tried_ != 0 && !is_prescribed_ && allowed_.is_over())) return false;
    ++tried_;
    replay_hint::set_seed(following);
    return true;
  }
  u64 seed() const noexcept { return first_ + tried_ - 1; }
  u64 tried() const noexcept { return tried_; }

 private:
  seed_allowance allowed_;
  bool is_prescribed_ = false;
  u64 first_ = 1;
  u64 last_ = 1'000;
  u64 tried_ = 0;
};

}  // namespace regatta
