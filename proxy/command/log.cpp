#include "proxy/command/log.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstring>

#include "proxy/command/failure.hpp"

namespace regatta::proxy::command {
namespace {

constexpr std::array<std::string_view, 4> level_names{"error", "warn", "info", "debug"};

int open_for_appending(std::string const& path) noexcept {
  return ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
}

std::string time_text() {
  using namespace std::chrono;
  auto const now = time_point_cast<milliseconds>(system_clock::now());
  auto const whole = time_point_cast<seconds>(now);
  auto const thousandths = (now - whole).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(system_clock::to_time_t(whole)),
                     thousandths);
}

}  // namespace

std::string_view name_of(log_level level) noexcept {
  return level_names[static_cast<std::size_t>(level)];
}

std::optional<log_level> parse_log_level(std::string_view text) noexcept {
  for (std::size_t i = 0; i < level_names.size(); ++i) {
    if (level_names[i] == text) return static_cast<log_level>(i);
  }
  return std::nullopt;
}

bool write_line_now(int descriptor, std::string text) noexcept {
  text += '\n';
  std::string_view left = text;
  // A pipe that is ready takes as much as it promises to take as one, so this does not block. What
  // is longer has begun already and is waited for, a little.
  for (int patience_ms = 0; !left.empty(); patience_ms = 100) {
    pollfd asked{.fd = descriptor, .events = POLLOUT, .revents = 0};
    if (::poll(&asked, 1, patience_ms) <= 0 || (asked.revents & POLLOUT) == 0) return false;
    auto const count =
        ::write(descriptor, left.data(), std::min<std::size_t>(left.size(), PIPE_BUF));
    if (count < 0 && errno != EINTR) return false;
    if (count > 0) left.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

log::log(std::string target, log_level most)
    : target_(std::move(target)),
      most_(most),
      descriptor_(target_ == "-" ? STDERR_FILENO : open_for_appending(target_)) {
  if (descriptor_ < 0) {
    throw failure(fmt::format("--log: {} cannot be opened: {}", target_, std::strerror(errno)));
  }
}

log::~log() {
  if (descriptor_ != STDERR_FILENO) ::close(descriptor_);
}

void log::write(log_level level, std::string_view event, nlohmann::ordered_json fields) {
  if (!is_written(level)) return;
  nlohmann::ordered_json line;
  line["time"] = time_text();
  line["level"] = name_of(level);
  line["event"] = event;
  line.update(fields);
  std::lock_guard const held(mutex_);
  if (lines_lost_ != 0) line["lines_lost"] = lines_lost_;
  // What comes from outside (paths, messages of the system) need not be UTF-8.
  auto const text = line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  lines_lost_ = write_line_now(descriptor_, text) ? 0 : lines_lost_ + 1;
}

void log::reopen() {
  if (target_ == "-") return;
  int const opened = open_for_appending(target_);
  if (opened < 0) {
    write(log_level::error, "log_not_reopened",
          {{"file", target_}, {"reason", std::strerror(errno)}});
    return;
  }
  std::lock_guard const held(mutex_);
  ::close(descriptor_);
  descriptor_ = opened;
}

}  // namespace regatta::proxy::command
