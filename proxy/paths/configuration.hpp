// The configuration files of the proxies that have some: the best set-up that their documentation
// knows for relaying TCP. README.md says why each line is there.
#pragma once

#include <string>

#include "runtimes/interface/types.hpp"

namespace regatta::paths {

struct relay_wishes {
  u64 port = 0;          // Where to listen, on 127.0.0.1.
  std::string upstream;  // "127.0.0.1:4711"
  u64 threads = 1;
  u64 descriptors = 20'000;  // As many as the process may have.
};

// `stream_module` is the file to load; "" if it is built in. `is_root`: nginx would give up its
// rights for those of a user that need not exist.
std::string nginx_configuration(relay_wishes const& wishes, std::string const& stream_module,
                                bool is_root);

std::string haproxy_configuration(relay_wishes const& wishes);

}  // namespace regatta::paths
