#include "harness/driver/report/terminal.hpp"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "harness/stats/terminal_table.hpp"

namespace regatta::driver {

bool is_coloured() { return ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr; }

void print_summary(const nlohmann::ordered_json& summary) {
  stats::table_options options;
  if (::isatty(STDOUT_FILENO) == 1) {
    winsize size = {};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
      // Narrower than this, the intervals break.
      options.columns = std::max<std::size_t>(size.ws_col, 60);
    }
  }
  options.color = is_coloured();
  fmt::print("{}", stats::terminal_table(summary, options));
}

}  // namespace regatta::driver
