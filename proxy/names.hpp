// The names of upstreams, as people write them, and the addresses that they stand for.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtimes/interface/endpoint.hpp"
#include "runtimes/interface/types.hpp"

namespace regatta::proxy {

// "name:80".
struct host_and_port {
  std::string host;
  u16 port = 0;

  // nullopt: it is no name with a port.
  static std::optional<host_and_port> parse(std::string_view text);
};

// The addresses of a name, in the order in which they are to be tried; none: it has none, or nobody
// could be asked. It may block, for seconds.
using name_lookup = std::function<std::vector<endpoint>(host_and_port const&)>;

// Asks the system (getaddrinfo): /etc/hosts, DNS, whatever it is set up to ask.
std::vector<endpoint> ask_system(host_and_port const& name);

}  // namespace regatta::proxy
