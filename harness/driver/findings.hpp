// What `regatta verify` has found out about each row, said as it is found.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/driver/outcome.hpp"

namespace regatta::driver {

class findings {
 public:
  /// Prints nothing if `as_json`: whoever wants JSON asks for all() at the end.
  explicit findings(bool as_json) : as_json_(as_json) {}

  void begin(const std::string& row);
  void ok(const std::string& check, const std::string& detail = "");
  /// Neither good nor bad: unsupported, skipped.
  void neutral(outcome what, const std::string& check, const std::string& why);
  /// `said` is the conversation that led to it.
  void wrong(const std::string& check, const std::string& why,
             const std::vector<std::string>& said = {});

  /// How many checks went wrong.
  std::size_t faults() const { return faults_; }
  const nlohmann::ordered_json& all() const { return all_; }

 private:
  void add(const std::string& verdict, const std::string& check, const std::string& detail,
           const std::vector<std::string>& said = {});

  bool as_json_;
  std::string row_;
  std::size_t faults_ = 0;
  nlohmann::ordered_json all_ = nlohmann::ordered_json::array();
};

}  // namespace regatta::driver
