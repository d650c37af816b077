#include "harness/driver/samples_file.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "harness/driver/exit_code.hpp"

namespace regatta::driver {

samples_file::samples_file(std::filesystem::path path)
    : path_(std::move(path)),
      fd_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)) {
  if (fd_ < 0) {
    throw cannot_measure(fmt::format(
        "cannot open {}: {}; expected a folder that can be written, for example --out /tmp/run",
        path_.string(), std::strerror(errno)));
  }
}

samples_file::~samples_file() { ::close(fd_); }

void samples_file::append(const nlohmann::ordered_json& line) {
  const std::string text =
      line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  const off_t before = ::lseek(fd_, 0, SEEK_END);
  std::size_t sent = 0;
  while (sent < text.size()) {
    const ssize_t wrote = ::write(fd_, text.data() + sent, text.size() - sent);
    if (wrote > 0) {
      sent += static_cast<std::size_t>(wrote);
      continue;
    }
    if (wrote < 0 && errno == EINTR) continue;
    const int error = wrote < 0 ? errno : ENOSPC;
    // Half a line is worth nothing and would make the file corrupt.
    if (before >= 0) (void)!::ftruncate(fd_, before);
    throw cannot_measure(
        fmt::format("cannot write to {}: {}; every sample taken before is kept: make room and go "
                    "on with: regatta run --resume {}",
                    path_.string(), std::strerror(error), path_.parent_path().string()));
  }
}

samples_read read_samples(const std::filesystem::path& path) {
  samples_read read;
  std::ifstream in(path, std::ios::binary);
  std::string line;
  for (std::uint64_t number = 1; std::getline(in, line); ++number) {
    if (in.eof()) {
      read.torn = true;
      read.problems.push_back(fmt::format(
          "{}: line {} was cut off in the middle and is passed over", path.string(), number));
      break;
    }
    read.whole_bytes += line.size() + 1;
    auto parsed = stats::parse_sample(line);
    if (parsed.value) {
      read.samples.push_back(std::move(*parsed.value));
    } else {
      read.problems.push_back(fmt::format("{}: line {} is corrupt and is passed over: {}",
                                          path.string(), number, parsed.error));
    }
  }
  return read;
}

void cut_torn_line(const std::filesystem::path& path, const samples_read& read) {
  if (!read.torn) return;
  if (::truncate(path.c_str(), static_cast<off_t>(read.whole_bytes)) != 0) {
    throw cannot_measure(fmt::format("cannot cut the unfinished last line of {}: {}", path.string(),
                                     std::strerror(errno)));
  }
}

}  // namespace regatta::driver
