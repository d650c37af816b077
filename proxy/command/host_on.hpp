// The server on the runtime R.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

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
      : settings_(within_ceiling(chosen)), rt_(runtime_options{.threads = threads}) {}

  runtime_info info() const override { return R::info(); }
  u32 threads() const noexcept override { return rt_.threads(); }
  settings const& chosen() const noexcept override { return settings_; }

  void adopt(std::vector<int> const& descriptors) override {
    std::vector<typename R::listener> doors;
    for (int const descriptor : descriptors) {
      auto adopted = rt_.adopt_listener(descriptor);
      if (!adopted) {
        throw failure(fmt::format("the runtime {} cannot take over a listening socket: {}",
                                  R::info().name, std::strerror(adopted.error())));
      }
      doors.push_back(std::move(*adopted));
    }
    server_.emplace(rt_, std::move(doors), settings_);
  }

  bool serve() override { return !rt_.block_on(serve_until_told(*this)).deadline_came; }

  void stop() noexcept override { stopping_.request_stop(); }
  void hand_over() noexcept override {
    // Release: pairs with the acquire in stop_when_told().
    hands_over_.store(true, std::memory_order_release);
    stop();
  }
  bool is_accepting() const noexcept override { return server_->is_accepting(); }
  proxy::counts counts() const override { return server_->counts(); }
  std::vector<upstream_counts> upstreams() const override { return server_->upstreams(); }

 private:
  // A runtime that has a ceiling says so; beyond it nothing runs any more. A client is one task,
  // and a few are the server's own.
  static settings within_ceiling(settings told) {
    if constexpr (requires { R::most_tasks_at_once; }) {
      constexpr u64 most_clients = R::most_tasks_at_once - 64;
      told.most_connections = std::min(told.most_connections, most_clients);
    }
    return told;
  }
  static task<void> stop_when_told(host_on& self) {
    auto const token = self.stopping_.token();
    co_await token.stopped();
    if (self.hands_over_.load(std::memory_order_acquire)) {
      self.server_->hand_over();
    } else {
      self.server_->stop();
    }
  }
  static task<server_end> serve_until_told(host_on& self) {
    auto stopper = self.rt_.spawn(stop_when_told(self));
    auto serving = self.server_->serve();
    auto const ended = co_await serving;
    co_await stopper;
    co_return ended;
  }

  settings const settings_;
  // Not R's own threading: it is the program's other threads that ask for the stop.
  stop_source<many_threads> stopping_;
  std::atomic<bool> hands_over_{false};
  R rt_;
  std::optional<server<R>> server_;
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
