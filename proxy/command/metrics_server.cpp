#include "proxy/command/metrics_server.hpp"

#if __has_include(<httplib.h>) && REGATTA_HTTPLIB
#define REGATTA_HAS_METRICS 1
// Of the same size as elsewhere: so many threads would be made whatever we ask for.
#include <httplib.h>
#else
#define REGATTA_HAS_METRICS 0
#endif

#include <fmt/format.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "proxy/command/failure.hpp"

namespace regatta::proxy::command {

bool metrics_server::is_supported() noexcept { return REGATTA_HAS_METRICS; }

#if REGATTA_HAS_METRICS

namespace {

constexpr std::size_t most_threads = 2;
constexpr std::size_t most_waiting = 4;

// httplib's own pool takes any number of connections; this one lets its acceptor wait.
class bounded_pool final : public httplib::TaskQueue {
 public:
  bounded_pool() {
    for (std::size_t i = 0; i < most_threads; ++i) threads_.emplace_back([this] { work(); });
  }

  // Nothing, or in later versions of httplib whether the job was taken.
  using taken = decltype(std::declval<httplib::TaskQueue&>().enqueue(std::function<void()>()));

  taken enqueue(std::function<void()> job) override {
    std::unique_lock held(mutex_);
    changed_.wait(held, [this] { return jobs_.size() < most_waiting || is_ending_; });
    jobs_.push_back(std::move(job));
    changed_.notify_all();
    return static_cast<taken>(true);
  }

  void shutdown() override {
    {
      std::lock_guard const held(mutex_);
      is_ending_ = true;
      changed_.notify_all();
    }
    for (auto& each : threads_) each.join();
  }

 private:
  void work() {
    for (;;) {
      std::function<void()> job;
      {
        std::unique_lock held(mutex_);
        changed_.wait(held, [this] { return !jobs_.empty() || is_ending_; });
        if (jobs_.empty()) return;
        job = std::move(jobs_.front());
        jobs_.pop_front();
        changed_.notify_all();
      }
      job();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  bool is_ending_ = false;
  std::vector<std::thread> threads_;
};

std::string host_of(endpoint const& where) {
  auto text = where.with_port(0).text();
  text.resize(text.rfind(':'));
  if (text.starts_with('[')) text = text.substr(1, text.size() - 2);
  return text;
}

}  // namespace

class metrics_server::engine {
 public:
  engine(endpoint const& where, answers given) : given_(std::move(given)) {
    server_.new_task_queue = [] { return new bounded_pool; };
    server_.set_keep_alive_max_count(1);
    server_.set_keep_alive_timeout(1);
    server_.set_read_timeout(1);
    server_.set_write_timeout(1);
    server_.set_payload_max_length(1024);
    server_.set_tcp_nodelay(true);
    // Not SO_REUSEPORT, which it would choose: two programs at one port would not be noticed.
    server_.set_socket_options([](auto socket) {
      int const on = 1;
      (void)::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    });
    server_.Get("/metrics", [this](auto const&, auto& answer) {
      answer.set_content(given_.metrics(), "text/plain; version=0.0.4; charset=utf-8");
    });
    server_.Get("/healthz", [this](auto const&, auto& answer) {
      bool const is_healthy = given_.is_healthy();
      answer.status = is_healthy ? 200 : 503;
      answer.set_content(is_healthy ? "ok\n" : "draining\n", "text/plain; charset=utf-8");
    });
    auto const host = host_of(where);
    bool bound = true;
    int port = where.port();
    if (port == 0) {
      port = server_.bind_to_any_port(host.c_str());
      bound = port > 0;
    } else {
      bound = server_.bind_to_port(host.c_str(), port);
    }
    if (!bound) {
      throw failure(fmt::format("--metrics: cannot listen on {}: {}", where.text(),
                                std::strerror(errno != 0 ? errno : EADDRINUSE)));
    }
    where_ = where.with_port(static_cast<u16>(port));
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    // stop() before it runs would be forgotten.
    while (!server_.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ~engine() {
    server_.stop();
    thread_.join();
  }

  endpoint where() const { return where_; }

 private:
  answers const given_;
  httplib::Server server_;
  endpoint where_;
  std::thread thread_;
};

metrics_server::metrics_server(endpoint const& where, answers given)
    : engine_(std::make_unique<engine>(where, std::move(given))) {}
metrics_server::~metrics_server() = default;
endpoint metrics_server::where() const { return engine_->where(); }

#else

class metrics_server::engine {};

metrics_server::metrics_server(endpoint const&, answers) {
  throw failure(
      "--metrics: this program was built without cpp-httplib; install it (Debian: "
      "libcpp-httplib-dev, Fedora: cpp-httplib-devel), and build again");
}
metrics_server::~metrics_server() = default;
endpoint metrics_server::where() const { return {}; }

#endif

}  // namespace regatta::proxy::command
