// What this program says of itself: it is the way from a client to a server, in each variant
// another one.
#include "harness/contender/registry.hpp"
#include "proxy/paths/passage.hpp"
#include "proxy/paths/way.hpp"

namespace regatta::paths {
namespace {

struct subject_of_this_program {
  subject_of_this_program() {
    contender::subject described;
    described.name = "path";
    described.version = "";
    described.scheduling = "none";
    described.io = "none";
    described.capabilities = {"net"};
    described.variants.clear();
    for (way const& one : all_ways()) described.variants.push_back(one.name);
    described.threads = [](contender::setup const& how) -> std::uint64_t {
      way const& one = way_named(how.variant);
      expect_installed(one);
      // Without a proxy there are none; but who asks for some gets the processors divided so.
      return one.by == way::kind::direct ? how.threads : threads_of(how);
    };
    described.identity_of = [](contender::setup const& how) {
      return identity_of(way_named(how.variant), places_of(how).describe());
    };
    contender::registry::of_this_program().set_subject(std::move(described));
  }
};
subject_of_this_program const registered_subject;

}  // namespace
}  // namespace regatta::paths
