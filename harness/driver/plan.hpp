// What a run is going to do, decided before its first sample: rows, cells, order, limits. Kept in
// plan.json, so that a run can be resumed exactly and replayed with the same seed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/driver/cells.hpp"
#include "harness/driver/outcome.hpp"

namespace regatta::driver {

using json = nlohmann::ordered_json;

/// A contender in one variant: a line of every table.
struct row {
  std::string name;  ///< "work_stealing", "work_stealing/threads=1", "work_stealing#twin"
  std::string contender;
  std::string variant;
  std::uint64_t threads = 0;  ///< What hello asks for; 0: the variant's own default.
  bool twin = false;          ///< Entered a second time, to measure the noise floor.
  std::string side;           ///< "base" or "head" where builds are compared; otherwise empty.
  /// What it is an example of: it is asked for the scenarios of its own kind.
  scenarios::subject subject = scenarios::subject::runtime;
  std::vector<std::string> command;
  /// By name, "task" and "echo": the contender's programs without a harness.
  std::map<std::string, std::vector<std::string>> small_programs;
  std::string build;              ///< Size and time of the program: --resume must meet the same.
  std::string content;            ///< Of a shard: what its programs hold (content_of in shard.hpp).
  json hello;                     ///< The contender's own account of itself; null if it gave none.
  std::optional<failure> absent;  ///< Why the row takes no part.
};

/// "tokio", "tokio/current_thread", "tokio/current_thread@threads=2"
std::string row_name(const std::string& contender, const std::string& variant,
                     std::uint64_t threads);

/// A cell and the work that all rows do for one sample of it.
struct planned_cell {
  cell what;
  std::uint64_t iterations = 0;  ///< 0: not calibrated, or no row could run it.
  std::uint64_t warmup = 0;      ///< Iterations before each sample, not measured.
  bool calibrated = false;
  std::uint64_t round_ns = 0;  ///< How long all rows together took for one iteration.
  std::uint64_t shard = 0;     ///< Of a merged run: on which shard's machine; 0 otherwise.
};

/// What a shard of a run knows of the whole.
struct shard_of_run {
  std::uint64_t index = 1;  ///< From 1.
  std::uint64_t of = 1;
  std::vector<std::string> all_cells;  ///< Keys, in the order of the whole run.
};

enum class call_counting { none, where_asked, everywhere };
NLOHMANN_JSON_SERIALIZE_ENUM(call_counting, {{call_counting::where_asked, "where_asked"},
                                             {call_counting::none, "none"},
                                             {call_counting::everywhere, "everywhere"}})

struct plan {
  std::string matrix = "quick";  ///< "quick" or "full"
  std::uint64_t seed = 0;
  std::uint64_t blocks = 10;
  std::uint64_t target_ns = 0;  ///< What the fastest row's sample should take.
  std::uint64_t time_limit_ns = 0;
  std::uint64_t memory_limit_bytes = 0;
  std::uint64_t slowdown_percent = 0;  ///< Planted; where builds are compared, in head alone.
  /// Which cells have their system calls counted, in a traced pass after the last block.
  call_counting system_calls = call_counting::where_asked;
  std::vector<row> rows;
  std::vector<planned_cell> cells;
  /// What is compared, where that is what the run is for (ab/comparing.hpp); otherwise null.
  json comparison;
  std::optional<shard_of_run> shard;  ///< If this is only a part of a run.
  /// Of a merged run: of how many shards it was made, or would be if all were there; 0 otherwise.
  std::uint64_t merged_of = 0;
};

/// Whether the row is asked for this cell at all: the machine for the floor, paths for the
/// scenarios of paths, runtimes for all others; and of these only those that the cell is limited
/// to, if it is. Where it is not there is no result, not even an
/// absent one.
bool takes_part(const row& r, const cell& c);

json to_json(const plan& p);
/// Throws nlohmann::json::exception for what is no plan.
plan plan_from_json(const json& object);

/// In which order block `block` visits the cells, and which row takes which turn. Depends on the
/// plan's seed, its sizes and its sides only. Where builds are compared, the rows of one contender
/// take their turns right after each other, in a square of their own: what is compared should lie
/// close together in time.
struct visit_order {
  std::vector<std::size_t> cells;               ///< By round.
  std::vector<std::vector<std::size_t>> turns;  ///< turns[round % rows] lists the rows.
};
visit_order order_of_block(const plan& p, std::uint64_t block);

/// The seed that hello gives to every row of a block, the same for all.
std::uint64_t seed_of_block(const plan& p, std::uint64_t block);

/// Identifies a program by the size and time of its file; empty if there is no such file.
std::string build_of(const std::filesystem::path& program);

}  // namespace regatta::driver
