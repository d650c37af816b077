#include "proxy/load/report.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>

#include "harness/stats/quantities.hpp"

namespace regatta::load {
namespace {

using json = nlohmann::ordered_json;

// A generator that is nearer to its ceiling than this has measured itself.
constexpr double too_near_the_ceiling = 0.8;

constexpr std::array<std::pair<char const*, double>, 6> quantiles = {
    {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}, {"max", 1}}};

std::string time_text(u64 ns) { return stats::duration_text(static_cast<double>(ns)); }

// 1,234,567
std::string count_text(u64 count) {
  auto text = std::to_string(count);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) {
    text.insert(static_cast<std::size_t>(at), ",");
  }
  return text;
}

std::string rate_text(double per_s) { return count_text(static_cast<u64>(per_s + 0.5)) + "/s"; }

std::string line(std::string_view name, std::string const& text) {
  return fmt::format("{:<10}{}\n", name, text);
}

std::string title(findings const& found) {
  auto const& plan = found.plan;
  auto const loop =
      !plan.rate_per_s ? std::string("closed loop")
      : plan.when == arrivals::poisson
          ? fmt::format("open loop, {} by chance (Poisson)", rate_text(*plan.rate_per_s))
          : fmt::format("open loop, {}", rate_text(*plan.rate_per_s));
  return fmt::format("{} to {}, {} connection{}, {} thread{}, {}\n", description(plan),
                     plan.target.text(), plan.connections, plan.connections == 1 ? "" : "s",
                     plan.threads, plan.threads == 1 ? "" : "s", loop);
}

std::string requests_text(load_result const& r) {
  auto text =
      fmt::format("{} completed, {} failed", count_text(r.completed), count_text(r.failed()));
  std::string kinds;
  for (std::size_t i = 0; i != failure_kinds; ++i) {
    if (r.failed_by_kind[i] == 0) continue;
    kinds += fmt::format("{}{} {}", kinds.empty() ? "" : ", ", count_text(r.failed_by_kind[i]),
                         name_of(static_cast<failure>(i)));
  }
  if (!kinds.empty()) text += " (" + kinds + ")";
  if (r.open_loop) text += fmt::format(", {} skipped", count_text(r.skipped));
  return text + ", in " + time_text(r.elapsed_ns);
}

std::string rates_text(load_result const& r) {
  auto const s = static_cast<double>(r.elapsed_ns) / 1e9;
  auto const bytes = [&](u64 count) {
    return stats::bytes_text(s > 0 ? static_cast<double>(count) / s : 0) + "/s";
  };
  auto text = rate_text(r.achieved_per_s);
  if (r.open_loop) text += " of " + rate_text(r.offered_per_s) + " offered";
  text += fmt::format("; payload {} out, {} in", bytes(r.bytes_sent), bytes(r.bytes_received));
  if (r.saturated())
    text +=
        "\n          SATURATED: less than 99 % was achieved; latencies depend on how long this ran";
  return text;
}

std::string latencies_text(load_result const& r) {
  std::string text = fmt::format("{:<10}", "latency");
  for (auto const& [name, q] : quantiles) text += fmt::format("{:>10}", name);
  text += "\n";
  auto const curve = [&](std::string_view name, stats::histogram const& h) {
    text += fmt::format("  {:<8}", name);
    for (auto const& [ignored, q] : quantiles) {
      // Fewer letters than columns on paper, since a µ is two bytes.
      text += stats::right(time_text(h.quantile(q)), 10);
    }
    text += "\n";
  };
  if (!r.open_loop) {
    curve("", r.latency_uncorrected);
    return text;
  }
  curve("due", r.latency_corrected);
  curve("sent", r.latency_uncorrected);
  text +=
      "          due: from the time a request was due (corrected for coordinated omission); "
      "sent: from the time it was sent\n";
  return text + line("lateness", fmt::format("{} p50, {} p99, {} max: our own delay in sending",
                                             time_text(r.lateness.quantile(0.5)),
                                             time_text(r.lateness.quantile(0.99)),
                                             time_text(r.lateness.max())));
}

std::string cpu_text(load_result const& r, u32 threads) {
  auto const ended = std::max<u64>(r.completed + r.failed(), 1);
  auto const busy = r.elapsed_ns == 0 ? 0.0
                                      : static_cast<double>(r.cpu_ns) /
                                            (static_cast<double>(r.elapsed_ns) * threads);
  return fmt::format("{}, {} a request ({} user, {} system); its threads were {} busy",
                     time_text(r.cpu_ns), time_text(r.cpu_ns / ended), time_text(r.user_ns / ended),
                     time_text(r.system_ns / ended), stats::percent_text(busy));
}

std::string ceilings_text(findings const& found) {
  std::string text;
  double lowest = 0;
  for (auto const& [when, one] :
       {std::pair{"before", &found.ceiling_before}, std::pair{"after", &found.ceiling_after}}) {
    if (!*one) continue;
    text += line("ceiling",
                 fmt::format("{} {} against a null server in this process; {} by our own CPU alone",
                             rate_text((*one)->per_s), when, rate_text((*one)->per_s_by_cpu)));
    if ((*one)->connections != found.plan.connections) {
      text += fmt::format("          with {} connections, since both ends are in one process\n",
                          (*one)->connections);
    }
    if ((*one)->result.failed() != 0) text += "          REQUESTS FAILED against the null server\n";
    lowest = lowest == 0 ? (*one)->per_s_by_cpu : std::min(lowest, (*one)->per_s_by_cpu);
  }
  if (lowest > 0) {
    double const share = found.result.achieved_per_s / lowest;
    text += fmt::format("          the result is at {} of what our own CPU permits{}\n",
                        stats::percent_text(share),
                        share > too_near_the_ceiling ? ": THE GENERATOR MAY BE THE LIMIT" : "");
  }
  return text;
}

json json_of(stats::histogram const& h) {
  json made = {{"count", h.count()}, {"min", h.min()}, {"mean", h.mean()}};
  for (auto const& [name, q] : quantiles) made[name] = h.quantile(q);
  made["buckets"] = h.buckets();
  return made;
}

json json_of(load_plan const& plan) {
  constexpr std::array<char const*, 4> kinds = {"echo", "http", "bulk", "churn"};
  constexpr std::array<char const*, 3> ways = {"up", "down", "echoed"};
  json made = {{"target", plan.target.text()},
               {"traffic", kinds[static_cast<std::size_t>(plan.kind)]},
               {"threads", plan.threads},
               {"connections", plan.connections},
               {"message_bytes", plan.message_bytes},
               {"seed", plan.seed},
               {"timeout_ns", plan.timeout.count()},
               {"processors", plan.processors},
               {"spin", plan.spin},
               {"requests_per_connection", plan.requests_per_connection},
               {"close", plan.close == closing::reset ? "reset" : "orderly"},
               {"source_addresses", plan.source_addresses}};
  if (plan.rate_per_s) {
    made["rate_per_s"] = *plan.rate_per_s;
    made["arrivals"] = plan.when == arrivals::constant ? "constant" : "poisson";
    made["most_in_flight"] = plan.most_in_flight;
  }
  if (plan.requests) made["requests"] = *plan.requests;
  if (plan.time) made["time_ns"] = plan.time->count();
  if (plan.kind == traffic::bulk) made["way"] = ways[static_cast<std::size_t>(plan.way)];
  if (plan.kind == traffic::http) {
    made["path"] = plan.path;
    made["same_body"] = plan.same_body;
  }
  return made;
}

json json_of(ceiling const& one) {
  return {
      {"per_s", one.per_s}, {"per_s_by_cpu", one.per_s_by_cpu}, {"result", json_of(one.result)}};
}

}  // namespace

std::string text_of(findings const& found) {
  auto const& r = found.result;
  std::string text = title(found);
  if (found.warm_up) {
    text += line("warm-up", fmt::format("{}; not counted", requests_text(*found.warm_up)));
  }
  if (!found.connect_times.empty()) {
    auto const& h = found.connect_times;
    text +=
        line("connects", fmt::format("{} before the start, {} p50, {} max", count_text(h.count()),
                                     time_text(h.quantile(0.5)), time_text(h.max())));
  }
  if (auto const& h = r.connect_times; !h.empty()) {
    text += line("connects", fmt::format("{} meanwhile, {} p50, {} p99, {} max",
                                         count_text(h.count()), time_text(h.quantile(0.5)),
                                         time_text(h.quantile(0.99)), time_text(h.max())));
  }
  text += line("requests", requests_text(r));
  if (r.interrupted) text += "          INTERRUPTED: this is what there was\n";
  if (r.gave_up) text += "          GAVE UP: every connection had failed ten times in a row\n";
  text += line("rate", rates_text(r));
  text += latencies_text(r);
  text += line("own CPU", cpu_text(r, found.plan.threads));
  return text + ceilings_text(found);
}

nlohmann::ordered_json json_of(load_result const& r) {
  json failed = json::object();
  for (std::size_t i = 0; i != failure_kinds; ++i) {
    failed[std::string(name_of(static_cast<failure>(i)))] = r.failed_by_kind[i];
  }
  return {{"completed", r.completed},
          {"failed", r.failed()},
          {"failed_by_kind", failed},
          {"scheduled", r.scheduled},
          {"skipped", r.skipped},
          {"elapsed_ns", r.elapsed_ns},
          {"offered_per_s", r.offered_per_s},
          {"achieved_per_s", r.achieved_per_s},
          {"open_loop", r.open_loop},
          {"saturated", r.saturated()},
          {"interrupted", r.interrupted},
          {"gave_up", r.gave_up},
          {"bytes_sent", r.bytes_sent},
          {"bytes_received", r.bytes_received},
          {"cpu_ns", r.cpu_ns},
          {"user_ns", r.user_ns},
          {"system_ns", r.system_ns},
          {"latency_corrected_ns", json_of(r.latency_corrected)},
          {"latency_uncorrected_ns", json_of(r.latency_uncorrected)},
          {"lateness_ns", json_of(r.lateness)},
          {"connect_ns", json_of(r.connect_times)}};
}

nlohmann::ordered_json json_of(findings const& found) {
  json made = {{"plan", json_of(found.plan)}};
  if (found.warm_up) made["warm_up"] = json_of(*found.warm_up);
  made["connect_ns"] = json_of(found.connect_times);
  made["result"] = json_of(found.result);
  if (found.ceiling_before) made["ceiling_before"] = json_of(*found.ceiling_before);
  if (found.ceiling_after) made["ceiling_after"] = json_of(*found.ceiling_after);
  return made;
}

}  // namespace regatta::load
