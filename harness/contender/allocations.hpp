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

}  // namespace regatta::contender
