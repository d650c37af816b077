#include "proxy/command/addresses.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>

#include "proxy/command/failure.hpp"

namespace regatta::proxy::command {
namespace {

struct name_and_port {
  std::string name;
  u16 port;
};

bool may_be_in_a_name(char letter) noexcept {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') || letter == '-' || letter == '.' || letter == '_';
}

// Digits and dots alone are an IPv4 address that is none.
bool is_name(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 253 && std::ranges::all_of(text, may_be_in_a_name) &&
         text.find_first_not_of("0123456789.") != text.npos;
}

std::optional<name_and_port> split(std::string_view text) noexcept {
  auto const colon = text.rfind(':');
  if (colon == text.npos || !is_name(text.substr(0, colon))) return std::nullopt;
  u16 port = 0;
  auto const digits = text.substr(colon + 1);
  auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return name_and_port{std::string(text.substr(0, colon)), port};
}

[[noreturn]] void refuse(std::string_view flag, std::string const& text) {
  throw failure(fmt::format("{}: '{}' is no address; expected {}", flag, text, address_form),
                exit_code::usage);
}

endpoint to_endpoint(sockaddr const& found, u16 port) {
  if (found.sa_family == AF_INET6) {
    // Safe because the family says what it is.
    auto const& six = reinterpret_cast<sockaddr_in6 const&>(found);
    std::array<u8, 16> address{};
    std::copy_n(six.sin6_addr.s6_addr, address.size(), address.begin());
    return endpoint::ipv6(address, port);
  }
  // Safe because only these two were asked for.
  auto const& four = reinterpret_cast<sockaddr_in const&>(found);
  std::array<u8, 4> address{};
  std::memcpy(address.data(), &four.sin_addr, address.size());
  return endpoint::ipv4(address, port);
}

endpoint look_up(std::string_view flag, std::string const& text, name_and_port const& asked) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  int const error = ::getaddrinfo(asked.name.c_str(), nullptr, &hints, &found);
  std::unique_ptr<addrinfo, void (*)(addrinfo*)> const freed(found, &::freeaddrinfo);
  if (error != 0 || found == nullptr) {
    throw failure(fmt::format("{}: the name in '{}' cannot be resolved: {}", flag, text,
                              ::gai_strerror(error)));
  }
  return to_endpoint(*found->ai_addr, asked.port);
}

}  // namespace

void check_address(std::string_view flag, std::string const& text) {
  if (!endpoint::parse(text) && (text.starts_with("unix:") || !split(text))) refuse(flag, text);
}

endpoint resolve(std::string_view flag, std::string const& text) {
  check_address(flag, text);
  if (auto const known = endpoint::parse(text)) return *known;
  return look_up(flag, text, *split(text));
}

}  // namespace regatta::proxy::command
