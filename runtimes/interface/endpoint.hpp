// Where a stream socket listens or connects to: an IPv4 or IPv6 address with a port, or a Unix
// path. A plain value, trivially destructible, so that it may travel by value into coroutines.
#pragma once

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "runtimes/interface/types.hpp"

namespace regatta {

class endpoint {
 public:
  enum class family : u8 { ipv4, ipv6, unix_path };

  // 0.0.0.0:0: any address, and a port that the system chooses.
  endpoint() = default;

  static endpoint ipv4(std::array<u8, 4> address, u16 port) noexcept {
    endpoint made;
    std::copy(address.begin(), address.end(), made.bytes_.begin());
    made.length_ = 4;
    made.port_ = port;
    return made;
  }
  static endpoint ipv6(std::array<u8, 16> address, u16 port) noexcept {
    endpoint made;
    made.family_ = family::ipv6;
    std::copy(address.begin(), address.end(), made.bytes_.begin());
    made.length_ = 16;
    made.port_ = port;
    return made;
  }
  // nullopt when the path is empty or does not fit in a socket address (107 bytes). A path that
  // begins with '@' is a name in the abstract namespace: no file is made.
  static std::optional<endpoint> unix_path(std::string_view path) noexcept {
    if (path.empty() || path.size() > longest_path || path.find('\0') != path.npos) {
      return std::nullopt;
    }
    endpoint made;
    made.family_ = family::unix_path;
    std::copy(path.begin(), path.end(), made.bytes_.begin());
    made.length_ = static_cast<u8>(path.size());
    return made;
  }
  static endpoint loopback(u16 port = 0) noexcept { return ipv4({127, 0, 0, 1}, port); }
  static endpoint loopback_v6(u16 port = 0) noexcept {
    return ipv6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, port);
  }

  // Reads "127.0.0.1:80", "[::1]:80", "unix:/run/x.sock" or "unix:@name"; names are not resolved.
  // nullopt when the text is none of these.
  static std::optional<endpoint> parse(std::string_view text) noexcept {
    constexpr std::string_view scheme = "unix:";
    if (text.substr(0, scheme.size()) == scheme) return unix_path(text.substr(scheme.size()));
    auto const colon = text.rfind(':');
    if (colon == text.npos) return std::nullopt;
    auto const port = parse_port(text.substr(colon + 1));
    if (!port) return std::nullopt;
    auto const host = text.substr(0, colon);
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
      std::array<u8, 16> address;
      if (!parse_address(AF_INET6, host.substr(1, host.size() - 2), address.data())) return {};
      return ipv6(address, *port);
    }
    std::array<u8, 4> address;
    if (!parse_address(AF_INET, host, address.data())) return std::nullopt;
    return ipv4(address, *port);
  }

  // What parse() reads.
  std::string text() const {
    if (family_ == family::unix_path) return "unix:" + std::string(path());
    std::array<char, INET6_ADDRSTRLEN> address{};
    if (family_ == family::ipv4) {
      ::inet_ntop(AF_INET, bytes_.data(), address.data(), address.size());
      return std::string(address.data()) + ":" + std::to_string(port_);
    }
    ::inet_ntop(AF_INET6, bytes_.data(), address.data(), address.size());
    return "[" + std::string(address.data()) + "]:" + std::to_string(port_);
  }

  family kind() const noexcept { return family_; }
  bool is_unix() const noexcept { return family_ == family::unix_path; }
  u16 port() const noexcept { return port_; }
  endpoint with_port(u16 port) const noexcept {
    endpoint changed = *this;
    changed.port_ = port;
    return changed;
  }
  // The address in network order: 4 or 16 bytes.
  u8 const* address() const noexcept { return bytes_.data(); }
  std::string_view path() const noexcept {
    // Safe because char may alias anything.
    return {reinterpret_cast<char const*>(bytes_.data()), length_};
  }

  friend bool operator==(endpoint const&, endpoint const&) = default;

 private:
  // The system's limit, less the zero that ends a path.
  static constexpr std::size_t longest_path = sizeof(sockaddr_un::sun_path) - 1;

  static std::optional<u16> parse_port(std::string_view text) noexcept {
    u16 port = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return port;
  }
  static bool parse_address(int system_family, std::string_view text, u8* target) noexcept {
    std::array<char, INET6_ADDRSTRLEN> terminated{};
    if (text.size() >= terminated.size()) return false;
    std::copy(text.begin(), text.end(), terminated.begin());
    return ::inet_pton(system_family, terminated.data(), target) == 1;
  }

  family family_ = family::ipv4;
  u8 length_ = 4;
  u16 port_ = 0;
  std::array<u8, longest_path> bytes_{};  // The address, or the path.
};

}  // namespace regatta
