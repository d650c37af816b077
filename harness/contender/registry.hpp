// What one contender can do: its runtime, and each scenario of the house on that runtime.
//
// The sources that regatta_add_runtime() generates fill the registry, one small source for each
// pair of scenario and runtime; the rest of the contender works on what it finds here and knows
// neither.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/support/description.hpp"
#include "scenarios/support/recorder.hpp"

namespace regatta::contender {

// How the runtime of one conversation is set up.
struct setup {
  std::string variant;        // Empty: the runtime's default.
  std::uint64_t threads = 0;  // 0: the variant's own default.
  std::uint64_t seed = 0;

  friend bool operator==(setup const&, setup const&) = default;
};

// What the runtime did since it was made: polls, steals, parks, …
using counters = std::map<std::string, std::uint64_t>;

// One cell, made ready on a runtime of its own that lives as long as the cell.
class cell {
 public:
  virtual ~cell() = default;

  // One run; its answer. Throws what the scenario throws. From the thread that made the cell.
  virtual std::uint64_t run(scenarios::recorder& latency) = 0;
  virtual counters read_counters() const = 0;
  // Whether the thread that calls run() may run tasks. Where it only waits for those of a pool it
  // is not one of the threads that were set up.
  virtual bool caller_is_worker() const { return true; }
  // Whether only the parts count that the scenario marks.
  virtual bool times_a_part() const { return false; }
  // Whether another process does the work that is measured. What this one needs for asking it
  // (allocations, memory, threads) is then of no interest, and is not told.
  virtual bool works_elsewhere() const { return false; }
  // The CPU time in ns that the work has taken so far: of this process, or of the one that works.
  // Nothing where nobody works but who asks.
  virtual std::optional<std::uint64_t> cpu_ns() const;
};

// One scenario on this program's runtime.
struct pair {
  scenarios::description scenario;
  std::string unsupported;  // Why the runtime cannot run it; empty if it can.
  // Wants a complete and valid list. Throws what making the runtime throws.
  std::function<std::unique_ptr<cell>(setup const&, scenarios::parameter_list const&)> prepare;
};

// What one variant says of itself, where the variants are not all alike.
struct identity {
  std::string version;
  std::string scheduling;
  std::string io;
  std::string language = "c++";
  bool is_of_this_build = true;  // Otherwise nothing is known of its compiler, flags, allocator.
};

// This program's runtime.
struct subject {
  std::string name;
  std::string version;
  std::string scheduling;
  std::string io;
  std::vector<std::string> capabilities;
  std::vector<std::string> variants = {""};  // The first is the default, and may have no name.
  bool is_simulated = false;  // It runs in virtual time: it can be checked, never measured.
  // The number of threads that run tasks under this setup; 0 where there is no such number.
  std::function<std::uint64_t(setup const&)> threads = [](setup const&) { return 1; };
  // Empty: what stands above holds for every variant.
  std::function<identity(setup const&)> identity_of = {};
};

class registry {
 public:
  // The registry that generated sources fill. A function-local static: the order in which static
  // objects of several sources are made is nobody's to rely on.
  static registry& of_this_program();

  void add(pair added);
  void set_subject(contender::subject runtime) { subject_ = std::move(runtime); }

  contender::subject const& subject() const { return subject_; }
  // By the scenarios' names, in alphabetical order.
  std::vector<pair> const& pairs() const { return pairs_; }
  pair const* find(std::string_view scenario_name) const;
  // The variant of that name; the default one for "". Nothing if there is none.
  std::optional<std::string> find_variant(std::string_view name) const;

 private:
  contender::subject subject_;
  std::vector<pair> pairs_;
};

}  // namespace regatta::contender
