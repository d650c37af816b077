// A contender that makes a known number of system calls, for the test of the tracer: five getppid()
// an iteration, two of them by a second thread that it passes a byte to and back, and seven
// getuid() a sample whatever the iterations. With `--misbehave=exit` it exits in its first sample,
// with
// `--misbehave=hang` it never ends it.
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <string>
#include <string_view>
#include <thread>
#include <variant>

#include "harness/protocol/line_io.hpp"
#include "harness/protocol/reply.hpp"
#include "harness/protocol/request.hpp"

namespace {

namespace protocol = regatta::protocol;

/// Answers each byte with a byte, after two calls. It begins to read only when it is called: a read
/// that waits between samples would be counted in one or the other, as it happens.
class companion {
 public:
  companion() {
    if (::pipe(asked_.data()) != 0 || ::pipe(answered_.data()) != 0) std::exit(1);
    thread_ = std::thread([this] {
      char byte = 0;
      while (wait_for_call(), ::read(asked_[0], &byte, 1) == 1) {
        for (int i = 0; i < 2; ++i) ::syscall(SYS_getppid);
        (void)!::write(answered_[1], &byte, 1);
      }
    });
  }
  ~companion() {
    ::close(asked_[1]);
    announce_call();
    thread_.join();
  }
  companion(const companion&) = delete;
  companion& operator=(const companion&) = delete;

  void call() {
    char byte = 0;
    announce_call();
    (void)!::write(asked_[1], &byte, 1);
    (void)!::read(answered_[0], &byte, 1);
  }

 private:
  void announce_call() {
    is_called_.store(true);
    is_called_.notify_one();
  }
  void wait_for_call() {
    is_called_.wait(false);
    is_called_.store(false);
  }

  std::atomic<bool> is_called_{false};
  std::array<int, 2> asked_{};
  std::array<int, 2> answered_{};
  std::thread thread_;
};

protocol::sample take_sample(std::uint64_t iterations, companion& second) {
  for (int i = 0; i < 7; ++i) ::syscall(SYS_getuid);
  for (std::uint64_t n = 0; n < iterations; ++n) {
    for (int i = 0; i < 3; ++i) ::syscall(SYS_getppid);
    second.call();
  }
  protocol::sample taken;
  taken.iterations = iterations;
  taken.ns = 1;
  taken.operations = iterations * 10;
  taken.answer = 42;
  return taken;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view misbehave = argc > 1 ? argv[1] : "";
  const auto say = [](const protocol::reply& message) {
    protocol::write_line(STDOUT_FILENO, protocol::format(message));
  };
  companion second;
  protocol::line_reader requests(STDIN_FILENO);
  for (;;) {
    const auto line = requests.next();
    if (line.status != protocol::line_status::line) return 0;
    const auto request = protocol::parse_request(line.text);
    if (!request || std::holds_alternative<protocol::quit>(*request)) return 0;
    if (std::holds_alternative<protocol::hello>(*request)) {
      protocol::hello_reply hello;
      hello.runtime = "counted";
      hello.threads = 2;
      say(hello);
    } else if (const auto* run = std::get_if<protocol::run>(&*request)) {
      if (misbehave == "--misbehave=exit") ::_exit(3);
      if (misbehave == "--misbehave=hang") ::pause();
      say(take_sample(run->iterations, second));
      say(protocol::done{});
    } else {
      say(protocol::ready{});
    }
  }
}
