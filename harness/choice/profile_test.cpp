#include "harness/choice/profile.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace regatta::choice {
namespace {

using ::testing::HasSubstr;

std::string refusal(std::string const& text) {
  try {
    profiles_from(json::parse(text));
  } catch (std::invalid_argument const& error) {
    return error.what();
  }
  return "nothing was refused";
}

std::string with_group(std::string const& group) {
  return R"({"profiles":[{"profile":"mine","groups":[)" + group + "]}]}";
}

TEST(Profile, ThoseOfTheHouseAreThereAndEachGroupSaysWhy) {
  std::vector<std::string> names;
  for (profile const& p : built_in_profiles()) {
    names.push_back(p.name);
    EXPECT_FALSE(p.description.empty()) << p.name;
    double sum = 0.0;
    for (group const& g : p.groups) {
      EXPECT_FALSE(g.why.empty()) << p.name << ", " << g.name;
      sum += g.weight;
    }
    EXPECT_EQ(sum, 100.0) << p.name;
  }
  EXPECT_EQ(names,
            (std::vector<std::string>{"web", "proxy", "pipeline", "cli", "compute", "embedded"}));
}

TEST(Profile, AUsersFileHasTheSameFormat) {
  auto const profiles = profiles_from(json::parse(
      with_group(R"({"group":"g","weight":2,"cells":["echo *"],"by":"p99","why":"because"})")));
  ASSERT_EQ(profiles.size(), 1u);
  EXPECT_EQ(profiles[0].groups[0].by, stats::quantity::p99);
  EXPECT_TRUE(holds(profiles[0].groups[0], "echo connections=64 message_bytes=64"));
  EXPECT_FALSE(holds(profiles[0].groups[0], "accept connects=10"));
}

TEST(Profile, EachMistakeIsNamedWithItsPlace) {
  EXPECT_THAT(refusal(R"({"profile":[]})"), HasSubstr("unknown key 'profile'"));
  EXPECT_THAT(refusal(R"({"profiles":[]})"), HasSubstr("at least one entry"));
  EXPECT_THAT(refusal(R"([1])"), HasSubstr("expected an object"));
  EXPECT_THAT(refusal(with_group(R"({"group":"g","weight":-1,"cells":["echo *"]})")),
              HasSubstr("profile 'mine', group 'g': weight must be a number, 0 or more, got -1"));
  EXPECT_THAT(refusal(with_group(R"({"group":"g","weight":"much","cells":["echo *"]})")),
              HasSubstr("got \"much\""));
  EXPECT_THAT(refusal(with_group(R"({"group":"g","weight":1})")),
              HasSubstr("cells must be a list"));
  EXPECT_THAT(refusal(with_group(R"({"group":"g","weight":1,"cells":["a"],"by":"luck"})")),
              HasSubstr("by cannot be 'luck'"));
  EXPECT_THAT(refusal(with_group(R"({"group":"g","weight":0,"cells":["a"]})")),
              HasSubstr("all weights are 0"));
  EXPECT_THAT(refusal(with_group(R"({"group":"g","wieght":1,"cells":["a"]})")),
              HasSubstr("unknown key 'wieght'"));
  std::string const one = R"({"group":"g","weight":1,"cells":["a"]})";
  EXPECT_THAT(refusal(with_group(one + "," + one)), HasSubstr("two groups 'g'"));
}

TEST(Profile, WeightsOfSomeGroupsCanBeChanged) {
  profile const web = built_in_profiles().front();
  auto const changed = reweighted(web, json::parse(R"({"weights":{"memory":70}})"));
  for (std::size_t i = 0; i != web.groups.size(); ++i) {
    EXPECT_EQ(changed.groups[i].weight,
              web.groups[i].name == "memory" ? 70.0 : web.groups[i].weight);
  }
  try {
    reweighted(web, json::parse(R"({"weights":{"memroy":70}})"));
    FAIL();
  } catch (std::invalid_argument const& error) {
    EXPECT_THAT(error.what(), HasSubstr("there is no group 'memroy'; there are: requests"));
  }
}

}  // namespace
}  // namespace regatta::choice
