// The file of a Unix socket outlives a process that was killed. Whoever wants to listen there has
// to tell such a file from the socket of a process that lives.
#pragma once

#include <string>
#include <string_view>

namespace regatta::proxy::command {

// Removes the file if it is a socket that nobody listens on. Throws failure where somebody does, or
// where it is a file of another kind. `flag` is for the message. Nothing is done for a name in the
// abstract namespace ("@name").
void remove_stale_socket_file(std::string_view flag, std::string const& path);

}  // namespace regatta::proxy::command
