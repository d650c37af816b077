// Where points scatter, the expected numbers are SciPy's: scipy.optimize.least_squares over the
// relative deviations with bounds [0, ∞), from several starts.
#include "harness/stats/usl_fit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>
#include <vector>

#include "harness/stats/reference_table.hpp"

namespace regatta::stats {
namespace {

constexpr std::array<double, 8> counts{1, 2, 3, 4, 6, 8, 12, 16};

std::vector<throughput_point> points_of(std::array<double, 8> const& throughputs) {
  std::vector<throughput_point> points;
  for (std::size_t i = 0; i != counts.size(); ++i) points.push_back({counts[i], throughputs[i]});
  return points;
}

std::vector<throughput_point> points_on(usl const& curve) {
  std::vector<throughput_point> points;
  for (double const n : counts) points.push_back({n, curve(n)});
  return points;
}

TEST(UslFit, FindsTheCurveThatThePointsLieOn) {
  for (double const sigma : {0.0, 0.03, 0.4, 1.0}) {
    for (double const kappa : {0.0, 1e-4, 0.02}) {
      usl const curve{.lambda = 2.5e6, .sigma = sigma, .kappa = kappa};
      auto const fit = fit_usl(points_on(curve), 64).value.value();
      EXPECT_NEAR(fit.lambda / 2.5e6, 1.0, 1e-8) << sigma << " " << kappa;
      EXPECT_NEAR(fit.sigma, sigma, 1e-8) << sigma << " " << kappa;
      EXPECT_NEAR(fit.kappa, kappa, 1e-9) << sigma << " " << kappa;
      EXPECT_NEAR(fit.r_squared.value_or(1.0), 1.0, 1e-9);
    }
  }
}

TEST(UslFit, AgreesWithScipyWhereThePointsScatter) {
  auto const fit = fit_usl(points_of({1'020'000, 1'783'088, 2'559'122, 3'198'758, 3'868'421,
                                      4'439'462, 5'083'056, 4'987'342}),
                           16)
                       .value.value();
  EXPECT_NEAR(fit.lambda, 1'003'940.833527, 0.1);
  EXPECT_NEAR(fit.sigma, 0.08124011437484, 1e-7);
  EXPECT_NEAR(fit.kappa, 0.004033784315816, 1e-8);
  EXPECT_NEAR(fit.r_squared.value(), 0.9985576253197543, 1e-8);
  EXPECT_NEAR(fit.peak().value(), 15.0919, 1e-3);
}

TEST(UslFit, AgreesWithScipysCurveFit) {
  // To 1e-6 of λ and σ and 1e-5 of κ: that is how far two minimisers come.
  for (auto const& c : reference_table("usl_fit", "cases")) {
    auto const threads = numbers(c.at("threads"));
    auto const throughput = numbers(c.at("throughput"));
    std::vector<throughput_point> points;
    for (std::size_t i = 0; i != threads.size(); ++i) points.push_back({threads[i], throughput[i]});
    auto const fit = fit_usl(points, 16).value.value();
    EXPECT_NEAR(fit.lambda / c.at("lambda").get<double>(), 1.0, 1e-6);
    EXPECT_NEAR(fit.sigma / c.at("sigma").get<double>(), 1.0, 1e-6);
    EXPECT_NEAR(fit.kappa / c.at("kappa").get<double>(), 1.0, 1e-5);
  }
}

TEST(UslFit, KeepsCoherencyAtZeroWhereNoiseWouldMakeItNegative) {
  auto const fit = fit_usl(points_of({1'000'000, 1'739'130, 2'261'538, 2'758'621, 3'360'000,
                                      3'863'415, 4'618'868, 5'070'769}),
                           16)
                       .value.value();
  EXPECT_EQ(fit.kappa, 0.0);
  EXPECT_NEAR(fit.lambda, 986'479.4008347, 0.1);
  EXPECT_NEAR(fit.sigma, 0.1446515453168, 1e-7);
  EXPECT_NEAR(fit.r_squared.value(), 0.9992086488439601, 1e-8);
  EXPECT_FALSE(fit.peak().has_value());
}

TEST(UslFit, KeepsContentionAtZeroWhereNoiseWouldMakeItNegative) {
  auto const fit = fit_usl(points_of({970'000, 1'960'784, 2'886'792, 3'678'571, 4'707'692,
                                      5'179'487, 5'068'966, 4'564'706}),
                           16)
                       .value.value();
  EXPECT_EQ(fit.sigma, 0.0);
  EXPECT_NEAR(fit.lambda, 1'009'129.833835, 0.1);
  EXPECT_NEAR(fit.kappa, 0.01039240265209, 1e-7);
  EXPECT_NEAR(fit.r_squared.value(), 0.9988062873299461, 1e-8);
}

TEST(UslFit, KeepsBothAtZeroWhereThreadsSpeedEachOtherUp) {
  std::vector<throughput_point> points;
  double times = 0.0;
  double squares = 0.0;
  for (double const n : counts) {
    points.push_back({n, 1e6 * std::pow(n, 1.2)});
    double const time = n / points.back().throughput;
    times += time;
    squares += time * time;
  }
  auto const fit = fit_usl(points, 16).value.value();
  EXPECT_EQ(fit.sigma, 0.0);
  EXPECT_EQ(fit.kappa, 0.0);
  // Only λ is free, and Σ (λn/X − 1)² is least there.
  EXPECT_NEAR(fit.lambda, times / squares, 1.0);
  EXPECT_FALSE(fit.peak().has_value());
}

TEST(UslFit, ComesNearTheTruthUnderNoiseOfManyBlocks) {
  usl const truth{.lambda = 3e6, .sigma = 0.05, .kappa = 0.002};
  std::mt19937_64 random(7);
  std::normal_distribution<double> noise(0.0, 0.03);
  std::vector<throughput_point> points;
  for (int block = 0; block != 40; ++block) {
    for (double const n : counts) points.push_back({n, truth(n) * std::exp(noise(random))});
  }
  auto const fit = fit_usl(points, 16).value.value();
  EXPECT_NEAR(fit.lambda / 3e6, 1.0, 0.02);
  EXPECT_NEAR(fit.sigma, 0.05, 0.01);
  EXPECT_NEAR(fit.kappa, 0.002, 0.0005);
  EXPECT_EQ(fit.points, 320u);
  EXPECT_EQ(fit.fitted.size(), 8u);
}

TEST(UslFit, ThreePointsAreTheLeast) {
  std::vector<throughput_point> const three{{1, 1e6}, {2, 1.8e6}, {3, 2.4e6}};
  EXPECT_TRUE(fit_usl(three, 4).value.has_value());
  std::vector<throughput_point> const two{{1, 1e6}, {1, 1.1e6}, {2, 1.8e6}, {2, 1.7e6}};
  EXPECT_FALSE(fit_usl(two, 4).value.has_value());
  EXPECT_EQ(fit_usl(two, 4).reason,
            "not enough points: 2 different numbers of threads, 3 are the least");
  EXPECT_EQ(fit_usl({}, 4).reason,
            "not enough points: 0 different numbers of threads, 3 are the least");
}

TEST(UslFit, LeavesOutThreadsThatShareProcessors) {
  usl const curve{.lambda = 1e6, .sigma = 0.02, .kappa = 0.001};
  std::vector<throughput_point> points;
  for (double const n : {1.0, 2.0, 3.0, 4.0}) points.push_back({n, curve(n)});
  for (double const n : {6.0, 8.0}) points.push_back({n, curve(4.0)});
  auto const fit = fit_usl(points, 4).value.value();
  EXPECT_THAT(fit.fitted, ::testing::ElementsAre(1.0, 2.0, 3.0, 4.0));
  EXPECT_FALSE(fit.beyond_processors);
  EXPECT_NEAR(fit.sigma, 0.02, 1e-8);
}

TEST(UslFit, TakesAllThreadsWhereThoseOfTheMachineAreTooFewAndSaysSo) {
  std::vector<throughput_point> const points{{1, 1e6}, {2, 1.8e6}, {3, 2.4e6}, {4, 2.8e6}};
  auto const fit = fit_usl(points, 2).value.value();
  EXPECT_THAT(fit.fitted, ::testing::ElementsAre(1.0, 2.0, 3.0, 4.0));
  EXPECT_TRUE(fit.beyond_processors);
  EXPECT_NEAR(fit.sigma, 0.07580536757926, 1e-7);
  EXPECT_NEAR(fit.kappa, 0.01664115014819, 1e-7);
  // How many processors there are is not known: then nobody can say what lies beyond.
  EXPECT_FALSE(fit_usl(points, 0).value.value().beyond_processors);
}

TEST(UslFit, TakesALevelLineForOneAndKnowsNoShareOfScatterThere) {
  std::vector<throughput_point> const level{{1, 5e5}, {2, 5e5}, {4, 5e5}, {8, 5e5}};
  auto const fit = fit_usl(level, 8).value.value();
  EXPECT_NEAR(fit.sigma, 1.0, 1e-9);
  EXPECT_NEAR(fit.kappa, 0.0, 1e-9);
  EXPECT_NEAR(fit.lambda, 5e5, 1e-3);
  EXPECT_FALSE(fit.r_squared.has_value());
}

TEST(UslFit, PutsThePeakWhereTheCurveTurns) {
  usl const curve{.lambda = 1e6, .sigma = 0.1, .kappa = 0.01};
  double const peak = curve.peak().value();
  EXPECT_NEAR(peak, std::sqrt(0.9 / 0.01), 1e-9);
  EXPECT_GT(curve(peak), curve(peak * 1.01));
  EXPECT_GT(curve(peak), curve(peak * 0.99));
  EXPECT_FALSE((usl{.lambda = 1.0, .sigma = 0.5}).peak().has_value());
  EXPECT_EQ((usl{.lambda = 1.0, .sigma = 2.0}).peak(), 1.0);
}

TEST(UslFit, RefusesWhatIsNoThroughput) {
  std::vector<throughput_point> const zero{{1, 1e6}, {2, 0.0}, {3, 2e6}};
  EXPECT_THAT(fit_usl(zero, 4).reason, ::testing::HasSubstr("is none"));
}

}  // namespace
}  // namespace regatta::stats
