// Hot restart, seen from both ends: the process that gives its listening sockets away, and the one
// that takes them over. What they say to each other is in handover_message.hpp.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "proxy/command/descriptor.hpp"
#include "proxy/command/doors.hpp"
#include "proxy/command/log.hpp"

namespace regatta::proxy::command {

// Where a successor may ask for the sockets. One thread.
class succession_offer {
 public:
  // Begins to listen, for this user only. A file that a dead process left is removed. Throws
  // failure.
  explicit succession_offer(std::string path);
  ~succession_offer();
  succession_offer(succession_offer const&) = delete;
  succession_offer& operator=(succession_offer const&) = delete;

  // What to poll for reading; it changes.
  int descriptor() const noexcept { return successor_ ? successor_.get() : listening_.get(); }

  // To be called when it is readable, and now and then. True: a successor has everything it needs
  // and waits for the release. Peers that are none are turned away, and the log says so.
  bool hear(doors const& open, log& events);
  // Which of the sockets it will serve.
  std::vector<std::size_t> const& adopted() const noexcept { return adopted_; }
  // Tells it to begin. Nothing is left here afterwards.
  void release();

 private:
  using clock = std::chrono::steady_clock;

  void greet(doors const& open, log& events);
  bool hear_successor(std::size_t sockets, log& events);
  void turn_away(log& events, std::string_view why);

  std::string path_;  // Empty: the file belongs to a successor.
  command::descriptor listening_;
  command::descriptor successor_;
  clock::time_point patience_ends_;
  std::vector<std::size_t> adopted_;
};

// A process that serves already, and is about to be succeeded.
class predecessor {
 public:
  // nullopt: nobody listens at that path. Throws failure: somebody does, and gives no sockets.
  static std::optional<predecessor> find(std::string const& path);

  // The addresses that it serves, as its user wrote them.
  std::vector<std::string> const& addresses() const noexcept { return addresses_; }
  // The socket of that address, if there is one that was not taken yet: the same text, or the
  // address at which it really listens.
  std::optional<door> take(std::string const& address);

  // Tells it that we are able to begin, and waits until it accepts no more. Throws failure: it is
  // gone, or does not answer.
  void ask_for_release();

 private:
  explicit predecessor(descriptor peer) noexcept : peer_(std::move(peer)) {}

  descriptor peer_;
  // One of each for every socket.
  std::vector<std::string> addresses_;
  doors sockets_;
  std::vector<endpoint> places_;
  std::vector<bool> taken_;
  std::vector<std::size_t> adopted_;
};

}  // namespace regatta::proxy::command
