#include "runtimes/libuv/input_buffer.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace regatta::runtimes::libuv {
namespace {

void put(input_buffer& into, std::string_view text) {
  auto const bytes = std::as_bytes(std::span(text));
  auto const space = into.space();
  ASSERT_GE(space.size(), bytes.size());
  std::copy(bytes.begin(), bytes.end(), space.begin());
  into.commit(bytes.size());
}

std::string take(input_buffer& from, std::size_t most) {
  std::string text(most, '?');
  text.resize(from.take(std::as_writable_bytes(std::span(text))));
  return text;
}

TEST(InputBuffer, GivesBytesInTheOrderInWhichTheyCame) {
  input_store store;
  input_buffer buffer(store);
  put(buffer, "abc");
  EXPECT_EQ(take(buffer, 2), "ab");
  put(buffer, "def");
  EXPECT_EQ(take(buffer, 100), "cdef");
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(take(buffer, 100), "");
}

TEST(InputBuffer, PutsWhatIsGivenBackFirst) {
  input_store store;
  input_buffer buffer(store);
  put(buffer, "..cd");
  EXPECT_EQ(take(buffer, 2), "..");
  buffer.give_back(std::as_bytes(std::span(std::string_view("ab"))));
  put(buffer, "ef");
  EXPECT_EQ(take(buffer, 100), "abcdef");
}

TEST(InputBuffer, TakesNoMoreThanItsLimit) {
  input_store store;
  input_buffer buffer(store);
  while (!buffer.is_full()) buffer.commit(buffer.space().size());
  EXPECT_EQ(buffer.size(), input_limit);
  EXPECT_TRUE(buffer.space().empty());
  std::array<std::byte, 10> more{};
  buffer.give_back(more);
  EXPECT_EQ(buffer.size(), input_limit + 10);
  EXPECT_EQ(take(buffer, 30).size(), 30u);
  EXPECT_FALSE(buffer.is_full());
  EXPECT_EQ(buffer.space().size(), 20u);
}

TEST(InputBuffer, PassesItsMemoryOnWhenItIsEmpty) {
  input_store store;
  input_buffer first(store);
  put(first, "a");
  auto const* const memory = first.space().data() - 1;
  EXPECT_EQ(take(first, 1), "a");
  input_buffer second(store);
  EXPECT_EQ(second.space().data(), memory);
}

}  // namespace
}  // namespace regatta::runtimes::libuv
