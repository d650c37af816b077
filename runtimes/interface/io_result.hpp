// What an operation on the outside world answers: how far it came, and what stopped it. An error of
// the world is a value, never an exception, and its number is the system's (errno).
#pragma once

#include <cerrno>
#include <cstddef>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "runtimes/interface/assert.hpp"

namespace regatta {

// What went wrong, as the system numbers it. ECANCELED: the thing was closed while we waited.
struct io_error {
  int code = 0;

  std::string text() const { return std::generic_category().message(code); }
  friend bool operator==(io_error, io_error) = default;
};

// The answer of a read or a write: how many bytes, and what stopped it (0: nothing did).
// Of a read, no bytes and no error means that the other side has finished writing.
struct [[nodiscard]] io_result {
  std::size_t count = 0;
  int error = 0;

  bool ok() const noexcept { return error == 0; }
  bool is_end() const noexcept { return count == 0 && error == 0; }
  friend bool operator==(io_result, io_result) = default;
};

// A T, or why there is none.
template <class T>
class [[nodiscard]] io_expected {
 public:
  io_expected(T value) : value_(std::move(value)) {}
  io_expected(io_error error) : error_(error.code) {
    REGATTA_ASSERT(error.code != 0, "an io_expected without a value needs an error that is not 0");
  }

  bool has_value() const noexcept { return value_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }
  // 0 where there is a value.
  int error() const noexcept { return error_; }
  std::string error_text() const { return io_error{error_}.text(); }

  T& value() & {
    REGATTA_ASSERT(has_value(), "ask has_value() before you take the value of an io_expected");
    return *value_;
  }
  T&& value() && { return std::move(value()); }
  T& operator*() & { return value(); }
  T&& operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }

 private:
  std::optional<T> value_;
  int error_ = 0;
};

}  // namespace regatta
