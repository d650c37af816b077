#include "harness/driver/rows.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "harness/driver/crew.hpp"
#include "harness/driver/exit_code.hpp"
#include "harness/driver/names.hpp"

namespace regatta::driver {
namespace {

row row_of(const contender& who, const std::string& variant, std::uint64_t threads) {
  row r;
  r.name = row_name(who.name, variant, threads);
  r.contender = who.name;
  r.variant = variant;
  r.threads = threads;
  r.command = who.command;
  if (!who.command.empty()) r.build = build_of(who.command.front());
  if (!who.skipped.empty()) r.absent = failure{outcome::skipped, who.skipped};
  return r;
}

/// Lets the row introduce itself; answers the variants that it offers.
std::vector<std::string> introduce(row& r, std::uint64_t limit_ns, const interrupt& stop) {
  if (r.absent) return {};
  crew_options options;
  options.time_limit_ns = limit_ns;
  crew_member member(r, stop, options);
  if (auto ready = member.ready(); !ready) {
    if (ready.why.what == outcome::interrupted) {
      throw ends_command(exit_code::interrupted, "interrupted before the first sample");
    }
    r.absent = ready.why;
    return {};
  }
  r.hello = protocol::to_json(member.hello());
  member.dismiss();
  return member.hello().variants;
}

std::vector<std::string> wanted_variants(const chosen_contender& chosen,
                                         const std::vector<std::string>& offered) {
  std::vector<std::string> wanted;
  if (chosen.default_variant) wanted.emplace_back();
  for (const std::string& glob : chosen.variant_globs) {
    bool found = false;
    for (const std::string& variant : offered) {
      if (variant.empty() || !matches_glob(glob, variant)) continue;
      found = true;
      if (std::find(wanted.begin(), wanted.end(), variant) == wanted.end()) {
        wanted.push_back(variant);
      }
    }
    // A bare star asks for what there is, which may be nothing.
    if (!found && glob != "*") {
      throw usage_error(fmt::format("{} has no variant '{}'{}", chosen.who.name, glob,
                                    suggestion(glob, offered)));
    }
  }
  return wanted;
}

}  // namespace

std::string row_name(const std::string& contender, const std::string& variant,
                     std::uint64_t threads) {
  std::string name = contender;
  if (!variant.empty()) name += "/" + variant;
  if (threads != 0) name += fmt::format("@threads={}", threads);
  return name;
}

std::vector<row> plan_rows(const std::vector<chosen_contender>& chosen,
                           const std::vector<std::uint64_t>& threads, std::uint64_t limit_ns,
                           const interrupt& stop) {
  const std::vector<std::uint64_t> counts =
      threads.empty() ? std::vector<std::uint64_t>{0} : threads;
  std::vector<row> rows;
  for (const chosen_contender& c : chosen) {
    row first = row_of(c.who, "", 0);
    const std::vector<std::string> offered = introduce(first, limit_ns, stop);
    if (first.absent) {
      rows.push_back(std::move(first));
      continue;
    }
    for (const std::string& variant : wanted_variants(c, offered)) {
      for (const std::uint64_t count : counts) {
        row one = variant.empty() && count == 0 ? first : row_of(c.who, variant, count);
        if (one.hello.is_null()) introduce(one, limit_ns, stop);
        rows.push_back(std::move(one));
      }
    }
  }
  return rows;
}

void add_twin(std::vector<row>& rows, const std::string& wanted) {
  const auto threads = [](const row& r) { return r.hello.value("threads", std::uint64_t{0}); };
  auto chosen = rows.end();
  for (auto r = rows.begin(); r != rows.end(); ++r) {
    if (r->absent || (!wanted.empty() && r->name != wanted)) continue;
    if (chosen == rows.end() || threads(*r) > threads(*chosen)) chosen = r;
  }
  if (chosen == rows.end()) {
    if (wanted.empty()) return;
    std::vector<std::string> names;
    for (const row& r : rows) names.push_back(r.name);
    throw usage_error(
        fmt::format("there is no row '{}' to twin{}", wanted, suggestion(wanted, names)));
  }
  row twin = *chosen;
  twin.name += "#twin";
  twin.twin = true;
  rows.insert(chosen + 1, std::move(twin));
}

}  // namespace regatta::driver
