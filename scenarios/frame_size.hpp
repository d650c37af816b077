// What a coroutine costs that holds a buffer while it waits: in its frame or on the heap, and with
// the scope of the buffer ended before the wait or not. A compiler may keep in the frame whatever
// is declared in the coroutine, however soon its scope ends, as g++ 12 does and clang 19 does not;
// then a scope that is closed in time saves nothing.
//
// What is counted is how much the resident memory of the process rises when all tasks are parked.
// Beside their frames and buffers that is a joiner of 8 bytes for each.
#pragma once

#include <array>
#include <memory>
#include <span>

#include "scenarios/support/scenario.hpp"
#include "scenarios/support/waiting_room.hpp"

namespace regatta::scenarios {

struct frame_size {
  static constexpr std::string_view name = "frame_size";
  static constexpr std::string_view summary =
      "memory of tasks that hold a buffer while they wait, in the frame or on the heap";
  static constexpr bool fresh_process = true;
  static constexpr quantity measures = quantity::bytes;

  struct params {
    u64 held = 1'024;  // bytes: 0, 100, 1024 or 65536
    choice<"frame", "heap"> where{};
    choice<"open", "closed"> scope{};  // of the buffer, while the task waits
    u64 tasks = 1'000;
    void each(auto&& visit) {
      visit("held", held);
      visit("where", where);
      visit("scope", scope);
      visit("tasks", tasks);
    }
  };

  static params smoke() { return {.held = 100, .tasks = 20}; }
  static std::vector<params> quick() {
    auto const open = grid<params>().over(&params::held, {0, 1'024, 65'536});
    auto const closed = grid<params>({.held = 65'536, .scope = "closed"});
    return (open + closed).over(&params::where, {"frame", "heap"});
  }
  static std::vector<params> full() {
    return grid<params>()
        .over(&params::held, {0, 1'024, 65'536})
        .over(&params::where, {"frame", "heap"})
        .over(&params::scope, {"open", "closed"});
  }

  static u64 expected(params p) { return sum_of_indices(p.tasks); }
  static u64 operations(params p) { return p.tasks; }
  static std::string invalid(params p) {
    if (p.tasks == 0) return "tasks must be at least 1";
    // What is in a frame has to be known when it is compiled.
    if (p.held != 0 && p.held != 100 && p.held != 1'024 && p.held != 65'536) {
      return "held must be 0, 100, 1024 or 65536";
    }
    return "";
  }

  template <runtime R>
  static task<u64> run(R& rt, params p, recorder& memory) {
    if (p.held == 0) return park<0>(rt, p, memory);
    if (p.held == 100) return park<100>(rt, p, memory);
    if (p.held == 1'024) return park<1'024>(rt, p, memory);
    return park<65'536>(rt, p, memory);
  }

 private:
  template <u64 Held, runtime R>
  static task<u64> park(R& rt, params p, recorder& memory) {
    waiting_room<R> room;
    u64 const before = memory.resident_bytes();
    auto tasks = spawn_n(rt, p.tasks, [&](u64 i) { return holder<Held>(room, p, i); });
    co_await room.filled(rt, p.tasks);
    u64 const parked = memory.resident_bytes();
    memory.count("bytes", parked > before ? parked - before : 0);
    room.ring();
    auto const answers = co_await join_all(std::move(tasks));
    co_return sum(answers);
  }

  template <u64 Held, runtime R>
  static task<u64> holder(waiting_room<R>& room, params p, u64 index) {
    if constexpr (Held == 0) {
      return hold_nothing(room, index);
    } else if (p.where == "frame") {
      return p.scope == "open" ? hold_in_frame<Held>(room, index)
                               : hold_in_frame_before<Held>(room, index);
    } else {
      return p.scope == "open" ? hold_on_heap(room, index, Held)
                               : hold_on_heap_before(room, index, Held);
    }
  }

  template <runtime R>
  static task<u64> hold_nothing(waiting_room<R>& room, u64 index) {
    room.enter();
    co_await room.bell();
    co_return index;
  }

  template <u64 Held, runtime R>
  static task<u64> hold_in_frame(waiting_room<R>& room, u64 index) {
    std::array<std::byte, Held> buffer;
    write(buffer, index);
    room.enter();
    co_await room.bell();
    co_return read(buffer);
  }

  template <u64 Held, runtime R>
  static task<u64> hold_in_frame_before(waiting_room<R>& room, u64 index) {
    u64 checked = 0;
    {
      std::array<std::byte, Held> buffer;
      write(buffer, index);
      checked = read(buffer);
    }
    room.enter();
    co_await room.bell();
    co_return checked;
  }

  template <runtime R>
  static task<u64> hold_on_heap(waiting_room<R>& room, u64 index, u64 held) {
    std::vector<std::byte> buffer(held);
    write(buffer, index);
    room.enter();
    co_await room.bell();
    co_return read(buffer);
  }

  template <runtime R>
  static task<u64> hold_on_heap_before(waiting_room<R>& room, u64 index, u64 held) {
    u64 checked = 0;
    {
      std::vector<std::byte> buffer(held);
      write(buffer, index);
      checked = read(buffer);
    }
    room.enter();
    co_await room.bell();
    co_return checked;
  }

  // Fills the buffer, every page of it, with the index over and over.
  static void write(std::span<std::byte> buffer, u64 index) {
    for (std::size_t i = 0; i < buffer.size(); ++i) {
      buffer[i] = static_cast<std::byte>(index >> i % sizeof(u64) * 8);
    }
    // Claims to read it: the buffer is there, whatever the compiler knows of its content.
    asm volatile("" : : "r"(buffer.data()) : "memory");
  }

  // The index, or a number that is no index where any byte is wrong.
  static u64 read(std::span<std::byte const> buffer) {
    // Claims to change it.
    asm volatile("" : : "r"(buffer.data()) : "memory");
    u64 index = 0;
    for (std::size_t i = 0; i < sizeof(u64); ++i) {
      index |= std::to_integer<u64>(buffer[i]) << i * 8;
    }
    for (std::size_t i = 0; i < buffer.size(); ++i) {
      if (buffer[i] != static_cast<std::byte>(index >> i % sizeof(u64) * 8)) return ~u64{0};
    }
    return index;
  }
};
static_assert(scenario<frame_size>);

}  // namespace regatta::scenarios
