#include "runtimes/core/pool_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>

#include "runtimes/core/test_loop.hpp"
#include "runtimes/interface/net.hpp"

namespace regatta::core {
namespace {

using loop = test_loop<one_thread>;
static_assert(random_access_file<pool_file>);

class PoolFile : public testing::Test {
 protected:
  ~PoolFile() override { ::unlink(path_.c_str()); }
  std::string path_ = "/tmp/regatta-file-" + std::to_string(::getpid());
  blocking_pool pool_;
  loop rt_;
};

task<io_expected<pool_file>> open(blocking_pool& pool, std::string path, open_mode mode) {
  auto opened = co_await open_operation(pool, path, mode);
  co_return std::move(opened);
}
task<io_result> write(pool_file& file, std::string text, u64 at) {
  auto const written = co_await file.write_at(bytes_of(text), at);
  co_return written;
}
task<std::string> read(pool_file& file, std::size_t size, u64 at) {
  std::string text(size, '?');
  auto const [count, error] = co_await file.read_at(std::as_writable_bytes(std::span(text)), at);
  EXPECT_EQ(error, 0);
  text.resize(count);
  co_return text;
}

TEST_F(PoolFile, ReadsWhatWasWrittenWherever) {
  auto file = rt_.block_on(open(pool_, path_, open_mode::read_write));
  ASSERT_TRUE(file) << file.error_text();
  EXPECT_EQ(rt_.block_on(write(*file, "hello, sea", 0)), (io_result{10, 0}));
  EXPECT_EQ(rt_.block_on(write(*file, "lake", 7)), (io_result{4, 0}));
  EXPECT_EQ(rt_.block_on(read(*file, 100, 0)), "hello, lake") << "fewer only at the end";
  EXPECT_EQ(rt_.block_on(read(*file, 4, 7)), "lake");
  EXPECT_EQ(rt_.block_on(read(*file, 4, 1'000)), "");
  EXPECT_EQ(rt_.block_on(read(*file, 0, 0)), "");
}

TEST_F(PoolFile, ReadsWhatIsNotInThePageCache) {
  auto file = rt_.block_on(open(pool_, path_, open_mode::read_write));
  ASSERT_TRUE(file);
  std::string const text(300'000, 'r');
  EXPECT_EQ(rt_.block_on(write(*file, text, 0)).count, text.size());
  ::fdatasync(file->native_handle());
  ::posix_fadvise(file->native_handle(), 0, 0, POSIX_FADV_DONTNEED);
  EXPECT_EQ(rt_.block_on(read(*file, text.size(), 0)), text);
}

TEST_F(PoolFile, TruncatesWhenAsked) {
  auto file = rt_.block_on(open(pool_, path_, open_mode::write_truncated));
  ASSERT_TRUE(file);
  EXPECT_TRUE(rt_.block_on(write(*file, "long ago", 0)).ok());
  file = rt_.block_on(open(pool_, path_, open_mode::write_truncated));
  file = rt_.block_on(open(pool_, path_, open_mode::read));
  EXPECT_EQ(rt_.block_on(read(*file, 10, 0)), "");
}

TEST_F(PoolFile, AnswersWhatTheSystemRefuses) {
  EXPECT_EQ(rt_.block_on(open(pool_, "/nonexistent/file", open_mode::read)).error(), ENOENT);
  EXPECT_EQ(rt_.block_on(open(pool_, "/nonexistent/file", open_mode::read_write)).error(), ENOENT);
  auto read_only = rt_.block_on(open(pool_, "/proc/self/exe", open_mode::read));
  ASSERT_TRUE(read_only);
  EXPECT_EQ(rt_.block_on(write(*read_only, "x", 0)), (io_result{0, EBADF}));
  auto folder = rt_.block_on(open(pool_, "/tmp", open_mode::read));
  ASSERT_TRUE(folder);
  std::array<std::byte, 4> target;
  auto const reading = [](pool_file& from, std::span<std::byte> into) -> task<io_result> {
    auto const result = co_await from.read_at(into, 0);
    co_return result;
  };
  EXPECT_EQ(rt_.block_on(reading(*folder, target)), (io_result{0, EISDIR}));
}

}  // namespace
}  // namespace regatta::core
