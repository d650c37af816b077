#include "harness/driver/report/terminal.hpp"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "harness/stats/terminal_table.hpp"

namespace regatta::driver {

bool is_coloured() { return ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr; }

std::size_t terminal_columns() {
  winsize size = {};
  const bool known = ::isatty(STDOUT_FILENO) == 1 && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
  // Narrower than 60, the intervals break.
  return known && size.ws_col > 0 ? std::max<std::size_t>(size.ws_col, 60) : 100;
}

void print_summary(const nlohmann::ordered_json& summary) {
  stats::table_options options;
  options.columns = terminal_columns();
  options.color = is_coloured();
  fmt::print("{}", stats::terminal_table(summary, options));
}

}  // namespace regatta::driver
