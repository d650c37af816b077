// Which rows of two builds belong together.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "harness/driver/interrupt.hpp"
#include "harness/driver/plan.hpp"

namespace regatta::driver {

/// A contender that both sides have, in one variant.
struct paired_rows {
  std::string name;  ///< "work_stealing", as a run of one build would call the row.
  row base;
  row head;
  bool identical = false;  ///< Both are the same program, byte for byte.
};

struct pairing_wishes {
  std::vector<std::string> contenders;  ///< Names, globs, contender/variant; empty: all.
  /// Where nobody is named, only these, if the sides have any of them.
  std::vector<std::string> preferred;
  std::vector<std::uint64_t> threads;
  std::uint64_t limit_ns = 0;  ///< For saying hello.
};

struct pairing {
  std::vector<paired_rows> pairs;
  std::vector<std::string> notes;  ///< One sentence for each contender that only one side has.
};

/// Throws ends_command where the sides have nothing in common.
pairing pair_rows(const std::filesystem::path& base, const std::filesystem::path& head,
                  const pairing_wishes& wishes, const interrupt& stop);

/// The same for rows that are known, by their names. A row that is absent because it did not say
/// hello may lack the name of its variant: it stands for the rows that the other side has of its
/// contender.
pairing pair_rows(std::map<std::string, row> base, std::map<std::string, row> head);

/// Whether both rows run the same program: one command, or native programs that are equal byte for
/// byte, with equal arguments. Of a script that lies in two places nobody knows what it reads, so
/// it is not the same.
bool is_same_program(const row& a, const row& b);

/// The three rows of a pair, "name@base", "name@base#twin" and "name@head", with their sides.
std::vector<row> rows_of(const paired_rows& pair);

}  // namespace regatta::driver
