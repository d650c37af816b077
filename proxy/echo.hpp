// The server that sends back what it is sent: what a proxy is measured in front of.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <utility>

#include "proxy/service.hpp"
#include "runtimes/interface/net.hpp"

namespace regatta::proxy {

// Echoes until the peer has finished or is gone, and closes: a frame, and the stream in it, may
// live on for as long as somebody holds its joiner.
template <byte_stream S>
task<void> echo(S peer, std::size_t buffer_bytes) {
  std::unique_ptr<std::byte[]> const memory(new std::byte[buffer_bytes]);
  std::span<std::byte> const buffer(memory.get(), buffer_bytes);
  for (;;) {
    auto const got = co_await peer.read(buffer);
    if (got.error != 0 || got.count == 0) break;
    auto const put = co_await write_all(peer, buffer.first(got.count));
    if (put.error != 0) break;
  }
  peer.close();
}

// Serves until the door is closed and every peer has gone. Answers how many there were.
template <net_runtime R>
task<u64> serve_echo(R& rt, typename R::listener& door, std::size_t buffer_bytes) {
  auto const serve = [buffer_bytes](typename R::stream peer) {
    return echo(std::move(peer), buffer_bytes);
  };
  co_return co_await serve_connections(rt, door, serve);
}

}  // namespace regatta::proxy
