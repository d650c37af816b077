#include "harness/contender/serve.hpp"

#include <unistd.h>

#include <exception>
#include <string>
#include <utility>

#include "harness/contender/build.hpp"
#include "harness/contender/sampling.hpp"
#include "harness/protocol/line_io.hpp"
#include "harness/specification/specification.hpp"
#include "runtimes/interface/unsupported.hpp"
#include "scenarios/support/scenario.hpp"

namespace regatta::contender {
namespace {

// A histogram entry is at most some 32 characters long; this many leave half of a line free.
constexpr std::size_t most_buckets_in_a_line = 1'000;

protocol::error unsupported(std::string reason) { return {"unsupported", std::move(reason)}; }
protocol::error failed(std::string reason) { return {"failed", std::move(reason)}; }
protocol::error misunderstood(std::string reason) { return {"protocol", std::move(reason)}; }

std::string listed(std::vector<std::string> const& names) {
  std::string list;
  for (auto const& name : names) list.append(list.empty() ? "'" : ", '").append(name).append("'");
  return list;
}

}  // namespace

bool conversation::answer(protocol::request const& request,
                          std::function<void(protocol::reply const&)> const& reply) {
  if (auto const* hello = std::get_if<protocol::hello>(&request)) {
    reply(greet(*hello));
  } else if (std::holds_alternative<protocol::list>(request)) {
    for (pair const& each : program_.pairs()) {
      auto const defaults = each.scenario.complete({});
      reply(protocol::list_entry{each.scenario.name, specification::to_json(defaults),
                                 each.unsupported});
    }
    reply(protocol::list_end{});
  } else if (auto const* prepared = std::get_if<protocol::prepare>(&request)) {
    reply(prepare(*prepared));
  } else if (auto const* run = std::get_if<protocol::run>(&request)) {
    for (std::uint64_t i = 0; i < run->samples; ++i) {
      auto const sample = take_sample(*run);
      reply(sample);
      if (std::holds_alternative<protocol::error>(sample)) return true;
    }
    reply(protocol::done{});
  } else {
    return false;
  }
  return true;
}

protocol::reply conversation::greet(protocol::hello const& request) {
  auto const& runtime = program_.subject();
  auto const variant = program_.find_variant(request.variant);
  if (!variant) {
    return unsupported("no variant '" + request.variant +
                       "'; there are: " + listed(runtime.variants));
  }
  cell_.reset();
  setup_ = {*variant, request.threads, request.seed};
  if (request.slowdown_percent != 0) slowdown_percent_ = request.slowdown_percent;

  std::uint64_t threads = 0;
  identity who{.version = runtime.version, .scheduling = runtime.scheduling, .io = runtime.io};
  try {
    threads = runtime.threads(setup_);
    if (runtime.identity_of) who = runtime.identity_of(setup_);
  } catch (runtime_unsupported const& error) {
    return unsupported(error.what());
  } catch (std::exception const& error) {
    return failed(error.what());
  }
  if (threads == 0 && request.threads != 0) {
    return unsupported(runtime.name + " has no number of threads that could be chosen");
  }

  protocol::hello_reply greeting;
  greeting.runtime = runtime.name;
  greeting.variant = *variant;
  greeting.variants = runtime.variants;
  greeting.version = who.version;
  greeting.language = who.language;
  greeting.scheduling = who.scheduling;
  greeting.io = who.io;
  greeting.capabilities = runtime.capabilities;
  greeting.threads = threads;
  if (who.is_of_this_build) {
    greeting.compiler = build::compiler();
    greeting.flags = build::flags();
    greeting.allocator = build::allocator();
  }
  greeting.pid = static_cast<std::uint64_t>(getpid());
  return greeting;
}

protocol::reply conversation::prepare(protocol::prepare const& request) {
  cell_.reset();
  pair const* scenario = program_.find(request.scenario);
  if (scenario == nullptr) {
    return unsupported("this contender knows no scenario '" + request.scenario + "'");
  }
  if (!scenario->unsupported.empty()) return unsupported(scenario->unsupported);

  try {
    auto const named = specification::from_json(request.params);
    auto const parameters = scenario->scenario.complete(named);
    forget_memory_of_earlier_cells();
    cell_ = prepared_cell{
        .scenario = scenario,
        .expected = scenario->scenario.expected(parameters),
        .operations = scenario->scenario.operations(parameters),
        .runs = scenario->prepare(setup_, parameters),
    };
  } catch (runtime_unsupported const& error) {
    cell_.reset();
    return unsupported(error.what());
  } catch (std::exception const& error) {
    cell_.reset();
    return failed(error.what());
  }
  return protocol::ready{};
}

protocol::reply conversation::take_sample(protocol::run const& request) {
  if (!cell_) return misunderstood("run came before a prepare that succeeded");
  try {
    auto const taken = contender::take_sample(
        *cell_->runs, {request.iterations, cell_->expected, slowdown_percent_}, recorder_);
    protocol::sample sample;
    sample.iterations = taken.iterations;
    sample.ns = taken.spent.ns;
    sample.cpu_ns = taken.spent.cpu_ns;
    sample.operations = taken.iterations * cell_->operations;
    sample.answer = taken.answer;
    sample.answers_differ = taken.answers_differ;
    sample.allocations = taken.spent.allocations;
    sample.peak_rss_bytes = taken.peak_rss_bytes;
    if (auto const& seen = taken.switches) {
      sample.switches = protocol::context_switches{seen->voluntary, seen->involuntary};
    }
    sample.threads_used = taken.threads_used;
    sample.recording_ns = taken.recording_ns;
    sample.counters = taken.spent.counted;
    // Latencies in virtual time are none by the clock that `ns` goes by.
    if (!taken.latencies.empty() && !program_.subject().is_simulated) {
      sample.latencies.emplace();
      for (auto const& [value, count] :
           shortened(taken.latencies.buckets(), most_buckets_in_a_line)) {
        sample.latencies->buckets.emplace_back(value, count);
      }
    }
    return sample;
  } catch (scenarios::unsupported const& error) {
    cell_.reset();
    return unsupported(error.what());
  } catch (runtime_unsupported const& error) {
    cell_.reset();
    return unsupported(error.what());
  } catch (std::exception const& error) {
    // Whatever the run left behind dies with its runtime.
    cell_.reset();
    return failed(error.what());
  }
}

int serve(registry const& program, int source_fd, int target_fd, std::uint64_t slowdown_percent) {
  conversation driver(program, slowdown_percent);
  protocol::line_reader requests(source_fd);
  std::string broken;
  auto const reply = [&](protocol::reply const& message) {
    if (broken.empty()) broken = protocol::write_line(target_fd, protocol::format(message));
  };

  while (broken.empty()) {
    auto const line = requests.next();
    if (line.status == protocol::line_status::end) return 0;
    if (line.status != protocol::line_status::line) {
      reply(misunderstood(line.status == protocol::line_status::too_long
                              ? "a request is longer than 64 KiB"
                              : "stdin cannot be read: " + line.text));
      return 1;
    }
    auto const request = protocol::parse_request(line.text);
    if (!request) {
      reply(misunderstood(request.error));
    } else if (!driver.answer(*request, reply)) {
      return 0;
    }
  }
  return 1;
}

}  // namespace regatta::contender
