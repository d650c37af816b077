#include "proxy/command/succession.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "proxy/command/failure.hpp"
#include "proxy/command/handover_message.hpp"
#include "proxy/command/socket_file.hpp"
#include "runtimes/core/socket_address.hpp"

namespace regatta::proxy::command {
namespace {

using std::chrono::milliseconds;

// How long a successor may prepare itself, and a predecessor may take to let go.
constexpr milliseconds patience_with_successor{60'000};
constexpr milliseconds patience_with_predecessor{15'000};

[[noreturn]] void refuse(std::string const& path, std::string_view why) {
  throw failure(fmt::format("--handover: {}: {}", path, why));
}

core::socket_address address_of(std::string const& path) {
  auto const where = endpoint::unix_path(path);
  if (!where) refuse(path, "this is no path of a Unix socket, or too long for one");
  return core::to_socket_address(*where);
}

descriptor open_socket() { return descriptor(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)); }

}  // namespace

succession_offer::succession_offer(std::string path)
    : path_(std::move(path)), listening_(open_socket()) {
  auto const where = address_of(path_);
  auto const owned_path = std::exchange(path_, {});  // Until it is ours.
  if (!listening_) refuse(owned_path, std::strerror(errno));
  remove_stale_socket_file("--handover", owned_path);
  // Before it has a name: the file is made with this mode.
  if (::fchmod(listening_.get(), S_IRUSR | S_IWUSR) != 0 ||
      ::bind(listening_.get(), where.get(), where.length) != 0 ||
      ::listen(listening_.get(), 4) != 0) {
    refuse(owned_path, std::strerror(errno));
  }
  path_ = owned_path;
}

succession_offer::~succession_offer() {
  if (!path_.empty() && !path_.starts_with('@')) ::unlink(path_.c_str());
}

bool succession_offer::hear(doors const& open, log& events) {
  if (successor_) return hear_successor(open.size(), events);
  greet(open, events);
  return false;
}

void succession_offer::greet(doors const& open, log& events) {
  successor_ = command::descriptor(
      ::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!successor_) return;
  if (!is_of_our_user(successor_)) return turn_away(events, "it runs for another user");
  std::vector<std::string> addresses;
  std::vector<int> sockets;
  for (auto const& each : open) {
    addresses.push_back(each.address());
    sockets.push_back(each.descriptor());
  }
  if (!send_message(successor_, {{"step", "sockets"}, {"listen", addresses}}, sockets)) {
    return turn_away(events, "it does not listen");
  }
  patience_ends_ = clock::now() + patience_with_successor;
  events.write(log_level::info, "successor_came");
}

bool succession_offer::hear_successor(std::size_t sockets, log& events) {
  // Looked at before it is received: what comes between the two is then neither missed nor misread.
  char ignored = 0;
  auto const peeked = ::recv(successor_.get(), &ignored, 1, MSG_PEEK | MSG_DONTWAIT);
  if (peeked < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    if (clock::now() >= patience_ends_) turn_away(events, "it was not ready in time");
    return false;
  }
  auto const come = receive_message(successor_, milliseconds(0));
  if (!come) {
    turn_away(events, "it is gone, or speaks otherwise");
    return false;
  }
  auto const adopts = come->said.find("adopts");
  if (!come->is_step("ready") || adopts == come->said.end() || !adopts->is_array()) {
    turn_away(events, "it speaks otherwise");
    return false;
  }
  for (auto const& each : *adopts) {
    if (each.is_number_unsigned() && each.get<std::size_t>() < sockets) {
      adopted_.push_back(each.get<std::size_t>());
    }
  }
  return true;
}

void succession_offer::turn_away(log& events, std::string_view why) {
  events.write(log_level::warn, "successor_turned_away", {{"reason", why}});
  successor_.close();
}

void succession_offer::release() {
  // Closed first: the successor will listen here itself.
  listening_.close();
  path_.clear();
  (void)send_message(successor_, {{"step", "released"}});
  successor_.close();
}

std::optional<predecessor> predecessor::find(std::string const& path) {
  auto const where = address_of(path);
  auto peer = open_socket();
  if (!peer) refuse(path, std::strerror(errno));
  if (::connect(peer.get(), where.get(), where.length) != 0) {
    if (errno == ENOENT || errno == ECONNREFUSED) return std::nullopt;
    refuse(path, std::strerror(errno));
  }
  if (!is_of_our_user(peer)) refuse(path, "the process that listens there runs for another user");
  auto come = receive_message(peer, patience_with_predecessor);
  if (!come || !come->is_step("sockets")) {
    refuse(path,
           "the process that listens there gives no sockets; is it a regatta-proxy that runs "
           "for this user, and does no other successor wait there?");
  }
  auto const listed = come->said.value("listen", nlohmann::json::array());
  std::vector<std::string> addresses;
  for (auto const& each : listed) {
    if (each.is_string()) addresses.push_back(each.get<std::string>());
  }
  if (addresses.size() != come->sockets.size()) {
    refuse(path, "the process that listens there does not say which sockets it gives");
  }
  predecessor found(std::move(peer));
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    found.sockets_.emplace_back(addresses[i], come->sockets[i].release());
    found.places_.push_back(found.sockets_.back().where());
  }
  found.taken_.resize(addresses.size());
  found.addresses_ = std::move(addresses);
  return found;
}

std::optional<door> predecessor::take(std::string const& address) {
  // As it was written first: of "127.0.0.1:0" that is all that is known. Then by where it listens.
  for (bool const by_name : {true, false}) {
    for (std::size_t i = 0; i < sockets_.size(); ++i) {
      bool const is_it =
          by_name ? addresses_[i] == address : places_[i] == endpoint::parse(address);
      if (!is_it || taken_[i]) continue;
      taken_[i] = true;
      adopted_.push_back(i);
      return std::move(sockets_[i]);
    }
  }
  return std::nullopt;
}

void predecessor::ask_for_release() {
  if (!send_message(peer_, {{"step", "ready"}, {"adopts", adopted_}})) {
    throw failure("--handover: the predecessor is gone; start again");
  }
  auto const come = receive_message(peer_, patience_with_predecessor);
  if (!come || !come->is_step("released")) {
    throw failure("--handover: the predecessor has not let go of its sockets");
  }
}

}  // namespace regatta::proxy::command
