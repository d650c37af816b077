// What a contender measures: each sample against the oracle, the driver's clock, and itself.
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>

#include "harness/driver/clock.hpp"
#include "harness/driver/conformance/conformance.hpp"
#include "harness/driver/crew.hpp"
#include "harness/driver/visit.hpp"

namespace regatta::driver::conformance {
namespace {

// An exchange so long says something: what lies outside of the timed section does not count.
constexpr std::uint64_t telling_ns = 20 * ns_per_ms;
// A busy machine may keep either side from running for longer than that, but not so long again and
// again.
constexpr std::uint64_t convicting_ns = 100 * ns_per_ms;
constexpr std::uint64_t most_iterations = 1'000'000;
// A busy machine may disturb one pair of samples, but not each.
constexpr int most_attempts = 5;

/// The prepared cell, and how it is run.
class bench {
 public:
  bench(dialogue& with, const cell& what, std::uint64_t time_limit_ns, std::uint64_t threads)
      : with_(with), what_(what), time_limit_ns_(time_limit_ns), threads_(threads) {}

  /// Asks for samples and judges each. The last one; nothing after a fault, or where the contender
  /// said that it cannot: see `unsupported`.
  std::optional<timed_sample> take(std::uint64_t iterations, std::uint64_t samples);

  std::string unsupported;  ///< Why it cannot, if it said so.

 private:
  void judge(const timed_sample& sample, std::uint64_t iterations);

  dialogue& with_;
  const cell& what_;
  std::uint64_t time_limit_ns_;
  std::uint64_t threads_;
};

std::optional<timed_sample> bench::take(std::uint64_t iterations, std::uint64_t samples) {
  with_.say(protocol::run{iterations, samples});
  std::optional<timed_sample> last;
  for (std::uint64_t taken = 0; taken < samples; ++taken) {
    const heard got = with_.hear({"sample", "done", "error"}, time_limit_ns_);
    if (got.key == "done") {
      with_.wrong(
          fmt::format("it said done after {} samples; it was asked for {}", taken, samples));
      return std::nullopt;
    }
    if (const auto* error = got.as<protocol::error>()) {
      if (error->kind == "unsupported") unsupported = error->reason;
      if (unsupported.empty()) {
        with_.wrong(fmt::format("run failed ({}): {}", error->kind, error->reason));
      }
      return std::nullopt;
    }
    if (got.key.empty()) return std::nullopt;
    // The fields of a sample may be wrong, and yet the next message is the next.
    if (const auto* sample = got.as<protocol::sample>()) {
      last = timed_sample{*sample, got.after_ns};
      judge(*last, iterations);
    }
  }
  const heard end = with_.hear({"done", "sample"}, time_limit_ns_);
  if (end.key == "sample") {
    with_.wrong(fmt::format("it sent more than the {} sample{} that it was asked for", samples,
                            samples == 1 ? "" : "s"));
  }
  with_.expect_silence();
  return with_.is_well() ? last : std::nullopt;
}

void bench::judge(const timed_sample& sample, std::uint64_t iterations) {
  const failure how = check_sample(sample, what_, {iterations, 0, 0, threads_, ""});
  if (how.what != outcome::ok) with_.wrong(fmt::format("{}: {}", name_of(how.what), how.reason));
  for (std::string& odd : oddities(sample.taken, sample.exchange_ns)) with_.wrong(std::move(odd));
}

/// Two samples, the second of ten times the work. Of an honest contender it takes more time, and
/// the time claimed is most of the time that passed.
struct pair_of_samples {
  bool times_a_part = false;      ///< Then how much of the time that passed is told is anybody's.
  std::uint64_t iterations = 10;  ///< Of the second.
  std::optional<timed_sample> few;
  std::optional<timed_sample> many;

  void take(bench& prepared) {
    few = prepared.take(iterations / 10, 1);
    if (few) many = prepared.take(iterations, 1);
  }
  bool is_there() const { return few && many; }
  bool grows() const { return many->taken.ns > few->taken.ns; }
  bool covers() const { return times_a_part || many->taken.ns >= many->exchange_ns / 4; }
  bool is_honest() const { return grows() && (covers() || many->exchange_ns < telling_ns); }
  std::string why() const {
    if (!grows()) {
      return fmt::format(
          "sample.ns does not grow with the work: {} iterations took {} ns, {} took {} ns",
          iterations / 10, few->taken.ns, iterations, many->taken.ns);
    }
    return fmt::format(
        "sample.ns is {} where the exchange took {}: it times only a part of its {} iterations",
        say_duration(many->taken.ns), say_duration(many->exchange_ns), iterations);
  }
};

/// Who answers a constant, or a part of the time, is found out.
void check_times(dialogue& with, bench& prepared, bool times_a_part) {
  pair_of_samples pair;
  pair.times_a_part = times_a_part;
  int dishonest = 0;
  for (;;) {
    pair.take(prepared);
    if (!pair.is_there()) return;
    const bool is_telling = pair.many->exchange_ns >= telling_ns;
    const bool is_last = pair.iterations >= most_iterations;
    if (pair.is_honest() && (is_telling || is_last)) return;
    if (pair.many->exchange_ns < convicting_ns && !is_last) {
      pair.iterations *= 10;
    } else if (!pair.is_honest() && ++dishonest == most_attempts) {
      return with.wrong(pair.why());
    }
  }
}

/// Prepares the cell. Whether it can run; if not, the check has been ended.
bool prepare(dialogue& with, const cell& what, const account& told, std::uint64_t limit_ns) {
  with.say(protocol::prepare{what.scenario, what.params});
  const heard got = with.hear({"ready", "error"}, limit_ns);
  const auto entry = told.listed.find(what.scenario);
  if (const auto* error = got.as<protocol::error>()) {
    if (error->kind == "unsupported") {
      with.end_neutral(outcome::unsupported, error->reason);
      return false;
    }
    with.wrong(fmt::format("prepare failed ({}): {}", error->kind, error->reason));
  } else if (got.key == "ready" && !told.listed.empty() && entry == told.listed.end()) {
    with.wrong("its list does not name this scenario, and yet it prepares it");
  } else if (got.key == "ready" && entry != told.listed.end() &&
             !entry->second.unsupported.empty()) {
    with.wrong("its list calls this scenario unsupported, and yet it prepares it");
  }
  if (with.is_well()) return true;
  with.end();
  return false;
}

}  // namespace

std::vector<std::string> oddities(const protocol::sample& taken, std::uint64_t exchange_ns) {
  std::vector<std::string> found;
  const auto processors = static_cast<std::uint64_t>(::sysconf(_SC_NPROCESSORS_ONLN));
  // The kernel may charge a thread up to a tick too much.
  constexpr std::uint64_t tick_ns = 10 * ns_per_ms;
  if (taken.cpu_ns.value_or(0) > processors * (exchange_ns + tick_ns)) {
    found.push_back(fmt::format("sample.cpu_ns is {}, more than {} processors can do in {}",
                                say_duration(*taken.cpu_ns), processors,
                                say_duration(exchange_ns)));
  }
  if (!taken.latencies) return found;
  const auto& buckets = taken.latencies->buckets;
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    total += buckets[i].second;
    if (i == 0 || buckets[i].first > buckets[i - 1].first) continue;
    found.push_back(fmt::format("sample.latency.buckets must ascend; [{},{}] comes after [{},{}]",
                                buckets[i].first, buckets[i].second, buckets[i - 1].first,
                                buckets[i - 1].second));
    break;
  }
  if (total > taken.operations) {
    found.push_back(
        fmt::format("sample.latency.buckets count {} latencies; there were {} operations", total,
                    taken.operations));
  }
  // A histogram may be off by a few percent.
  if (!buckets.empty() && buckets.back().first > taken.ns + taken.ns / 16) {
    found.push_back(
        fmt::format("sample.latency.buckets hold a latency of {}; the whole sample took {}",
                    say_duration(buckets.back().first), say_duration(taken.ns)));
  }
  return found;
}

const specification::specification* first_supported(const conformance_wishes& wishes,
                                                    const account& told) {
  for (const auto* scenario : wishes.scenarios) {
    // Of one that the driver measures from outside no conversation comes of it.
    if (scenario->small_program(scenario->smoke) != scenarios::small_program::none) continue;
    const auto entry = told.listed.find(scenario->name);
    if (entry != told.listed.end() && entry->second.unsupported.empty()) return scenario;
  }
  return nullptr;
}

void check_scenario(dialogue& with, const specification::specification& scenario,
                    const conformance_wishes& wishes, const account& told) {
  const cell smoke = make_cell(scenario, scenario.smoke);
  if (!with.begin(smoke.key)) return;
  if (!prepare(with, smoke, told, wishes.time_limit_ns)) return;
  bench prepared(with, smoke, wishes.time_limit_ns, told.hello.threads);
  // Once, and then several times back to back: what one run leaves behind must not hurt the next.
  const bool runs = prepared.take(1, 1) && prepared.take(3, 1) && prepared.take(2, 3);
  if (runs) check_times(with, prepared, scenario.times_a_part);
  if (with.is_well() && prepared.unsupported.empty()) {
    const failure seen = check_backend(told.hello.io, with.backends());
    if (seen.what != outcome::ok) with.wrong("it " + seen.reason);
  }
  if (!prepared.unsupported.empty()) {
    with.end_neutral(outcome::unsupported, prepared.unsupported);
  } else {
    with.end();
  }
}

void check_one_thread(dialogue& with, const row& r, const conformance_wishes& wishes,
                      const account& told) {
  const auto* scenario = first_supported(wishes, told);
  if (!with.begin("set up with one thread")) return;
  with.say(protocol::hello{r.variant, 1, 1});
  const heard got = with.hear({"hello", "error"}, hello_limit_ns);
  if (const auto* error = got.as<protocol::error>()) {
    return with.end_neutral(outcome::unsupported, error->reason);
  }
  if (const auto* hello = got.as<protocol::hello_reply>(); hello != nullptr && hello->threads > 1) {
    with.wrong(fmt::format(
        "hello.threads must be 1, which it was asked for, or an error if it cannot; got {}",
        hello->threads));
  }
  if (!with.is_well() || scenario == nullptr) return void(with.end());
  const cell smoke = make_cell(*scenario, scenario->smoke);
  if (!prepare(with, smoke, told, wishes.time_limit_ns)) return;
  bench prepared(with, smoke, wishes.time_limit_ns, 1);
  prepared.take(3, 1);
  with.end();
}

}  // namespace regatta::driver::conformance
