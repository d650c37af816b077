#include "harness/contender/allocations.hpp"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace regatta::contender {
namespace {

// A thread counts in a slot of its own, so that counting does not make the threads that allocate
// wait for each other. Threads past the last slot share that one.
constexpr std::size_t slots = 512;

struct alignas(64) slot {
  std::atomic<std::uint64_t> count{0};
};

constinit slot all_slots[slots];
constinit std::atomic<std::size_t> slots_taken{0};
constinit thread_local slot* own_slot = nullptr;

void count_one() noexcept {
  if (own_slot == nullptr) {
    // Relaxed: safe because the number only tells threads apart.
    auto const index = slots_taken.fetch_add(1, std::memory_order_relaxed);
    own_slot = &all_slots[index < slots ? index : slots - 1];
  }
  if (own_slot == &all_slots[slots - 1]) {
    own_slot->count.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  // Relaxed, and no read-modify-write: safe because only this thread writes this slot.
  auto const before = own_slot->count.load(std::memory_order_relaxed);
  own_slot->count.store(before + 1, std::memory_order_relaxed);
}

[[maybe_unused]] void* allocate(std::size_t bytes) noexcept {
  count_one();
  return std::malloc(bytes == 0 ? 1 : bytes);
}

[[maybe_unused]] void* allocate(std::size_t bytes, std::align_val_t alignment) noexcept {
  count_one();
  void* memory = nullptr;
  auto const wanted = static_cast<std::size_t>(alignment);
  auto const least = wanted < sizeof(void*) ? sizeof(void*) : wanted;
  return posix_memalign(&memory, least, bytes == 0 ? 1 : bytes) == 0 ? memory : nullptr;
}

[[maybe_unused]] void* or_throw(void* memory) {
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

bool allocations_are_counted() noexcept { return !REGATTA_SANITIZED; }

std::uint64_t count_of_allocations() noexcept {
  std::uint64_t total = 0;
  // Relaxed: safe because nothing else is read on the strength of these counts.
  for (slot const& each : all_slots) total += each.count.load(std::memory_order_relaxed);
  return total;
}

}  // namespace regatta::contender

#if !REGATTA_SANITIZED

using regatta::contender::allocate;
using regatta::contender::or_throw;

void* operator new(std::size_t bytes) { return or_throw(allocate(bytes)); }
void* operator new[](std::size_t bytes) { return or_throw(allocate(bytes)); }
void* operator new(std::size_t bytes, std::nothrow_t const&) noexcept { return allocate(bytes); }
void* operator new[](std::size_t bytes, std::nothrow_t const&) noexcept { return allocate(bytes); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return or_throw(allocate(bytes, alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return or_throw(allocate(bytes, alignment));
}
void* operator new(std::size_t bytes, std::align_val_t alignment, std::nothrow_t const&) noexcept {
  return allocate(bytes, alignment);
}
void* operator new[](std::size_t bytes, std::align_val_t alignment,
                     std::nothrow_t const&) noexcept {
  return allocate(bytes, alignment);
}

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::nothrow_t const&) noexcept { std::free(memory); }
void operator delete[](void* memory, std::nothrow_t const&) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t, std::nothrow_t const&) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::align_val_t, std::nothrow_t const&) noexcept {
  std::free(memory);
}

#endif
