// How a cell ended: a number is only ever shown for `ok`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace regatta::driver {

enum class outcome {
  ok,
  wrong_answer,
  unsupported,
  skipped,
  failed,
  timeout,
  crashed,
  out_of_memory,
  interrupted,  ///< By the user. Never stored: --resume visits the cell again.
};

std::string_view name_of(outcome o);
std::optional<outcome> outcome_named(std::string_view name);

/// Unsupported and skipped cells say something about a contender, but they are nobody's fault.
bool is_fault(outcome o);

/// Why there is no number.
struct failure {
  outcome what = outcome::failed;
  std::string reason;
};

/// A value, or the failure that took its place.
template <class T>
struct answer_or {
  std::optional<T> value;
  failure why;

  answer_or(T v) : value(std::move(v)) {}
  answer_or(failure f) : why(std::move(f)) {}

  explicit operator bool() const { return value.has_value(); }
  T& operator*() { return *value; }
  const T& operator*() const { return *value; }
  T* operator->() { return &*value; }
  const T* operator->() const { return &*value; }
};

}  // namespace regatta::driver
