// A contender without a driver: an ordinary Google Benchmark program.
#pragma once

#include "harness/contender/registry.hpp"

namespace regatta::contender {

enum class matrix { quick, full };

// Registers every cell of the matrix as a benchmark named `scenario/name:value/…`, in manual time
// (the timed section of sampling.hpp). A wrong answer is an error of the benchmark, without a time.
void register_benchmarks(registry const& program, setup const& how, matrix cells);

}  // namespace regatta::contender
