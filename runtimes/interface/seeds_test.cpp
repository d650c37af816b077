#include "runtimes/interface/seeds.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <vector>

namespace regatta {
namespace {

using namespace std::chrono_literals;

// Sets variables of the environment, and takes them back.
class Seeds : public testing::Test {
 protected:
  void SetUp() override { forget(); }
  void TearDown() override { forget(); }

  static void say(char const* name, char const* value) { ::setenv(name, value, 1); }
  static std::vector<u64> tried(duration allowed) {
    std::vector<u64> all;
    for (seed_loop seeds{seed_allowance(allowed)}; seeds.next();) all.push_back(seeds.seed());
    return all;
  }

 private:
  static void forget() {
    ::unsetenv("REGATTA_SEED");
    ::unsetenv("REGATTA_SEEDS");
  }
};

TEST_F(Seeds, AThousandAreTriedUnlessTimeIsShort) {
  auto const all = tried(1h);
  ASSERT_EQ(all.size(), 1'000u);
  EXPECT_EQ(all.front(), 1u);
  EXPECT_EQ(all.back(), 1'000u);
  EXPECT_EQ(tried(-1s), (std::vector<u64>{1}));
}

TEST_F(Seeds, OneThatIsAskedForIsTheOnlyOne) {
  say("REGATTA_SEED", "77");
  EXPECT_EQ(tried(-1s), (std::vector<u64>{77}));
}

TEST_F(Seeds, AsManyAsAreAskedForAreTriedHoweverLongItTakes) {
  say("REGATTA_SEEDS", "3");
  EXPECT_EQ(tried(-1s), (std::vector<u64>{1, 2, 3}));
  say("REGATTA_SEEDS", "8-10");
  EXPECT_EQ(tried(-1s), (std::vector<u64>{8, 9, 10}));
}

// As if the program died while the second seed was tried.
void die_trying(void (*how)()) {
  replay_hint const hint("program --check=x");
  seed_loop seeds{seed_allowance(1h)};
  seeds.next();
  seeds.next();
  how();
}

TEST_F(Seeds, AProgramThatDiesSaysHowToSeeItAgain) {
  char const* const last_words =
      "this was seed 2; run it again with: REGATTA_SEED=2 program --check=x";
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(die_trying([] { std::abort(); }), last_words);
  EXPECT_DEATH(die_trying([] { REGATTA_ASSERT(false, "whatever"); }), last_words);
  EXPECT_DEATH(die_trying([] { *static_cast<int volatile*>(nullptr) = 1; }), last_words);
  EXPECT_DEATH(die_trying([] { ::raise(SIGTERM); }), last_words);
}

TEST_F(Seeds, AHintThatIsGoneSaysNothing) {
  {
    replay_hint const hint("program");
    replay_hint::set_seed(4);
    EXPECT_EQ(replay_hint::text(), "this was seed 4; run it again with: REGATTA_SEED=4 program");
  }
  EXPECT_EQ(replay_hint::text(), "");
}

}  // namespace
}  // namespace regatta
