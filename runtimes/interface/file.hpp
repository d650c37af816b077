// Files: what a file_runtime offers. A read from a disk has no readiness to wait for, so a runtime
// reads on a thread that may block, or through a completion interface.
#pragma once

#include <concepts>
#include <cstddef>
#include <span>
#include <string>

#include "runtimes/interface/io_result.hpp"
#include "runtimes/interface/runtime.hpp"

namespace regatta {

enum class open_mode : u8 {
  read,             // An existing file, for reading.
  read_write,       // For both; made if it does not exist.
  write_truncated,  // For writing; made or emptied.
};

//   open(path, mode)           The file; it closes itself when it is destroyed.
//   file.read_at(target, at)   As many bytes from offset `at` as there are, up to all of target;
//                              fewer only at the end of the file. Safe to cancel.
//   file.write_at(source, at)  All of source, or how much had been written when an error came. The
//                              source is copied before the wait. After a cancel, it may be written.
template <class F>
concept random_access_file =
    std::movable<F> &&
    requires(F& file, std::span<std::byte> target, std::span<std::byte const> source, u64 at) {
      { file.read_at(target, at) } -> awaitable_of<io_result>;
      { file.write_at(source, at) } -> awaitable_of<io_result>;
    };

template <class R>
concept file_runtime = runtime<R> && random_access_file<typename R::file> &&
                       requires(R& rt, std::string path, open_mode mode) {
                         { rt.open(path, mode) } -> awaitable_of<io_expected<typename R::file>>;
                       };

}  // namespace regatta
