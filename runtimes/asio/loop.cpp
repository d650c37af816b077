#include "runtimes/asio/loop.hpp"

#include "runtimes/asio/liburing_for_asio.hpp"

#include <boost/asio/defer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>
#include <boost/version.hpp>
#include <string>

namespace regatta::runtimes::asio {

namespace {

void resume(work& ready) noexcept {
  budget::refill();
  ready.resume();
}

}  // namespace

std::string_view boost_version() noexcept {
  static std::string const version = std::to_string(BOOST_VERSION / 100'000) + "." +
                                     std::to_string(BOOST_VERSION / 100 % 1'000) + "." +
                                     std::to_string(BOOST_VERSION % 100);
  return version;
}

std::string_view readiness_backend() noexcept {
#if defined(BOOST_ASIO_HAS_IO_URING_AS_DEFAULT)
  return "io_uring";
#elif defined(BOOST_ASIO_HAS_EPOLL)
  return "epoll";
#else
#error "Asio would use neither epoll nor io_uring here, and Regatta's adapter knows no other"
#endif
}

template <class Threading>
struct loop<Threading>::engine {
  explicit engine(int concurrency_hint) : context(concurrency_hint), stays(context.get_executor()) {
    // The first timer makes what Asio waits with. Made here, a kernel that refuses it is met now.
    boost::asio::steady_timer const first(context);
  }

  boost::asio::io_context context;
  // Nothing may be left to do for Asio while a task waits for another thread.
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> stays;
};

template <class Threading>
loop<Threading>::loop(executor_base& owner, u32 threads) : owner_(owner) {
  try {
    engine_ = std::make_unique<engine>(static_cast<int>(threads));
  } catch (boost::system::system_error const& error) {
    throw runtime_unsupported("the kernel refuses Asio its " + std::string(readiness_backend()) +
                              ": " + error.what());
  }
}

template <class Threading>
loop<Threading>::~loop() = default;

template <class Threading>
void loop<Threading>::post(work& ready) noexcept {
  boost::asio::post(engine_->context, [&ready] { resume(ready); });
}

template <class Threading>
void loop<Threading>::defer(work& ready) noexcept {
  boost::asio::defer(engine_->context, [&ready] { resume(ready); });
}

template <class Threading>
void loop<Threading>::drive() {
  engine_->context.run();
}

template <class Threading>
void loop<Threading>::stop() noexcept {
  engine_->context.stop();
}

template <class Threading>
void loop<Threading>::restart() noexcept {
  engine_->context.restart();
}

template <class Threading>
void loop<Threading>::run_admitted(work* ready) noexcept {
  if (ready == nullptr) return;
  // Nearly always our own; but a task of another runtime may wait on what is ours.
  if (ready->executor == &owner_) {
    resume(*ready);
  } else {
    ready->wake();
  }
}

template <class Threading>
boost::asio::io_context& loop<Threading>::context() noexcept {
  return engine_->context;
}

template class loop<one_thread>;
template class loop<many_threads>;

}  // namespace regatta::runtimes::asio
