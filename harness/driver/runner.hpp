// Takes a run's samples: calibrates each cell once, then visits every cell in every block, rows in
// the order of a Latin square, and writes down what came of it.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "harness/driver/crew.hpp"
#include "harness/driver/interrupt.hpp"
#include "harness/driver/plan.hpp"
#include "harness/driver/progress.hpp"
#include "harness/driver/run_folder.hpp"
#include "harness/driver/samples_file.hpp"
#include "harness/driver/visit.hpp"

namespace regatta::driver {

class runner {
 public:
  /// `before` are the lines that an interrupted run already holds: they are not taken again.
  runner(plan& p, const run_folder& folder, samples_file& samples, const interrupt& stop,
         progress& shown, const std::vector<stats::sample>& before);

  /// Goes on until all is done or the user interrupts; true if all is done. Throws ends_command if
  /// a sample cannot be kept.
  bool go();

 private:
  struct place {
    std::uint64_t block = 0;
    std::uint64_t round = 0;
    std::uint64_t turn = 0;
    bool calibration = false;
  };
  using crew = std::vector<crew_member>;

  void note_absent_rows();
  bool calibrate();
  bool calibrate_cell(planned_cell& c, crew& members);
  /// How long one iteration takes: what is timed of it, and all of it.
  struct pace {
    std::uint64_t timed_ns = 0;
    std::uint64_t whole_ns = 0;
  };
  std::optional<pace> probe(const planned_cell& c, crew_member& member, const row& r);
  bool measure_block(std::uint64_t block);
  bool take_turn(const planned_cell& c, const row& r, crew_member& member, const place& where);

  /// The traced pass: how often each row asked the kernel for what, in the cells that want to know.
  bool count_system_calls();
  bool wants_system_calls(const row& r, const planned_cell& c) const;
  void trace(const planned_cell& c, const row& r);

  /// Idle contenders wait and burn nothing; who does is named, once.
  void note_restless_rows();

  crew make_crew(const std::string& when, std::uint64_t seed);
  void dismiss(crew& members);
  visit_result visit_cell(const planned_cell& c, const row& r, crew_member& member,
                          std::uint64_t iterations, std::uint64_t warmup);
  void keep(const planned_cell& c, const row& r, const place& where, const visit_result& result,
            std::uint64_t idle_cpu_ns);
  bool is_settled(const row& r, const planned_cell& c) const;
  bool is_done(std::uint64_t block, const row& r, const planned_cell& c) const;
  /// About how many nanoseconds one row's visit of the cell takes, by the calibration.
  double weight(const planned_cell& c) const;
  void weigh_cells();
  void save_plan();

  plan& plan_;
  const run_folder& folder_;
  samples_file& samples_;
  const interrupt& stop_;
  progress& shown_;
  // (row, cell) pairs that did not come out ok: a cell is ok only if each of its blocks is, so the
  // first bad one settles it, and a hang costs its time limit once.
  std::set<std::pair<std::string, std::string>> settled_;
  std::set<std::tuple<std::uint64_t, std::string, std::string>> done_;
  std::vector<double> weights_;            // By cell.
  std::map<std::string, idle_time> idle_;  // By row: how it spent the turns of others.
  std::set<std::string> restless_;
};

}  // namespace regatta::driver
