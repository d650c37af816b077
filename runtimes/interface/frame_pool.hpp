// Memory for coroutine frames: size-class free lists per thread, and the register of root frames.
//
// A frame is the task: there is no object beside it. Frames come from 64 KiB slabs of one size
// class each; a thread keeps a LIFO list per class, so that the frame that just ended, still hot,
// is the next one given out. Lists longer than two batches give a batch to a stack that all threads
// share (the scheme of tcmalloc's transfer cache, and of mimalloc's page-local lists in spirit).
//
// The slab is also the register of live root frames. Each 64 bytes of a slab have a slot that names
// the runtime whose root frame begins there, so that entering and leaving the register are one
// plain store each, and a dying runtime finds its pending roots by walking the slabs. No list, no
// lock.
//
// Memory once taken for slabs is kept until trim() is called while no frame lives.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstring>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "runtimes/interface/assert.hpp"
#include "runtimes/interface/compiler.hpp"
#include "runtimes/interface/threading.hpp"
#include "runtimes/interface/types.hpp"

namespace regatta::frame_pool {

// Names a runtime in the register; 0 is nobody.
using owner_id = u16;

namespace detail {

// The address sanitizer sees a use after free only if frames really are freed.
inline constexpr bool pooling = !REGATTA_ADDRESS_SANITIZER;
inline constexpr std::size_t slab_bytes = pooling ? 64 * 1024 : 256;
inline constexpr std::size_t slabs_in_chunk = 16;
inline constexpr std::size_t granule_bytes = 64;  // No two frames of a slab begin in one granule.
inline constexpr u32 batch_frames = 32;

// Size classes: every 16 bytes up to 1 KiB, every KiB up to 16 KiB.
inline constexpr std::size_t fine_step_bytes = 16;
inline constexpr std::size_t largest_fine_bytes = 1024;
inline constexpr std::size_t coarse_step_bytes = 1024;
inline constexpr std::size_t largest_pooled_bytes = 16 * 1024;
inline constexpr std::size_t fine_classes = largest_fine_bytes / fine_step_bytes + 1;
inline constexpr std::size_t classes = fine_classes + largest_pooled_bytes / coarse_step_bytes -
                                       largest_fine_bytes / coarse_step_bytes;

constexpr std::size_t class_of(std::size_t bytes) noexcept {
  if (bytes <= largest_fine_bytes) [[likely]] {
    return (std::max(bytes, granule_bytes) + fine_step_bytes - 1) / fine_step_bytes;
  }
  return fine_classes - 1 +
         (bytes - largest_fine_bytes + coarse_step_bytes - 1) / coarse_step_bytes;
}
constexpr std::size_t bytes_of_class(std::size_t index) noexcept {
  if (index < fine_classes) return index * fine_step_bytes;
  return largest_fine_bytes + (index - fine_classes + 1) * coarse_step_bytes;
}
static_assert(class_of(largest_pooled_bytes) == classes - 1);
static_assert(bytes_of_class(class_of(1025)) == 2048);

struct free_frame {
  free_frame* next;
  free_frame* next_batch;  // Only in the first frame of a batch on the shared stack.
};

// A slab holds frames of one size class; a frame too large for a class has a slab of its own.
struct slab {
  std::size_t frame_bytes;
  slab* next;  // Only of slabs with one large frame: the list of those.
  slab* previous;
  std::array<owner_id, slab_bytes / granule_bytes> owners{};

  static slab& of(void* frame) noexcept {
    // Safe because slabs are aligned to slab_bytes and every frame begins that near to its slab.
    return *reinterpret_cast<slab*>(reinterpret_cast<std::uintptr_t>(frame) & ~(slab_bytes - 1));
  }
  owner_id& owner_of(void* frame) noexcept {
    return owners[(reinterpret_cast<std::uintptr_t>(frame) & (slab_bytes - 1)) / granule_bytes];
  }
  std::byte* begin() noexcept { return reinterpret_cast<std::byte*>(this) + first_frame_offset; }
  std::byte* end() noexcept { return reinterpret_cast<std::byte*>(this) + slab_bytes; }

  static constexpr std::size_t first_frame_offset = pooling ? 2112 : 64;
};
static_assert(sizeof(slab) <= slab::first_frame_offset);

struct thread_cache;

// What all threads share. Never destroyed: frames may outlive static destruction.
struct shared_state {
  spin_lock batches_lock[classes];
  free_frame* batches[classes]{};

  std::mutex slabs_mutex;
  std::vector<std::byte*> chunks;  // Each slabs_in_chunk slabs long.
  std::size_t slabs_used_in_last_chunk = slabs_in_chunk;
  slab* large_slabs = nullptr;

  std::mutex owners_mutex;
  std::vector<bool> owners_in_use = std::vector<bool>(1, true);  // 0 is nobody's.

  std::mutex caches_mutex;
  thread_cache* caches = nullptr;  // Of the threads that live, linked by next_cache.
  u64 allocations_of_ended_threads = 0;

  static shared_state& get() noexcept {
    static shared_state& state = *new shared_state;
    return state;
  }
};

struct thread_cache {
  struct size_class {
    free_frame* first;
    std::byte* fresh;  // The part of the current slab that was never given out.
    std::byte* fresh_end;
    u32 count;  // Frames in the list, up to one batch more or less.
  };
  std::array<size_class, classes> of_class;
  u64 allocations;  // Written by this thread only, read by all.
  thread_cache* next_cache;
  void* kept;     // The frame whose memory release() shall leave alone, once.
  bool is_known;  // To the others, by being in their list.
  bool returned_at_exit;
};

inline thread_cache& cache() noexcept {
  static thread_local constinit thread_cache the_cache{};
  return the_cache;
}

inline void give_batch(std::size_t index, free_frame* first) noexcept {
  auto& shared = shared_state::get();
  std::lock_guard guard(shared.batches_lock[index]);
  first->next_batch = shared.batches[index];
  shared.batches[index] = first;
}

inline free_frame* take_batch(std::size_t index) noexcept {
  auto& shared = shared_state::get();
  std::lock_guard guard(shared.batches_lock[index]);
  free_frame* batch = shared.batches[index];
  if (batch != nullptr) shared.batches[index] = batch->next_batch;
  return batch;
}

inline slab& take_slab(std::size_t frame_bytes) {
  auto& shared = shared_state::get();
  std::lock_guard guard(shared.slabs_mutex);
  if (shared.slabs_used_in_last_chunk == slabs_in_chunk) {
    void* chunk = ::operator new(slab_bytes * slabs_in_chunk, std::align_val_t(slab_bytes));
    shared.chunks.push_back(static_cast<std::byte*>(chunk));
    shared.slabs_used_in_last_chunk = 0;
  }
  std::byte* place = shared.chunks.back() + slab_bytes * shared.slabs_used_in_last_chunk++;
  return *new (place) slab{.frame_bytes = frame_bytes, .next = nullptr, .previous = nullptr};
}

[[gnu::noinline]] inline void* allocate_large(std::size_t bytes) {
  void* place = ::operator new(slab::first_frame_offset + bytes, std::align_val_t(slab_bytes));
  auto& shared = shared_state::get();
  std::lock_guard guard(shared.slabs_mutex);
  auto& own =
      *new (place) slab{.frame_bytes = bytes, .next = shared.large_slabs, .previous = nullptr};
  if (own.next != nullptr) own.next->previous = &own;
  shared.large_slabs = &own;
  return own.begin();
}

[[gnu::noinline]] inline void release_large(void* frame) noexcept {
  auto& shared = shared_state::get();
  slab& own = slab::of(frame);
  {
    std::lock_guard guard(shared.slabs_mutex);
    if (own.next != nullptr) own.next->previous = own.previous;
    (own.previous != nullptr ? own.previous->next : shared.large_slabs) = own.next;
  }
  ::operator delete(&own, std::align_val_t(slab_bytes));
}

// Makes a thread's cache known to the others, and gives them its frames when the thread ends.
struct return_at_exit {
  return_at_exit() {
    cache().is_known = true;
    auto& shared = shared_state::get();
    std::lock_guard guard(shared.caches_mutex);
    cache().next_cache = std::exchange(shared.caches, &cache());
  }
  ~return_at_exit() {
    {
      auto& shared = shared_state::get();
      std::lock_guard guard(shared.caches_mutex);
      thread_cache** link = &shared.caches;
      while (*link != &cache()) link = &(*link)->next_cache;
      *link = cache().next_cache;
      shared.allocations_of_ended_threads += cache().allocations;
    }
    for (std::size_t index = 0; index < classes; ++index) {
      auto& own = cache().of_class[index];
      while (own.fresh != own.fresh_end) {
        auto* frame = reinterpret_cast<free_frame*>(own.fresh);
        own.fresh += bytes_of_class(index);
        frame->next = own.first;
        own.first = frame;
      }
      if (own.first != nullptr) give_batch(index, std::exchange(own.first, nullptr));
      own.count = 0;
    }
    cache().returned_at_exit = true;
  }
};

// What a thread does with its first frame, whether it allocates or releases that.
[[gnu::noinline]] inline void make_known() noexcept {
  static thread_local return_at_exit at_exit;
  static_cast<void>(at_exit);
}

[[gnu::noinline]] inline void* allocate_slowly(thread_cache& own_cache, std::size_t index) {
  if (!own_cache.is_known && !own_cache.returned_at_exit) make_known();
  auto& own = own_cache.of_class[index];
  std::size_t const frame_bytes = bytes_of_class(index);
  if (own.fresh == own.fresh_end) {
    if (free_frame* batch = take_batch(index)) {
      own.first = batch->next;
      own.count = batch_frames - 1;
      return batch;
    }
    slab& fresh = take_slab(frame_bytes);
    own.fresh = fresh.begin();
    auto const room = static_cast<std::size_t>(fresh.end() - fresh.begin());
    own.fresh_end = own.fresh + room / frame_bytes * frame_bytes;
  }
  return std::exchange(own.fresh, own.fresh + frame_bytes);
}

[[gnu::noinline]] inline void release_slowly(thread_cache::size_class& own,
                                             std::size_t index) noexcept {
  // The hot half stays; the older half, behind it, goes.
  free_frame* last_kept = own.first;
  for (u32 i = 1; i < batch_frames; ++i) last_kept = last_kept->next;
  give_batch(index, std::exchange(last_kept->next, nullptr));
  own.count = batch_frames;
}

constexpr bool is_pooled(std::size_t bytes) noexcept {
  return pooling && bytes <= largest_pooled_bytes;
}

}  // namespace detail

// Memory for a frame, aligned to 16 bytes. Any thread.
REGATTA_READS_THREAD_LOCAL inline void* allocate(std::size_t bytes) {
  auto& own_cache = detail::cache();
  if (!detail::is_pooled(bytes)) [[unlikely]]
    return detail::allocate_large(bytes);
  // Relaxed, and no read-modify-write: safe because only this thread writes its count.
  std::atomic_ref(own_cache.allocations)
      .store(own_cache.allocations + 1, std::memory_order_relaxed);
  std::size_t const index = detail::class_of(bytes);
  auto& own = own_cache.of_class[index];
  if (own.first == nullptr) [[unlikely]]
    return detail::allocate_slowly(own_cache, index);
  --own.count;
  return std::exchange(own.first, own.first->next);
}

// Any thread, not only the one that allocated.
REGATTA_READS_THREAD_LOCAL inline void release(void* frame, std::size_t bytes) noexcept {
  auto& own_cache = detail::cache();
  if (own_cache.kept == frame) [[unlikely]] {
    own_cache.kept = nullptr;
    return;
  }
  if (!detail::is_pooled(bytes)) [[unlikely]] {
    detail::release_large(frame);
    return;
  }
  std::size_t const index = detail::class_of(bytes);
  auto* freed = static_cast<detail::free_frame*>(frame);
  if (own_cache.returned_at_exit) [[unlikely]] {
    freed->next = nullptr;
    detail::give_batch(index, freed);
    return;
  }
  if (!own_cache.is_known) [[unlikely]]
    detail::make_known();
  auto& own = own_cache.of_class[index];
  freed->next = own.first;
  own.first = freed;
  if (++own.count == 2 * detail::batch_frames) [[unlikely]]
    detail::release_slowly(own, index);
}

// While it lives, release() of this frame, by this thread, leaves its memory alone, once. Keepers
// nest: a frame that is being destroyed may hold a runtime that destroys frames of its own.
class memory_keeper {
 public:
  explicit memory_keeper(void* frame) noexcept
      : outer_(std::exchange(detail::cache().kept, frame)) {}
  ~memory_keeper() { detail::cache().kept = outer_; }
  memory_keeper(memory_keeper const&) = delete;
  memory_keeper& operator=(memory_keeper const&) = delete;

 private:
  void* outer_;
};

// How many frames the calling thread has had from the pool since it began. Frames too large for the
// pool come from operator new, whoever counts those counts them.
REGATTA_READS_THREAD_LOCAL inline u64 allocations_of_this_thread() noexcept {
  return detail::cache().allocations;
}

// The same of all threads since the program began. Any thread; what others do meanwhile may or may
// not be in it.
inline u64 allocations_of_all_threads() noexcept {
  auto& shared = detail::shared_state::get();
  std::lock_guard guard(shared.caches_mutex);
  u64 total = shared.allocations_of_ended_threads;
  for (auto* each = shared.caches; each != nullptr; each = each->next_cache) {
    // Relaxed: safe because nothing else is read on the strength of these counts.
    total += std::atomic_ref(each->allocations).load(std::memory_order_relaxed);
  }
  return total;
}

namespace detail {

inline u64 length_of(free_frame const* list) noexcept {
  u64 length = 0;
  for (; list != nullptr; list = list->next) ++length;
  return length;
}

// How many frames of the class nobody uses: in caches, on the shared stack, never given out.
inline u64 free_frames_of(std::size_t index) noexcept {
  auto& shared = shared_state::get();
  u64 free = 0;
  for (auto const* each = shared.caches; each != nullptr; each = each->next_cache) {
    auto const& own = each->of_class[index];
    auto const fresh_bytes = static_cast<std::size_t>(own.fresh_end - own.fresh);
    free += length_of(own.first) + fresh_bytes / bytes_of_class(std::max<std::size_t>(index, 1));
  }
  for (auto* batch = shared.batches[index]; batch != nullptr; batch = batch->next_batch) {
    free += length_of(batch);
  }
  return free;
}

// How many frames all slabs together have room for, by class.
inline std::array<u64, classes> capacity_by_class() noexcept {
  auto& shared = shared_state::get();
  std::array<u64, classes> frames{};
  for (std::byte* chunk : shared.chunks) {
    bool const is_last = chunk == shared.chunks.back();
    std::size_t const slabs = is_last ? shared.slabs_used_in_last_chunk : slabs_in_chunk;
    for (std::size_t i = 0; i < slabs; ++i) {
      auto& each = *reinterpret_cast<slab*>(chunk + i * slab_bytes);
      auto const room = static_cast<std::size_t>(each.end() - each.begin());
      frames[class_of(each.frame_bytes)] += room / each.frame_bytes;
    }
  }
  return frames;
}

}  // namespace detail

// Gives the memory of all slabs back to operator delete, if no frame lives in any of them; answers
// whether it did. Takes time in proportion to the free frames. Only while no other thread uses the
// pool, so not while a runtime lives: for programs that run one runtime after the other and want to
// know the memory of each.
inline bool trim() noexcept {
  auto& shared = detail::shared_state::get();
  std::scoped_lock guard(shared.caches_mutex, shared.slabs_mutex);
  auto const capacity = detail::capacity_by_class();
  for (std::size_t index = 0; index < detail::classes; ++index) {
    if (detail::free_frames_of(index) != capacity[index]) return false;
  }
  for (auto* each = shared.caches; each != nullptr; each = each->next_cache) each->of_class = {};
  for (auto*& batches : shared.batches) batches = nullptr;
  for (std::byte* chunk : shared.chunks) {
    ::operator delete(chunk, std::align_val_t(detail::slab_bytes));
  }
  shared.chunks.clear();
  shared.slabs_used_in_last_chunk = detail::slabs_in_chunk;
  return true;
}

// A name in the register, held by a runtime for as long as it lives.
class owner {
 public:
  owner() {
    auto& shared = detail::shared_state::get();
    std::lock_guard guard(shared.owners_mutex);
    auto& in_use = shared.owners_in_use;
    auto const free_one = std::find(in_use.begin(), in_use.end(), false);
    auto const index = static_cast<std::size_t>(free_one - in_use.begin());
    REGATTA_ASSERT(index <= UINT16_MAX, "65,535 runtimes live at once: destroy some first");
    if (free_one == in_use.end()) in_use.push_back(true);
    in_use[index] = true;
    id_ = static_cast<owner_id>(index);
  }
  ~owner() {
    auto& shared = detail::shared_state::get();
    std::lock_guard guard(shared.owners_mutex);
    shared.owners_in_use[id_] = false;
  }
  owner(owner const&) = delete;
  owner& operator=(owner const&) = delete;

  owner_id id() const noexcept { return id_; }

 private:
  owner_id id_;
};

// Enters a root frame into the register, before anybody else can reach it.
inline void enroll(void* frame, owner_id id) noexcept {
  // Relaxed: safe because roots_of() walks after the owner's threads have ended, and the entries of
  // other owners are only compared, never followed.
  std::atomic_ref(detail::slab::of(frame).owner_of(frame)).store(id, std::memory_order_relaxed);
}

// Takes a root frame out of the register, while its task still owns it.
inline void strike(void* frame) noexcept { enroll(frame, 0); }

// How large the block is that a frame lies in, in bytes.
inline std::size_t bytes_of(void* frame) noexcept { return detail::slab::of(frame).frame_bytes; }

// The root frames of one owner. Call it when no thread of that owner runs any more.
inline std::vector<void*> roots_of(owner_id id) {
  auto& shared = detail::shared_state::get();
  std::vector<void*> roots;
  auto look_at = [&](detail::slab& where, std::byte* frame) {
    // Relaxed: as in enroll().
    if (std::atomic_ref(where.owner_of(frame)).load(std::memory_order_relaxed) == id) {
      roots.push_back(frame);
    }
  };
  std::lock_guard guard(shared.slabs_mutex);
  for (auto* large = shared.large_slabs; large != nullptr; large = large->next) {
    look_at(*large, large->begin());
  }
  for (std::byte* chunk : shared.chunks) {
    bool const is_last = chunk == shared.chunks.back();
    std::size_t const slabs = is_last ? shared.slabs_used_in_last_chunk : detail::slabs_in_chunk;
    for (std::size_t i = 0; i < slabs; ++i) {
      auto& where = *reinterpret_cast<detail::slab*>(chunk + i * detail::slab_bytes);
      for (auto* frame = where.begin(); frame + where.frame_bytes <= where.end();
           frame += where.frame_bytes) {
        look_at(where, frame);
      }
    }
  }
  return roots;
}

}  // namespace regatta::frame_pool
