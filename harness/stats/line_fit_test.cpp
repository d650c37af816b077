// The expected numbers are numpy's: numpy.polyfit(x, y, 1, w=1/y, cov=True).
#include "harness/stats/line_fit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace regatta::stats {
namespace {

using ::testing::HasSubstr;

TEST(LineFit, AgreesWithNumpyOverDecades) {
  std::vector<point> const bytes{{0, 3'211'264},
                                 {1'000, 3'612'672},
                                 {10'000, 6'488'064},
                                 {100'000, 36'048'896},
                                 {1'000'000, 330'301'440}};
  auto const fit = fit_line(bytes).value.value();
  EXPECT_NEAR(fit.slope, 327.360638, 1e-6);
  EXPECT_NEAR(fit.intercept, 3'240'664.67, 0.01);
  EXPECT_NEAR(fit.slope_error, 2.15455099, 1e-7);
  EXPECT_NEAR(fit.intercept_error, 21'272.2477, 1e-3);
  EXPECT_NEAR(fit.largest_residual, 0.012358358677978, 1e-12);
  EXPECT_EQ(fit.points, 5u);
  EXPECT_TRUE(fit.straight());
}

TEST(LineFit, AgreesWithNumpyWhereThePointsScatter) {
  std::vector<point> const points{{1, 2}, {2, 4.5}, {3, 5.5}, {4, 9}};
  auto const fit = fit_line(points).value.value();
  EXPECT_NEAR(fit.slope, 2.08700677, 1e-8);
  EXPECT_NEAR(fit.intercept, -0.06601842, 1e-8);
  EXPECT_NEAR(fit.slope_error, 0.25819246, 1e-8);
  EXPECT_NEAR(fit.intercept_error, 0.42690206, 1e-8);
  EXPECT_FALSE(fit.straight());
}

TEST(LineFit, FindsALineThatIsOneAndKnowsThatItHasNoError) {
  std::vector<point> points;
  for (double const x : {0.0, 1'000.0, 10'000.0, 100'000.0}) {
    points.push_back({x, 4e6 + 312.0 * x});
    points.push_back({x, 4e6 + 312.0 * x});
  }
  auto const fit = fit_line(points).value.value();
  EXPECT_NEAR(fit.slope, 312.0, 1e-9);
  EXPECT_NEAR(fit.intercept, 4e6, 1e-4);
  EXPECT_NEAR(fit.slope_error, 0.0, 1e-9);
  EXPECT_NEAR(fit.largest_residual, 0.0, 1e-12);
  EXPECT_NEAR(fit(50'000.0), 4e6 + 312.0 * 50'000.0, 1e-3);
}

TEST(LineFit, SaysByItsLargestResidualThatACurveIsNoLine) {
  std::vector<point> points;
  for (double const x : {1.0, 10.0, 100.0, 1'000.0}) points.push_back({x, x * x});
  EXPECT_FALSE(fit_line(points).value.value().straight());
}

TEST(LineFit, NeedsThreeDifferentSizesHoweverManyPoints) {
  std::vector<point> const two{{0, 1}, {0, 2}, {5, 3}, {5, 4}};
  EXPECT_FALSE(fit_line(two).value.has_value());
  EXPECT_EQ(fit_line(two).reason, "not enough points: 2 different sizes, 3 are the least");
  std::vector<point> const one{{5, 1}, {5, 2}, {5, 3}};
  EXPECT_EQ(fit_line(one).reason, "not enough points: 1 different size, 3 are the least");
  EXPECT_EQ(fit_line({}).reason, "not enough points: 0 different sizes, 3 are the least");
}

TEST(LineFit, IsLevelWhereAllValuesAreEqual) {
  std::vector<point> const level{{0, 7}, {10, 7}, {100, 7}};
  auto const fit = fit_line(level).value.value();
  EXPECT_NEAR(fit.slope, 0.0, 1e-15);
  EXPECT_NEAR(fit.intercept, 7.0, 1e-12);
  EXPECT_NEAR(fit.largest_residual, 0.0, 1e-12);
  EXPECT_TRUE(fit.straight());
}

TEST(LineFit, RefusesAValueThatHasNoRelativeError) {
  std::vector<point> const zero{{0, 0}, {10, 7}, {100, 70}};
  EXPECT_THAT(fit_line(zero).reason, HasSubstr("is not above 0"));
}

}  // namespace
}  // namespace regatta::stats
