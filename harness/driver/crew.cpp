#include "harness/driver/crew.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "harness/driver/clock.hpp"

namespace regatta::driver {

crew_member::crew_member(const row& r, const interrupt& stop, crew_options options)
    : row_(r), stop_(stop), options_(std::move(options)) {}

answer_or<session*> crew_member::ready() {
  if (is_alive()) return session_.get();
  auto started = child_process::start({row_.command, options_.log});
  if (!started.child) return failure{outcome::failed, started.error};
  session_ = std::make_unique<session>(std::move(started.child), stop_, options_.memory_limit_bytes,
                                       options_.listener);
  const protocol::hello request{row_.variant, row_.threads, options_.seed,
                                options_.slowdown_percent};
  auto reply = session_->hello(request, now_ns() + options_.time_limit_ns);
  if (!reply) {
    session_.reset();
    return reply.why;
  }
  hello_ = std::move(*reply);
  if (failure wrong = check_hello(); wrong.what != outcome::ok) {
    session_.reset();
    return wrong;
  }
  return session_.get();
}

failure crew_member::check_hello() {
  if (!row_.variant.empty() && hello_.variant != row_.variant) {
    return {outcome::failed, fmt::format("it was asked for the variant '{}' and set up '{}'",
                                         row_.variant, hello_.variant)};
  }
  if (row_.threads == 0 || hello_.threads == 0 || row_.threads == hello_.threads) {
    return {outcome::ok, ""};
  }
  return {hello_.threads > row_.threads ? outcome::failed : outcome::unsupported,
          fmt::format("it was asked for {} threads and set up {}", row_.threads, hello_.threads)};
}

std::uint64_t crew_member::threads() const {
  return row_.threads != 0 ? row_.threads : hello_.threads;
}

std::string crew_member::dismiss() {
  if (!is_alive()) return "";
  const std::string wrong = session_->quit(quit_grace_ns);
  session_.reset();
  return wrong;
}

}  // namespace regatta::driver
