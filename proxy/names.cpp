#include "proxy/names.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <memory>

namespace regatta::proxy {

std::optional<host_and_port> host_and_port::parse(std::string_view text) {
  auto const colon = text.rfind(':');
  if (colon == text.npos || colon == 0) return std::nullopt;
  auto const host = text.substr(0, colon);
  // A colon, a bracket or a slash is of an address or a path that could not be read.
  if (host.find_first_of(":[]/ ") != host.npos) return std::nullopt;
  auto const digits = text.substr(colon + 1);
  u16 port = 0;
  auto const [end, error] = std::from_chars(digits.begin(), digits.end(), port);
  if (error != std::errc() || end != digits.end() || port == 0) return std::nullopt;
  return host_and_port{std::string(host), port};
}

namespace {

std::optional<endpoint> to_endpoint(addrinfo const& found, u16 port) noexcept {
  if (found.ai_family == AF_INET) {
    sockaddr_in from{};
    std::memcpy(&from, found.ai_addr, sizeof from);
    std::array<u8, 4> address;
    std::memcpy(address.data(), &from.sin_addr, address.size());
    return endpoint::ipv4(address, port);
  }
  if (found.ai_family == AF_INET6) {
    sockaddr_in6 from{};
    std::memcpy(&from, found.ai_addr, sizeof from);
    std::array<u8, 16> address;
    std::memcpy(address.data(), &from.sin6_addr, address.size());
    return endpoint::ipv6(address, port);
  }
  return std::nullopt;
}

}  // namespace

std::vector<endpoint> ask_system(host_and_port const& name) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(name.host.c_str(), nullptr, &wanted, &found) != 0) return {};
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> const owned(found, &::freeaddrinfo);
  std::vector<endpoint> addresses;
  for (addrinfo const* each = found; each != nullptr; each = each->ai_next) {
    auto const address = to_endpoint(*each, name.port);
    if (address && std::ranges::find(addresses, *address) == addresses.end()) {
      addresses.push_back(*address);
    }
  }
  return addresses;
}

}  // namespace regatta::proxy
