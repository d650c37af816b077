// `regatta verify` names each rule of the protocol that a contender breaks: in the check that is
// about that rule, with what it expected and what it got, and the lines that were said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/course.hpp"

namespace regatta::end_to_end {
namespace {

using ::testing::HasSubstr;

struct breach {
  std::string kind;
  std::string check;  ///< How its name begins.
  std::vector<std::string> said;
};

void PrintTo(const breach& b, std::ostream* out) { *out << b.kind; }

json verified(const course& c, const std::string& name) {
  const told result = c.regatta({"verify", "--contender", name, "--scenario", "yield",
                                 "--time-limit", "3", "--memory-limit", "200M", "--json"});
  EXPECT_EQ(result.code, 1) << result.out << result.err;
  return json::parse(result.out);
}

class Breach : public ::testing::TestWithParam<breach> {};

TEST_P(Breach, IsNamedWhereItHappens) {
  const breach& broken = GetParam();
  course c;
  c.enter("bad", {"--misbehave", broken.kind});
  const json found = verified(c, "bad");
  bool is_named = false;
  for (const json& one : found) {
    if (one.at("verdict") != "wrong") continue;
    if (!one.at("check").get<std::string>().starts_with(broken.check)) continue;
    is_named = true;
    for (const std::string& part : broken.said) {
      EXPECT_THAT(one.at("detail").get<std::string>(), HasSubstr(part));
    }
    EXPECT_FALSE(one.at("conversation").empty()) << one;
    break;
  }
  EXPECT_TRUE(is_named) << found.dump(1);
}

INSTANTIATE_TEST_SUITE_P(
    EndToEnd, Breach,
    ::testing::Values(
        // One line after the other.
        breach{
            "missing_key", "yield", {"sample.ns must be a whole number, 0 or more; it is missing"}},
        breach{"wrong_type",
               "yield",
               {R"(sample.ns must be a whole number, 0 or more; got "much")",
                "sample.threads_used must be a whole number, 0 or more; got [1]"}},
        breach{
            "negative", "yield", {"sample.operations must be a whole number, 0 or more; got -1"}},
        breach{
            "fraction", "yield", {"sample.iterations must be a whole number, 0 or more; got 1.0"}},
        breach{"blank_line", "yield", {"it printed a blank line"}},
        breach{"noise", "yield", {"debug: about to take a sample"}},
        breach{"garbage", "yield", {"it printed what is no message"}},
        breach{"no_object", "yield", {"expected a JSON object", "[1,2]"}},
        breach{"two_on_a_line", "yield", {"more than one JSON value on one line"}},
        breach{"no_newline", "yield", {"no answer to run", R"(has no newline: {"sample")"}},
        breach{"endless_line", "yield", {"a line of more than 64 KiB"}},
        breach{"torn_line", "yield", {"ended during run: exit code 0"}},
        // One message after the other.
        breach{
            "wrong_reply", "yield", {R"(it answered {"ready":true} to run; expected {"sample")"}},
        breach{"fewer_samples", "yield", {"it said done after 1 samples; it was asked for 3"}},
        breach{"more_samples", "yield", {"it sent more than the 1 sample that it was asked for"}},
        breach{"no_done", "yield", {"no answer to run"}},
        breach{"done_first", "yield", {"it said done after 0 samples"}},
        breach{"noise_after", "yield", {"debug: the sample is done"}},
        breach{"talks_when_idle", "silent and idle when it is not asked", {"still here"}},
        // What a sample claims.
        breach{"wrong_answer", "yield", {"the oracle says"}},
        breach{"differing_answers", "yield", {"not the same in each run"}},
        breach{"miscounts", "yield", {"counted 99 operations; 1 iterations of this cell are 100"}},
        breach{"wrong_iterations", "yield", {"ran 2 iterations; it was asked for 1"}},
        breach{"lies_about_time", "yield", {"the whole exchange took"}},
        breach{"no_time", "yield", {"took no time at all"}},
        breach{"constant_time", "yield", {"sample.ns does not grow with the work"}},
        breach{"part_of_the_time", "yield", {"it times only a part"}},
        breach{
            "busy_beyond_reason", "yield", {"sample.cpu_ns is 1 h 0 min", "processors can do in"}},
        breach{"buckets_descend", "yield", {"must ascend; [100,50] comes after [500,50]"}},
        breach{"buckets_overflow", "yield", {"count 101 latencies; there were 100 operations"}},
        breach{"endless_latency", "yield", {"hold a latency of 1 h 0 min"}},
        breach{"two_threads", "yield", {"ran tasks on 2 threads; it was set up with 1"}},
        breach{"too_many_threads", "set up with one thread", {"hello.threads must be 1", "got 2"}},
        breach{"fails", "yield", {"run failed (failed): this fake does not feel well"}},
        // What it must refuse, and what it must not.
        breach{"runs_unprepared", "run before prepare", {R"(it answered {"sample")"}},
        breach{"keeps_the_cell", "run after a prepare that failed", {R"(it answered {"sample")"}},
        breach{
            "forgets_no_cell", "hello again sets everything up anew", {R"(it answered {"sample")"}},
        breach{"ends_after_an_error", "a line that is no JSON", {"exit code 0"}},
        breach{"any_scenario", "an unknown scenario", {R"(it answered {"ready":true})"}},
        breach{"any_parameter", "an unknown parameter", {R"(it answered {"ready":true})"}},
        breach{"any_line", "a line that is no JSON", {R"(it answered {"hello":1)"}},
        breach{"no_reason", "a line that is no JSON", {"error.reason is missing"}},
        breach{"unknown_keys", "a key that it does not know", {R"(it answered {"error")"}},
        breach{"parses_by_hand", "blanks, and keys in another order", {R"(it answered {"error")"}},
        // What it says of itself.
        breach{"any_variant", "an unknown variant", {R"(it answered {"hello":1)"}},
        breach{"hides_its_default", "hello", {R"(hello.variant is "fast", which is not among)"}},
        breach{"lists_its_default_last",
               "hello",
               {R"(hello.variants must begin with the default, ""; got "slow", "")"}},
        breach{"wrong_capability", "hello", {R"(got "telepathy")"}},
        breach{"wrong_pid", "hello", {"there is no process"}},
        breach{"wrong_protocol", "hello", {"speaks protocol 2"}},
        breach{"exit_in_hello", "hello", {"exit code 7"}},
        breach{"forgets_its_variant", "hello", {R"(hello.variant must be "slow")"}},
        breach{"lists_twice", "list", {"is listed twice"}},
        breach{"lists_a_parameter", "list", {"has no parameter 'wind' here"}},
        breach{"lists_another_default", "list", {"the list says 12345"}},
        // Idleness, and leave-taking.
        breach{"spins_when_idle", "silent and idle when it is not asked", {"of CPU in"}},
        breach{"ignores_quit", "quit", {"ignored quit for 2 s and was killed"}},
        breach{"ignores_the_end", "the end of its stdin", {"ignored the end of its stdin"}},
        breach{"exits_with_1", "quit", {"exit code 1; expected exit code 0"}}),
    [](const auto& one) { return one.param.kind; });

TEST(Verify, NamesEveryFieldThatIsWrongInOneGo) {
  course c;
  c.enter("bad", {"--misbehave", "wrong_type", "--only", "yield"});
  const told result = c.regatta({"verify", "bad", "--scenario", "yield"});
  EXPECT_THAT(result.out, HasSubstr("sample.ns must be"));
  EXPECT_THAT(result.out, HasSubstr("sample.threads_used must be"));
}

TEST(Verify, FindsAScenarioThatTheListDoesNotName) {
  course c;
  c.enter("bad", {"--misbehave", "lists_less"});
  const told result = c.regatta({"verify", "bad", "--scenario", "accept"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, HasSubstr("its list does not name this scenario"));
}

TEST(Verify, AsksNoLongerWhoNeverAnswers) {
  course c;
  c.enter("bad", {"--misbehave", "hang_in_prepare"});
  const told result = c.regatta({"verify", "bad", "--time-limit", "1"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, HasSubstr("is stdout flushed after each line?"));
  EXPECT_THAT(result.out, HasSubstr("it was silent 3 times, and is not asked any more"));
}

}  // namespace
}  // namespace regatta::end_to_end
