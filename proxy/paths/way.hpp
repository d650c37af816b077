// The ways from a client to a server: straight there, or through one of the proxies. Each is a
// variant of the contender `path`, and a row of its tables.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/contender/registry.hpp"
#include "proxy/paths/child.hpp"
#include "runtimes/interface/endpoint.hpp"

namespace regatta::paths {

struct way {
  enum class kind { direct, regatta, tokio, nginx, haproxy };

  std::string name;  // Of the variant: "direct", "nginx", "asio_io_context"
  kind by = kind::direct;
  std::string runtime = {};  // Of regatta-proxy: "asio/io_context"
};

// Direct first, then the runtimes of regatta-proxy as it lists them, then the others. They are all
// there even if their programs are not. Asks regatta-proxy once.
std::vector<way> const& all_ways();
// Throws std::out_of_range.
way const& way_named(std::string_view name);

// Throws runtime_unsupported, with what to do about it, where the program is not there.
void expect_installed(way const& one);

// What hello says of it; where it runs is told by whoever divides the processors.
contender::identity identity_of(way const& one, std::string const& where_it_runs);

struct proxy_wishes {
  endpoint upstream;
  u64 threads = 1;
  std::vector<int> processors = {};
  std::chrono::milliseconds time_to_begin = std::chrono::seconds(10);
};

struct running_proxy {
  std::unique_ptr<child> process;
  endpoint entrance;
};

// Starts the proxy of a way that has one, and returns when it takes connections. Throws
// runtime_unsupported, or std::runtime_error with its last words.
running_proxy start_proxy(way const& one, proxy_wishes const& wishes);

}  // namespace regatta::paths
