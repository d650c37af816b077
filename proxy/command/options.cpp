#include "proxy/command/options.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <charconv>
#include <functional>
#include <limits>

#include "proxy/command/addresses.hpp"
#include "proxy/command/failure.hpp"
#include "proxy/command/handover_message.hpp"
#include "proxy/command/quantities.hpp"

namespace regatta::proxy::command {
namespace {

constexpr char const* traffic = "Traffic";
constexpr char const* limits = "Limits and timeouts";
constexpr char const* engine = "Runtime";
constexpr char const* watching = "Watching";
constexpr char const* operating = "Operating";

constexpr char const* footer =
    "Example:\n"
    "  regatta-proxy --listen 127.0.0.1:8080 --upstream 10.0.0.1:80 --upstream 10.0.0.2:80\n\n"
    "SIGINT and SIGTERM stop accepting and let connections end, until --shutdown-timeout; a "
    "second\n"
    "one ends at once. SIGHUP opens the log file anew.\n\n"
    "Exit codes: 0 stopped, every connection had ended; 1 could not start or go on; 2 wrong "
    "usage;\n"
    "3 stopped, connections were reset at the deadline; 128+n a second signal n.";

[[noreturn]] void refuse(std::string const& flag, std::string const& text,
                         std::string_view expected) {
  throw failure(fmt::format("{}: '{}' will not do; expected {}", flag, text, expected),
                exit_code::usage);
}

template <class Number>
Number parse_number(std::string const& flag, std::string const& text, Number least, Number most) {
  Number read{};
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), read);
  if (error != std::errc() || end != text.data() + text.size() || read < least || read > most) {
    refuse(flag, text, fmt::format("a whole number from {} to {}", least, most));
  }
  return read;
}

std::chrono::milliseconds duration_of(std::string const& flag, std::string const& text) {
  auto const read = parse_duration(text);
  if (!read) refuse(flag, text, duration_form);
  return *read;
}

std::size_t bytes_of(std::string const& flag, std::string const& text, std::size_t least,
                     std::size_t most) {
  auto const read = parse_bytes(text);
  if (!read) refuse(flag, text, bytes_form);
  if (*read < least || *read > most) {
    refuse(flag, text, fmt::format("from {} to {} bytes", least, most));
  }
  return *read;
}

// Every value is read by a function of ours, so that the file and the line are understood alike,
// and a message says what was expected.
class flag_reader {
 public:
  explicit flag_reader(CLI::App& app) noexcept : app_(app) {}

  void text(std::string const& flag, std::string& target, char const* form, char const* help,
            char const* group) {
    add(flag, form, help, group, target, [&target](std::string const& given) { target = given; });
  }
  void texts(std::string const& flag, std::vector<std::string>& target, char const* form,
             char const* help, char const* group) {
    app_.add_option(flag, target, help)->type_name(form)->group(group)->allow_extra_args(false);
  }
  template <class Number>
  void number(std::string const& flag, Number& target, Number least, Number most, char const* help,
              char const* group, std::string const& shown) {
    add(flag, "N", help, group, shown, [=, &target](std::string const& given) {
      target = parse_number<Number>(flag, given, least, most);
    });
  }
  void duration(std::string const& flag, std::chrono::milliseconds& target, char const* help,
                char const* group) {
    add(flag, "DURATION", help, group, duration_text(target),
        [=, &target](std::string const& given) { target = duration_of(flag, given); });
  }
  template <class Enum>
  void choice(std::string const& flag, Enum& target,
              std::vector<std::pair<std::string, Enum>> const& known, char const* help,
              char const* group) {
    std::string names;
    std::string shown;
    for (auto const& [name, value] : known) {
      names += (names.empty() ? "" : "|") + name;
      if (value == target) shown = name;
    }
    add(flag, names, help, group, shown, [=, &target](std::string const& given) {
      for (auto const& [name, value] : known) {
        if (name != given) continue;
        target = value;
        return;
      }
      refuse(flag, given, "one of " + names);
    });
  }
  void other(std::string const& flag, char const* form, char const* help, char const* group,
             std::string const& shown, std::function<void(std::string const&)> take) {
    add(flag, form, help, group, shown, std::move(take));
  }

 private:
  void add(std::string const& flag, std::string const& form, char const* help, char const* group,
           std::string const& shown, std::function<void(std::string const&)> take) {
    auto* const made = app_.add_option_function<std::string>(flag, std::move(take), help)
                           ->type_name(form)
                           ->group(group);
    if (!shown.empty()) made->default_str(shown);
  }

  CLI::App& app_;
};

void add_traffic(flag_reader& flags, options& chosen) {
  flags.texts("--listen", chosen.listen, "ADDR",
              "Where clients connect: IPv4:port, [IPv6]:port, name:port or unix:/path; port 0: the "
              "system chooses. Repeatable",
              traffic);
  flags.texts("--upstream", chosen.proxy.upstreams, "ADDR",
              "Where they are connected to, in the same forms. Repeatable", traffic);
  flags.choice<balance>(
      "--balance", chosen.proxy.choose,
      {{"round_robin", balance::round_robin}, {"least_connections", balance::least_connections}},
      "Which upstream the next client gets", traffic);
  flags.other("--buffer", "BYTES", "Of each way, while bytes are under way", traffic, "16K",
              [&chosen](std::string const& given) {
                chosen.proxy.buffer_bytes = bytes_of("--buffer", given, 512, 16 * 1024 * 1024);
              });
  flags.other("--splice-from", "BYTES|never",
              "A way that has carried so much without a pause moves its bytes inside the kernel",
              traffic, "64K", [&chosen](std::string const& given) {
                constexpr auto never = std::numeric_limits<std::size_t>::max();
                chosen.proxy.splice_from_bytes =
                    given == "never" ? never : bytes_of("--splice-from", given, 0, never);
              });
}

void add_limits(flag_reader& flags, options& chosen) {
  constexpr auto no_limit = std::numeric_limits<u64>::max();
  flags.number<u64>("--max-connections", chosen.proxy.most_connections, 1, no_limit,
                    "Clients that are served at once", limits, "no limit");
  flags.choice<over_limit>("--over-limit", chosen.proxy.beyond,
                           {{"wait", over_limit::wait}, {"reset", over_limit::reset}},
                           "What happens to a client beyond the limit: it waits in the backlog, or "
                           "is reset at once",
                           limits);
  flags.number<u32>("--backlog", chosen.backlog, 1, 1u << 20,
                    "Clients that may wait to be accepted; the system's limit holds too", limits,
                    "4096");
  flags.duration("--connect-timeout", chosen.proxy.connect_timeout,
                 "Of all attempts to reach an upstream for one client together", limits);
  flags.duration("--idle-timeout", chosen.proxy.idle_timeout,
                 "A connection on which no byte moves is reset after that; 0: never", limits);
  flags.duration("--stall-timeout", chosen.proxy.stall_timeout,
                 "A connection whose peer takes nothing of what waits for it is reset after that",
                 limits);
  flags.duration("--shutdown-timeout", chosen.proxy.shutdown_timeout,
                 "How long connections may go on when the proxy stops; what is left is reset",
                 limits);
}

void add_engine(CLI::App& app, flag_reader& flags, options& chosen) {
  flags.text("--runtime", chosen.runtime, "NAME[/VARIANT]", "What runs the proxy", engine);
  flags.number<u32>("--threads", chosen.threads, 0, 4096, "0: as many as the runtime would choose",
                    engine, "0");
  app.add_flag("--list-runtimes", chosen.lists_runtimes,
               "Which runtimes this program has, and why others are missing")
      ->group(engine)
      ->configurable(false);
}

void add_watching(flag_reader& flags, options& chosen) {
  flags.text("--metrics", chosen.metrics, "ADDR",
             "Where GET /metrics answers in Prometheus' text format, and GET /healthz", watching);
  flags.duration("--report-every", chosen.report_every, "How often a line of counts is printed",
                 watching);
  flags.text("--log", chosen.log, "FILE|-", "One JSON object a line; -: stderr", watching);
  flags.choice<log_level>("--log-level", chosen.level,
                          {{"error", log_level::error},
                           {"warn", log_level::warn},
                           {"info", log_level::info},
                           {"debug", log_level::debug}},
                          "What is logged", watching);
}

void check(options const& chosen) {
  if (chosen.lists_runtimes) return;
  if (chosen.listen.empty()) {
    throw failure(
        "--listen is missing: where do clients connect? For example --listen "
        "127.0.0.1:8080",
        exit_code::usage);
  }
  if (chosen.proxy.upstreams.empty()) {
    throw failure(
        "--upstream is missing: where are clients connected to? For example --upstream "
        "127.0.0.1:80",
        exit_code::usage);
  }
  for (auto const& each : chosen.listen) check_address("--listen", each);
  for (auto const& each : chosen.proxy.upstreams) check_address("--upstream", each);
  if (!chosen.metrics.empty()) {
    check_address("--metrics", chosen.metrics);
    if (chosen.metrics.starts_with("unix:")) {
      refuse("--metrics", chosen.metrics, "an IP address or a name with a port");
    }
  }
  if (!chosen.handover.empty() && chosen.listen.size() > most_sockets_handed_over) {
    throw failure(fmt::format("--handover: at most {} sockets can be handed over, and there are {}",
                              most_sockets_handed_over, chosen.listen.size()),
                  exit_code::usage);
  }
}

[[noreturn]] void explain(CLI::ParseError const& error) {
  std::string what = error.what();
  if (error.get_name() == "ConfigError") {
    what +=
        "; expected the names of flags without their dashes, for example: idle-timeout = \"10s\"";
  }
  throw failure(what + "; for help: regatta-proxy --help", exit_code::usage);
}

}  // namespace

std::optional<options> read_options(int argc, char const* const* argv) {
  options chosen;
  CLI::App app{
      "A TCP proxy: connects each client to an upstream, and carries bytes both ways. It "
      "runs on any of Regatta's runtimes.",
      "regatta-proxy"};
  app.set_version_flag("--version", "regatta-proxy " REGATTA_VERSION);
  app.footer(footer);
  app.set_config("--config", "",
                 "The same flags from a file, as lines like: idle-timeout = \"10s\". "
                 "The command line has precedence")
      ->type_name("FILE")
      ->group(operating);
  app.allow_config_extras(CLI::config_extras_mode::error);
  flag_reader flags(app);
  add_traffic(flags, chosen);
  add_limits(flags, chosen);
  add_engine(app, flags, chosen);
  add_watching(flags, chosen);
  flags.text("--handover", chosen.handover, "PATH",
             "A Unix socket on which a successor, started with the same PATH, takes over the "
             "listening sockets",
             operating);
  try {
    app.parse(argc, argv);
  } catch (CLI::Success const& asked) {
    app.exit(asked);
    return std::nullopt;
  } catch (CLI::ParseError const& error) {
    explain(error);
  }
  check(chosen);
  return chosen;
}

}  // namespace regatta::proxy::command
