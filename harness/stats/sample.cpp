#include "harness/stats/sample.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace regatta::stats {
namespace {

using json = nlohmann::ordered_json;

constexpr std::array<std::pair<outcome, std::string_view>, 8> outcome_names{{
    {outcome::ok, "ok"},
    {outcome::skipped, "skipped"},
    {outcome::unsupported, "unsupported"},
    {outcome::failed, "failed"},
    {outcome::timeout, "timeout"},
    {outcome::out_of_memory, "out_of_memory"},
    {outcome::crashed, "crashed"},
    {outcome::wrong_answer, "wrong_answer"},
}};

// A key that is absent or null leaves the target as it is.
template <class T>
void take(json const& object, char const* key, T& target) {
  auto const found = object.find(key);
  if (found == object.end() || found->is_null()) return;
  if constexpr (std::is_same_v<T, std::uint64_t>) {
    // The library would wrap -5 round to a very great number.
    if (!found->is_number_unsigned()) {
      throw std::invalid_argument(
          fmt::format("its \"{}\" is not a whole number from 0 on, but {}", key, found->dump()));
    }
  }
  found->get_to(target);
}

void take(json const& object, char const* key, std::optional<std::uint64_t>& target) {
  std::uint64_t value = 0;
  auto const found = object.find(key);
  if (found == object.end() || found->is_null()) return;
  take(object, key, value);
  target = value;
}

void put(json& object, char const* key, std::optional<std::uint64_t> const& value) {
  if (value) object[key] = *value;
}

// Throws what is wrong.
sample fields_of(json const& line) {
  sample s;
  take(line, "block", s.block);
  take(line, "round", s.round);
  take(line, "turn", s.turn);
  line.at("row").get_to(s.row);
  line.at("cell").get_to(s.cell);
  take(line, "contender", s.contender);
  take(line, "variant", s.variant);
  take(line, "twin", s.twin);
  take(line, "scenario", s.scenario);
  take(line, "params", s.params);
  take(line, "reason", s.reason);
  take(line, "phase", s.phase);
  take(line, "iterations", s.iterations);
  take(line, "ns", s.ns);
  take(line, "operations", s.operations);
  take(line, "cpu_ns", s.cpu_ns);
  take(line, "answer", s.answer);
  take(line, "expected", s.expected);
  take(line, "allocations", s.allocations);
  take(line, "peak_rss_bytes", s.peak_rss_bytes);
  take(line, "threads_used", s.threads_used);
  take(line, "counters", s.counters);
  take(line, "exchange_ns", s.exchange_ns);
  take(line, "recording_ns", s.recording_ns);
  take(line, "bytes", s.bytes);
  take(line, "compared_ns", s.compared_ns);
  take(line, "system_calls", s.system_calls);
  if (auto const found = line.find("context_switches"); found != line.end()) {
    take(*found, "voluntary", s.voluntary_switches);
    take(*found, "involuntary", s.involuntary_switches);
  }
  if (auto const found = line.find("latency"); found != line.end() && !found->is_null()) {
    if (found->value("unit", "ns") != "ns") throw std::invalid_argument("its latency is not in ns");
    found->at("buckets").get_to(s.latency_ns);
  }
  return s;
}

}  // namespace

std::string_view to_string(outcome o) {
  for (auto const& [value, name] : outcome_names) {
    if (value == o) return name;
  }
  return "unknown";
}

std::optional<outcome> outcome_from(std::string_view text) {
  for (auto const& [value, name] : outcome_names) {
    if (name == text) return value;
  }
  return std::nullopt;
}

parsed_sample parse_sample(std::string_view line) {
  auto const object = json::parse(line, nullptr, false);
  if (object.is_discarded()) return {std::nullopt, "it is not JSON (cut off or damaged)"};
  return sample_from(object);
}

parsed_sample sample_from(json const& line) {
  if (!line.is_object()) return {std::nullopt, "it is not a JSON object"};
  try {
    auto const& name = line.at("outcome").get_ref<std::string const&>();
    auto const ended = outcome_from(name);
    if (!ended) return {std::nullopt, fmt::format("it has the unknown outcome \"{}\"", name)};
    sample s = fields_of(line);
    s.outcome = *ended;
    return {std::move(s), {}};
  } catch (std::exception const& e) {
    // The library prefixes its sentences with "[json.exception.type_error.302] ".
    std::string_view what = e.what();
    if (auto const end = what.find("] "); what.starts_with('[') && end != what.npos) {
      what.remove_prefix(end + 2);
    }
    return {std::nullopt, std::string(what)};
  }
}

std::string format_sample(sample const& s) {
  json line{{"block", s.block},
            {"round", s.round},
            {"turn", s.turn},
            {"row", s.row},
            {"contender", s.contender},
            {"variant", s.variant},
            {"twin", s.twin},
            {"scenario", s.scenario},
            {"params", s.params},
            {"cell", s.cell},
            {"outcome", to_string(s.outcome)},
            {"reason", s.reason}};
  if (!s.phase.empty()) line["phase"] = s.phase;
  if (s.outcome == outcome::ok) {
    line["iterations"] = s.iterations;
    line["ns"] = s.ns;
    put(line, "cpu_ns", s.cpu_ns);
    line["operations"] = s.operations;
  }
  put(line, "answer", s.answer);
  put(line, "expected", s.expected);
  if (s.outcome == outcome::ok) {
    put(line, "allocations", s.allocations);
    put(line, "peak_rss_bytes", s.peak_rss_bytes);
    if (s.voluntary_switches || s.involuntary_switches) {
      line["context_switches"] = {{"voluntary", s.voluntary_switches.value_or(0)},
                                  {"involuntary", s.involuntary_switches.value_or(0)}};
    }
    put(line, "threads_used", s.threads_used);
    if (!s.counters.empty()) line["counters"] = s.counters;
    if (!s.latency_ns.empty()) line["latency"] = {{"unit", "ns"}, {"buckets", s.latency_ns}};
    put(line, "recording_ns", s.recording_ns);
    put(line, "bytes", s.bytes);
    put(line, "compared_ns", s.compared_ns);
    if (!s.system_calls.empty()) line["system_calls"] = s.system_calls;
    put(line, "exchange_ns", s.exchange_ns);
  }
  // Text that a contender printed may be no UTF-8; a sample must not be lost because of it.
  return line.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace regatta::stats
