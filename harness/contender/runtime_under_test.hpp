// What the harness finds out about a runtime by looking at its type.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/contender/registry.hpp"
#include "runtimes/interface/file.hpp"
#include "runtimes/interface/net.hpp"
#include "runtimes/interface/runtime.hpp"
#include "runtimes/interface/seeds.hpp"

namespace regatta::contender {

// The abilities that a scenario can ask for, by the names that they have in the protocol.
template <runtime R>
std::vector<std::pair<std::string, bool>> abilities_of() {
  return {
      {"timer", timed_runtime<R>},
      {"net", net_runtime<R>},
      {"file", file_runtime<R>},
      {"blocking", blocking_runtime<R>},
  };
}

template <runtime R>
std::string missing_abilities() {
  std::string missing;
  for (auto const& [name, is_there] : abilities_of<R>()) {
    if (!is_there) missing.append(missing.empty() ? "" : ", ").append(name);
  }
  return missing.empty() ? "an ability without a name" : missing;
}

// Whether no task ever runs on the thread in block_on(). R says so: `static constexpr bool
// caller_only_waits = true;`, and a test of R's that it is true.
template <runtime R>
constexpr bool waits_in_block_on() {
  if constexpr (requires { R::caller_only_waits; }) {
    return R::caller_only_waits;
  } else {
    return false;
  }
}

// The variants that R declares in `static std::vector<variant_of_runtime> variants()`, if it does,
// and the default one, which has no name.
template <runtime R>
std::vector<variant_of_runtime> variants_of() {
  std::vector<variant_of_runtime> variants{{"", {}}};
  if constexpr (requires { R::variants(); }) {
    for (auto& declared : R::variants()) {
      if (!declared.name.empty()) variants.push_back(std::move(declared));
    }
  }
  return variants;
}

// The options of the variant that `how` names. A number of threads in `how` overrules the
// variant's.
template <runtime R>
runtime_options options_of(setup const& how) {
  runtime_options options;
  for (auto const& variant : variants_of<R>()) {
    if (variant.name == how.variant) options = variant.options;
  }
  if (how.threads != 0) options.threads = static_cast<u32>(how.threads);
  options.seed = how.seed;
  return options;
}

template <runtime R>
counters counters_of(R const& rt) {
  counters read;
  if constexpr (counted_runtime<R>) {
    rt.counters().each([&](std::string_view name, u64 value) { read.emplace(name, value); });
  }
  return read;
}

// Enters R into the registry as this program's runtime. `variant`: what R is among the contenders
// of its name, where each of them is a program of its own.
template <runtime R>
class subject_of {
 public:
  explicit subject_of(std::string_view variant = "",
                      registry& program = registry::of_this_program()) {
    auto const info = R::info();
    subject described;
    described.name = info.name;
    described.version = info.version;
    described.scheduling = info.scheduling;
    described.io = info.io;
    described.is_simulated = simulated_runtime<R>;
    for (auto const& [name, is_there] : abilities_of<R>()) {
      if (is_there) described.capabilities.push_back(name);
    }
    described.variants.clear();
    if (variant.empty()) {
      for (auto const& each : variants_of<R>()) described.variants.push_back(each.name);
    } else {
      described.variants.emplace_back(variant);
    }
    described.threads = [](setup const& how) { return threads_of(how); };
    program.set_subject(std::move(described));
  }

 private:
  // Asks a runtime that was really set up so, because a runtime may not be able to do as it is
  // told.
  static std::uint64_t threads_of(setup const& how) {
    auto const options = options_of<R>(how);
    if constexpr (requires(R& rt) { std::uint64_t{rt.threads()}; }) {
      R rt(options);
      return rt.threads();
    } else {
      return R::threading::single || options.threads == 0 ? 1 : options.threads;
    }
  }
};

}  // namespace regatta::contender
