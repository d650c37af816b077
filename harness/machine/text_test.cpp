#include "harness/machine/text.hpp"

#include <gtest/gtest.h>

namespace regatta::machine::text {
namespace {

TEST(Text, ANumberEndsWhereItsDigitsEnd) {
  EXPECT_EQ(number(" 4096 kB\n"), 4096u);
  EXPECT_EQ(number("max\n"), std::nullopt);
  EXPECT_EQ(number(""), std::nullopt);
  EXPECT_EQ(number("-1"), std::nullopt);
  EXPECT_EQ(number("99999999999999999999999"), std::nullopt);
}

TEST(Text, AValueIsFoundUnderItsName) {
  std::string_view const status = "Name:\tcontender\nVmHWM:\t    1740 kB\nThreads:\t3\n";
  EXPECT_EQ(value_of(status, "Name"), "contender");
  EXPECT_EQ(value_of(status, "Threads"), "3");
  EXPECT_EQ(bytes_of(status, "VmHWM"), 1740u * 1024);
  EXPECT_EQ(value_of(status, "VmSwap"), std::nullopt);
  EXPECT_EQ(bytes_of(status, "Name"), std::nullopt);
}

TEST(Text, NamesInCpuinfoArePaddedWithTabs) {
  std::string_view const cpuinfo = "processor\t: 0\nmodel name\t: Some CPU @ 2.60GHz\n";
  EXPECT_EQ(value_of(cpuinfo, "model name"), "Some CPU @ 2.60GHz");
}

TEST(Text, AValueMayBeEmptyAndMayHoldColons) {
  EXPECT_EQ(value_of("power management:\nflags: a:b\n", "power management"), "");
  EXPECT_EQ(value_of("power management:\nflags: a:b\n", "flags"), "a:b");
}

TEST(Text, SizesOfCachesHaveAUnit) {
  EXPECT_EQ(size_in_bytes("48K\n"), 48u << 10);
  EXPECT_EQ(size_in_bytes("2M"), 2u << 20);
  EXPECT_EQ(size_in_bytes("512"), 512u);
  EXPECT_EQ(size_in_bytes("unknown"), std::nullopt);
}

TEST(Text, TheChosenOneStandsInBrackets) {
  EXPECT_EQ(chosen("always [madvise] never\n"), "madvise");
  EXPECT_EQ(chosen("always madvise never\n"), std::nullopt);
  EXPECT_EQ(chosen("]broken["), std::nullopt);
}

TEST(Text, ListsOfCpusAreUnfolded) {
  EXPECT_EQ(cpu_list("0-3,8\n"), (std::vector<unsigned>{0, 1, 2, 3, 8}));
  EXPECT_EQ(cpu_list("5"), (std::vector<unsigned>{5}));
  EXPECT_TRUE(cpu_list("").empty());
  EXPECT_TRUE(cpu_list("all").empty());
  EXPECT_TRUE(cpu_list("3-1").empty());
  EXPECT_TRUE(cpu_list("0-").empty());
  EXPECT_TRUE(cpu_list("0-99999999999").empty());
}

TEST(Text, CpuTimeOfAThreadIsTheFirstNumberOfSchedstat) {
  EXPECT_EQ(cpu_ns_of_schedstat("937633 322830 2\n"), 937'633u);
  EXPECT_EQ(cpu_ns_of_schedstat(""), std::nullopt);
}

TEST(Text, CpuTimeIsFoundInStatThoughTheThreadsNameHoldsBrackets) {
  std::string_view const stat =
      "12 (a) b (c)) S 1 12 12 0 -1 4194304 100 0 0 0 7 5 0 0 20 0 1 0 1000 1 1 1";
  EXPECT_EQ(cpu_ns_of_stat(stat, 100), 12u * 10'000'000);
  EXPECT_EQ(cpu_ns_of_stat("12 (short) S 1", 100), std::nullopt);
  EXPECT_EQ(cpu_ns_of_stat("", 100), std::nullopt);
}

TEST(Text, LinesAndWordsSkipNothingThatMatters) {
  EXPECT_EQ(lines("a\n\nb").size(), 3u);
  EXPECT_EQ(lines("a\n").size(), 1u);
  EXPECT_EQ(words("  a\t b\n").size(), 2u);
  EXPECT_TRUE(words(" \n").empty());
}

}  // namespace
}  // namespace regatta::machine::text
