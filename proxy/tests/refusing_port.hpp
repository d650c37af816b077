// A port for tests that connect where nobody listens.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "runtimes/interface/endpoint.hpp"

namespace regatta {

// A port of the loopback that refuses every connect. It is bound but does not listen, so that no
// other process gets it meanwhile, as one may get a port that was closed; who binds it with
// SO_REUSEADDR, as every runtime's listen() does, may listen on it all the same. Throws
// std::system_error.
class refusing_port {
 public:
  refusing_port() : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    int const on = 1;
    if (descriptor_ < 0 ||
        ::setsockopt(descriptor_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        ::bind(descriptor_, any, size) != 0 || ::getsockname(descriptor_, any, &size) != 0) {
      std::system_error const error(errno, std::generic_category(), "cannot bind a port");
      if (descriptor_ >= 0) ::close(descriptor_);
      throw error;
    }
    where_ = endpoint::loopback(ntohs(address.sin_port));
  }
  ~refusing_port() { ::close(descriptor_); }
  refusing_port(refusing_port const&) = delete;
  refusing_port& operator=(refusing_port const&) = delete;

  endpoint where() const noexcept { return where_; }

 private:
  int descriptor_;
  endpoint where_;
};

}  // namespace regatta
