// What two proxies say to each other when one takes over from the other: one JSON object a packet,
// on a Unix socket that keeps packets apart (SOCK_SEQPACKET), the first with descriptors.
//
//   predecessor → successor  {"step": "sockets", "listen": ["127.0.0.1:80", …]}, a descriptor each
//   successor → predecessor  {"step": "ready", "adopts": [0, …]}     it is able to begin
//   predecessor → successor  {"step": "released"}                    it accepts no more
//
// Until `ready` the successor may die, or be refused, and nothing has happened. Both accept at the
// same sockets, but never at once: a runtime may set whether a socket blocks, for both.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "proxy/command/descriptor.hpp"

namespace regatta::proxy::command {

// As many as the system passes at once, less a few.
inline constexpr std::size_t most_sockets_handed_over = 250;

struct handover_message {
  nlohmann::json said;
  std::vector<descriptor> sockets;

  bool is_step(std::string_view step) const;
};

// False: the peer is gone, or does not listen.
bool send_message(descriptor const& to, nlohmann::json said, std::vector<int> const& sockets = {});

// nullopt: the peer is gone, said nothing in time, or something that is none of these messages.
std::optional<handover_message> receive_message(descriptor const& from,
                                                std::chrono::milliseconds patience);

// Whether the process at the other end runs for the same user as we do.
bool is_of_our_user(descriptor const& peer) noexcept;

}  // namespace regatta::proxy::command
