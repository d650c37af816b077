#include "harness/driver/rows.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "harness/driver/crew.hpp"
#include "harness/driver/exit_code.hpp"
#include "harness/driver/names.hpp"
#include "harness/stats/ablation.hpp"

namespace regatta::driver {
namespace {

row row_of(const contender& who, const contender_program& program, const std::string& variant,
           std::uint64_t threads) {
  row r;
  r.name = row_name(who.name, variant, threads);
  r.contender = who.name;
  r.subject = who.subject;
  r.variant = variant;
  r.threads = threads;
  r.command = program.command;
  r.small_programs = program.small_programs;
  if (program.variant.empty() && !variant.empty()) {
    // Of several variants in one program the small ones are told which.
    for (auto& [what, command] : r.small_programs) command.push_back("--variant=" + variant);
  }
  if (!program.command.empty()) r.build = build_of(program.command.front());
  if (!program.skipped.empty()) r.absent = failure{outcome::skipped, program.skipped};
  return r;
}

/// Lets the row introduce itself; answers the variants that its program offers. A default variant
/// that turns out to have a name gives the row that name.
std::vector<std::string> introduce(row& r, std::uint64_t limit_ns, const interrupt& stop) {
  if (r.absent) return {r.variant};
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
  r.variant = member.hello().variant;
  r.name = row_name(r.contender, r.variant, r.threads);
  member.dismiss();
  return member.hello().variants;
}

/// A variant that is on offer, and the row of its program's default variant, which has introduced
/// itself already.
struct offer {
  std::string variant;
  const contender_program* program = nullptr;
  row introduced;
};

/// Starts each program of the contender once. The first offer is the contender's default variant.
std::vector<offer> offers_of(const contender& who, std::uint64_t limit_ns, const interrupt& stop) {
  std::vector<offer> offers;
  for (const contender_program& program : who.programs) {
    row first = row_of(who, program, program.variant, 0);
    std::vector<std::string> variants = introduce(first, limit_ns, stop);
    // What the program is when nobody asks comes first; an old one need not list it.
    std::erase_if(variants, [&](const auto& v) { return v.empty() || v == first.variant; });
    variants.insert(variants.begin(), first.variant);
    for (const std::string& variant : variants) offers.push_back({variant, &program, first});
  }
  return offers;
}

std::vector<const offer*> wanted_offers(const chosen_contender& chosen,
                                        const std::vector<offer>& offers) {
  std::vector<const offer*> wanted;
  if (chosen.default_variant) wanted.push_back(&offers.front());
  for (const std::string& glob : chosen.variant_globs) {
    bool found = false;
    for (const offer& one : offers) {
      if (one.variant.empty() || !matches_glob(glob, one.variant)) continue;
      if (glob == "*" && stats::is_ablation(one.variant) && !chosen.star_means_ablations) continue;
      found = true;
      if (std::find(wanted.begin(), wanted.end(), &one) == wanted.end()) wanted.push_back(&one);
    }
    // A bare star asks for what there is, which may be nothing. Of a contender that is not there
    // nobody knows the variants: it is one row that says why.
    if (found || glob == "*") continue;
    if (!offers.front().introduced.absent) {
      std::vector<std::string> names;
      for (const offer& one : offers) names.push_back(one.variant);
      throw usage_error(
          fmt::format("{} has no variant '{}'{}", chosen.who.name, glob, suggestion(glob, names)));
    }
    if (wanted.empty()) wanted.push_back(&offers.front());
  }
  return wanted;
}

row row_of(const contender& who, const offer& wanted, std::uint64_t threads, std::uint64_t limit_ns,
           const interrupt& stop) {
  const row& first = wanted.introduced;
  if (first.absent || (first.variant == wanted.variant && threads == 0)) return first;
  row one = row_of(who, *wanted.program, wanted.variant, threads);
  introduce(one, limit_ns, stop);
  return one;
}

}  // namespace

std::vector<row> plan_rows(const std::vector<chosen_contender>& chosen,
                           const std::vector<std::uint64_t>& threads, std::uint64_t limit_ns,
                           const interrupt& stop) {
  const std::vector<std::uint64_t> counts =
      threads.empty() ? std::vector<std::uint64_t>{0} : threads;
  std::vector<row> rows;
  for (const chosen_contender& c : chosen) {
    const std::vector<offer> offers = offers_of(c.who, limit_ns, stop);
    for (const offer* wanted : wanted_offers(c, offers)) {
      for (const std::uint64_t count : counts) {
        // The machine has no threads of its own to choose.
        const bool is_machine = c.who.subject == scenarios::subject::machine;
        const std::uint64_t asked = is_machine ? 0 : count;
        rows.push_back(row_of(c.who, *wanted, asked, limit_ns, stop));
        if (wanted->introduced.absent || is_machine) break;
      }
    }
  }
  return rows;
}

namespace {

/// Enters a row of that subject twice; false if there is none that could be.
bool add_twin_among(std::vector<row>& rows, scenarios::subject who, const std::string& wanted) {
  const auto threads = [](const row& r) { return r.hello.value("threads", std::uint64_t{0}); };
  auto chosen = rows.end();
  for (auto r = rows.begin(); r != rows.end(); ++r) {
    if (r->absent || r->subject != who || (!wanted.empty() && r->name != wanted)) continue;
    if (chosen == rows.end() || threads(*r) > threads(*chosen)) chosen = r;
  }
  if (chosen == rows.end()) return false;
  row twin = *chosen;
  twin.name += "#twin";
  twin.twin = true;
  rows.insert(chosen + 1, std::move(twin));
  return true;
}

}  // namespace

void add_twin(std::vector<row>& rows, const std::string& wanted) {
  // The noise of one subject says nothing about the cells of the other.
  bool found = false;
  for (const auto who : {scenarios::subject::runtime, scenarios::subject::path}) {
    found = add_twin_among(rows, who, wanted) || found;
  }
  if (found || wanted.empty()) return;
  std::vector<std::string> names;
  for (const row& r : rows) names.push_back(r.name);
  throw usage_error(
      fmt::format("there is no row '{}' to twin{}", wanted, suggestion(wanted, names)));
}

}  // namespace regatta::driver
