// The quick way from a line of samples.jsonl to a sample.
//
// A large run has a million lines of a kilobyte each. Nearly all of them are plain: keys and types
// as results/README.md has them. Those are read with simdjson (Langdale and Lemire, Parsing
// gigabytes of JSON per second, VLDB Journal 28, 2019), some ten times as fast as parse_sample().
// Whatever is not plain is left to parse_sample(), which alone says what is wrong with a line; so
// there is one answer, and without simdjson it only comes later.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "harness/stats/sample.hpp"

namespace regatta::stats {

class quick_samples {
 public:
  // So many bytes behind a line must be readable, whatever they hold.
  static constexpr std::size_t padding = 64;

  quick_samples();
  ~quick_samples();
  quick_samples(quick_samples&&) noexcept;
  quick_samples& operator=(quick_samples&&) noexcept;

  // The sample without its params, until the next call; null where the line is not plain.
  sample const* read(std::string_view line);

 private:
  struct parser;
  std::unique_ptr<parser> parser_;
};

}  // namespace regatta::stats
