// The system calls around a socket, with a reason where they fail.
#pragma once

#include <string>
#include <vector>

#include "proxy/load/result.hpp"
#include "runtimes/core/socket_address.hpp"
#include "runtimes/interface/endpoint.hpp"

namespace regatta::load {

// A descriptor that is closed with its owner.
class descriptor {
 public:
  descriptor() = default;
  explicit descriptor(int number) noexcept : number_(number) {}
  ~descriptor() { close(); }
  descriptor(descriptor&& from) noexcept : number_(from.release()) {}
  descriptor& operator=(descriptor&& from) noexcept {
    close();
    number_ = from.release();
    return *this;
  }
  int get() const noexcept { return number_; }
  int release() noexcept {
    int const number = number_;
    number_ = -1;
    return number;
  }
  void close() noexcept;

 private:
  int number_ = -1;
};

// What an errno of connect(), send() or recv() means to a request.
failure failure_of(int error) noexcept;

// Reads what endpoint::parse() reads, and "name:port", which asks getaddrinfo. Throws
// std::runtime_error that says what is wrong with the text.
endpoint resolve(std::string const& text);

// A non-blocking stream socket of the right family, without Nagle's algorithm; -1 and errno where
// there is none. With `resets`, close() resets the connection.
int make_socket(endpoint::family family, bool resets) noexcept;
// Gives a socket the local address 127.0.0.(1 + index); the port is chosen at connect(), when the
// server is known. False and errno where that fails.
bool use_source_address(int socket, u32 index) noexcept;
// A listening socket, with SO_REUSEADDR. Throws std::system_error.
descriptor listen_at(endpoint const& where, int backlog);
// Where a socket is bound to.
endpoint local_endpoint(int socket);

bool is_ipv4_loopback(endpoint const& where) noexcept;

// As many descriptors as the hard limit permits; answers how many that are.
u64 raise_descriptor_limit() noexcept;

// Pins the calling thread to one of the processors, in turn; none: does nothing. Throws
// std::system_error if this process may not use it.
void pin_this_thread(std::vector<int> const& processors, u32 index);
// Has the calling thread woken when its time has come, and not 50 µs later.
void wake_this_thread_sharply() noexcept;

}  // namespace regatta::load
