#include "harness/driver/progress.hpp"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "harness/driver/clock.hpp"

namespace regatta::driver {
namespace {

constexpr std::uint64_t plain_line_every_ns = 10 * ns_per_s;
constexpr int bar_cells = 24;

std::size_t terminal_columns() {
  winsize size = {};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string bar(double share) {
  const int full = static_cast<int>(share * bar_cells);
  std::string text;
  for (int i = 0; i < bar_cells; ++i) text += i < full ? "█" : "░";
  return text;
}

}  // namespace

progress::progress(bool quiet) : terminal_(::isatty(STDERR_FILENO) == 1), quiet_(quiet) {}

progress::~progress() { end(); }

void progress::begin(std::string phase, double total, double done) {
  phase_ = std::move(phase);
  total_ = std::max(total, 1e-9);
  done_ = done_before_ = done;
  began_ns_ = drawn_ns_ = now_ns();
  if (!terminal_ && !quiet_) fmt::print(stderr, "{} …\n", phase_);
}

void progress::advance(double units, const std::string& what) {
  done_ += units;
  draw(what);
}

std::string progress::time_left() const {
  const double done_here = done_ - done_before_;
  const double elapsed = static_cast<double>(now_ns() - began_ns_);
  // The first moments say nothing about the whole.
  if (done_here <= 0 || elapsed < 1e9) return "";
  const double left = elapsed / done_here * std::max(0.0, total_ - done_);
  return ", about " + say_duration((static_cast<std::uint64_t>(left / 1e9) + 1) * ns_per_s) +
         " left";
}

void progress::draw(const std::string& what) {
  if (quiet_) return;
  const double share = std::clamp(done_ / total_, 0.0, 1.0);
  if (!terminal_) {
    if (now_ns() - drawn_ns_ < plain_line_every_ns) return;
    drawn_ns_ = now_ns();
    fmt::print(stderr, "{}: {:.0f} %{}: {}\n", phase_, 100 * share, time_left(), what);
    return;
  }
  std::string tail = fmt::format(" {:3.0f} %{}  {}", 100 * share, time_left(), what);
  const std::size_t room = terminal_columns();
  const std::size_t used = phase_.size() + 1 + bar_cells;
  if (used + tail.size() >= room) tail.resize(room > used + 1 ? room - used - 1 : 0);
  fmt::print(stderr, "\r\x1b[K{} {}{}", phase_, bar(share), tail);
  std::fflush(stderr);
  line_open_ = true;
}

void progress::note(const std::string& text) {
  end();
  if (!quiet_) fmt::print(stderr, "{}\n", text);
}

void progress::end() {
  if (!std::exchange(line_open_, false)) return;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
}

}  // namespace regatta::driver
