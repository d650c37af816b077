#include "harness/driver/runner.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "harness/driver/calibrate.hpp"
#include "harness/driver/clock.hpp"
#include "harness/driver/system_calls.hpp"
#include "harness/stats/histogram.hpp"

namespace regatta::driver {
namespace {

constexpr int most_probes = 4;

// Less than that can be the kernel's tick, or a thread on its way to sleep.
constexpr std::uint64_t least_unrest_ns = 50 * ns_per_ms;
constexpr double greatest_idle_share = 0.03;

/// What a sample line says about where it stands, apart from what was measured.
json line_head(const planned_cell& c, const row& r) {
  return {{"row", r.name},     {"contender", r.contender},    {"variant", r.variant},
          {"twin", r.twin},    {"scenario", c.what.scenario}, {"params", c.what.params},
          {"cell", c.what.key}};
}

/// More of it would say the same again, or something else.
bool is_measured_once(const cell& c) {
  return c.fresh_process || c.measures != scenarios::quantity::time;
}

std::uint64_t median_latency_ns(const protocol::latency& seen) {
  std::vector<stats::bucket> buckets;
  for (const auto& [value, count] : seen.buckets) buckets.push_back({value, count});
  return static_cast<std::uint64_t>(stats::histogram::from_buckets(buckets).quantile(0.5));
}

}  // namespace

runner::runner(plan& p, const run_folder& folder, samples_file& samples, const interrupt& stop,
               progress& shown, const std::vector<stats::sample>& before)
    : plan_(p), folder_(folder), samples_(samples), stop_(stop), shown_(shown) {
  for (const stats::sample& s : before) {
    // A count of system calls that went wrong settles nothing.
    if (s.outcome != stats::outcome::ok && s.phase != "system_calls")
      settled_.emplace(s.row, s.cell);
    done_.emplace(s.block, s.row, s.cell);
  }
}

bool runner::is_settled(const row& r, const planned_cell& c) const {
  return settled_.contains({r.name, c.what.key});
}

bool runner::is_done(std::uint64_t block, const row& r, const planned_cell& c) const {
  return is_settled(r, c) || done_.contains({block, r.name, c.what.key});
}

double runner::weight(const planned_cell& c) const {
  return weights_[static_cast<std::size_t>(&c - plan_.cells.data())];
}

void runner::weigh_cells() {
  weights_.clear();
  for (const planned_cell& c : plan_.cells) {
    // A round is what all rows took that run this cell; of a path, say, those are few.
    const auto rows = std::count_if(plan_.rows.begin(), plan_.rows.end(), [&](const row& r) {
      return takes_part(r, c.what) && !is_settled(r, c);
    });
    const double visit = static_cast<double>(c.round_ns) *
                         static_cast<double>(c.iterations + c.warmup) /
                         static_cast<double>(std::max<std::ptrdiff_t>(1, rows));
    // The exchange of messages around a sample costs about a millisecond.
    weights_.push_back(1e6 + visit);
  }
}

void runner::save_plan() { folder_.write("plan.json", text_of(to_json(plan_))); }

bool runner::go() {
  save_plan();
  note_absent_rows();
  if (!calibrate()) return false;
  weigh_cells();
  double total = 0;
  double done = 0;
  for (std::uint64_t block = 0; block < plan_.blocks; ++block) {
    for (const planned_cell& c : plan_.cells) {
      for (const row& r : plan_.rows) {
        if (!takes_part(r, c.what)) continue;
        total += weight(c);
        if (is_done(block, r, c)) done += weight(c);
      }
    }
  }
  // A unit of weight is a nanosecond, as the calibration saw it.
  const auto left_ns = static_cast<std::uint64_t>(std::max(0.0, total - done));
  shown_.note(fmt::format("measuring {} cells will take about {}", plan_.cells.size(),
                          say_duration(std::max(left_ns, ns_per_s))));
  shown_.begin("measuring", total, done);
  for (std::uint64_t block = 0; block < plan_.blocks; ++block) {
    if (!measure_block(block)) return false;
  }
  shown_.end();
  return count_system_calls();
}

bool runner::wants_system_calls(const row& r, const planned_cell& c) const {
  if (plan_.system_calls == call_counting::none || r.absent || r.twin) return false;
  // Of a path the tracer would see the clients, and slow down whoever they wait for.
  if (r.subject != scenarios::subject::runtime) return false;
  if (plan_.system_calls == call_counting::where_asked && !c.what.counts_system_calls) return false;
  return c.what.program == scenarios::small_program::none && takes_part(r, c.what) &&
         !is_done(plan_.blocks, r, c);
}

bool runner::count_system_calls() {
  std::vector<std::pair<const planned_cell*, const row*>> wanted;
  for (const planned_cell& c : plan_.cells) {
    for (const row& r : plan_.rows) {
      if (wants_system_calls(r, c)) wanted.emplace_back(&c, &r);
    }
  }
  if (wanted.empty()) return true;
  if (const std::string why = why_no_tracer(); !why.empty()) {
    shown_.note("note: system calls were not counted: " + why);
    return true;
  }
  shown_.begin("counting system calls", static_cast<double>(wanted.size()));
  for (const auto& [c, r] : wanted) {
    trace(*c, *r);
    if (stop_.requested()) return false;
    shown_.advance(1, c->what.key);
  }
  shown_.end();
  return true;
}

void runner::trace(const planned_cell& c, const row& r) {
  // Enough for a steady mean; more would only take longer, because each call stops twice.
  constexpr std::uint64_t enough_operations = 2'000;
  tracing wishes;
  wishes.iterations =
      std::clamp<std::uint64_t>(enough_operations / std::max<std::uint64_t>(1, c.what.operations),
                                1, std::max<std::uint64_t>(1, c.iterations));
  wishes.seed = seed_of_block(plan_, plan_.blocks);
  wishes.time_limit_ns = plan_.time_limit_ns;
  wishes.memory_limit_bytes = plan_.memory_limit_bytes;
  wishes.log = folder_.log(r.name, "system_calls");
  const auto counted = trace_system_calls(r, c.what, wishes, stop_);
  if (stop_.requested()) return;
  json line = {{"block", plan_.blocks}, {"round", 0}, {"turn", 0}};
  line.update(line_head(c, r));
  line["outcome"] = name_of(counted ? outcome::ok : counted.why.what);
  line["reason"] = counted ? "" : counted.why.reason;
  line["phase"] = "system_calls";
  if (counted) {
    line["iterations"] = counted->iterations;
    line["operations"] = counted->operations;
    line["system_calls"] = counted->calls;
  }
  samples_.append(line);
}

void runner::note_absent_rows() {
  for (const row& r : plan_.rows) {
    if (!r.absent) continue;
    for (const planned_cell& c : plan_.cells) {
      if (!takes_part(r, c.what) || is_settled(r, c)) continue;
      keep(c, r, {}, {*r.absent, std::nullopt}, 0);
    }
  }
}

runner::crew runner::make_crew(const std::string& when, std::uint64_t seed) {
  crew members;
  for (const row& r : plan_.rows) {
    crew_options options;
    options.seed = seed;
    options.slowdown_percent = r.side == "base" ? 0 : plan_.slowdown_percent;
    options.memory_limit_bytes = plan_.memory_limit_bytes;
    options.time_limit_ns = std::min(hello_limit_ns, plan_.time_limit_ns);
    options.log = folder_.log(r.name, when);
    members.emplace_back(r, stop_, std::move(options));
  }
  return members;
}

void runner::dismiss(crew& members) {
  for (std::size_t i = 0; i < members.size(); ++i) {
    const std::string wrong = members[i].dismiss();
    if (!wrong.empty()) shown_.note(fmt::format("note: {}: {}", plan_.rows[i].name, wrong));
  }
}

visit_result runner::visit_cell(const planned_cell& c, const row& r, crew_member& member,
                                std::uint64_t iterations, std::uint64_t warmup) {
  if (c.what.program != scenarios::small_program::none) {
    return visit_small_program(
        r, c.what, {.iterations = iterations, .time_limit_ns = plan_.time_limit_ns, .io = ""});
  }
  if (c.what.fresh_process) member.dismiss();
  auto ready = member.ready();
  if (!ready) return {ready.why, std::nullopt};
  // Whatever it has printed since its last answer belongs to no cell: begin with a clean process.
  if (const auto noise = (*ready)->expect_silence()) {
    shown_.note(fmt::format("note: {}; it was started again", noise->reason));
    ready = member.ready();
    if (!ready) return {ready.why, std::nullopt};
  }
  // A cell may have threads of its own.
  const std::uint64_t threads = c.what.params.value("threads", member.threads());
  visit_result result =
      visit(**ready, c.what, {iterations, warmup, plan_.time_limit_ns, threads, member.hello().io});
  // What it holds now is no other cell's business.
  if (c.what.fresh_process) member.dismiss();
  return result;
}

void runner::keep(const planned_cell& c, const row& r, const place& where,
                  const visit_result& result, std::uint64_t idle_cpu_ns) {
  json line = {{"block", where.block}, {"round", where.round}, {"turn", where.turn}};
  line.update(line_head(c, r));
  line["outcome"] = name_of(result.how.what);
  line["reason"] = result.how.reason;
  if (where.calibration) line["phase"] = "calibration";
  if (result.how.what == outcome::ok) {
    line.update(protocol::to_json(result.sample->taken));
    if (c.what.measures == scenarios::quantity::bytes) {
      line["bytes"] = result.sample->taken.counters.at("bytes");
    }
    if (c.what.measures == scenarios::quantity::latency) {
      line["compared_ns"] = median_latency_ns(*result.sample->taken.latencies);
    }
    line["iterations"] = c.iterations;
    line["warmup"] = c.warmup;
    line["expected"] = c.what.expected;
    line["exchange_ns"] = result.sample->exchange_ns;
    if (idle_cpu_ns != 0) line["idle_cpu_ns"] = idle_cpu_ns;
  } else {
    settled_.emplace(r.name, c.what.key);
    if (result.sample) {
      line["answer"] = result.sample->taken.answer;
      line["expected"] = c.what.expected;
    }
    if (is_fault(result.how.what) && !r.absent) {
      shown_.note(fmt::format("{}: {}: {}: {}", r.name, c.what.key, name_of(result.how.what),
                              result.how.reason));
    }
  }
  samples_.append(line);
}

bool runner::calibrate() {
  const auto open = std::count_if(plan_.cells.begin(), plan_.cells.end(),
                                  [](const planned_cell& c) { return !c.calibrated; });
  if (open == 0) return true;
  shown_.begin("calibrating", static_cast<double>(plan_.cells.size()),
               static_cast<double>(plan_.cells.size()) - static_cast<double>(open));
  crew members = make_crew("calibration", seed_of_block(plan_, plan_.blocks));
  for (planned_cell& c : plan_.cells) {
    if (c.calibrated) continue;
    shown_.advance(0, c.what.key);
    if (!calibrate_cell(c, members)) return false;
    save_plan();
    shown_.advance(1, c.what.key);
  }
  dismiss(members);
  shown_.end();
  return true;
}

bool runner::calibrate_cell(planned_cell& c, crew& members) {
  std::vector<std::uint64_t> one_ns;
  std::uint64_t slowest_whole_ns = 0;
  c.round_ns = 0;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (!takes_part(plan_.rows[i], c.what) || is_settled(plan_.rows[i], c)) continue;
    const auto took = probe(c, members[i], plan_.rows[i]);
    if (stop_.requested()) return false;
    if (!took) continue;
    one_ns.push_back(took->timed_ns);
    slowest_whole_ns = std::max(slowest_whole_ns, took->whole_ns);
    c.round_ns += took->whole_ns;
  }
  work_size size = size_work(one_ns, plan_.target_ns, plan_.time_limit_ns, slowest_whole_ns);
  if (is_measured_once(c.what)) size = {1, 0};
  c.iterations = size.iterations;
  c.warmup = size.warmup;
  c.calibrated = true;
  return true;
}

/// How fast this row is; nothing (and a line that says why) if it cannot.
std::optional<runner::pace> runner::probe(const planned_cell& c, crew_member& member,
                                          const row& r) {
  std::uint64_t iterations = 1;
  pace seen;
  for (int probes = 0; probes < most_probes && iterations != 0; ++probes) {
    const visit_result result = visit_cell(c, r, member, iterations, 0);
    if (result.how.what == outcome::interrupted) return std::nullopt;
    if (result.how.what != outcome::ok) {
      keep(c, r, {.calibration = true}, result, 0);
      return std::nullopt;
    }
    const std::uint64_t ns = result.sample->taken.ns;
    const std::uint64_t whole_ns = result.sample->exchange_ns;
    seen = {std::max<std::uint64_t>(1, ns / iterations), whole_ns / iterations};
    // Where little of an iteration is timed, the rest of it must not make the probes long.
    const std::uint64_t long_enough_ns = std::max(ns, whole_ns / 10);
    iterations =
        is_measured_once(c.what) ? 0 : next_probe(iterations, long_enough_ns, plan_.target_ns);
  }
  return seen;
}

bool runner::measure_block(std::uint64_t block) {
  const visit_order order = order_of_block(plan_, block);
  crew members = make_crew(std::to_string(block), seed_of_block(plan_, block));
  for (std::size_t round = 0; round < order.cells.size(); ++round) {
    const planned_cell& c = plan_.cells[order.cells[round]];
    const std::vector<std::size_t>& turns = order.turns[round % order.turns.size()];
    for (std::size_t turn = 0; turn < turns.size(); ++turn) {
      const row& r = plan_.rows[turns[turn]];
      if (!takes_part(r, c.what) || is_done(block, r, c)) continue;
      if (stop_.requested()) return false;
      const bool go_on = take_turn(c, r, members[turns[turn]], {block, round, turn, false});
      if (!go_on) return false;
      shown_.advance(weight(c),
                     fmt::format("block {}/{}  {}", block + 1, plan_.blocks, c.what.key));
    }
  }
  dismiss(members);
  note_restless_rows();
  return true;
}

void runner::note_restless_rows() {
  for (auto& [row, idle] : idle_) {
    const double share = static_cast<double>(idle.cpu_ns) /
                         static_cast<double>(std::max<std::uint64_t>(idle.wall_ns, 1));
    if (idle.cpu_ns < least_unrest_ns || share < greatest_idle_share) continue;
    if (!restless_.insert(row).second) continue;
    shown_.note(fmt::format(
        "note: {} used {:.0f} % of a CPU while it was others' turn: their times suffer from it",
        row, 100 * share));
  }
}

bool runner::take_turn(const planned_cell& c, const row& r, crew_member& member,
                       const place& where) {
  idle_time idle;
  if (member.is_alive()) idle = (*member.ready())->idle();
  idle_time& so_far = idle_[r.name];
  so_far.wall_ns += idle.wall_ns;
  so_far.cpu_ns += idle.cpu_ns;
  const visit_result result = visit_cell(c, r, member, c.iterations, c.warmup);
  if (result.how.what == outcome::interrupted) return false;
  keep(c, r, where, result, idle.cpu_ns);
  return true;
}

}  // namespace regatta::driver
