#include "runtimes/asio/runtime.hpp"

#include "runtimes/core/processors.hpp"

namespace regatta::runtimes::asio {

namespace {

u32 threads_for(runtime_options options) noexcept {
  return options.threads != 0 ? options.threads : core::usable_processors();
}

}  // namespace

thread_pool::thread_pool(runtime_options options) : runtime_on_asio(threads_for(options)) {
  for (u32 i = 0; i < threads_for(options); ++i) {
    workers_.emplace_back([this] {
      core::driving const here(identity());
      loop_.drive();
    });
  }
}

thread_pool::~thread_pool() {
  await_outsiders();
  loop_.stop();
  for (auto& one : workers_) one.join();
  destroy_roots();
}

}  // namespace regatta::runtimes::asio
