// Servers that misbehave in one way, for tests: a thread for each connection, blocking sockets.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

#include "proxy/load/sockets.hpp"

namespace regatta::load {

class test_server {
 public:
  // `serve` is called for each connection, on a thread of its own, with the blocking socket and
  // the number of connections before it. When it returns, the connection is closed.
  using conversation = std::function<void(int socket, int index)>;

  explicit test_server(conversation serve, endpoint const& where = endpoint::loopback())
      : serve_(std::move(serve)), listener_(listen_at(where, 4096)) {
    where_ = local_endpoint(listener_.get());
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~test_server() {
    is_over_ = true;
    (void)::shutdown(listener_.get(), SHUT_RDWR);
    acceptor_.join();
    {
      std::lock_guard const lock(mutex_);
      for (int const socket : sockets_) (void)::shutdown(socket, SHUT_RDWR);
    }
    for (auto& thread : threads_) thread.join();
    for (int const socket : sockets_) ::close(socket);
  }
  endpoint const& where() const { return where_; }

  // A Unix or TCP listener alone tells nothing of accepting; wait for it with poll().
  static bool send_all(int socket, void const* bytes, std::size_t count) {
    return ::send(socket, bytes, count, MSG_NOSIGNAL) == static_cast<ssize_t>(count);
  }
  static bool send_all(int socket, std::string_view text) {
    return send_all(socket, text.data(), text.size());
  }
  static bool recv_all(int socket, void* bytes, std::size_t count) {
    return ::recv(socket, bytes, count, MSG_WAITALL) == static_cast<ssize_t>(count);
  }

 private:
  void accept_all();

  conversation const serve_;
  descriptor listener_;
  endpoint where_;
  std::atomic<bool> is_over_ = false;
  std::mutex mutex_;
  std::vector<int> sockets_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

inline void test_server::accept_all() {
  for (int index = 0; !is_over_; ++index) {
    // The listener does not block; what it makes does.
    int const socket = ::accept(listener_.get(), nullptr, nullptr);
    if (socket < 0) {
      --index;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      continue;
    }
    std::lock_guard const lock(mutex_);
    sockets_.push_back(socket);
    threads_.emplace_back([this, socket, index] {
      serve_(socket, index);
      (void)::shutdown(socket, SHUT_RDWR);
    });
  }
}

}  // namespace regatta::load
