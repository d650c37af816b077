// What this program says of itself: it is the machine that runs it.
#include <sys/utsname.h>

#include <string>

#include "harness/contender/registry.hpp"

namespace regatta::machine {
namespace {

std::string kernel() {
  utsname told{};
  return uname(&told) == 0 ? std::string(told.sysname) + " " + told.release : "unknown";
}

struct subject_of_this_program {
  subject_of_this_program() {
    contender::registry::of_this_program().set_subject(
        {.name = "machine",
         .version = kernel(),
         .scheduling = "none",
         .io = "none",
         .capabilities = {},
         // Each line has as many as it needs.
         .threads = [](contender::setup const&) -> std::uint64_t { return 0; }});
  }
};
subject_of_this_program const registered_subject;

}  // namespace
}  // namespace regatta::machine
