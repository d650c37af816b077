// How each claim is judged, and what has to be measured for it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/claims/evidence.hpp"
#include "harness/claims/finding.hpp"

namespace regatta::claims {

// A cell that a claim looks at, and who has to run it: rows as `regatta run --contender` names them
// ("tokio", "asio/io_uring", "path/*"), "X@threads=1" for a row set up with one thread, or "*" for
// every runtime in its default variant.
struct need {
  std::string scenario;
  json params;  // those that are not here have their defaults
  std::vector<std::string> rows{"*"};
};

struct rule {
  int number = 0;
  judgement (*judge)(evidence const& run) = nullptr;
  std::vector<need> needs;
  bool needs_laws = false;
};

// One for each claim, in ascending order.
std::vector<rule> const& rules();

std::vector<rule> rules_of_scheduling();
std::vector<rule> rules_of_time();
std::vector<rule> rules_of_memory();
std::vector<rule> rules_of_io();
std::vector<rule> rules_of_proxies();

// A claim about what is usual: the geometric mean of all findings decides. `sentence` tells the
// mean in words; how many of the single ones hold is added. Nothing measured: `otherwise` says why.
judgement judge_by_mean(std::string label, std::vector<finding> details, region claimed,
                        std::function<std::string(std::string const& figure)> const& sentence,
                        std::string otherwise);

// A claim about all: one finding beyond noise refutes it, and it holds where every one does. The
// figure is the finding that decides. `sentence` as above.
judgement judge_by_each(
    std::vector<finding> details,
    std::function<std::string(finding const& decisive, std::string const& figure)> const& sentence,
    std::string otherwise);

// "1.23 [1.20, 1.31] times", "237 B [230, 240]".
std::string figure_text(finding const& f);

judgement not_measured(std::string why);

// For a comparison with 1 in a cell: by more than noise.
region slower_than_other(evidence const& run, json const& cell);

}  // namespace regatta::claims
