// Addresses as people write them: "127.0.0.1:80", "[::1]:80", "unix:/run/x.sock", "name:port".
#pragma once

#include <string>
#include <string_view>

#include "runtimes/interface/endpoint.hpp"

namespace regatta::proxy::command {

inline constexpr std::string_view address_form =
    "IPv4:port, [IPv6]:port, name:port or unix:/path, for example 127.0.0.1:8080";

// Throws failure (usage) where the text has none of these forms. `flag` is for the message.
void check_address(std::string_view flag, std::string const& text);

// Where that is now; of a name, the first address that the system knows. Throws failure: the form
// is wrong (usage), or the name is unknown.
endpoint resolve(std::string_view flag, std::string const& text);

}  // namespace regatta::proxy::command
