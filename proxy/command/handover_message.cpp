#include "proxy/command/handover_message.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace regatta::proxy::command {
namespace {

constexpr std::string_view who = "regatta-proxy";
constexpr int protocol = 1;
constexpr std::size_t most_text = 64 * 1024;

struct control_block {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * most_sockets_handed_over)> bytes{};
};

void put_sockets(msghdr& packet, control_block& block, std::vector<int> const& sockets) noexcept {
  if (sockets.empty()) return;
  auto const size = sizeof(int) * sockets.size();
  packet.msg_control = block.bytes.data();
  packet.msg_controllen = CMSG_SPACE(size);
  cmsghdr* const head = CMSG_FIRSTHDR(&packet);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(size);
  std::memcpy(CMSG_DATA(head), sockets.data(), size);
}

std::vector<descriptor> take_sockets(msghdr& packet) {
  std::vector<descriptor> taken;
  for (cmsghdr* head = CMSG_FIRSTHDR(&packet); head != nullptr; head = CMSG_NXTHDR(&packet, head)) {
    if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
    auto const count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int one = -1;
      std::memcpy(&one, CMSG_DATA(head) + i * sizeof one, sizeof one);
      taken.emplace_back(one);
    }
  }
  return taken;
}

bool is_readable(descriptor const& from, std::chrono::milliseconds patience) noexcept {
  pollfd asked{.fd = from.get(), .events = POLLIN, .revents = 0};
  return ::poll(&asked, 1, static_cast<int>(patience.count())) > 0;
}

}  // namespace

bool handover_message::is_step(std::string_view step) const {
  auto const found = said.find("step");
  return found != said.end() && *found == step;
}

bool send_message(descriptor const& to, nlohmann::json said, std::vector<int> const& sockets) {
  said["program"] = who;
  said["protocol"] = protocol;
  std::string text = said.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  iovec part{.iov_base = text.data(), .iov_len = text.size()};
  msghdr packet{};
  packet.msg_iov = &part;
  packet.msg_iovlen = 1;
  control_block block;
  put_sockets(packet, block, sockets);
  return ::sendmsg(to.get(), &packet, MSG_NOSIGNAL | MSG_DONTWAIT) ==
         static_cast<ssize_t>(text.size());
}

std::optional<handover_message> receive_message(descriptor const& from,
                                                std::chrono::milliseconds patience) {
  if (!is_readable(from, patience)) return std::nullopt;
  std::string text(most_text, '\0');
  iovec part{.iov_base = text.data(), .iov_len = text.size()};
  control_block block;
  msghdr packet{};
  packet.msg_iov = &part;
  packet.msg_iovlen = 1;
  packet.msg_control = block.bytes.data();
  packet.msg_controllen = block.bytes.size();
  auto const count = ::recvmsg(from.get(), &packet, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (count <= 0) return std::nullopt;
  // Owned before anything else is looked at: what a stranger sends is closed, too.
  handover_message come{.said = {}, .sockets = take_sockets(packet)};
  if ((packet.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) return std::nullopt;
  text.resize(static_cast<std::size_t>(count));
  come.said = nlohmann::json::parse(text, nullptr, false);
  if (!come.said.is_object() || come.said.value("program", nlohmann::json()) != who ||
      come.said.value("protocol", nlohmann::json()) != protocol) {
    return std::nullopt;
  }
  return come;
}

bool is_of_our_user(descriptor const& peer) noexcept {
  ucred credentials{};
  socklen_t length = sizeof credentials;
  return ::getsockopt(peer.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0 &&
         credentials.uid == ::geteuid();
}

}  // namespace regatta::proxy::command
