// One thread's share of the load: its connections, its epoll, its loop.
//
// A request costs one send() and one recv(), and its part of an epoll_wait(): sockets are
// registered once, edge-triggered, for reading and writing. The clock is read once for each
// request, when its answer is whole; the next one on the connection is sent at that same instant.
// While a run goes on, nothing is allocated.
#pragma once

#include <sys/epoll.h>

#include <atomic>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "proxy/load/connection.hpp"
#include "proxy/load/payload.hpp"
#include "proxy/load/plan.hpp"
#include "proxy/load/result.hpp"
#include "proxy/load/schedule.hpp"
#include "proxy/load/sockets.hpp"

namespace regatta::load {

// What all threads see. Written while they wait, but for the atomics.
struct shared_work {
  explicit shared_work(load_plan const& wanted);

  load_plan const plan;
  core::socket_address const target;
  payload const stream;
  std::string const http_request;
  // Stops every run, this one and later ones. Relaxed: it guards nothing, and is looked at often.
  std::atomic<bool> stopped = false;
  // Of a closed loop with a number of requests: how many are left for whoever takes one.
  // Relaxed: only the count matters.
  alignas(64) std::atomic<i64> unclaimed = 0;
};

// Later than anything, and still something may be added.
inline constexpr i64 never_ns = std::numeric_limits<i64>::max() / 2;

// One run.
struct work_order {
  std::optional<u64> requests = {};
  std::optional<duration> time = {};
  std::optional<double> rate_per_s = {};
  u64 most_in_flight = 0;  // Of all threads.
};

// First in, first out, in memory that is there from the start.
template <class T>
class ring {
 public:
  void reserve(std::size_t most) {
    items_.resize(most);
    clear();
  }
  void clear() noexcept { first_ = count_ = 0; }
  bool empty() const noexcept { return count_ == 0; }
  std::size_t size() const noexcept { return count_; }
  void push(T item) noexcept {
    auto at = first_ + count_++;
    if (at >= items_.size()) at -= items_.size();
    items_[at] = item;
  }
  T pop() noexcept {
    T const item = items_[first_];
    if (++first_ == items_.size()) first_ = 0;
    --count_;
    return item;
  }

 private:
  std::vector<T> items_;
  std::size_t first_ = 0, count_ = 0;
};

class worker {
 public:
  // `index` of plan.threads. Throws std::system_error.
  worker(shared_work& shared, u32 index);
  ~worker();
  worker(worker const&) = delete;
  worker& operator=(worker const&) = delete;

  // Called on the thread of the worker, after one another.
  void connect_all();
  // Before all workers run(): what needs memory.
  void prepare(work_order const& order);
  void run();

  // What came of the last connect_all() or run(). Read while the thread waits.
  load_result result;
  i64 began_ns = 0, ended_ns = 0;  // Of the run.
  i64 scheduled_ns = 0;            // Open loop: the time that `scheduled` requests are due in.
  stats::histogram connect_times;  // Of connect_all().
  u64 connected = 0;

 private:
  // The loop (worker.cpp).
  int poll(i64 until_ns);
  void on_event(epoll_event const& event);
  void sweep();
  bool is_done() noexcept;
  bool all_have_begun() const noexcept { return next_to_begin_ == connections_.size(); }
  void begin_some();
  bool claim() noexcept;
  bool claim_another() noexcept;
  void issue_due();
  void issue(i64 due_ns);
  void end_schedule(i64 span_ns) noexcept;
  void end_drain();
  void end_run();
  void drop_waiting(failure why) noexcept;

  // Requests and connections (worker_connections.cpp).
  void start(connection& c, i64 due_ns);
  void become_free(connection& c);
  void open(connection& c);
  void try_connect(connection& c);
  void watch(connection& c);
  void on_connecting(connection& c, u32 events);
  void established(connection& c);
  void arm(connection& c) noexcept;
  void push_out(connection& c);
  bool send_some(connection& c);
  void want_writable(connection& c);
  void pull_in(connection& c, u32 events);
  void take(connection& c, u8 const* bytes, std::size_t count);
  void take_stream(connection& c, u8 const* bytes, std::size_t count);
  void take_http(connection& c, u8 const* bytes, std::size_t count);
  bool is_first_body(connection& c, std::string_view piece);
  void on_end(connection& c);
  void finish(connection& c);
  void finish_badly(connection& c, failure why);
  void after_answer(connection& c);
  void fail(connection& c, failure why);
  void leave(connection& c);
  void close(connection& c) noexcept;

  shared_work& shared_;
  load_plan const& plan_;
  u32 const index_;
  descriptor epoll_;
  std::vector<connection> connections_;
  std::vector<epoll_event> events_;
  std::vector<u8> buffer_;
  std::vector<char> first_body_;
  bool first_body_is_whole_ = false;

  work_order order_;
  bool is_setting_up_ = false;
  bool is_open_ = false;           // Open loop.
  bool no_more_ = false;           // No request is started any more, or none is due.
  bool server_has_ended_ = false;  // Says the event that is being looked at.
  i64 now_ns_ = 0;
  i64 deadline_ns_ = 0;  // No request is started after it.
  i64 next_sweep_ns_ = 0;
  u64 in_flight_ = 0;
  u64 resting_ = 0, given_up_ = 0, leaving_ = 0, setting_up_ = 0;
  u32 next_to_begin_ = 0;
  failure last_failure_ = failure::reset;

  // Open loop.
  schedule due_;
  i64 next_due_ns_ = never_ns;
  u64 left_to_schedule_ = 0;
  u64 most_in_flight_ = 0;
  ring<u32> free_;     // Connections without a request.
  ring<i64> waiting_;  // When requests were due that no connection was free for.
};

}  // namespace regatta::load
