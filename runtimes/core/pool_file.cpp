#include "runtimes/core/pool_file.hpp"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "runtimes/interface/budget.hpp"

namespace regatta::core {

file_descriptor::~file_descriptor() { ::close(descriptor_); }

namespace file_jobs {

bytes_read read::operator()() const {
  bytes_read answer{std::vector<std::byte>(size), 0};
  std::size_t count = 0;
  while (count < size) {
    ssize_t const more = ::pread(from->get(), answer.bytes.data() + count, size - count,
                                 static_cast<off_t>(at + count));
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) answer.error = errno;
    if (more <= 0) break;
    count += static_cast<std::size_t>(more);
  }
  answer.bytes.resize(count);
  return answer;
}

io_result write::operator()() const {
  std::size_t count = 0;
  while (count < bytes.size()) {
    ssize_t const more = ::pwrite(to->get(), bytes.data() + count, bytes.size() - count,
                                  static_cast<off_t>(at + count));
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) return {count, errno};
    count += static_cast<std::size_t>(more);
  }
  return {count, 0};
}

std::pair<std::shared_ptr<file_descriptor const>, int> open::operator()() const {
  int flags = O_CLOEXEC;
  switch (mode) {
    case open_mode::read:
      flags |= O_RDONLY;
      break;
    case open_mode::read_write:
      flags |= O_RDWR | O_CREAT;
      break;
    case open_mode::write_truncated:
      flags |= O_WRONLY | O_CREAT | O_TRUNC;
      break;
  }
  int descriptor;
  do {
    descriptor = ::open(path.c_str(), flags, 0666);
  } while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0) return {nullptr, errno};
  return {std::make_shared<file_descriptor const>(descriptor), 0};
}

}  // namespace file_jobs

bool pool_file::read_operation::await_ready() noexcept {
  if (target_.empty()) return true;
  if (!budget::spend()) return false;
  iovec const into{.iov_base = target_.data(), .iov_len = target_.size()};
  // Answers EAGAIN rather than wait for the disk, EOPNOTSUPP where the file system cannot tell.
  ssize_t const count =
      ::preadv2(file_.file_->get(), &into, 1, static_cast<off_t>(at_), RWF_NOWAIT);
  if (count == 0) return true;
  if (count > 0) cached_ = static_cast<std::size_t>(count);
  return cached_ == target_.size();
}

io_result pool_file::read_operation::await_resume() {
  if (!waiting_) return {cached_, 0};
  auto const [bytes, error] = waiting_->await_resume();
  std::copy(bytes.begin(), bytes.end(), target_.begin() + static_cast<std::ptrdiff_t>(cached_));
  return {cached_ + bytes.size(), error};
}

}  // namespace regatta::core
