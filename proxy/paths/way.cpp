#include "proxy/paths/way.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>

#include "proxy/paths/configuration.hpp"
#include "proxy/paths/programs.hpp"
#include "runtimes/interface/descriptors.hpp"
#include "runtimes/interface/unsupported.hpp"

namespace regatta::paths {
namespace {

namespace fs = std::filesystem;
using clock = std::chrono::steady_clock;
using kind = way::kind;

std::optional<std::string> program_of(kind by) {
  switch (by) {
    case kind::direct:
      break;
    case kind::regatta:
      return find_our_program("regatta-proxy", "REGATTA_PROXY", {"../../bin"});
    case kind::tokio:
      return find_our_program("tokio_proxy", "REGATTA_TOKIO_PROXY", {"../rust/release"});
    case kind::nginx:
      return find_program("nginx", "REGATTA_NGINX");
    case kind::haproxy:
      return find_program("haproxy", "REGATTA_HAPROXY");
  }
  return std::nullopt;
}

std::string how_to_get(kind by) {
  switch (by) {
    case kind::nginx:
      return "nginx is not installed; apt-get install nginx libnginx-mod-stream";
    case kind::haproxy:
      return "HAProxy is not installed; apt-get install haproxy";
    case kind::tokio:
      return "tokio_proxy has not been built; it needs cargo";
    case kind::regatta:
      return "regatta-proxy has not been built";
    case kind::direct:
      break;
  }
  return "";
}

std::string installed_program_of(kind by) {
  auto const found = program_of(by);
  if (!found) throw runtime_unsupported(how_to_get(by));
  return *found;
}

// What a program says of itself does not change while we live, and asking takes milliseconds.
std::string const& answer_of(std::string const& program, char const* question) {
  static std::map<std::string, std::string> answers;
  auto const [place, is_new] = answers.try_emplace(program + " " + question);
  if (is_new) place->second = output_of({program, question}).value_or("");
  return place->second;
}

std::string stream_module() {
  auto const found = stream_module_of(answer_of(installed_program_of(kind::nginx), "-V"));
  if (!found) {
    throw runtime_unsupported(
        "nginx has no stream module, which relays TCP; apt-get install libnginx-mod-stream");
  }
  return *found;
}

std::string name_of_variant(std::string runtime) {
  std::ranges::replace(runtime, '/', '_');
  return runtime;
}

std::vector<way> find_ways() {
  std::vector<way> ways{{.name = "direct", .by = kind::direct}};
  std::vector<std::string> runtimes;
  if (auto const program = program_of(kind::regatta)) {
    runtimes = runtimes_in(answer_of(*program, "--list-runtimes"));
  }
  // Those of our own have rows of their own, also where there is no program to ask.
  for (char const* own : {"lightweight", "single_threaded", "work_stealing"}) {
    if (std::ranges::find(runtimes, own) == runtimes.end()) runtimes.emplace_back(own);
  }
  std::ranges::sort(runtimes);
  for (auto const& runtime : runtimes) {
    ways.push_back({.name = name_of_variant(runtime), .by = kind::regatta, .runtime = runtime});
  }
  ways.push_back({.name = "tokio", .by = kind::tokio});
  ways.push_back({.name = "nginx", .by = kind::nginx});
  ways.push_back({.name = "haproxy", .by = kind::haproxy});
  return ways;
}

// A folder that nobody else looks into, gone when this ends.
class scratch_folder {
 public:
  scratch_folder() {
    std::string pattern = (fs::temp_directory_path() / "regatta_path_XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
      throw std::runtime_error("cannot make a folder in " + fs::temp_directory_path().string());
    }
    path_ = pattern;
  }
  ~scratch_folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  scratch_folder(scratch_folder const&) = delete;
  scratch_folder& operator=(scratch_folder const&) = delete;

  std::string write(std::string const& name, std::string const& text) const {
    std::ofstream(path_ / name) << text;
    return (path_ / name).string();
  }
  std::string path() const { return path_.string() + "/"; }

 private:
  fs::path path_;
};

sockaddr_in loopback_address(u16 port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

// Safe because that is how addresses of all families are passed.
sockaddr* generic(sockaddr_in& address) { return reinterpret_cast<sockaddr*>(&address); }

u16 local_port_of(int socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  return ::getsockname(socket, generic(address), &size) == 0 ? ntohs(address.sin_port) : u16{0};
}

// One that nobody listens on now. Somebody may before the proxy does: then it says so, and dies.
u16 free_port() {
  int const socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto address = loopback_address(0);
  bool const is_bound = ::bind(socket, generic(address), sizeof address) == 0;
  u16 const port = is_bound ? local_port_of(socket) : u16{0};
  ::close(socket);
  if (port == 0) throw std::runtime_error("there is no free port on 127.0.0.1");
  return port;
}

bool takes_connections(u16 port) {
  int const socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto address = loopback_address(port);
  bool const is_connected = ::connect(socket, generic(address), sizeof address) == 0;
  // Where nobody listens, a socket that was given this very port meets itself.
  bool const is_another = local_port_of(socket) != port;
  ::close(socket);
  return is_connected && is_another;
}

void wait_until_it_takes_connections(child& process, u16 port, clock::time_point deadline) {
  while (!takes_connections(port)) {
    process.expect_alive();
    if (clock::now() >= deadline) {
      throw std::runtime_error("the proxy takes no connections in time: " + process.last_words());
    }
    ::poll(nullptr, 0, 2);
  }
}

// A proxy that is told its port by a configuration file, and says nothing when it is ready.
running_proxy start_configured(way const& one, proxy_wishes const& wishes) {
  auto const program = installed_program_of(one.by);
  scratch_folder const folder;
  relay_wishes relay{.port = free_port(),
                     .upstream = wishes.upstream.text(),
                     .threads = wishes.threads,
                     .descriptors = descriptor_limit()};
  child_options options{.command = {}, .processors = wishes.processors};
  if (one.by == kind::nginx) {
    auto const file =
        folder.write("nginx.conf", nginx_configuration(relay, stream_module(), ::geteuid() == 0));
    options.command = {program, "-e", "stderr", "-p", folder.path(), "-c", file};
    // Its master ends the workers, which our death would not reach.
    options.signal_at_our_death = SIGTERM;
  } else {
    auto const file = folder.write("haproxy.cfg", haproxy_configuration(relay));
    options.command = {program, "-db", "-q", "-f", file};
  }
  running_proxy started{.process = std::make_unique<child>(options),
                        .entrance = endpoint::loopback(static_cast<u16>(relay.port))};
  wait_until_it_takes_connections(*started.process, started.entrance.port(),
                                  clock::now() + wishes.time_to_begin);
  return started;
}

// One of ours: it chooses a port, and says when it is ready.
running_proxy start_telling(way const& one, proxy_wishes const& wishes) {
  child_options options{
      .command = {installed_program_of(one.by), "--listen", "127.0.0.1:0", "--upstream",
                  wishes.upstream.text(), "--threads", std::to_string(wishes.threads)},
      .processors = wishes.processors};
  if (one.by == kind::regatta) {
    for (char const* more : {"--runtime", one.runtime.c_str(), "--report-every", "0",
                             "--idle-timeout", "0", "--log-level", "error"}) {
      options.command.emplace_back(more);
    }
  }
  running_proxy started{.process = std::make_unique<child>(options), .entrance = {}};
  auto const deadline = clock::now() + wishes.time_to_begin;
  constexpr std::string_view announces = "listening on ";
  for (;;) {
    auto const line = started.process->next_line(deadline);
    if (line == "ready") break;
    if (!line.starts_with(announces)) continue;
    auto const where = endpoint::parse(line.substr(announces.size()));
    if (!where) throw std::runtime_error("the proxy listens on no address: " + line);
    started.entrance = *where;
  }
  if (started.entrance.port() == 0) {
    throw std::runtime_error("the proxy says that it is ready, and not where it listens");
  }
  return started;
}

}  // namespace

std::vector<way> const& all_ways() {
  static std::vector<way> const ways = find_ways();
  return ways;
}

way const& way_named(std::string_view name) {
  for (way const& one : all_ways()) {
    if (one.name == name) return one;
  }
  throw std::out_of_range(fmt::format("there is no way '{}'", name));
}

void expect_installed(way const& one) {
  if (one.by == kind::direct) return;
  installed_program_of(one.by);
  if (one.by == kind::nginx) stream_module();
}

contender::identity identity_of(way const& one, std::string const& where_it_runs) {
  switch (one.by) {
    case kind::direct:
      return {.version = "no proxy", .scheduling = where_it_runs, .io = "none"};
    case kind::regatta:
      return {.version = version_in(answer_of(installed_program_of(one.by), "--version")),
              .scheduling = where_it_runs,
              .io = "its runtime's"};
    case kind::tokio:
      return {.version = version_in(answer_of(installed_program_of(one.by), "--version")),
              .scheduling = where_it_runs,
              .io = "epoll",
              .language = "rust",
              .is_of_this_build = false};
    case kind::nginx:
    case kind::haproxy:
      break;
  }
  return {.version = version_in(answer_of(installed_program_of(one.by), "-v")),
          .scheduling = where_it_runs,
          .io = "epoll",
          .language = "c",
          .is_of_this_build = false};
}

running_proxy start_proxy(way const& one, proxy_wishes const& wishes) {
  bool const is_configured = one.by == kind::nginx || one.by == kind::haproxy;
  return is_configured ? start_configured(one, wishes) : start_telling(one, wishes);
}

}  // namespace regatta::paths
