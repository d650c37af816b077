// From the options to the exit code: the life of a proxy.
#pragma once

#include "proxy/command/failure.hpp"
#include "proxy/command/options.hpp"

namespace regatta::proxy::command {

// Serves until it is told to stop. `line` is the program's own command line: where the runtime is
// in another program, that one is executed with it. Throws failure, or what a runtime throws.
exit_code run(options const& chosen, char* const* line);

}  // namespace regatta::proxy::command
