// How much load the generator could make if the server did nothing: the same load, in a closed
// loop, against a null server in this process.
#pragma once

#include "proxy/load/plan.hpp"
#include "proxy/load/result.hpp"

namespace regatta::load {

struct ceiling {
  // Requests per second that were reached, with null server and generator on this machine.
  double per_s = 0;
  // What the generator alone would reach if its threads had a processor each, and never waited:
  // requests by the CPU time that they cost it.
  double per_s_by_cpu = 0;
  // Fewer than the plan's, where both ends do not fit into the descriptors of one process.
  u32 connections = 0;
  load_result result;
};

// Runs for so long, on as many threads as the plan has, with a null server on as many (pinned to
// `server_processors`, if there are any). Throws as the generator does.
ceiling measure_ceiling(load_plan const& plan, duration time,
                        std::vector<int> const& server_processors = {});

}  // namespace regatta::load
