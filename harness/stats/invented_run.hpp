// A run that never was, for tests of what is concluded from runs: rows with known costs in known
// cells, a gust over each block and a little noise of each row's own, the same every time.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <utility>

#include "harness/stats/measurements.hpp"
#include "harness/stats/summary.hpp"

namespace regatta::stats {

class invented_run {
 public:
  using json = nlohmann::ordered_json;

  // `noise` is the standard deviation of a row's own logarithm.
  explicit invented_run(std::size_t blocks = 8, double noise = 0.005)
      : blocks_(blocks), noise_(noise) {}

  // Rows that are not entered are runtimes of their own name.
  void enter(std::string const& row, json const& hello, std::string const& subject = "runtime") {
    std::string const contender = row.substr(0, row.find_first_of("/#@"));
    auto const slash = row.find('/');
    rows_[row] = {{"row", row},
                  {"contender", contender},
                  {"variant", slash == std::string::npos ? "" : row.substr(slash + 1)},
                  {"twin", row.ends_with("#twin")},
                  {"subject", subject},
                  {"hello", hello},
                  {"skipped", nullptr}};
    if (row_index_.try_emplace(row, order_.size()).second) order_.push_back(row);
  }

  // The row takes `ns` for an operation of the cell. `change` may add what else the sample tells;
  // it gets the block's noise as a factor.
  void takes(std::string const& row, std::string const& scenario, json const& params, double ns,
             std::function<void(sample&, double noise)> const& change = {}) {
    for (std::uint64_t block = 0; block != blocks_; ++block) {
      takes_in_block(row, scenario, params, ns, block, change);
    }
  }

  void takes_in_block(std::string const& row, std::string const& scenario, json const& params,
                      double ns, std::uint64_t block,
                      std::function<void(sample&, double noise)> const& change = {}) {
    std::string const key = cell(row, scenario, params);
    double const gust = std::exp(0.05 * normal_of("gust", block));
    double const own = std::exp(noise_ * normal_of(key + row, block));
    sample s = sample_of(row, scenario, params, key, block);
    s.iterations = 1;
    s.operations = 1'000;
    s.ns = static_cast<std::uint64_t>(std::llround(ns * gust * own * 1'000.0));
    s.cpu_ns = s.ns;
    if (change) change(s, own);
    samples_.add(s);
  }

  void fails(std::string const& row, std::string const& scenario, json const& params, outcome how,
             std::string const& reason) {
    std::string const key = cell(row, scenario, params);
    sample s = sample_of(row, scenario, params, key, 0);
    s.outcome = how;
    s.reason = reason;
    samples_.add(s);
  }

  // What a traced pass counted for an operation.
  void counts_calls(std::string const& row, std::string const& scenario, json const& params,
                    std::uint64_t calls) {
    sample s = sample_of(row, scenario, params, cell(row, scenario, params), 0);
    s.phase = "system_calls";
    s.operations = 1;
    if (calls != 0) s.system_calls["read"] = calls;
    samples_.add(s);
  }

  // How a scenario is compared ("time" unless this says "bytes" or "latency").
  void measures(std::string const& scenario, std::string const& what) {
    measures_[scenario] = what;
  }

  measurements const& samples() const { return samples_; }
  json summary() const {
    json plan{{"blocks", blocks_}, {"seed", 1}, {"rows", json::array()}, {"cells", cells_}};
    for (std::string const& row : order_) plan["rows"].push_back(rows_.at(row));
    for (json& each : plan["cells"]) {
      auto const what = measures_.find(each.at("scenario").get<std::string>());
      if (what != measures_.end()) each["measures"] = what->second;
    }
    json const machine{{"label", "quiet"}, {"cpu", {{"logical", 2}, {"allowed", {0, 1}}}}};
    return summarise(samples_, {.run = "invented", .machine = machine, .plan = plan});
  }

 private:
  std::string cell(std::string const& row, std::string const& scenario, json const& params) {
    if (!rows_.contains(row)) enter(row, json());
    std::string key = scenario;
    for (auto const& [name, value] : params.items()) {
      key += " " + name + "=" + (value.is_string() ? value.get<std::string>() : value.dump());
    }
    if (known_.try_emplace(key, true).second) {
      cells_.push_back({{"cell", key},
                        {"scenario", scenario},
                        {"params", params},
                        {"measures", "time"},
                        {"asked", rows_.at(row).at("subject")}});
    }
    return key;
  }

  static sample sample_of(std::string const& row, std::string const& scenario, json const& params,
                          std::string const& key, std::uint64_t block) {
    sample s;
    s.block = block;
    s.row = row;
    s.contender = row.substr(0, row.find_first_of("/#@"));
    s.twin = row.ends_with("#twin");
    s.scenario = scenario;
    s.params = params;
    s.cell = key;
    return s;
  }

  static double normal_of(std::string const& what, std::uint64_t block) {
    // Not std::hash, which need not be the same everywhere.
    std::uint64_t seed = 0xcbf29ce484222325u + block;
    for (char const c : what) seed = (seed ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    std::mt19937_64 random(seed);
    std::normal_distribution<double> normal(0.0, 1.0);
    return normal(random);
  }

  std::size_t blocks_;
  double noise_;
  measurements samples_;
  json cells_ = json::array();
  std::map<std::string, json> rows_;
  std::vector<std::string> order_;
  std::map<std::string, std::size_t> row_index_;
  std::map<std::string, bool> known_;
  std::map<std::string, std::string> measures_;
};

}  // namespace regatta::stats
