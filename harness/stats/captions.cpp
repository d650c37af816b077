#include "harness/stats/captions.hpp"

#include <fmt/format.h>

#include "harness/stats/order_statistics.hpp"
#include "harness/stats/quantities.hpp"

namespace regatta::stats {
namespace {

using json = nlohmann::ordered_json;

// The text at a path such as /cpu/model, or nothing where machine.json does not know it.
std::string known(json const& document, char const* path) {
  json::json_pointer const pointer(path);
  if (!document.contains(pointer)) return {};
  json const& value = document.at(pointer);
  if (value.is_null()) return {};
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// What a merged run may be read for; nothing for a run of one machine.
std::string merged_caption(json const& machine) {
  if (!machine.is_object() || !machine.contains("merged")) return {};
  json const& merged = machine.at("merged");
  std::size_t const of = merged.at("of");
  std::size_t const present = merged.at("shards").size();
  auto const shards =
      present == of ? fmt::format("{} shards", of) : fmt::format("{} of {} shards", present, of);
  if (merged.at("different_machines").get<bool>()) {
    return fmt::format(
        "; merged from {} on DIFFERENT kinds of machines: numbers of different cells must not be "
        "compared",
        shards);
  }
  return fmt::format(
      "; merged from {}, each on a machine of this kind: compare rows within a cell, not cells "
      "with "
      "each other",
      shards);
}

}  // namespace

std::string noise_caption(json const& summary) {
  json const& noise = summary.at("noise");
  if (noise.is_null()) {
    return "Noise floor unknown: this run holds no A/A pair, so small differences mean nothing.";
  }
  return fmt::format(
      "Noise floor {}: the A/A pair ({} entered twice) came out at {:.3f} [{:.3f}, {:.3f}], {}.",
      percent_text(noise.at("spread")), noise.at("row").get<std::string>(),
      noise.at("ratio_median").get<double>(), noise.at("ratio_low").get<double>(),
      noise.at("ratio_high").get<double>(),
      noise.at("separated").get<bool>() ? "SEPARATED: distrust this session" : "not separated");
}

std::string evidence_caption(json const& summary) {
  std::size_t const blocks = summary.at("blocks");
  std::string text = fmt::format("{} block{}", blocks, blocks == 1 ? "" : "s");
  if (json const& planned = summary.at("blocks_planned"); planned.is_number()) {
    if (planned.get<std::size_t>() != blocks) {
      text = fmt::format("{} of {} blocks", blocks, planned.get<std::size_t>());
    }
  }
  std::vector<double> const values(blocks, 0.0);
  if (auto const e = estimate_median(values)) {
    text += fmt::format("; intervals [low, high] hold the true median with {:.1f} % confidence",
                        e->confidence * 100.0);
  }
  if (summary.at("label").is_string()) {
    text += fmt::format("; machine: {}", summary.at("label").get<std::string>());
  }
  return text + ".";
}

std::string machine_caption(json const& summary) {
  json const& machine = summary.at("machine");
  std::string text = known(machine, "/cpu/model");
  if (text.empty()) text = "unknown CPU";
  if (auto const cores = known(machine, "/cpu/cores"); !cores.empty())
    text += ", " + cores + " cores";
  if (auto const kernel = known(machine, "/kernel/release"); !kernel.empty()) {
    text += ", Linux " + kernel;
  }
  if (auto const hypervisor = known(machine, "/hypervisor/name"); !hypervisor.empty()) {
    text += ", under " + hypervisor;
  }
  return text + merged_caption(machine);
}

std::string row_caption(json const& row) {
  json const& hello = row.at("hello");
  std::string text = known(hello, "/language");
  auto const append = [&text](char const* separator, std::string const& more) {
    if (!more.empty()) text += (text.empty() ? "" : separator) + more;
  };
  append(" ", known(hello, "/version"));
  for (char const* key : {"/scheduling", "/io", "/allocator"}) append(", ", known(hello, key));
  if (auto const track = known(hello, "/track"); track != "default") append(", ", track);
  auto const threads = known(hello, "/threads");
  if (!threads.empty() && threads != "0") append("; ", threads + " threads set up");
  if (json const& seen = row.at("threads_used"); !seen.is_null()) {
    append(threads.empty() || threads == "0" ? "; " : ", ", seen.dump() + " seen at work");
  }
  return text;
}

}  // namespace regatta::stats
