// A contender's side of the conversation with the driver: protocol 1 over two file descriptors.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "harness/contender/latency_recorder.hpp"
#include "harness/contender/registry.hpp"
#include "harness/protocol/reply.hpp"
#include "harness/protocol/request.hpp"

namespace regatta::contender {

// Answers one request after the other. A runtime is made when a cell is prepared and lives through
// all samples of that cell, so that a sample finds warm workers and no state of another cell.
//
// Everything happens on the thread that calls; a conversation is for one thread.
class conversation {
 public:
  // `slowdown_percent` holds until a hello names another.
  explicit conversation(registry const& program, std::uint64_t slowdown_percent = 0)
      : program_(program), slowdown_percent_(slowdown_percent) {}

  // The answers to a request are handed to `reply` as they come into being: the samples of a long
  // run one by one. False if the conversation has ended.
  bool answer(protocol::request const& request,
              std::function<void(protocol::reply const&)> const& reply);

 private:
  struct prepared_cell {
    pair const* scenario = nullptr;
    std::uint64_t expected = 0;
    std::uint64_t operations = 0;
    std::unique_ptr<cell> runs;
  };

  protocol::reply greet(protocol::hello const& request);
  protocol::reply prepare(protocol::prepare const& request);
  protocol::reply take_sample(protocol::run const& request);

  registry const& program_;
  setup setup_;
  std::uint64_t slowdown_percent_;
  std::optional<prepared_cell> cell_;
  latency_recorder recorder_;
};

// Reads requests from `source_fd` until its end or a quit, and writes replies to `target_fd`.
// Answers the exit code: 0, or 1 if the driver could not be written to.
int serve(registry const& program, int source_fd, int target_fd,
          std::uint64_t slowdown_percent = 0);

}  // namespace regatta::contender
