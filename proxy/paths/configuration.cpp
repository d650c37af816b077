#include "proxy/paths/configuration.hpp"

#include <fmt/format.h>

namespace regatta::paths {

std::string nginx_configuration(relay_wishes const& wishes, std::string const& stream_module,
                                bool is_root) {
  std::string const load =
      stream_module.empty() ? "" : fmt::format("load_module {};\n", stream_module);
  return fmt::format(R"({}{}daemon off;
pid nginx.pid;
error_log stderr error;
worker_processes {};
worker_rlimit_nofile {};
events {{
  use epoll;
  worker_connections {};
}}
stream {{
  access_log off;
  tcp_nodelay on;
  proxy_buffer_size 16k;
  proxy_connect_timeout 10s;
  proxy_timeout 1h;
  server {{
    listen 127.0.0.1:{} backlog=4096{};
    proxy_pass {};
  }}
}}
)",
                     load, is_root ? "user root;\n" : "", wishes.threads, wishes.descriptors,
                     wishes.descriptors, wishes.port, wishes.threads > 1 ? " reuseport" : "",
                     wishes.upstream);
}

std::string haproxy_configuration(relay_wishes const& wishes) {
  // A connection takes two descriptors; the rest is for listening, polling, and pipes, of which
  // there would be a quarter as many as connections: more descriptors than there are.
  u64 const connections = wishes.descriptors > 200 ? (wishes.descriptors - 100) / 2 : 50;
  return fmt::format(R"(global
  nbthread {}
  maxconn {}
  maxpipes 16
defaults
  mode tcp
  option splice-auto
  no log
  timeout connect 10s
  timeout client 1h
  timeout server 1h
listen path
  bind 127.0.0.1:{} backlog 4096
  server upstream {}
)",
                     wishes.threads, connections, wishes.port, wishes.upstream);
}

}  // namespace regatta::paths
