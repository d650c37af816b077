#include "harness/driver/plan.hpp"

#include <fmt/core.h>
#include <sys/stat.h>

#include <algorithm>
#include <numeric>

#include "harness/driver/latin_square.hpp"
#include "harness/driver/random.hpp"

namespace regatta::scenarios {

NLOHMANN_JSON_SERIALIZE_ENUM(quantity, {{quantity::time, "time"},
                                        {quantity::bytes, "bytes"},
                                        {quantity::latency, "latency"}})
NLOHMANN_JSON_SERIALIZE_ENUM(subject, {{subject::runtime, "runtime"},
                                       {subject::machine, "machine"},
                                       {subject::path, "path"}})
NLOHMANN_JSON_SERIALIZE_ENUM(small_program, {{small_program::none, nullptr},
                                             {small_program::task, "task"},
                                             {small_program::echo, "echo"}})

}  // namespace regatta::scenarios

namespace regatta::driver {
namespace {

constexpr std::uint64_t plan_version = 2;

json to_json(const row& r) {
  const bool skipped = r.absent && r.absent->what == outcome::skipped;
  const json absent =
      r.absent ? json{{"outcome", name_of(r.absent->what)}, {"reason", r.absent->reason}} : json();
  json object = {{"row", r.name},
                 {"contender", r.contender},
                 {"variant", r.variant},
                 {"threads", r.threads},
                 {"twin", r.twin},
                 {"side", r.side.empty() ? json() : json(r.side)},
                 {"subject", r.subject},
                 {"command", r.command},
                 {"small_programs", r.small_programs},
                 {"build", r.build},
                 {"hello", r.hello},
                 {"skipped", skipped ? json(r.absent->reason) : json()},
                 {"absent", absent}};
  if (!r.content.empty()) object["content"] = r.content;
  return object;
}

row row_from_json(const json& object) {
  row r;
  object.at("row").get_to(r.name);
  object.at("contender").get_to(r.contender);
  object.at("variant").get_to(r.variant);
  object.at("threads").get_to(r.threads);
  object.at("twin").get_to(r.twin);
  if (object.contains("side") && !object.at("side").is_null()) object.at("side").get_to(r.side);
  object.at("subject").get_to(r.subject);
  object.at("command").get_to(r.command);
  object.at("small_programs").get_to(r.small_programs);
  object.at("build").get_to(r.build);
  r.content = object.value("content", "");
  r.hello = object.at("hello");
  if (const json& absent = object.at("absent"); !absent.is_null()) {
    const auto what = outcome_named(absent.at("outcome").get<std::string>());
    r.absent = failure{what.value_or(outcome::failed), absent.at("reason").get<std::string>()};
  }
  return r;
}

json to_json(const shard_of_run& s) {
  return {{"index", s.index}, {"of", s.of}, {"all_cells", s.all_cells}};
}

shard_of_run shard_from_json(const json& object) {
  shard_of_run s;
  object.at("index").get_to(s.index);
  object.at("of").get_to(s.of);
  object.at("all_cells").get_to(s.all_cells);
  return s;
}

json to_json(const planned_cell& c) {
  json object = {{"cell", c.what.key},
                 {"scenario", c.what.scenario},
                 {"params", c.what.params},
                 {"expected", c.what.expected},
                 {"operations", c.what.operations},
                 {"measures", c.what.measures},
                 {"asked", c.what.asked},
                 {"fresh_process", c.what.fresh_process},
                 {"counts_system_calls", c.what.counts_system_calls},
                 {"small_program", c.what.program},
                 {"floor", c.what.floor},
                 {"floor_times", c.what.floor_times},
                 {"iterations", c.iterations},
                 {"warmup", c.warmup},
                 {"calibrated", c.calibrated},
                 {"round_ns", c.round_ns}};
  if (c.shard != 0) object["shard"] = c.shard;
  if (!c.what.only_rows.empty()) object["only_rows"] = c.what.only_rows;
  return object;
}

planned_cell cell_from_json(const json& object) {
  planned_cell c;
  object.at("cell").get_to(c.what.key);
  object.at("scenario").get_to(c.what.scenario);
  c.what.params = object.at("params");
  object.at("expected").get_to(c.what.expected);
  object.at("operations").get_to(c.what.operations);
  object.at("measures").get_to(c.what.measures);
  object.at("asked").get_to(c.what.asked);
  object.at("fresh_process").get_to(c.what.fresh_process);
  object.at("counts_system_calls").get_to(c.what.counts_system_calls);
  object.at("small_program").get_to(c.what.program);
  object.at("floor").get_to(c.what.floor);
  object.at("floor_times").get_to(c.what.floor_times);
  object.at("iterations").get_to(c.iterations);
  object.at("warmup").get_to(c.warmup);
  object.at("calibrated").get_to(c.calibrated);
  object.at("round_ns").get_to(c.round_ns);
  c.shard = object.value("shard", std::uint64_t{0});
  c.what.only_rows = object.value("only_rows", std::vector<std::string>{});
  return c;
}

/// The rows of each contender that has sides; all rows together where there are none.
std::vector<std::vector<std::size_t>> rows_that_belong_together(const std::vector<row>& rows) {
  std::vector<std::vector<std::size_t>> groups;
  std::map<std::string, std::size_t> index;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const row& r = rows[i];
    const std::string name = r.side.empty() ? "" : row_name(r.contender, r.variant, r.threads);
    const auto [place, fresh] = index.emplace(name, groups.size());
    if (fresh) groups.emplace_back();
    groups[place->second].push_back(i);
  }
  return groups;
}

}  // namespace

std::string row_name(const std::string& contender, const std::string& variant,
                     std::uint64_t threads) {
  std::string name = contender;
  if (!variant.empty()) name += "/" + variant;
  if (threads != 0) name += fmt::format("@threads={}", threads);
  return name;
}

bool takes_part(const row& r, const cell& c) {
  if (r.subject != c.asked) return false;
  if (c.only_rows.empty()) return true;
  const std::string name = r.twin ? r.name.substr(0, r.name.rfind("#twin")) : r.name;
  return std::find(c.only_rows.begin(), c.only_rows.end(), name) != c.only_rows.end();
}

json to_json(const plan& p) {
  json object = {{"version", plan_version},
                 {"matrix", p.matrix},
                 {"seed", p.seed},
                 {"blocks", p.blocks},
                 {"target_ns", p.target_ns},
                 {"time_limit_ns", p.time_limit_ns},
                 {"memory_limit_bytes", p.memory_limit_bytes},
                 {"slowdown_percent", p.slowdown_percent},
                 {"system_calls", p.system_calls},
                 {"comparison", p.comparison},
                 {"shard", p.shard ? to_json(*p.shard) : json()},
                 {"merged_of", p.merged_of == 0 ? json() : json(p.merged_of)},
                 {"rows", json::array()},
                 {"cells", json::array()}};
  for (const row& r : p.rows) object["rows"].push_back(to_json(r));
  for (const planned_cell& c : p.cells) object["cells"].push_back(to_json(c));
  return object;
}

plan plan_from_json(const json& object) {
  plan p;
  object.at("matrix").get_to(p.matrix);
  object.at("seed").get_to(p.seed);
  object.at("blocks").get_to(p.blocks);
  object.at("target_ns").get_to(p.target_ns);
  object.at("time_limit_ns").get_to(p.time_limit_ns);
  object.at("memory_limit_bytes").get_to(p.memory_limit_bytes);
  object.at("slowdown_percent").get_to(p.slowdown_percent);
  object.at("system_calls").get_to(p.system_calls);
  if (object.contains("comparison")) p.comparison = object.at("comparison");
  // A run that knows nothing of shards is none.
  if (object.contains("shard") && !object.at("shard").is_null()) {
    p.shard = shard_from_json(object.at("shard"));
  }
  if (object.contains("merged_of") && !object.at("merged_of").is_null()) {
    object.at("merged_of").get_to(p.merged_of);
  }
  for (const json& r : object.at("rows")) p.rows.push_back(row_from_json(r));
  for (const json& c : object.at("cells")) p.cells.push_back(cell_from_json(c));
  return p;
}

visit_order order_of_block(const plan& p, std::uint64_t block) {
  random_source random(mixed_seed(p.seed, 2 * block + 1));
  visit_order order;
  order.cells.resize(p.cells.size());
  std::iota(order.cells.begin(), order.cells.end(), std::size_t{0});
  random.shuffle(order.cells);
  const auto groups = rows_that_belong_together(p.rows);
  if (groups.size() <= 1) {
    order.turns = latin_square(p.rows.size(), random);
    return order;
  }
  std::vector<std::vector<std::vector<std::size_t>>> squares;
  std::size_t rounds = 0;
  for (const auto& group : groups) {
    squares.push_back(latin_square(group.size(), random));
    rounds = std::max(rounds, group.size());
  }
  std::vector<std::size_t> turn_of_group(groups.size());
  std::iota(turn_of_group.begin(), turn_of_group.end(), std::size_t{0});
  for (std::size_t round = 0; round < rounds; ++round) {
    random.shuffle(turn_of_group);
    std::vector<std::size_t>& turns = order.turns.emplace_back();
    for (const std::size_t g : turn_of_group) {
      for (const std::size_t i : squares[g][round % squares[g].size()]) {
        turns.push_back(groups[g][i]);
      }
    }
  }
  return order;
}

std::uint64_t seed_of_block(const plan& p, std::uint64_t block) {
  // Half the range, so that languages without unsigned 64-bit integers can read it.
  return mixed_seed(p.seed, 2 * block + 2) >> 1;
}

std::string build_of(const std::filesystem::path& program) {
  struct stat found = {};
  if (::stat(program.c_str(), &found) != 0) return "";
  return fmt::format("{} bytes, {}.{:09}", found.st_size, found.st_mtim.tv_sec,
                     found.st_mtim.tv_nsec);
}

}  // namespace regatta::driver
