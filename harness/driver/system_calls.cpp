#include "harness/driver/system_calls.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <utility>

#include "harness/driver/clock.hpp"
#include "harness/driver/crew.hpp"
#include "harness/driver/process.hpp"
#include "harness/driver/visit.hpp"

namespace regatta::driver {
namespace {

namespace fs = std::filesystem;

// What a process needs that does nothing; strace itself starts in some milliseconds.
constexpr std::uint64_t trial_limit_ns = 10 * ns_per_s;

constexpr std::string_view how_to_install =
    "install with: apt-get install strace (Fedora: dnf install strace)";

/// A file that is gone with its owner.
class temporary_file {
 public:
  static std::optional<temporary_file> make(std::string& error) {
    std::error_code none;
    fs::path folder = fs::temp_directory_path(none);
    if (none) folder = "/tmp";
    std::string path = (folder / "regatta-calls-XXXXXX").string();
    const int fd = ::mkstemp(path.data());
    if (fd < 0) {
      error = fmt::format("cannot make a file in {}: {}", folder.string(), std::strerror(errno));
      return std::nullopt;
    }
    ::close(fd);
    return temporary_file(std::move(path));
  }
  temporary_file(temporary_file&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  temporary_file& operator=(temporary_file&&) = delete;
  ~temporary_file() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  const std::string& path() const { return path_; }

 private:
  explicit temporary_file(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

/// With -D the tracer is a grandchild and the traced program the driver's own child: its memory is
/// watched, and its death told, as in any run. Both are in one group, and end together.
std::vector<std::string> traced(const std::string& tracer, const std::string& file,
                                const std::vector<std::string>& command) {
  std::vector<std::string> all = {tracer, "-D", "-f",          "-qq", "-s",
                                  "64",   "-e", "signal=none", "-o",  file};
  all.insert(all.end(), command.begin(), command.end());
  return all;
}

std::string last_line_of(const std::string& path) {
  std::ifstream in(path);
  std::string last;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) last = line;
  }
  return last;
}

/// The first text in quotes in a line of strace, without its opening quote and leading blanks:
/// where a message would begin.
std::string_view quoted_text(std::string_view line) {
  const std::size_t quote = line.find('"');
  if (quote == std::string_view::npos) return {};
  line.remove_prefix(quote + 1);
  return line;
}

/// Whether the quoted text is a message with this first key, in any wording of JSON. strace writes
/// its quotes escaped.
bool is_message(std::string_view text, std::string_view key) {
  const auto skip_blanks = [&text] {
    while (text.starts_with(' ') || text.starts_with(R"(\t)")) {
      text.remove_prefix(text.front() == ' ' ? 1 : 2);
    }
  };
  skip_blanks();
  if (!text.starts_with('{')) return false;
  text.remove_prefix(1);
  skip_blanks();
  return text.starts_with(fmt::format(R"(\"{}\")", key));
}

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_';
  });
}

}  // namespace

void system_call_counter::read(std::string_view line) {
  // "4711  read(0, …": the thread comes first.
  line.remove_prefix(std::min(line.find_first_not_of("0123456789"), line.size()));
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const bool resumes = line.starts_with("<... ");
  const std::string_view name = line.substr(0, line.find('('));
  if (!resumes && (!is_name(name) || name.size() == line.size())) return;

  if (!in_sample_) {
    in_sample_ = is_message(quoted_text(line), "run");
    return;
  }
  if (resumes || name == "restart_syscall") return;
  if (is_message(quoted_text(line), "sample")) {
    samples_.push_back(std::exchange(calls_, {}));
    in_sample_ = false;
    return;
  }
  ++calls_[std::string(name)];
}

calls_by_name difference(const calls_by_name& more, const calls_by_name& fewer) {
  calls_by_name left;
  for (const auto& [name, count] : more) {
    const auto other = fewer.find(name);
    const std::uint64_t off = other == fewer.end() ? 0 : other->second;
    if (count > off) left[name] = count - off;
  }
  return left;
}

std::string why_no_tracer(const std::string& tracer) {
  std::string error;
  const auto said = temporary_file::make(error);
  if (!said) return error;
  const std::vector<std::string> nothing = {"/bin/sh", "-c", "exit 0"};
  auto trial = child_process::start({traced(tracer, "/dev/null", nothing), said->path()});
  if (!trial.child) return fmt::format("{}; {}", trial.error, how_to_install);
  const auto how = trial.child->ended_within(trial_limit_ns);
  const std::string complaint = last_line_of(said->path());
  if (how && how->exited_with(0) && complaint.empty()) return "";
  return fmt::format(
      "{} may not trace here ({}); in a container, allow it with: --cap-add=SYS_PTRACE", tracer,
      complaint.empty() ? "it did not say why" : complaint);
}

namespace {

/// The conversation: three samples, the last one with the iterations that were asked for and one.
failure take_samples(session& with, const cell& what, const tracing& wishes, std::uint64_t threads,
                     std::uint64_t deadline_ns) {
  if (auto ready = with.prepare({what.scenario, what.params}, deadline_ns); !ready) {
    return ready.why;
  }
  for (const std::uint64_t iterations :
       {std::uint64_t{1}, std::uint64_t{1}, wishes.iterations + 1}) {
    auto sample = with.run(iterations, deadline_ns);
    if (!sample) return sample.why;
    visit_wishes expected;
    expected.iterations = iterations;
    expected.threads = threads;
    if (failure wrong = check_sample(*sample, what, expected); wrong.what != outcome::ok) {
      return wrong;
    }
  }
  return {outcome::ok, ""};
}

}  // namespace

answer_or<traced_calls> trace_system_calls(const row& who, const cell& what, const tracing& wishes,
                                           const interrupt& stop) {
  const std::uint64_t deadline_ns = now_ns() + wishes.time_limit_ns;
  if (std::string why = why_no_tracer(wishes.tracer); !why.empty()) {
    return failure{outcome::skipped, std::move(why)};
  }
  std::string error;
  const auto file = temporary_file::make(error);
  if (!file) return failure{outcome::failed, std::move(error)};

  row under_strace = who;
  under_strace.command = traced(wishes.tracer, file->path(), who.command);
  crew_member member(under_strace, stop,
                     {.seed = wishes.seed,
                      .slowdown_percent = 0,
                      .memory_limit_bytes = wishes.memory_limit_bytes,
                      .time_limit_ns = wishes.time_limit_ns,
                      .log = wishes.log,
                      .listener = {}});
  auto with = member.ready();
  if (!with) return with.why;
  failure how = take_samples(**with, what, wishes, member.threads(), deadline_ns);
  if (how.what != outcome::ok) return how;
  // strace writes a call before it lets the program go on: all that was answered is in the file.
  member.dismiss();

  system_call_counter counter;
  std::ifstream in(file->path());
  for (std::string line; std::getline(in, line);) counter.read(line);
  if (counter.samples().size() != 3) {
    return failure{outcome::failed,
                   fmt::format("{} of its 3 samples were seen among its system calls; it must read "
                               "requests and write replies with system calls of its own",
                               counter.samples().size())};
  }
  return traced_calls{wishes.iterations, wishes.iterations * what.operations,
                      difference(counter.samples()[2], counter.samples()[1])};
}

}  // namespace regatta::driver
