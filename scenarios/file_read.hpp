// Random reads of a file that the page cache holds: no disk, only the way of a runtime to a call
// that could have waited for one. Some ask a pool of threads, some a ring, some try in place first;
// how is theirs. Everybody reads the same blocks.
//
// The clock runs only while blocks are read. The file is made by the first run that a process does.
#pragma once

#include <array>
#include <cstring>

#include "runtimes/interface/file.hpp"
#include "scenarios/support/message.hpp"
#include "scenarios/support/scenario.hpp"
#include "scenarios/support/scratch_file.hpp"

namespace regatta::scenarios {

struct file_read {
  static constexpr std::string_view name = "file_read";
  static constexpr std::string_view summary =
      "random reads of a file in the page cache, one at a time or many";
  static constexpr bool times_a_part = true;
  static constexpr bool counts_system_calls = true;

  struct params {
    u64 file_mib = 1'024;
    u64 reads = 10'000;
    u64 depth = 1;  // tasks, who share the reads
    u64 block_bytes = 4'096;
    void each(auto&& visit) {
      visit("file_mib", file_mib);
      visit("reads", reads);
      visit("depth", depth);
      visit("block_bytes", block_bytes);
    }
    u64 file_bytes() const { return file_mib << 20; }
    u64 blocks() const { return file_bytes() / block_bytes; }
  };

  static params smoke() { return {.file_mib = 1, .reads = 20}; }
  static std::vector<params> quick() {
    return grid<params>({.file_mib = 64, .reads = 2'000}).over(&params::depth, {1, 32});
  }
  static std::vector<params> full() { return grid<params>().over(&params::depth, {1, 32}); }

  // The first words of all blocks that are read. A word of the file is its own index.
  static u64 expected(params p) {
    u64 total = 0;
    for (u64 read = 0; read < p.reads; ++read) total += place_of(read, p) / sizeof(u64);
    return total;
  }
  static u64 operations(params p) { return p.reads; }
  static std::string invalid(params p) {
    if (p.reads == 0 || p.depth == 0) return "reads and depth must be at least 1";
    if (p.file_mib == 0 || p.file_mib > 1u << 20) return "file_mib must be 1 to 1048576";
    if (p.block_bytes == 0 || p.block_bytes % sizeof(u64) != 0) {
      return "block_bytes must be a multiple of 8";
    }
    if (p.block_bytes > p.file_bytes()) return "a block must fit into the file";
    return "";
  }

  template <file_runtime R>
  static task<u64> run(R& rt, params p, recorder& latency) {
    auto const path = scratch_file::of_this_process(p.file_bytes()).path();
    auto file = co_await rt.open(path, open_mode::read);
    if (!file) throw std::runtime_error("cannot open the scratch file: " + file.error_text());

    latency.start_clock();
    auto readers = spawn_n(
        rt, p.depth, [&](u64 i) { return read(*file, share_of(i, p.depth, p.reads), p, latency); });
    auto const first_words = co_await join_all(std::move(readers));
    latency.stop_clock();
    co_return sum(first_words);
  }

 private:
  template <random_access_file File>
  static task<u64> read(File& file, numbers mine, params p, recorder& latency) {
    std::vector<std::byte> block(p.block_bytes);
    u64 total = 0;
    for (u64 number = mine.first; number < mine.end; ++number) {
      auto const begin = recorder::now();
      auto const got = co_await file.read_at(block, place_of(number, p));
      latency.record_since(begin);
      if (!got.ok()) throw std::runtime_error("cannot read: " + io_error{got.error}.text());
      if (got.count != block.size()) throw std::runtime_error("the file ended within a block");
      total += scratch_file::word_in(block);
    }
    co_return total;
  }

  // Where in the file the block lies, in bytes.
  static u64 place_of(u64 read, params p) { return splitmix64(read) % p.blocks() * p.block_bytes; }

  // The finalizer of Vigna's generator: numbers that look random, each from its index alone.
  static u64 splitmix64(u64 x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
  }
};
static_assert(scenario<file_read>);

}  // namespace regatta::scenarios
