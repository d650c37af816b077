// A stage for the real `regatta` command: a folder of its own, contenders that are fakes, and what
// the command said and wrote.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace regatta::end_to_end {

using json = nlohmann::ordered_json;

struct told {
  int code = -1;  ///< Exit code; 128 + signal for a death.
  std::string out;
  std::string err;
};

class course {
 public:
  course();
  ~course();
  course(const course&) = delete;
  course& operator=(const course&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path run_folder() const { return folder_ / "run"; }

  /// Enters a fake under a name of its own.
  void enter(const std::string& name, const std::vector<std::string>& flags = {});
  /// Enters an honest fake whose manifest names a command that checks laws.
  void enter_with_laws(const std::string& name, const std::vector<std::string>& laws);
  void enter_skipped(const std::string& name, const std::string& why);
  /// Enters a contender by a manifest of the test's own.
  void enter_manifest(const std::string& name, const json& manifest);

  /// Runs regatta to its end, in this folder.
  told regatta(const std::vector<std::string>& arguments) const;
  /// A quick measurement into run_folder(): two small cells, short limits, and what is added.
  told measure(const std::vector<std::string>& more, const std::string& time_limit = "20") const;

  /// Starts regatta and leaves it running; collect() waits for it.
  pid_t start(const std::vector<std::string>& arguments) const;
  told collect(pid_t regatta) const;

  /// What a child does between fork and exec, for limits on the command.
  void before_exec(std::function<void()> prepare) { prepare_ = std::move(prepare); }
  void environment(const std::string& name, const std::string& value) {
    environment_[name] = value;
  }

  std::vector<json> samples() const;
  /// The only line of this row whose cell begins with `scenario`; null if there is none.
  json line_of(const std::string& row, const std::string& scenario) const;
  json read_json(const std::string& file) const;

  /// Waits until samples.jsonl of run_folder() has that many lines.
  void wait_for_samples(std::size_t lines) const;

 private:
  std::filesystem::path folder_;
  std::function<void()> prepare_;
  std::map<std::string, std::string> environment_;
};

/// The two cells of course::measure(), and the arguments that choose them.
extern const std::vector<std::string> two_cells;

/// Processes whose command line holds `text`.
std::vector<pid_t> processes_with(const std::string& text);

}  // namespace regatta::end_to_end
