#include "harness/machine/kind.hpp"

#include <gtest/gtest.h>

namespace regatta::machine {
namespace {

using json = nlohmann::ordered_json;

json example() {
  return {{"label", "quiet"},
          {"architecture", "x86_64"},
          {"cpu", {{"model", "A"}, {"mhz", 2600.0}, {"logical", 4}, {"allowed", {0, 1, 2, 3}}}},
          {"kernel", {{"release", "6.18.44-fc"}}},
          {"memory", {{"total_bytes", 25276063744u}, {"available_bytes", 1}}},
          {"build", {{"compiler", "g++ 12.2.0"}}},
          {"load", {{"running", 3}}}};
}

TEST(MachineKind, LoadClockAndFreeMemoryMakeNoKind) {
  json other = example();
  other["load"]["running"] = 80;
  other["cpu"]["mhz"] = 2601.5;
  other["memory"]["available_bytes"] = 77;
  EXPECT_TRUE(differences_of_kind(example(), other).empty());
}

TEST(MachineKind, AnotherProcessorIsAnotherKindAndNamed) {
  json other = example();
  other["cpu"]["model"] = "B";
  auto const found = differences_of_kind(example(), other);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(describe(found[0]), "cpu.model is \"A\" in the one and \"B\" in the other");
}

TEST(MachineKind, AnotherCompilerIsAnotherKind) {
  json other = example();
  other["build"]["compiler"] = "clang 19";
  EXPECT_EQ(differences_of_kind(example(), other).size(), 1u);
}

TEST(MachineKind, FewerCpusThatMayBeUsedAreAnotherKind) {
  json other = example();
  other["cpu"]["allowed"] = {4, 5, 6, 7};
  EXPECT_TRUE(differences_of_kind(example(), other).empty()) << "which ones does not matter";
  other["cpu"]["allowed"] = {0, 1};
  EXPECT_EQ(differences_of_kind(example(), other).size(), 1u);
}

TEST(MachineKind, APatchOfTheKernelIsWorthAWordAndASeriesIsAnotherKind) {
  json other = example();
  other["kernel"]["release"] = "6.18.50-fc";
  EXPECT_TRUE(differences_of_kind(example(), other).empty());
  ASSERT_EQ(other_differences(example(), other).size(), 1u);
  EXPECT_EQ(other_differences(example(), other)[0].key, "kernel.release");
  other["kernel"]["release"] = "6.1.50";
  ASSERT_EQ(differences_of_kind(example(), other).size(), 1u);
  EXPECT_EQ(differences_of_kind(example(), other)[0].second, "\"6.1\"");
}

TEST(MachineKind, MemoryThatTheFirmwareKeepsMakesNoKind) {
  json other = example();
  other["memory"]["total_bytes"] = 25176063744u;
  EXPECT_TRUE(differences_of_kind(example(), other).empty());
  other["memory"]["total_bytes"] = 2 * 25276063744u;
  EXPECT_EQ(differences_of_kind(example(), other).size(), 1u);
}

TEST(MachineKind, AFingerprintThatSaysNothingIsOfItsOwnKind) {
  EXPECT_TRUE(differences_of_kind(json(), json::object()).empty());
  EXPECT_FALSE(differences_of_kind(json(), example()).empty());
}

}  // namespace
}  // namespace regatta::machine
