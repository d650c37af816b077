#include "proxy/command/program.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <vector>

#include "proxy/command/addresses.hpp"
#include "proxy/command/attendant.hpp"
#include "proxy/command/doors.hpp"
#include "proxy/command/log.hpp"
#include "proxy/command/metrics.hpp"
#include "proxy/command/metrics_server.hpp"
#include "proxy/command/report.hpp"
#include "proxy/command/runtimes.hpp"
#include "proxy/command/signals.hpp"
#include "proxy/command/succession.hpp"
#include "runtimes/interface/descriptors.hpp"
#include "runtimes/interface/unsupported.hpp"

namespace regatta::proxy::command {
namespace {

// Executes the program that has the runtime: beside this one, or where `cmake --install` puts it.
[[noreturn]] void become(std::string_view program, char* const* line) {
  std::error_code ignored;
  auto const here = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
  for (auto const& folder : {here, here / "../libexec/regatta"}) {
    auto const path = folder / program;
    if (std::filesystem::exists(path, ignored)) ::execv(path.c_str(), line);
  }
  throw failure(fmt::format("the program {} cannot be executed: {}; expected it beside this one",
                            program, std::strerror(errno)));
}

std::unique_ptr<host> make(known_runtime const& chosen, options const& told) {
  try {
    return chosen.make(told.threads, told.proxy);
  } catch (runtime_unsupported const& refused) {
    throw failure(fmt::format("--runtime: {} cannot run here: {}", chosen.name, refused.what()));
  }
}

// The predecessor's socket where it has one for the same address; else a new one.
doors open_doors(options const& told, std::optional<predecessor>& before) {
  doors all;
  for (auto const& address : told.listen) {
    auto inherited = before ? before->take(address) : std::nullopt;
    all.push_back(inherited ? std::move(*inherited) : door::open(address, told.backlog));
  }
  return all;
}

void adopt(host& serving, doors const& open) {
  std::vector<int> descriptors;
  for (auto const& each : open) descriptors.push_back(each.duplicate());
  serving.adopt(descriptors);
}

// Not at the end of a takeover, where it would cost clients.
void check_handover(std::string const& path) {
  if (path.starts_with('@')) return;
  auto const folder = std::filesystem::absolute(path).parent_path();
  if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    throw failure(fmt::format("--handover: no socket can be made in {}: {}", folder.string(),
                              std::strerror(errno)));
  }
}

nlohmann::ordered_json to_json(counts const& now) {
  return {
      {"accepted", now.accepted},       {"active", now.active},        {"completed", now.completed},
      {"unreachable", now.unreachable}, {"broken", now.broken},        {"timed_out", now.timed_out},
      {"shut_down", now.shut_down},     {"refused", now.refused},      {"shortages", now.shortages},
      {"bytes_up", now.bytes_up},       {"bytes_down", now.bytes_down}};
}

// All that a life of the program consists of, in the order in which it goes away, last first.
class life {
 public:
  life(options const& told, known_runtime const& chosen)
      : told_(told), chosen_(chosen), events_(told.log, told.level) {}

  exit_code live() {
    try {
      return serve();
    } catch (std::exception const& error) {
      // stderr is told by main().
      if (told_.log != "-") events_.write(log_level::error, "failed", {{"reason", error.what()}});
      throw;
    }
  }

 private:
  exit_code serve() {
    prepare();
    auto attending = begin();
    announce();
    bool const all_ended = serving_->serve();
    conclude(*attending, all_ended);
    serving_.reset();  // As long as somebody hears signals: a runtime may take a while to end.
    return all_ended ? exit_code::stopped : exit_code::deadline;
  }

  // All that may fail, and nothing yet that a predecessor would notice.
  void prepare() {
    for (auto const& each : told_.proxy.upstreams) (void)resolve("--upstream", each);
    if (!told_.metrics.empty()) {
      if (!metrics_server::is_supported()) metrics_server(endpoint(), {});  // Says why.
      metrics_at_ = resolve("--metrics", told_.metrics);
    }
    serving_ = make(chosen_, told_);
    events_.write(log_level::info, "start",
                  {{"version", REGATTA_VERSION},
                   {"pid", ::getpid()},
                   {"runtime", chosen_.name},
                   {"io", serving_->info().io},
                   {"threads", serving_->threads()},
                   {"descriptors", descriptor_limit()},
                   {"upstreams", told_.proxy.upstreams}});
    if (serving_->chosen().most_connections < told_.proxy.most_connections) {
      bool const was_wished = told_.proxy.most_connections != settings().most_connections;
      events_.write(was_wished ? log_level::warn : log_level::info, "limit_lowered",
                    {{"limit", serving_->chosen().most_connections},
                     {"reason", "the runtime holds so many tasks"}});
    }
    std::optional<predecessor> before;
    if (!told_.handover.empty()) {
      check_handover(told_.handover);
      before = predecessor::find(told_.handover);
    }
    open_ = open_doors(told_, before);
    if (before) {
      before->ask_for_release();
      events_.write(log_level::info, "took_over", {{"predecessor_served", before->addresses()}});
    }
  }

  std::unique_ptr<attendant> begin() {
    adopt(*serving_, open_);
    attendant::charge all{.serving = serving_.get(),
                          .open = &open_,
                          .events = &events_,
                          .asked = &asked_,
                          .report_every = told_.report_every,
                          .metrics = nullptr,
                          .offer = nullptr,
                          .is_draining = &is_draining_};
    if (metrics_at_) {
      all.metrics = std::make_unique<metrics_server>(*metrics_at_, metrics_answers());
      metrics_really_at_ = all.metrics->where();
    }
    if (!told_.handover.empty()) all.offer = std::make_unique<succession_offer>(told_.handover);
    return std::make_unique<attendant>(std::move(all));
  }

  metrics_server::answers metrics_answers() {
    return {.metrics =
                [this] {
                  return metrics_text(serving_->counts(), serving_->upstreams(),
                                      {.runtime = chosen_.name, .version = REGATTA_VERSION});
                },
            .is_healthy = [this] { return !is_draining_.load(); }};
  }

  void announce() {
    for (auto const& each : open_) {
      auto const where = each.where().text();
      events_.write(log_level::info, "listening", {{"address", where}});
      fmt::print("listening on {}\n", where);
    }
    if (metrics_at_) {
      events_.write(log_level::info, "metrics", {{"address", metrics_really_at_.text()}});
      fmt::print("metrics on {}\n", metrics_really_at_.text());
    }
    events_.write(log_level::info, "ready");
    fmt::print("ready\n");
    std::fflush(stdout);
  }

  void conclude(attendant& attending, bool all_ended) {
    auto const last = serving_->counts();
    attending.conclude();
    (void)write_line_now(STDOUT_FILENO, counts_line(last));
    auto fields = to_json(last);
    fields["deadline_came"] = !all_ended;
    events_.write(log_level::info, "end", std::move(fields));
  }

  options const& told_;
  known_runtime const& chosen_;
  signals asked_;  // Before there is any other thread.
  log events_;
  std::atomic<bool> is_draining_{false};
  std::optional<endpoint> metrics_at_;
  endpoint metrics_really_at_;
  std::unique_ptr<host> serving_;
  doors open_;
};

}  // namespace

exit_code run(options const& told, char* const* line) {
  if (told.lists_runtimes) {
    fmt::print("{}", list_of_runtimes());
    return exit_code::stopped;
  }
  auto const& chosen = find_runtime(told.runtime);
  if (!chosen.program.empty()) become(chosen.program, line);
  raise_descriptor_limit();
  life whole(told, chosen);
  return whole.live();
}

}  // namespace regatta::proxy::command
