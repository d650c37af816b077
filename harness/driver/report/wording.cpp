#include "harness/driver/report/wording.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace regatta::driver {
namespace {

using json = nlohmann::ordered_json;

double number(const json& object, const char* key) { return object.at(key).get<double>(); }

std::string three_digits(double value) {
  if (value < 9.995) return fmt::format("{:.2f}", value);
  if (value < 99.95) return fmt::format("{:.1f}", value);
  return fmt::format("{:.0f}", value);
}

}  // namespace

std::string say_time(double ns) {
  if (ns < 1e3) return three_digits(ns) + " ns";
  if (ns < 1e6) return three_digits(ns / 1e3) + " µs";
  if (ns < 1e9) return three_digits(ns / 1e6) + " ms";
  return three_digits(ns / 1e9) + " s";
}

std::string say_ratio(double ratio) { return three_digits(ratio) + "×"; }

std::string say_result(const json& result, bool is_best) {
  const auto outcome = result.at("outcome").get<std::string>();
  if (outcome != "ok") return outcome;
  if (is_best) return "best " + say_time(number(result.at("ns_per_operation"), "median"));
  const json& ratio = result.at("ratio_to_best");
  if (ratio.is_null()) return say_time(number(result.at("ns_per_operation"), "median"));
  return fmt::format("{}{} [{}, {}]", ratio.at("separated").get<bool>() ? "" : "tie ",
                     say_ratio(number(ratio, "median")), three_digits(number(ratio, "low")),
                     three_digits(number(ratio, "high")));
}

std::string say_noise(const json& noise) {
  if (noise.is_null()) {
    return "The noise floor of this session is unknown: no row was entered twice.";
  }
  const double effect = std::max(number(noise, "ratio_high") - 1, 1 - number(noise, "ratio_low"));
  return fmt::format(
      "Noise floor: {} against itself came out at {:.3f}× [{:.3f}, {:.3f}] over all cells, {}; "
      "differences below {:.1f} % mean nothing here.",
      noise.at("row").get<std::string>(), number(noise, "ratio_median"), number(noise, "ratio_low"),
      number(noise, "ratio_high"),
      noise.at("separated").get<bool>()
          ? "which should be a tie and is NOT: do not trust this session"
          : "a tie, as it should be",
      100 * std::max(effect, 0.0));
}

std::string say_intervals(const json& summary) {
  double least = 1;
  bool any = false;
  for (const json& cell : summary.at("cells")) {
    for (const json& result : cell.at("results")) {
      const auto ratio = result.find("ratio_to_best");
      if (ratio == result.end() || ratio->is_null()) continue;
      any = true;
      least = std::min(least, number(*ratio, "confidence"));
    }
  }
  if (!any) return "";
  return fmt::format(
      "Ratios are time per operation against the best row of the cell, paired within blocks; in "
      "brackets exact intervals (order statistics), at least {:.1f} % confidence. A tie is not "
      "separated from the best.",
      100 * least);
}

std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::string padded(const std::string& text, std::size_t width) {
  const std::size_t used = width_of(text);
  return used < width ? text + std::string(width - used, ' ') : text;
}

}  // namespace regatta::driver
