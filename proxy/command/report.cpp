#include "proxy/command/report.hpp"

#include <fmt/format.h>

namespace regatta::proxy::command {

std::string counts_line(counts const& now) {
  return fmt::format(
      "accepted={} active={} completed={} unreachable={} broken={} timed_out={} shut_down={} "
      "refused={} shortages={} bytes_up={} bytes_down={}",
      now.accepted, now.active, now.completed, now.unreachable, now.broken, now.timed_out,
      now.shut_down, now.refused, now.shortages, now.bytes_up, now.bytes_down);
}

}  // namespace regatta::proxy::command
