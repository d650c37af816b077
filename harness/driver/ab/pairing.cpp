#include "harness/driver/ab/pairing.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "harness/driver/contenders.hpp"
#include "harness/driver/exit_code.hpp"
#include "harness/driver/names.hpp"
#include "harness/driver/outcome.hpp"
#include "harness/driver/rows.hpp"

namespace regatta::driver {
namespace {

namespace fs = std::filesystem;

bool is_elf(const fs::path& file) {
  std::array<char, 4> magic{};
  std::ifstream(file, std::ios::binary).read(magic.data(), magic.size());
  return magic == std::array<char, 4>{'\x7f', 'E', 'L', 'F'};
}

bool have_equal_bytes(const fs::path& a, const fs::path& b) {
  std::error_code error;
  const auto size = fs::file_size(a, error);
  if (error || size != fs::file_size(b, error) || error) return false;
  std::ifstream one(a, std::ios::binary);
  std::ifstream other(b, std::ios::binary);
  return std::equal(std::istreambuf_iterator<char>(one), {}, std::istreambuf_iterator<char>(other));
}

/// Runtimes that a run would take. Those who name one for tests are told by `regatta run`.
std::vector<contender> runtimes_in(const fs::path& folder) {
  std::vector<contender> found = read_manifests(folder);
  std::erase_if(found, [](const contender& c) {
    return !c.measured || c.subject != scenarios::subject::runtime;
  });
  return found;
}

std::vector<std::string> names_of(const std::vector<contender>& contenders) {
  std::vector<std::string> names;
  for (const contender& c : contenders) names.push_back(c.name);
  return names;
}

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// The contenders that both have; of those the preferred ones, if there are any.
std::vector<std::string> common_names(const std::vector<std::string>& base,
                                      const std::vector<std::string>& head,
                                      const std::vector<std::string>& preferred) {
  std::vector<std::string> common;
  for (const std::string& name : base) {
    if (has(head, name)) common.push_back(name);
  }
  std::vector<std::string> chosen;
  for (const std::string& name : preferred) {
    if (has(common, name)) chosen.push_back(name);
  }
  return chosen.empty() ? common : chosen;
}

std::map<std::string, row> by_name(std::vector<row> rows) {
  std::map<std::string, row> named;
  for (row& r : rows) named.emplace(r.name, std::move(r));
  return named;
}

std::string note_of_one_side(const std::string& name, const char* side) {
  return fmt::format("{} is in {} only and was not compared", name, side);
}

/// A note for each contender that one side lacks. Somebody may have dropped it by mistake.
void note_names_of_one_side(const std::vector<std::string>& base,
                            const std::vector<std::string>& head, pairing& found) {
  for (const std::string& name : base) {
    if (!has(head, name)) found.notes.push_back(note_of_one_side(name, "base"));
  }
  for (const std::string& name : head) {
    if (!has(base, name)) found.notes.push_back(note_of_one_side(name, "head"));
  }
}

std::string absence_of(const row& r) {
  return fmt::format("{}: {}", name_of(r.absent->what), r.absent->reason);
}

/// Whether nobody knows what this row would have been called, had it said hello, and it may be
/// `named`: a variant has its name from the program, unless somebody asked for it.
bool may_be(const row& absent, const row& named) {
  return absent.absent && absent.contender == named.contender &&
         (absent.variant.empty() || absent.variant == named.variant);
}

/// For each row that only `others` have: whoever is absent here in its place, under its name.
void name_absent_rows(std::map<std::string, row>& rows, const std::map<std::string, row>& others) {
  std::set<std::string> placed;
  std::map<std::string, row> named;
  for (const auto& [name, other] : others) {
    if (rows.contains(name) || other.absent) continue;
    const auto absent = std::find_if(rows.begin(), rows.end(), [&, &wanted = other](const auto& r) {
      return !others.contains(r.first) && may_be(r.second, wanted);
    });
    if (absent == rows.end()) continue;
    row one = absent->second;
    one.name = name;
    one.variant = other.variant;
    one.threads = other.threads;
    named.emplace(name, std::move(one));
    placed.insert(absent->first);
  }
  for (const std::string& name : placed) rows.erase(name);
  rows.merge(named);
}

/// Neither side is there, for a reason that no machine is to blame for: there is nothing to judge.
bool are_both_gone(const row& base, const row& head) {
  const auto may_be_load = [](const row& r) {
    return r.absent->what == outcome::timeout || r.absent->what == outcome::out_of_memory;
  };
  return base.absent && head.absent && !may_be_load(base) && !may_be_load(head);
}

}  // namespace

pairing pair_rows(std::map<std::string, row> base, std::map<std::string, row> head) {
  name_absent_rows(head, base);
  name_absent_rows(base, head);
  pairing found;
  for (auto& [name, row_of_base] : base) {
    const auto other = head.find(name);
    if (other == head.end()) {
      found.notes.push_back(note_of_one_side(name, "base"));
    } else if (are_both_gone(row_of_base, other->second)) {
      found.notes.push_back(
          fmt::format("{} could not be compared: {}", name, absence_of(other->second)));
    } else {
      const bool identical = is_same_program(row_of_base, other->second);
      found.pairs.push_back({name, std::move(row_of_base), std::move(other->second), identical});
    }
  }
  for (const auto& [name, unused] : head) {
    if (!base.contains(name)) found.notes.push_back(note_of_one_side(name, "head"));
  }
  return found;
}

bool is_same_program(const row& a, const row& b) {
  if (a.command.empty() || b.command.empty() || a.absent || b.absent) return false;
  if (a.command == b.command) return true;
  const bool equal_arguments =
      std::equal(a.command.begin() + 1, a.command.end(), b.command.begin() + 1, b.command.end());
  const fs::path& one = a.command.front();
  const fs::path& other = b.command.front();
  return equal_arguments && is_elf(one) && is_elf(other) && have_equal_bytes(one, other);
}

std::vector<row> rows_of(const paired_rows& pair) {
  row base = pair.base;
  base.name = pair.name + "@base";
  base.side = "base";
  row twin = base;
  twin.name += "#twin";
  twin.twin = true;
  row head = pair.head;
  head.name = pair.name + "@head";
  head.side = "head";
  return {std::move(base), std::move(twin), std::move(head)};
}

pairing pair_rows(const fs::path& base, const fs::path& head, const pairing_wishes& wishes,
                  const interrupt& stop) {
  const std::vector<contender> of_base = runtimes_in(base);
  const std::vector<contender> of_head = runtimes_in(head);
  std::vector<std::string> wanted = wishes.contenders;
  if (wanted.empty()) wanted = common_names(names_of(of_base), names_of(of_head), wishes.preferred);
  if (wanted.empty()) {
    throw usage_error(
        fmt::format("base and head have no contender in common: base has {}, head has {}",
                    joined(names_of(of_base)), joined(names_of(of_head))));
  }
  const auto rows_in = [&](const std::vector<contender>& known) {
    return by_name(
        plan_rows(choose_contenders(known, wanted), wishes.threads, wishes.limit_ns, stop));
  };
  pairing found = pair_rows(rows_in(of_base), rows_in(of_head));
  // Whoever names contenders has their rows noted, and of others wants to hear nothing.
  if (wishes.contenders.empty()) {
    note_names_of_one_side(names_of(of_base), names_of(of_head), found);
  }
  if (found.pairs.empty()) {
    throw cannot_measure(
        fmt::format("there is nothing to compare: {}; expected a contender that runs on both "
                    "sides, see: regatta list",
                    joined(found.notes, "; ")));
  }
  return found;
}

}  // namespace regatta::driver
