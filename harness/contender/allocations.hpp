// How often this program asked for memory: the global operator new is replaced by one that counts.
//
// Linking regatta_contender replaces it. Frames that come out of the frame pool do not pass here;
// the pool counts those itself.
#pragma once

#include <cstdint>

namespace regatta::contender {

// Calls of operator new by all threads since the program began. Any thread; what other threads do
// at the same moment may or may not be in it.
std::uint64_t count_of_allocations() noexcept;

// False in sanitized builds, where operator new is the sanitizer's; then nothing is counted.
bool allocations_are_counted() noexcept;

}  // namespace regatta::contender
