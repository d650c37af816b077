// Endpoints as the system calls want them.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstddef>
#include <cstring>

#include "runtimes/interface/endpoint.hpp"

namespace regatta::core {

struct socket_address {
  sockaddr_storage storage{};
  socklen_t length = 0;

  // Safe because sockaddr is how the system calls name every kind of address.
  sockaddr const* get() const noexcept { return reinterpret_cast<sockaddr const*>(&storage); }
  sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
};

inline socket_address to_socket_address(endpoint const& where) noexcept {
  socket_address made;
  switch (where.kind()) {
    case endpoint::family::ipv4: {
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_port = htons(where.port());
      std::memcpy(&address.sin_addr, where.address(), sizeof address.sin_addr);
      std::memcpy(&made.storage, &address, sizeof address);
      made.length = sizeof address;
      break;
    }
    case endpoint::family::ipv6: {
      sockaddr_in6 address{};
      address.sin6_family = AF_INET6;
      address.sin6_port = htons(where.port());
      std::memcpy(&address.sin6_addr, where.address(), sizeof address.sin6_addr);
      std::memcpy(&made.storage, &address, sizeof address);
      made.length = sizeof address;
      break;
    }
    case endpoint::family::unix_path: {
      sockaddr_un address{};
      address.sun_family = AF_UNIX;
      auto const path = where.path();
      std::memcpy(address.sun_path, path.data(), path.size());
      bool const is_abstract = path.front() == '@';
      if (is_abstract) address.sun_path[0] = '\0';
      std::memcpy(&made.storage, &address, sizeof address);
      // A name in the abstract namespace ends where its length says, a path at its zero.
      auto const length = offsetof(sockaddr_un, sun_path) + path.size() + (is_abstract ? 0 : 1);
      made.length = static_cast<socklen_t>(length);
      break;
    }
  }
  return made;
}

// What the system does not name (a Unix client has no path) becomes the default endpoint.
inline endpoint to_endpoint(socket_address const& from) noexcept {
  if (from.storage.ss_family == AF_INET) {
    sockaddr_in address;
    std::memcpy(&address, &from.storage, sizeof address);
    std::array<u8, 4> bytes;
    std::memcpy(bytes.data(), &address.sin_addr, bytes.size());
    return endpoint::ipv4(bytes, ntohs(address.sin_port));
  }
  if (from.storage.ss_family == AF_INET6) {
    sockaddr_in6 address;
    std::memcpy(&address, &from.storage, sizeof address);
    std::array<u8, 16> bytes;
    std::memcpy(bytes.data(), &address.sin6_addr, bytes.size());
    return endpoint::ipv6(bytes, ntohs(address.sin6_port));
  }
  constexpr std::size_t head = offsetof(sockaddr_un, sun_path);
  if (from.storage.ss_family == AF_UNIX && from.length > head) {
    sockaddr_un address;
    std::memcpy(&address, &from.storage, sizeof address);
    std::size_t length = from.length - head;
    if (address.sun_path[0] == '\0') {
      address.sun_path[0] = '@';
    } else {
      length = ::strnlen(address.sun_path, length);
    }
    return endpoint::unix_path({address.sun_path, length}).value_or(endpoint());
  }
  return {};
}

}  // namespace regatta::core
