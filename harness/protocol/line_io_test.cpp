#include "harness/protocol/line_io.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <thread>

namespace regatta::protocol {
namespace {

struct pipe_pair {
  pipe_pair() {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) std::abort();
    source = ends[0];
    target = ends[1];
  }
  ~pipe_pair() {
    ::close(source);
    close_target();
  }
  void close_target() {
    if (target >= 0) ::close(std::exchange(target, -1));
  }
  void put(std::string_view bytes) const {
    ASSERT_EQ(::write(target, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  int source = -1;
  int target = -1;
};

TEST(LineReader, PutsALineTogetherFromSingleBytes) {
  pipe_pair pipe;
  ::fcntl(pipe.source, F_SETFL, O_NONBLOCK);
  line_reader reader(pipe.source);
  for (const char c : std::string_view("ab")) {
    pipe.put({&c, 1});
    EXPECT_EQ(reader.next().status, line_status::waiting);
  }
  pipe.put("\n");
  const auto got = reader.next();
  EXPECT_EQ(got.status, line_status::line);
  EXPECT_EQ(got.text, "ab");
}

TEST(LineReader, ShowsWhatHasComeOfALine) {
  pipe_pair pipe;
  ::fcntl(pipe.source, F_SETFL, O_NONBLOCK);
  line_reader reader(pipe.source);
  pipe.put("whole\nhal");
  EXPECT_EQ(reader.next().text, "whole");
  EXPECT_EQ(reader.next().status, line_status::waiting);
  EXPECT_EQ(reader.unfinished(), "hal");
}

TEST(LineReader, TakesSeveralLinesOutOfOneRead) {
  pipe_pair pipe;
  pipe.put("one\n\ntwo\n");
  line_reader reader(pipe.source);
  EXPECT_EQ(reader.next().text, "one");
  EXPECT_EQ(reader.next().text, "");
  EXPECT_EQ(reader.next().text, "two");
}

TEST(LineReader, TellsAnUnfinishedLastLineFromAWholeOne) {
  pipe_pair pipe;
  pipe.put("whole\ntorn");
  pipe.close_target();
  line_reader reader(pipe.source);
  EXPECT_EQ(reader.next().status, line_status::line);
  const auto last = reader.next();
  EXPECT_EQ(last.status, line_status::end);
  EXPECT_EQ(last.text, "torn");
  EXPECT_EQ(reader.next().text, "");
}

TEST(LineReader, AnEndlessLineIsRefusedWithBoundedMemory) {
  pipe_pair pipe;
  std::thread flood([&] {
    const std::string much(200 * 1024, 'x');
    (void)!::write(pipe.target, much.data(), much.size());
  });
  line_reader reader(pipe.source);
  const auto got = reader.next();
  EXPECT_EQ(got.status, line_status::too_long);
  EXPECT_LT(got.text.size(), 2 * max_line_bytes);
  std::array<char, 4096> rest;
  for (std::size_t seen = 0; seen < 100 * 1024;) {
    const ssize_t n = ::read(pipe.source, rest.data(), rest.size());
    ASSERT_GT(n, 0);
    seen += static_cast<std::size_t>(n);
  }
  flood.join();
}

TEST(LineReader, TheLimitCountsTheNewline) {
  pipe_pair pipe;
  line_reader reader(pipe.source, 4);
  pipe.put("abc\n");
  EXPECT_EQ(reader.next().status, line_status::line);
  pipe.put("abcd\n");
  EXPECT_EQ(reader.next().status, line_status::too_long);
}

TEST(LineReader, AFailingDescriptorIsSaidInWords) {
  line_reader reader(-1);
  const auto got = reader.next();
  EXPECT_EQ(got.status, line_status::failed);
  EXPECT_EQ(got.text, "reading a line failed: Bad file descriptor");
}

TEST(WriteLine, AFullPipeIsWaitedFor) {
  pipe_pair pipe;
  ::fcntl(pipe.target, F_SETFL, O_NONBLOCK);
  const std::string much(300 * 1024, 'x');
  std::thread source([&] {
    line_reader reader(pipe.source, 400 * 1024);
    EXPECT_EQ(reader.next().text, much);
  });
  EXPECT_EQ(write_line(pipe.target, much), "");
  source.join();
}

TEST(WriteLine, AGoneReaderIsAnErrorAndNoSignal) {
  std::signal(SIGPIPE, SIG_IGN);
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  ::close(ends[0]);
  EXPECT_EQ(write_line(ends[1], "x"), "writing a line failed: Broken pipe");
  ::close(ends[1]);
}

}  // namespace
}  // namespace regatta::protocol
