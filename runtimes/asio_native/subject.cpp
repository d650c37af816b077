// What this program says of itself.
#include <boost/version.hpp>
#include <string>

#include "harness/contender/registry.hpp"
#include "runtimes/asio_native/host.hpp"
#include "runtimes/core/processors.hpp"

namespace regatta::asio_native {

u64 many_threads::threads_for(u64 asked) { return asked != 0 ? asked : core::usable_processors(); }

namespace {

std::string boost_version() {
  return std::to_string(BOOST_VERSION / 100'000) + "." +
         std::to_string(BOOST_VERSION / 100 % 1'000) + "." + std::to_string(BOOST_VERSION % 100);
}

u64 threads_of(contender::setup const& how) {
  return how.variant == many_threads::name ? many_threads::threads_for(how.threads)
                                           : one_thread::threads_for(how.threads);
}

struct subject_of_this_program {
  subject_of_this_program() {
    contender::registry::of_this_program().set_subject(
        {.name = "asio_native",
         .version = boost_version(),
         .scheduling = "shared queue, or one thread",
         .io = "epoll",
         .capabilities = {"timer", "net"},
         .variants = {std::string(one_thread::name), std::string(many_threads::name)},
         .threads = &threads_of});
  }
};
subject_of_this_program const registered_subject;

}  // namespace
}  // namespace regatta::asio_native
