#include "harness/history/entry.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "harness/machine/kind.hpp"
#include "harness/stats/costs.hpp"
#include "harness/stats/order_statistics.hpp"

namespace regatta::history {
namespace {

using json = nlohmann::ordered_json;

json at_or_null(json const& object, char const* path) {
  json::json_pointer const pointer(path);
  return object.is_object() && object.contains(pointer) ? object.at(pointer) : json();
}

// Five digits say more than any run knows, and keep the file small.
double rounded(double value) {
  if (value == 0.0 || !std::isfinite(value)) return 0.0;
  double const scale = std::pow(10.0, 4.0 - std::floor(std::log10(std::abs(value))));
  return std::round(value * scale) / scale;
}

json head(json const& run, json const& date) {
  return {{"schema", 1}, {"what", "history_entry"}, {"run", run}, {"date", date}};
}

struct benchmark_name {
  std::string row;
  std::string cell;
};

// "row/scenario/name:value" of ours; a name without parameters of somebody else's is a row of the
// cell that has its own name.
benchmark_name parts_of(std::string const& name) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= name.size();) {
    auto const end = std::min(name.find('/', begin), name.size());
    parts.push_back(name.substr(begin, end - begin));
    begin = end + 1;
  }
  std::string parameters;
  while (parts.size() > 2 && parts.back().find(':') != std::string::npos) {
    std::string one = parts.back();
    one[one.find(':')] = '=';
    parameters = " " + one + parameters;
    parts.pop_back();
  }
  std::string const scenario = parts.back();
  if (parts.size() > 1) parts.pop_back();
  std::string row;
  for (auto const& part : parts) row += (row.empty() ? "" : "/") + part;
  return {row, scenario + parameters};
}

double ns_of(std::string const& unit) {
  if (unit == "us") return 1e3;
  if (unit == "ms") return 1e6;
  return unit == "s" ? 1e9 : 1.0;
}

}  // namespace

json entry_of_summary(json const& summary) {
  json const& machine = summary.at("machine");
  json entry = head(summary.at("run"), at_or_null(machine, "/date"));
  entry["commit"] = at_or_null(machine, "/git/commit");
  entry["dirty"] = at_or_null(machine, "/git/dirty");
  entry["label"] = summary.at("label");
  entry["kind"] = machine::kind_of(machine);
  entry["blocks"] = summary.at("blocks");
  entry["spread"] = at_or_null(summary, "/noise/spread");
  json& versions = entry["versions"] = json::object();
  std::map<std::string, bool> twins;
  for (json const& row : summary.at("rows")) {
    twins[row.at("row")] = row.at("twin");
    json const version = at_or_null(row, "/hello/version");
    if (!row.at("twin").get<bool>() && version.is_string()) {
      versions[row.at("row").get<std::string>()] = version;
    }
  }
  json& cells = entry["cells"] = json::object();
  for (json const& cell : summary.at("cells")) {
    json rows = json::object();
    for (json const& result : cell.at("results")) {
      std::string const row = result.at("row");
      if (result.at("outcome") != "ok" || twins[row]) continue;
      rows[row] = rounded(stats::cost_of(cell, result));
    }
    if (rows.empty()) continue;
    cells[cell.at("cell").get<std::string>()] = {{"unit", cell.at("unit")}, {"rows", rows}};
  }
  return entry;
}

json entry_of_benchmarks(json const& document) {
  json const& context = document.at("context");
  json entry = head(at_or_null(context, "/executable"), at_or_null(context, "/date"));
  entry["commit"] = at_or_null(context, "/commit");
  entry["dirty"] = json();
  entry["label"] = json();
  entry["kind"] = json::object();
  for (char const* key : {"host_name", "num_cpus", "library_build_type"}) {
    entry["kind"][key] = context.value(key, json());
  }
  entry["blocks"] = json();
  entry["spread"] = json();
  entry["versions"] = json::object();
  std::map<std::string, std::vector<double>> costs;
  std::vector<std::string> order;
  for (json const& one : document.at("benchmarks")) {
    if (one.value("run_type", "iteration") != "iteration") continue;
    if (one.value("error_occurred", false)) continue;
    std::string const name = one.value("run_name", one.value("name", ""));
    auto& values = costs[name];
    if (values.empty()) order.push_back(name);
    values.push_back(one.at("real_time").get<double>() * ns_of(one.value("time_unit", "ns")));
  }
  json& cells = entry["cells"] = json::object();
  for (auto const& name : order) {
    auto const [row, cell] = parts_of(name);
    if (row.ends_with("#twin")) continue;
    if (!cells.contains(cell)) cells[cell] = {{"unit", "ns"}, {"rows", json::object()}};
    cells[cell]["rows"][row] = rounded(stats::median(costs.at(name)));
  }
  return entry;
}

json entry_of(json const& document) {
  if (!document.is_object()) return json();
  if (document.value("what", json()) == "history_entry") return document;
  if (document.contains("context") && document.contains("benchmarks")) {
    return entry_of_benchmarks(document);
  }
  if (document.contains("machine") && document.contains("noise") && document.contains("cells")) {
    return entry_of_summary(document);
  }
  return json();
}

std::string file_name_of(json const& entry) {
  auto const text_of = [&](char const* key) {
    json const& value = entry.at(key);
    return value.is_string() ? value.get<std::string>() : std::string();
  };
  std::string name = text_of("date");
  std::ranges::replace(name, ':', '-');
  if (name.empty()) name = text_of("run");
  if (auto const commit = text_of("commit"); !commit.empty()) name += "-" + commit.substr(0, 8);
  for (char& c : name) {
    bool const plain = std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.';
    if (!plain) c = '_';
  }
  return name + ".json";
}

}  // namespace regatta::history
