// The addresses of all upstreams. Names are looked up when they are first needed, by one task for
// all who wait; what was found is kept for 30 s. After that the next client starts another look-up,
// and goes on with what is known; for as long as look-ups fail, what was once found stays.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "proxy/names.hpp"
#include "runtimes/interface/net.hpp"
#include "runtimes/interface/stop.hpp"
#include "runtimes/interface/time.hpp"

namespace regatta::proxy {

inline constexpr auto found_name_lifetime = std::chrono::seconds(30);
// So that a name that cannot be found does not keep everybody asking.
inline constexpr auto lost_name_lifetime = std::chrono::seconds(1);

// Any task of the runtime R.
template <net_runtime R>
class address_book {
 public:
  // nullptr: none.
  using addresses = std::shared_ptr<std::vector<endpoint> const>;

  // Throws std::invalid_argument where a text is no address and no name with a port.
  address_book(std::vector<std::string> const& upstreams, name_lookup look_up)
      : entries_(upstreams.size()), look_up_(std::move(look_up)) {
    for (std::size_t index = 0; index < upstreams.size(); ++index) {
      auto const& text = upstreams[index];
      if (auto const fixed = endpoint::parse(text)) {
        entries_[index].known = std::make_shared<std::vector<endpoint> const>(1, *fixed);
      } else {
        entries_[index].name = host_and_port::parse(text);
        if (!entries_[index].name) {
          throw std::invalid_argument("\"" + text +
                                      "\" is no upstream: expected 127.0.0.1:80, [::1]:80, "
                                      "name:80 or unix:/run/x.sock");
        }
      }
    }
  }

  // What is to be done to know the addresses of an upstream.
  struct state {
    addresses known;
    // Somebody is looking them up: wait for it where nothing is known.
    std::optional<stop_token<R>> looking{};
    bool must_look = false;  // And it is the caller who starts look().
  };
  state ask(std::size_t index, time_point present) {
    entry& asked = entries_[index];
    std::lock_guard const held(asked.lock);
    if (!asked.name) return {.known = asked.known};
    bool const is_fresh = present < asked.good_until;
    if (is_fresh && !asked.looking) return {.known = asked.known};
    bool const must_look = !asked.looking;
    if (must_look) asked.looking.emplace();
    return {.known = asked.known, .looking = asked.looking->token(), .must_look = must_look};
  }

  addresses known(std::size_t index) {
    entry& asked = entries_[index];
    std::lock_guard const held(asked.lock);
    return asked.known;
  }

  // Looks up a name that ask() has said must be. The book, and what keeps it, must outlive it.
  static task<void> look(R& rt, std::shared_ptr<address_book> book, std::size_t index) {
    // The function is taken along by value: a runtime may wait for it when all else is gone.
    auto search = [look_up = book->look_up_, name = *book->entries_[index].name] {
      try {
        return look_up(name);
      } catch (std::exception const&) {
        return std::vector<endpoint>();
      }
    };
    std::vector<endpoint> found;
    if constexpr (blocking_runtime<R>) {
      auto searching = rt.run_blocking(std::move(search));
      found = co_await searching;
    } else {
      found = search();
    }
    book->note(index, std::move(found), now(rt));
  }

 private:
  struct entry {
    std::optional<host_and_port> name;  // None: the address is as it stands.
    typename R::threading::lock lock;   // Guards all below.
    addresses known;
    time_point good_until = time_point::min();
    std::optional<stop_source<R>> looking;  // Rings when the look-up that is going on has ended.
  };

  void note(std::size_t index, std::vector<endpoint> found, time_point present) {
    entry& asked = entries_[index];
    addresses const fresh =
        found.empty() ? nullptr : std::make_shared<std::vector<endpoint> const>(std::move(found));
    std::optional<stop_source<R>> ended;
    {
      std::lock_guard const held(asked.lock);
      if (fresh) asked.known = fresh;
      asked.good_until = present + (fresh ? duration(found_name_lifetime) : lost_name_lifetime);
      ended = asked.looking;
      asked.looking.reset();
    }
    if (ended) ended->request_stop();
  }

  std::vector<entry> entries_;
  name_lookup const look_up_;
};

}  // namespace regatta::proxy
