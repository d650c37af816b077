#include "proxy/command/metrics_server.hpp"

#if __has_include(<httplib.h>) && REGATTA_HTTPLIB
#define REGATTA_HAS_METRICS 1
// Of the same size as elsewhere: so many threads would be made whatever we ask for.
#include <httplib.h>
#else
#define REGATTA_HAS_METRICS 0
#endif

#include <fmt/format.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <memory>
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
  engine(endpoint const& where, answers given) : desk_(std::make_shared<desk>(std::move(given))) {
    auto& server = desk_->server;
    server.new_task_queue = [] { return new bounded_pool; };
    server.set_keep_alive_max_count(1);
    server.set_keep_alive_timeout(1);
    server.set_read_timeout(1);
    server.set_write_timeout(1);
    server.set_payload_max_length(1024);
    server.set_tcp_nodelay(true);
    // Not SO_REUSEPORT, which it would choose: two programs at one port would not be noticed.
    server.set_socket_options([](auto socket) {
      int const on = 1;
      (void)::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    });
    // The desk outlives its server's threads.
    server.Get("/metrics", [at = desk_.get()](auto const&, auto& answer) { at->metrics(answer); });
    server.Get("/healthz", [at = desk_.get()](auto const&, auto& answer) { at->health(answer); });
    auto const host = host_of(where);
    bool bound = true;
    int port = where.port();
    if (port == 0) {
      port = server.bind_to_any_port(host.c_str());
      bound = port > 0;
    } else {
      bound = server.bind_to_port(host.c_str(), port);
    }
    if (!bound) {
      throw failure(fmt::format("--metrics: cannot listen on {}: {}", where.text(),
                                std::strerror(errno != 0 ? errno : EADDRINUSE)));
    }
    where_ = where.with_port(static_cast<u16>(port));
    thread_ = std::thread([kept = desk_] {
      kept->server.listen_after_bind();
      kept->has_ended.store(true);
    });
    // stop() before it runs would be forgotten.
    while (!server.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  // Nobody is answered any more, and the port is free. A client that sends byte after byte may hold
  // a thread for as long as it likes: such a thread is left behind rather than waited for.
  ~engine() {
    desk_->close();
    desk_->server.stop();
    constexpr auto patience = std::chrono::milliseconds(200);
    auto const limit = std::chrono::steady_clock::now() + patience;
    while (!desk_->has_ended.load() && std::chrono::steady_clock::now() < limit) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    if (desk_->has_ended.load()) {
      thread_.join();
    } else {
      thread_.detach();
    }
  }

  endpoint where() const { return where_; }

 private:
  // What the server's threads use, and own together.
  struct desk {
    explicit desk(answers asked) : given(std::move(asked)) {}

    void metrics(httplib::Response& answer) {
      std::lock_guard const held(lock);
      if (is_closed) return refuse(answer);
      answer.set_content(given.metrics(), "text/plain; version=0.0.4; charset=utf-8");
    }
    void health(httplib::Response& answer) {
      std::lock_guard const held(lock);
      if (is_closed || !given.is_healthy()) return refuse(answer);
      answer.set_content("ok\n", "text/plain; charset=utf-8");
    }
    static void refuse(httplib::Response& answer) {
      answer.status = 503;
      answer.set_content("draining\n", "text/plain; charset=utf-8");
    }
    // From now on nothing of the proxy's is touched.
    void close() {
      std::lock_guard const held(lock);
      is_closed = true;
    }

    std::mutex lock;
    bool is_closed = false;
    answers const given;
    std::atomic<bool> has_ended = false;
    httplib::Server server;
  };

  std::shared_ptr<desk> const desk_;
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
