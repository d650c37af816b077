// The folk claims: what people say about async runtimes, and what one run says about that.
//
// Pure: from samples, their summary and the laws that were run, to documents. docs/CLAIMS.md says
// how each claim is tested.
#pragma once

#include <string>
#include <vector>

#include "harness/claims/judge.hpp"

namespace regatta::claims {

struct wording {
  int number = 0;
  std::string claim;
  std::string tested_by;
};

// All of them, in ascending order, as claims.json has them.
std::vector<wording> const& wordings();

// claims.json of a run: {"schema","what","run","claims","label"}, of the claims with these numbers;
// none: of all. `laws` as evidence takes it.
json claims_document(stats::measurements const& samples, json const& summary, json const& laws,
                     std::vector<int> const& only = {});

// For a terminal: a claim, its verdict, and the sentence; with `details`, the figures as well.
std::string claims_text(json const& document, bool details, std::size_t columns = 100);

}  // namespace regatta::claims
