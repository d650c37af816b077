#include "proxy/load/result.hpp"

#include <numeric>

namespace regatta::load {

std::string_view name_of(failure kind) {
  constexpr std::array<std::string_view, failure_kinds> names = {
      "refused", "no_port", "reset", "timed_out", "early_end", "wrong_payload", "bad_answer"};
  return names[static_cast<std::size_t>(kind)];
}

u64 load_result::failed() const noexcept {
  return std::accumulate(failed_by_kind.begin(), failed_by_kind.end(), u64{0});
}

}  // namespace regatta::load
