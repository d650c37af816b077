#include "proxy/load/sockets.hpp"

#include <fmt/core.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <stdexcept>
#include <system_error>

namespace regatta::load {
namespace {

int system_family(endpoint::family family) noexcept {
  switch (family) {
    case endpoint::family::ipv4:
      return AF_INET;
    case endpoint::family::ipv6:
      return AF_INET6;
    default:
      return AF_UNIX;
  }
}

void turn_on(int socket, int level, int option) noexcept {
  int const on = 1;
  (void)::setsockopt(socket, level, option, &on, sizeof on);
}

// getaddrinfo would take 65537 for 1.
bool is_port(std::string_view text) noexcept {
  u16 number = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

[[noreturn]] void throw_errno(std::string const& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

void descriptor::close() noexcept {
  if (number_ >= 0) ::close(number_);
  number_ = -1;
}

failure failure_of(int error) noexcept {
  switch (error) {
    case ECONNREFUSED:
    case ENOENT:  // Of a Unix path.
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EACCES:
    case EPERM:
      return failure::refused;
    case EADDRNOTAVAIL:
    case EADDRINUSE:
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return failure::no_port;
    case ETIMEDOUT:
      return failure::timed_out;
    default:
      return failure::reset;
  }
}

endpoint resolve(std::string const& text) {
  if (auto const parsed = endpoint::parse(text)) return *parsed;
  auto const colon = std::min(text.rfind(':'), text.size());
  auto const port = text.substr(std::min(colon + 1, text.size()));
  if (text.rfind("unix:", 0) == 0 || colon == 0 || text[0] == '[' || !is_port(port)) {
    throw std::runtime_error(
        fmt::format("'{}' is no address; expected for example 127.0.0.1:8080, [::1]:8080, "
                    "localhost:8080 or unix:/run/server.sock",
                    text));
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  int const error = ::getaddrinfo(text.substr(0, colon).c_str(), port.c_str(), &hints, &found);
  if (error != 0) {
    throw std::runtime_error(fmt::format("'{}' leads nowhere: {}", text, ::gai_strerror(error)));
  }
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> const owned(found, &::freeaddrinfo);
  core::socket_address address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.length = found->ai_addrlen;
  return core::to_endpoint(address);
}

int make_socket(endpoint::family family, bool resets) noexcept {
  int const made = ::socket(system_family(family), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (made < 0 || family == endpoint::family::unix_path) return made;
  turn_on(made, IPPROTO_TCP, TCP_NODELAY);
  if (resets) {
    linger const at_once{.l_onoff = 1, .l_linger = 0};
    (void)::setsockopt(made, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  return made;
}

bool use_source_address(int socket, u32 index) noexcept {
  // Without this option a port is chosen before the server is known, and so may serve only once.
  turn_on(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
  auto const last = static_cast<u8>(1 + index % 254);
  auto const address = core::to_socket_address(endpoint::ipv4({127, 0, 0, last}, 0));
  return ::bind(socket, address.get(), address.length) == 0;
}

descriptor listen_at(endpoint const& where, int backlog) {
  descriptor made(make_socket(where.kind(), false));
  if (made.get() < 0) throw_errno("cannot make a socket");
  turn_on(made.get(), SOL_SOCKET, SO_REUSEADDR);
  auto const address = core::to_socket_address(where);
  if (::bind(made.get(), address.get(), address.length) != 0 ||
      ::listen(made.get(), backlog) != 0) {
    throw_errno("cannot listen at " + where.text());
  }
  return made;
}

endpoint local_endpoint(int socket) {
  core::socket_address address;
  address.length = sizeof address.storage;
  if (::getsockname(socket, address.get(), &address.length) != 0) throw_errno("getsockname");
  return core::to_endpoint(address);
}

bool is_ipv4_loopback(endpoint const& where) noexcept {
  return where.kind() == endpoint::family::ipv4 && where.address()[0] == 127;
}

u64 raise_descriptor_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  if (limit.rlim_cur < limit.rlim_max) {
    auto raised = limit;
    raised.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) return raised.rlim_cur;
  }
  return limit.rlim_cur;
}

void pin_this_thread(std::vector<int> const& processors, u32 index) {
  if (processors.empty()) return;
  int const processor = processors[index % processors.size()];
  cpu_set_t wanted;
  CPU_ZERO(&wanted);
  if (processor < 0 || processor >= CPU_SETSIZE) errno = EINVAL;
  if (processor >= 0 && processor < CPU_SETSIZE) {
    CPU_SET(processor, &wanted);
    if (::sched_setaffinity(0, sizeof wanted, &wanted) == 0) return;
  }
  throw_errno(fmt::format("cannot pin a thread to processor {}", processor));
}

void wake_this_thread_sharply() noexcept { (void)::prctl(PR_SET_TIMERSLACK, 1UL); }

}  // namespace regatta::load
