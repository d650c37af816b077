// Pipes through which long runs of bytes move from socket to socket inside the kernel (splice).
//
// Where it begins to win: from 16 KiB without a pause. The CPU time that a proxy (single_threaded)
// took for a message and its echo, copied with buffers of 16 KiB against spliced, on two shared
// virtual processors with Linux 6.18, the least of five runs each:
//
//    16 KiB  15.7 µs   9.0 µs         64 KiB  34.5 µs  13.1 µs
//    32 KiB  17.4 µs   8.4 µs        256 KiB   141 µs    50 µs
//
//   regatta-load --serve 127.0.0.1:7500 &
//   regatta-proxy --listen 127.0.0.1:7510 --upstream 127.0.0.1:7500 --runtime single_threaded
//       --threads 1 --splice-from 0  (or never) &
//   regatta-load 127.0.0.1:7510 -c 4 -d 400ms --message 64K
//
// What is read short of a buffer is never spliced, whatever the threshold.
//
// A pipe belongs to a connection only while bytes move, as a buffer does. One that is not empty
// when it is given back is closed: nobody else may ever see what is in it.
#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "runtimes/interface/threading.hpp"
#include "runtimes/interface/types.hpp"

namespace regatta::proxy {

inline constexpr std::size_t never_splice = std::numeric_limits<std::size_t>::max();

// Its two ends, both non-blocking. Moved from: none.
class pipe {
 public:
  // Nothing where the system has no descriptors for it. `bytes`: how much it shall hold; it may
  // come out smaller, where the user's share of pipe pages is used up.
  static std::optional<pipe> make(std::size_t bytes);
  pipe(pipe&& other) noexcept
      : read_end_(std::exchange(other.read_end_, -1)),
        write_end_(std::exchange(other.write_end_, -1)) {}
  pipe& operator=(pipe&&) = delete;
  ~pipe();

  int write_end() const noexcept { return write_end_; }
  int read_end() const noexcept { return read_end_; }

 private:
  pipe(int read_end, int write_end) noexcept : read_end_(read_end), write_end_(write_end) {}

  int read_end_;
  int write_end_;
};

// Has the process ignore SIGPIPE, unless it does something about it already: of all system calls
// that write to a socket, splice alone has no flag against it.
void ignore_broken_pipes() noexcept;

// Threading is the runtime's (threading.hpp): who may lend and give back at once.
template <class Threading>
class pipe_store {
 public:
  // A way that has carried `from_bytes` without a pause is given a pipe. Keeps at most `most_kept`
  // pipes that nobody uses.
  explicit pipe_store(std::size_t from_bytes, std::size_t most_kept = 16)
      : from_bytes_(from_bytes), most_kept_(most_kept) {
    kept_.reserve(most_kept);
    ignore_broken_pipes();
  }
  pipe_store(pipe_store const&) = delete;
  pipe_store& operator=(pipe_store const&) = delete;

  std::size_t from_bytes() const noexcept { return from_bytes_; }

  struct lent_pipe {
    pipe ends;
    pipe_store* home;
    std::size_t held = 0;  // Bytes in it: whoever moves them says so.
  };
  // Gives its pipe back when it is destroyed. The store must still be there.
  struct give_back {
    void operator()(lent_pipe* lent) const noexcept { lent->home->keep(kept_pipe(lent)); }
  };
  using loan = std::unique_ptr<lent_pipe, give_back>;

  // An empty pipe; nullptr where there is none to be had: copy then.
  loan lend() {
    {
      std::lock_guard const held(lock_);
      if (!kept_.empty()) {
        loan lent(kept_.back().release());
        kept_.pop_back();
        return lent;
      }
    }
    auto made = pipe::make(pipe_bytes);
    if (!made) return nullptr;
    loan lent(new lent_pipe{std::move(*made), this});
    std::lock_guard const held(lock_);
    ++made_;
    return lent;
  }

  // How many pipes were ever made.
  u64 made() const noexcept {
    std::lock_guard const held(lock_);
    return made_;
  }

  // How many pipes lie here unused.
  std::size_t kept() const noexcept {
    std::lock_guard const held(lock_);
    return kept_.size();
  }

  static constexpr std::size_t pipe_bytes = 256 * 1024;

 private:
  using kept_pipe = std::unique_ptr<lent_pipe>;

  void keep(kept_pipe returned) noexcept {
    // Room was reserved: this cannot throw. What is not kept is closed after unlocking.
    std::lock_guard const held(lock_);
    if (returned->held == 0 && kept_.size() < most_kept_) kept_.push_back(std::move(returned));
  }

  std::size_t const from_bytes_;
  std::size_t const most_kept_;
  mutable typename Threading::lock lock_;
  std::vector<kept_pipe> kept_;
  u64 made_ = 0;
};

}  // namespace regatta::proxy
