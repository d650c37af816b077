#include "proxy/paths/processors.hpp"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>

namespace regatta::paths {
namespace {

std::vector<int> of_this_thread() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> found;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return found;
  for (int each = 0; each < CPU_SETSIZE; ++each) {
    if (CPU_ISSET(each, &set)) found.push_back(each);
  }
  return found;
}

void move_this_thread(std::vector<int> const& where) {
  if (where.empty()) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int const each : where) CPU_SET(each, &set);
  // Safe to ignore: a set that the kernel refuses leaves us where we are.
  (void)::sched_setaffinity(0, sizeof set, &set);
}

std::string listed(std::vector<int> const& processors) {
  return fmt::format("{}", fmt::join(processors, ","));
}

// Asked for before main(), when nothing has been moved yet.
std::vector<int> const at_the_beginning = of_this_thread();

}  // namespace

std::vector<int> const& allowed_processors() { return at_the_beginning; }

std::string places::describe() const {
  if (are_shared()) return "on the one processor of clients and server";
  return fmt::format("on processor {}, clients and server on {}", listed(proxy), listed(others));
}

places divide(std::vector<int> const& allowed, u64 proxy_threads) {
  if (allowed.size() < 2) return {};
  auto const own = std::min<std::size_t>(std::max<u64>(proxy_threads, 1), allowed.size() - 1);
  auto const border = allowed.end() - static_cast<std::ptrdiff_t>(own);
  return {.proxy = {border, allowed.end()}, .others = {allowed.begin(), border}};
}

confined::confined(std::vector<int> const& where) : before_(of_this_thread()) {
  move_this_thread(where);
}

confined::~confined() { move_this_thread(before_); }

}  // namespace regatta::paths
