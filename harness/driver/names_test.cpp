#include "harness/driver/names.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace regatta::driver {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Names, AStarStaysWithinItsPart) {
  EXPECT_TRUE(matches_glob("work*", "work_stealing"));
  EXPECT_FALSE(matches_glob("work*", "work_stealing/threads=1"));
  EXPECT_TRUE(matches_glob("*/threads=?", "work_stealing/threads=1"));
}

TEST(Names, AMistypedNameFindsItsNeighbours) {
  const std::vector<std::string> names = {"skynet", "yield", "ping_pong", "channel"};
  EXPECT_THAT(near_names("skynt", names), ElementsAre("skynet"));
  EXPECT_THAT(near_names("pong", names), ElementsAre("ping_pong"));
  EXPECT_THAT(near_names("zzzzzz", names), IsEmpty());
  EXPECT_EQ(suggestion("yeild", names), "; did you mean yield?");
  EXPECT_EQ(suggestion("zzzzzz", names), "; there are: skynet, yield, ping_pong, channel");
  EXPECT_EQ(suggestion("x", {}), "; there are none");
}

}  // namespace
}  // namespace regatta::driver
