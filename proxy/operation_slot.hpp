// Room for one operation of several kinds, of which one is under way at a time. A coroutine would
// hold room for each of its co_awaits, all at once.
#pragma once

#include <algorithm>
#include <array>
#include <coroutine>
#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "runtimes/interface/assert.hpp"
#include "runtimes/interface/io_result.hpp"
#include "runtimes/interface/types.hpp"
#include "runtimes/interface/work.hpp"

namespace regatta::proxy {

// Each Operation is an awaiter that answers an io_result; they may be of one type.
template <class... Operation>
class operation_slot {
 public:
  operation_slot() = default;
  operation_slot(operation_slot const&) = delete;
  operation_slot& operator=(operation_slot const&) = delete;
  ~operation_slot() { cancel(); }

  // Begins what `make` makes. True: it has its answer. False: it waits, and resumes `task`.
  template <class Make>
  bool begin(Make make, std::coroutine_handle<work> task) {
    auto& operation = put(make);
    if (operation.await_ready()) return true;
    if constexpr (std::is_void_v<decltype(operation.await_suspend(task))>) {
      operation.await_suspend(task);
      return false;
    } else {
      return !operation.await_suspend(task);
    }
  }

  // The same, but where it would have to wait it is as if it had not begun.
  template <class Make>
  bool try_at_once(Make make) {
    if (put(make).await_ready()) return true;
    cancel();
    return false;
  }

  // The answer of the one that has it. There is room for the next one then.
  io_result take() {
    io_result answer{};
    visit([&](auto& operation) { answer = operation.await_resume(); });
    cancel();
    return answer;
  }

  // Ends what is under way, if anything is.
  void cancel() noexcept {
    visit([](auto& operation) { std::destroy_at(&operation); });
    kind_ = none;
  }

 private:
  static constexpr u8 none = sizeof...(Operation);

  // The first place of a T.
  template <class T>
  static constexpr u8 kind_of() noexcept {
    constexpr std::array<bool, sizeof...(Operation)> is_it{std::is_same_v<T, Operation>...};
    constexpr auto place = std::find(is_it.begin(), is_it.end(), true) - is_it.begin();
    static_assert(place < none, "name every operation in the slot's type");
    return static_cast<u8>(place);
  }

  template <class Make>
  auto& put(Make& make) {
    using operation = std::invoke_result_t<Make&>;
    REGATTA_DEBUG_ASSERT(kind_ == none, "one operation at a time");
    auto* const made = ::new (static_cast<void*>(memory_)) operation(make());
    kind_ = kind_of<operation>();
    return *made;
  }

  template <class Visitor>
  void visit(Visitor visitor) {
    u8 const current = kind_;
    u8 place = 0;
    ((current == place++ ? visitor(*std::launder(reinterpret_cast<Operation*>(memory_))) : void()),
     ...);
  }

  alignas(Operation...) std::byte memory_[std::max({sizeof(Operation)...})];
  u8 kind_ = none;
};

}  // namespace regatta::proxy
