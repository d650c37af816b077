#include "runtimes/threads/file.hpp"

#include <unistd.h>

#include <cerrno>

namespace regatta::runtimes::threads {

namespace {

// Calls `transfer(done)` until all is done, nothing more comes, or an error.
template <class Transfer>
io_result transfer_all(std::size_t size, Transfer transfer) {
  std::size_t done = 0;
  while (done < size) {
    ssize_t const more = transfer(done);
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) return {done, errno};
    if (more == 0) break;
    done += static_cast<std::size_t>(more);
  }
  return {done, 0};
}

}  // namespace

done_already<io_result> file::read_at(std::span<std::byte> target, u64 at) {
  return done_already(transfer_all(target.size(), [&](std::size_t done) {
    auto const rest = target.subspan(done);
    return ::pread(opened_->get(), rest.data(), rest.size(), static_cast<off_t>(at + done));
  }));
}

done_already<io_result> file::write_at(std::span<std::byte const> source, u64 at) {
  return done_already(transfer_all(source.size(), [&](std::size_t done) {
    auto const rest = source.subspan(done);
    return ::pwrite(opened_->get(), rest.data(), rest.size(), static_cast<off_t>(at + done));
  }));
}

io_expected<file> open_operation::await_resume() {
  auto [opened, error] = job_();
  if (opened == nullptr) return io_error{error};
  return file(std::move(opened));
}

}  // namespace regatta::runtimes::threads
