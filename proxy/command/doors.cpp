#include "proxy/command/doors.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "proxy/command/addresses.hpp"
#include "proxy/command/failure.hpp"
#include "proxy/command/socket_file.hpp"
#include "runtimes/core/socket_address.hpp"

namespace regatta::proxy::command {
namespace {

[[noreturn]] void refuse(std::string const& address, int error) {
  throw failure(fmt::format("--listen: cannot listen on {}: {}", address, std::strerror(error)));
}

void switch_on(int descriptor, int level, int option) noexcept {
  int const on = 1;
  (void)::setsockopt(descriptor, level, option, &on, sizeof on);
}

}  // namespace

door door::open(std::string const& address, u32 backlog) {
  auto const where = resolve("--listen", address);
  auto const target = core::to_socket_address(where);
  door made(address, ::socket(target.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (made.descriptor_ < 0) refuse(address, errno);
  if (where.is_unix()) {
    remove_stale_socket_file("--listen", std::string(where.path()));
  } else {
    // A server that restarts may listen while old connections linger.
    switch_on(made.descriptor_, SOL_SOCKET, SO_REUSEADDR);
    // What is accepted inherits it: small messages leave at once.
    switch_on(made.descriptor_, IPPROTO_TCP, TCP_NODELAY);
    // A family of its own: "[::]:80" and "0.0.0.0:80" are two addresses.
    if (target.storage.ss_family == AF_INET6)
      switch_on(made.descriptor_, IPPROTO_IPV6, IPV6_V6ONLY);
  }
  if (::bind(made.descriptor_, target.get(), target.length) != 0 ||
      ::listen(made.descriptor_, static_cast<int>(backlog)) != 0) {
    refuse(address, errno);
  }
  return made;
}

door::door(std::string address, int descriptor) noexcept
    : address_(std::move(address)), descriptor_(descriptor) {}

door::~door() { close(); }

door::door(door&& other) noexcept
    : address_(std::move(other.address_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

door& door::operator=(door&& other) noexcept {
  std::swap(address_, other.address_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

endpoint door::where() const noexcept {
  core::socket_address address;
  address.length = sizeof address.storage;
  if (::getsockname(descriptor_, address.get(), &address.length) != 0) return {};
  return core::to_endpoint(address);
}

int door::duplicate() const {
  int const copy = ::fcntl(descriptor_, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) refuse(address_, errno);
  return copy;
}

void door::close() noexcept {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

void door::close_and_remove() noexcept {
  if (descriptor_ < 0) return;
  auto const here = where();
  if (here.is_unix() && !here.path().starts_with('@')) ::unlink(std::string(here.path()).c_str());
  close();
}

}  // namespace regatta::proxy::command
