// What the channel scenarios send.
#pragma once

#include <array>
#include <stdexcept>
#include <string>

#include "runtimes/interface/types.hpp"
#include "scenarios/support/choice.hpp"

namespace regatta::scenarios {

// A message of that many bytes, moved by value; the first word is its number, the others are zeros.
template <u64 Bytes>
struct message {
  std::array<u64, Bytes / sizeof(u64)> words{};

  message() = default;
  explicit message(u64 number) { words[0] = number; }
  u64 number() const { return words[0]; }
};

// What a consumer has to tell in the end.
struct tally {
  u64 messages = 0;
  u64 sum = 0;

  void add(u64 number) {
    ++messages;
    sum += number;
  }
};

u64 count_of(auto const& tallies) {
  u64 messages = 0;
  for (tally const& each : tallies) messages += each.messages;
  return messages;
}

// The sum of the numbers in all messages. Throws if there were not as many messages as were sent: a
// sum alone would not show that one was lost and another came twice.
u64 sum_of_all(auto const& tallies, u64 messages_sent) {
  u64 const received = count_of(tallies);
  if (received != messages_sent) {
    throw std::logic_error(std::to_string(messages_sent) + " messages were sent, but " +
                           std::to_string(received) + " received");
  }
  u64 total = 0;
  for (tally const& each : tallies) total += each.sum;
  return total;
}

// The numbers that one of several producers sends: [first, end).
struct numbers {
  u64 first;
  u64 end;
};

inline numbers share_of(u64 producer, u64 producers, u64 messages) {
  return {messages * producer / producers, messages * (producer + 1) / producers};
}

}  // namespace regatta::scenarios
