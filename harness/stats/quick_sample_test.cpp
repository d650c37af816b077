// Without simdjson nothing is read the quick way, and these skip.
#include "harness/stats/quick_sample.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace regatta::stats {
namespace {

std::string const plain =
    R"({"block":3,"round":1,"turn":2,"row":"a/t=1#twin","contender":"a","variant":"t=1",)"
    R"("twin":true,"scenario":"spawn","params":{"tasks":10},"cell":"spawn tasks=10",)"
    R"("outcome":"ok","reason":"","iterations":4,"ns":500,"cpu_ns":450,"operations":40,)"
    R"("answer":18446744073709551615,"expected":7,"allocations":12,"peak_rss_bytes":4096,)"
    R"("context_switches":{"voluntary":5,"involuntary":6},"threads_used":2,)"
    R"("counters":{"polls":9,"a \"name\"":1},"latency":{"unit":"ns","buckets":[[7,3],[100,1]]},)"
    R"("recording_ns":25,"bytes":77,"compared_ns":99,"system_calls":{"read":8},)"
    R"("exchange_ns":600,"warmup":1,"a key of tomorrow":[1,{"x":null}]})";

sample const* read(quick_samples& quick, std::string line) {
  // The view is of a buffer with padding; the sample is a copy of it.
  std::size_t const size = line.size();
  line.resize(size + quick_samples::padding, '{');
  return quick.read(std::string_view(line).substr(0, size));
}

TEST(QuickSample, OfAPlainLineIsTheSampleOfTheSlowWay) {
  quick_samples quick;
  auto const* found = read(quick, plain);
  if (found == nullptr) GTEST_SKIP() << "built without simdjson";
  sample with_params = *found;
  auto const slow = parse_sample(plain).value.value();
  with_params.params = slow.params;
  EXPECT_EQ(format_sample(with_params), format_sample(slow));
  EXPECT_EQ(with_params.answer, 18446744073709551615u);
}

TEST(QuickSample, NothingOfALineIsLeftForTheNext) {
  quick_samples quick;
  if (read(quick, plain) == nullptr) GTEST_SKIP() << "built without simdjson";
  std::string const short_line = R"({"row":"b","cell":"c","outcome":"timeout"})";
  auto const* found = read(quick, short_line);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(format_sample(*found), format_sample(parse_sample(short_line).value.value()));
}

TEST(QuickSample, LeavesWhatIsNotPlainToTheSlowWay) {
  quick_samples quick;
  if (read(quick, plain) == nullptr) GTEST_SKIP() << "built without simdjson";
  std::string const begin = R"({"row":"b","cell":"c","outcome":"ok")";
  ASSERT_NE(read(quick, begin + "}"), nullptr);
  std::vector<std::string> const odd{
      begin,
      begin + R"(,"ns":-5})",
      begin + R"(,"ns":5.0})",
      begin + R"(,"ns":null})",
      begin + R"(,"ns":"5"})",
      begin + R"(,"twin":1})",
      begin + R"(,"variant":7})",
      begin + R"(,"context_switches":{"voluntary":1}})",
      begin + R"(,"context_switches":3})",
      begin + R"(,"counters":[1]})",
      begin + R"(,"counters":{"a":-1}})",
      begin + R"(,"latency":{"unit":"ms","buckets":[]}})",
      begin + R"(,"latency":{"buckets":[[1,2]]}})",
      begin + R"(,"latency":{"unit":"ns","buckets":[[1,2,3]]}})",
      begin + R"(,"latency":{"unit":"ns","buckets":[[1]]}})",
      begin + R"(,"latency":{"unit":"ns","buckets":[[1,-2]]}})",
      R"({"row":"b","cell":"c"})",
      R"({"row":"b","cell":"c","outcome":"splendid"})",
      R"({"row":"b","outcome":"ok"})",
      R"({"cell":"c","outcome":"ok"})",
      R"([{"row":"b","cell":"c","outcome":"ok"}])",
      "{\"row\":\"\xff\",\"cell\":\"c\",\"outcome\":\"ok\"}",
      "",
      "nonsense",
  };
  for (std::string const& line : odd) EXPECT_EQ(read(quick, line), nullptr) << line;
}

}  // namespace
}  // namespace regatta::stats
