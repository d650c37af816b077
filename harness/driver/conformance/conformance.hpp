// Whether a contender keeps the protocol, tried message by message: harness/protocol/README.md has
// the table of what is checked.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/driver/cells.hpp"
#include "harness/driver/conformance/dialogue.hpp"
#include "harness/driver/findings.hpp"
#include "harness/driver/interrupt.hpp"
#include "harness/driver/plan.hpp"
#include "harness/protocol/reply.hpp"

namespace regatta::driver {

struct conformance_wishes {
  specifications scenarios;              ///< Which are run, at smoke size.
  std::uint64_t time_limit_ns = 0;       ///< For one exchange that runs something.
  std::uint64_t memory_limit_bytes = 0;  ///< Resident; 0: no limit.
};

/// Says everything that it finds out, under the row's name.
void check_conformance(const row& r, const conformance_wishes& wishes, const interrupt& stop,
                       findings& found);

namespace conformance {

/// What the contender says of itself: the parts of a row's check share it.
struct account {
  protocol::hello_reply hello;
  std::map<std::string, protocol::list_entry> listed;  ///< By scenario.
};

/// hello and list. False if there is no going on.
bool check_introduction(dialogue& with, const row& r, account& told, findings& found);

/// One scenario at smoke size: its answers, its counts, its times.
void check_scenario(dialogue& with, const specification::specification& scenario,
                    const conformance_wishes& wishes, const account& told);

/// Set up with one thread, it runs tasks on one.
void check_one_thread(dialogue& with, const row& r, const conformance_wishes& wishes,
                      const account& told);

/// What it must refuse, what it must understand, and in which order.
void check_manners(dialogue& with, const row& r, const conformance_wishes& wishes,
                   const account& told);

/// Silent and idle while it is not asked; gone in time when it is no longer wanted.
void check_leave_taking(dialogue& with, const conformance_wishes& wishes, const account& told);

/// The first scenario, at smoke size, that the contender lists and can run; null if there is none.
const specification::specification* first_supported(const conformance_wishes& wishes,
                                                    const account& told);

/// What is odd about a sample beyond what check_sample() sees; one sentence each.
std::vector<std::string> oddities(const protocol::sample& taken, std::uint64_t exchange_ns);

}  // namespace conformance
}  // namespace regatta::driver
