// A file to read from, whose content anybody can check: each word of eight bytes, little-endian, is
// its own index. It has no name, so that it is gone when its process is, whatever ended that.
//
// It lies in $TMPDIR, or in /tmp. What was written stays in the page cache as long as there is
// memory, and mostly never reaches the disk, because the system does not write out what is deleted.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "runtimes/interface/types.hpp"

namespace regatta::scenarios {

static_assert(std::endian::native == std::endian::little, "the words of a scratch file are copied");

class scratch_file {
 public:
  // The one of this process, made when it is first asked for, with at least so many bytes: it only
  // grows, so whoever has it open need not open it again. Any thread.
  static scratch_file const& of_this_process(u64 bytes) {
    static std::mutex growing;
    std::lock_guard const guard(growing);
    static scratch_file the_file(folder());
    the_file.grow_to(bytes);
    return the_file;
  }

  // An empty one. Throws where there can be none; the text says why.
  explicit scratch_file(std::string folder) : folder_(std::move(folder)) {
    std::string path = folder_ + "/regatta_scratch_XXXXXX";
    descriptor_ = ::mkostemp(path.data(), O_CLOEXEC);
    if (descriptor_ < 0) fail("cannot make a scratch file", errno);
    ::unlink(path.c_str());
  }
  ~scratch_file() { ::close(descriptor_); }
  scratch_file(scratch_file const&) = delete;
  scratch_file& operator=(scratch_file const&) = delete;

  // Throws where there is not enough room, and is as long as it was then.
  void grow_to(u64 bytes) {
    if (bytes <= bytes_) return;
    // All at once, so that what does not fit is noticed before anything is written.
    int const error = ::posix_fallocate(descriptor_, 0, static_cast<off_t>(bytes));
    if (error == 0) {
      write_words(bytes_ / sizeof(u64), bytes / sizeof(u64));
      bytes_ = bytes;
      return;
    }
    static_cast<void>(::ftruncate(descriptor_, static_cast<off_t>(bytes_)));
    fail("no room for a scratch file of " + std::to_string(bytes >> 20) + " MiB", error);
  }

  // By what it can be opened in this process, and in no other.
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

  // The first word in what was read.
  static u64 word_in(std::span<std::byte const> block) {
    u64 word = 0;
    std::memcpy(&word, block.data(), sizeof word);
    return word;
  }

 private:
  static std::string folder() {
    char const* const named = std::getenv("TMPDIR");
    return named != nullptr && *named != '\0' ? named : "/tmp";
  }

  void write_words(u64 first, u64 end) {
    constexpr u64 words_at_once = (u64{1} << 20) / sizeof(u64);
    std::vector<u64> words;
    for (; first < end; first += words.size()) {
      words.resize(std::min(words_at_once, end - first));
      for (u64 i = 0; i < words.size(); ++i) words[i] = first + i;
      write_all(std::as_bytes(std::span(words)), first * sizeof(u64));
    }
  }

  void write_all(std::span<std::byte const> source, u64 at) {
    while (!source.empty()) {
      auto const written =
          ::pwrite(descriptor_, source.data(), source.size(), static_cast<off_t>(at));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail("cannot write a scratch file", errno);
      at += static_cast<u64>(written);
      source = source.subspan(static_cast<std::size_t>(written));
    }
  }

  [[noreturn]] void fail(std::string what, int error) const {
    throw std::runtime_error(what + " in " + folder_ + ": " +
                             std::generic_category().message(error) +
                             "; set TMPDIR to a folder that has room");
  }

  std::string folder_;
  int descriptor_ = -1;
  u64 bytes_ = 0;
};

}  // namespace regatta::scenarios
