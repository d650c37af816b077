#include "harness/driver/claims_plan.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "harness/driver/crew.hpp"
#include "harness/driver/exit_code.hpp"
#include "harness/driver/rows.hpp"

namespace regatta::driver {
namespace {

constexpr std::string_view everybody = "*";

/// "tokio/multi_thread@threads=1", taken apart.
struct wish {
  std::string contender;
  std::string offer;  ///< "tokio/multi_thread"
  std::uint64_t threads = 0;
};

wish wish_from(const std::string& text) {
  constexpr std::string_view mark = "@threads=";
  wish w;
  w.offer = text.substr(0, text.find('@'));
  w.contender = w.offer.substr(0, w.offer.find('/'));
  if (const auto at = text.find(mark); at != std::string::npos) {
    const char* const begin = text.data() + at + mark.size();
    std::from_chars(begin, text.data() + text.size(), w.threads);
  }
  return w;
}

class casting {
 public:
  casting(const std::vector<contender>& known, const interrupt& stop, claims_plan& made)
      : known_(known), stop_(stop), made_(made) {}

  /// The names of the rows that a need names.
  std::vector<std::string> rows_for(const std::vector<std::string>& wanted) {
    std::vector<std::string> names;
    for (const std::string& text : wanted) {
      for (const std::string& name : rows_named(text)) {
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
      }
    }
    return names;
  }

 private:
  const std::vector<std::string>& rows_named(const std::string& text) {
    const auto [known, is_new] = names_.try_emplace(text);
    if (is_new) known->second = text == everybody ? cast_everybody() : cast(wish_from(text));
    return known->second;
  }

  std::vector<std::string> cast_everybody() {
    std::vector<std::string> names;
    for (const contender& who : known_) {
      if (!who.measured || who.subject != scenarios::subject::runtime) continue;
      const auto rows = enter({{who, true, {}}}, 0);
      names.insert(names.end(), rows.begin(), rows.end());
    }
    return names;
  }

  std::vector<std::string> cast(const wish& w) {
    const bool is_known = std::any_of(known_.begin(), known_.end(), [&](const contender& who) {
      return who.name == w.contender && who.measured;
    });
    if (!is_known) return without(fmt::format("there is no contender {}", w.contender));
    try {
      return enter(choose_contenders(known_, {w.offer}), w.threads);
    } catch (const ends_command& end) {
      if (end.code() == exit_code::interrupted) throw;
      return without(end.what());
    }
  }

  std::vector<std::string> without(const std::string& why) {
    made_.notes.push_back(why);
    return {};
  }

  std::vector<std::string> enter(const std::vector<chosen_contender>& chosen,
                                 std::uint64_t threads) {
    std::vector<std::uint64_t> counts;
    if (threads != 0) counts.push_back(threads);
    std::vector<std::string> names;
    for (row& r : plan_rows(chosen, counts, hello_limit_ns, stop_)) {
      names.push_back(r.name);
      const bool is_there = std::any_of(made_.rows.begin(), made_.rows.end(),
                                        [&](const row& other) { return other.name == r.name; });
      if (!is_there) made_.rows.push_back(std::move(r));
    }
    return names;
  }

  const std::vector<contender>& known_;
  const interrupt& stop_;
  claims_plan& made_;
  std::map<std::string, std::vector<std::string>> names_;
};

}  // namespace

claims_plan plan_claims(const std::vector<claims::rule>& rules, const std::vector<contender>& known,
                        const interrupt& stop) {
  claims_plan made;
  casting cast(known, stop, made);
  for (const claims::rule& rule : rules) {
    for (const claims::need& need : rule.needs) {
      const auto* const scenario = specification::find(need.scenario);
      if (scenario == nullptr) {
        made.notes.push_back(fmt::format("there is no scenario {}", need.scenario));
        continue;
      }
      cell wanted = make_cell(*scenario, scenario->complete(need.params));
      const auto rows = cast.rows_for(need.rows);
      if (rows.empty()) continue;
      auto found = std::find_if(made.cells.begin(), made.cells.end(),
                                [&](const planned_cell& c) { return c.what.key == wanted.key; });
      if (found == made.cells.end()) {
        planned_cell fresh;
        fresh.what = std::move(wanted);
        found = made.cells.insert(made.cells.end(), std::move(fresh));
      }
      for (const std::string& name : rows) {
        auto& only = found->what.only_rows;
        if (std::find(only.begin(), only.end(), name) == only.end()) only.push_back(name);
      }
    }
  }
  return made;
}

}  // namespace regatta::driver
