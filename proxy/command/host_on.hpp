// The server on the runtime R.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "proxy/command/addresses.hpp"
#include "proxy/command/failure.hpp"
#include "proxy/command/host.hpp"
#include "proxy/command/runtimes.hpp"
#include "proxy/server.hpp"
#include "runtimes/interface/net.hpp"
#include "runtimes/interface/stop.hpp"

namespace regatta::proxy::command {

template <net_runtime R>
class host_on final : public host {
 public:
  host_on(u32 threads, settings const& chosen)
      : settings_(chosen), rt_(runtime_options{.threads = threads}) {}

  runtime_info info() const override { return R::info(); }
  settings const& chosen() const noexcept override { return settings_; }

  void adopt(std::vector<int> const& descriptors) override {
    auto const upstream = resolve("--upstream", settings_.upstreams.front());
    for (int const descriptor : descriptors) {
      auto adopted = rt_.adopt_listener(descriptor);
      if (!adopted) {
        throw failure(fmt::format("the runtime {} cannot take over a listening socket: {}",
                                  R::info().name, std::strerror(adopted.error())));
      }
      servers_.push_back(std::make_unique<server<R>>(
          rt_, std::move(*adopted),
          server_options{.upstream = upstream, .buffer_bytes = settings_.buffer_bytes}));
    }
  }

  bool serve() override { return rt_.block_on(serve_all(*this)); }

  void stop() noexcept override { stopping_.request_stop(); }

  proxy::counts counts() const override {
    proxy::counts sum;
    for (auto const& each : servers_) {
      auto const one = each->counts();
      sum.accepted += one.accepted;
      sum.active += one.active;
      sum.unreachable += one.unreachable;
      sum.broken += one.broken;
      sum.bytes_up += one.bytes_up;
      sum.bytes_down += one.bytes_down;
    }
    return sum;
  }

 private:
  static task<u64> serve_one(server<R>& one) {
    auto serving = one.serve();
    co_return co_await serving;
  }
  static task<void> stop_when_told(host_on& self) {
    auto const token = self.stopping_.token();
    co_await token.stopped();
    for (auto& each : self.servers_) each->stop();
  }
  static task<bool> serve_all(host_on& self) {
    auto stopper = self.rt_.spawn(stop_when_told(self));
    std::vector<joiner<u64>> serving;
    for (auto& each : self.servers_) serving.push_back(self.rt_.spawn(serve_one(*each)));
    co_await join_all(std::move(serving));
    self.stopping_.request_stop();
    co_await stopper;
    co_return true;
  }

  settings settings_;
  // Not R's own threading: it is the program's other threads that ask for the stop.
  stop_source<many_threads> stopping_;
  R rt_;
  std::vector<std::unique_ptr<server<R>>> servers_;
};

template <class R>
std::unique_ptr<host> make_host_on(u32 threads, settings const& chosen) {
  return std::make_unique<host_on<R>>(threads, chosen);
}

template <class R>
known_runtime entry_for(std::string_view name, unsigned rank) {
  if constexpr (net_runtime<R>) {
    return {.name = name, .rank = rank, .make = &make_host_on<R>};
  } else {
    return {.name = name, .rank = rank, .missing = "it has no sockets"};
  }
}

}  // namespace regatta::proxy::command
