// regatta-load: understands its line, makes the load or serves as the null server, prints.
#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proxy/load/generator.hpp"
#include "proxy/load/null_server.hpp"
#include "proxy/load/report.hpp"
#include "proxy/load/sockets.hpp"

namespace {

using namespace regatta;
using namespace regatta::load;

constexpr int all_well = 0, requests_failed = 1, wrong_usage = 2, interrupted = 128 + SIGINT;

// Said instead of a result; ends with wrong_usage.
class usage_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The generator that Ctrl-C stops. Release: pairs with the acquire in the handler.
std::atomic<generator*> running = nullptr;
std::atomic<bool> has_been_interrupted = false;
static_assert(std::atomic<generator*>::is_always_lock_free, "the handler may touch it");

void on_interrupt(int) {
  has_been_interrupted.store(true);
  if (auto* const gun = running.load(std::memory_order_acquire)) gun->stop();
}

void catch_interrupts() {
  struct sigaction action = {};
  action.sa_handler = on_interrupt;
  // Reset after the first: whoever presses Ctrl-C twice means it.
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

// What the line says, as text where it has a unit.
struct words {
  std::string target, serve, traffic = "echo", message = "128", rate, arrivals = "constant";
  std::string time = "10s", warm_up = "500ms", timeout = "10s", close = "reset", way = "echoed";
  std::string json_file;
  std::string processors, server_processors;
  std::optional<u64> requests;
  bool has_time = false, ceiling = false;
  load_plan plan;
};

std::optional<double> number_with_unit(std::string const& text,
                                       std::map<std::string, double> const& units) {
  double number = 0;
  char const* const end = text.data() + text.size();
  auto const [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || !(number >= 0) || number > 1e18) return std::nullopt;
  auto const unit = units.find(std::string(stopped, end));
  if (unit == units.end()) return std::nullopt;
  double const value = number * unit->second;
  return value < 9e18 ? std::optional(value) : std::nullopt;
}

duration duration_of(char const* option, std::string const& text) {
  auto const ns = number_with_unit(
      text,
      {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 6e10}, {"min", 6e10}, {"h", 3.6e12}});
  if (ns || text == "0") return duration(static_cast<i64>(ns.value_or(0)));
  throw usage_error(
      fmt::format("{} {} is no time; expected a number with a unit, for example {} 500ms or {} 10s",
                  option, text, option, option));
}

u64 bytes_of(char const* option, std::string const& text) {
  constexpr double k = 1024;
  auto const bytes = number_with_unit(text, {{"", 1},
                                             {"B", 1},
                                             {"k", k},
                                             {"K", k},
                                             {"KiB", k},
                                             {"M", k * k},
                                             {"MiB", k * k},
                                             {"G", k * k * k},
                                             {"GiB", k * k * k}});
  if (bytes) return static_cast<u64>(*bytes);
  throw usage_error(
      fmt::format("{} {} is no amount of bytes; expected for example {} 128, {} 16K or {} 1G",
                  option, text, option, option, option));
}

double rate_of(std::string const& text) {
  auto const rate = number_with_unit(text, {{"", 1}, {"/s", 1}, {"k", 1e3}, {"k/s", 1e3}});
  if (rate) return *rate;
  throw usage_error(fmt::format(
      "--rate {} is no rate; expected requests per second, for example --rate 20000", text));
}

// "0,2"
std::vector<int> processors_of(char const* option, std::string const& text) {
  std::vector<int> all;
  for (std::size_t from = 0; from < text.size();) {
    auto const comma = std::min(text.find(',', from), text.size());
    int number = -1;
    auto const [stopped, error] = std::from_chars(text.data() + from, text.data() + comma, number);
    if (error != std::errc() || stopped != text.data() + comma || number < 0) {
      throw usage_error(fmt::format("{} {} are no processors; expected for example {} 0,1", option,
                                    text, option));
    }
    all.push_back(number);
    from = comma + 1;
  }
  return all;
}

template <class Value>
Value one_of(char const* option, std::string const& text, std::map<std::string, Value> const& all) {
  if (auto const found = all.find(text); found != all.end()) return found->second;
  std::string names;
  for (auto const& [name, ignored] : all) names += (names.empty() ? "" : ", ") + name;
  throw usage_error(fmt::format("{} {} is not known; expected one of: {}", option, text, names));
}

endpoint endpoint_of(std::string const& text) {
  try {
    return resolve(text);
  } catch (std::runtime_error const& error) {
    throw usage_error(error.what());
  }
}

// "http://name:80/path" says three things at once.
void take_url(words& w) {
  constexpr std::string_view scheme = "http://";
  if (w.target.rfind(scheme, 0) != 0) return;
  auto const rest = w.target.substr(scheme.size());
  auto const slash = std::min(rest.find('/'), rest.size());
  w.plan.host = w.plan.host.empty() ? rest.substr(0, slash) : w.plan.host;
  if (slash != rest.size()) w.plan.path = rest.substr(slash);
  auto const host = rest.substr(0, slash);
  bool const has_port = host.rfind(':') != host.npos && host.back() != ']';
  w.target = has_port ? host : host + ":80";
  w.traffic = "http";
}

load_plan plan_of(words w) {
  take_url(w);
  auto plan = w.plan;
  plan.kind = one_of<traffic>("--traffic", w.traffic,
                              {{"echo", traffic::echo},
                               {"http", traffic::http},
                               {"bulk", traffic::bulk},
                               {"churn", traffic::churn}});
  plan.when = one_of<arrivals>("--arrivals", w.arrivals,
                               {{"constant", arrivals::constant}, {"poisson", arrivals::poisson}});
  plan.close = one_of<closing>("--close", w.close,
                               {{"reset", closing::reset}, {"orderly", closing::orderly}});
  plan.way = one_of<bulk_way>(
      "--way", w.way,
      {{"up", bulk_way::up}, {"down", bulk_way::down}, {"echoed", bulk_way::echoed}});
  plan.target = endpoint_of(w.target);
  plan.message_bytes = bytes_of("--message", w.message);
  plan.timeout = duration_of("--timeout", w.timeout);
  if (!w.rate.empty()) plan.rate_per_s = rate_of(w.rate);
  plan.processors = processors_of("--processors", w.processors);
  plan.requests = w.requests;
  if (w.has_time || !w.requests) plan.time = duration_of("--time", w.time);
  return plan;
}

void write_json(std::string const& file, findings const& found) {
  auto const text = json_of(found).dump(1) + "\n";
  if (file == "-") {
    fmt::print("{}", text);
    return;
  }
  std::ofstream out(file);
  out << text;
  out.close();
  if (!out) throw std::runtime_error(fmt::format("cannot write {}", file));
}

// A result does not depend on it: where it cannot be had, that is said and no more.
std::optional<ceiling> ceiling_of(words const& w, load_plan const& plan) {
  if (!w.ceiling || has_been_interrupted.load()) return std::nullopt;
  try {
    return measure_ceiling(plan, std::chrono::seconds(1),
                           processors_of("--server-processors", w.server_processors));
  } catch (could_not_connect const& error) {
    fmt::print(stderr, "regatta-load: no ceiling: {}\n", error.what());
    return std::nullopt;
  }
}

// The runs themselves. The connections are gone afterwards: they would take descriptors from the
// next ceiling.
void run_all(generator& gun, words const& w, findings& found) {
  gun.connect();
  found.connect_times = gun.connect_times();
  auto const warm_up = duration_of("--warm-up", w.warm_up);
  if (warm_up.count() != 0) found.warm_up = gun.run_for(warm_up);
  found.result = gun.run();
  found.plan = gun.plan();
}

int make_load(words const& w) {
  findings found;
  found.plan = plan_of(w);
  (void)duration_of("--warm-up", w.warm_up);
  (void)processors_of("--server-processors", w.server_processors);
  auto gun = std::make_unique<generator>(found.plan);  // First: a bad plan is said at once.
  running.store(gun.get(), std::memory_order_release);
  catch_interrupts();
  found.ceiling_before = ceiling_of(w, found.plan);
  run_all(*gun, w, found);
  running.store(nullptr);
  // Safe because a handler that has the pointer still runs on this thread or on one of the
  // generator's, which are joined before it is gone.
  gun.reset();
  found.ceiling_after = ceiling_of(w, found.plan);
  fmt::print(w.json_file == "-" ? stderr : stdout, "{}", text_of(found));
  if (!w.json_file.empty()) write_json(w.json_file, found);
  if (has_been_interrupted.load()) return interrupted;
  auto const& r = found.result;
  return r.failed() != 0 || r.completed == 0 ? requests_failed : all_well;
}

int serve(words const& w) {
  auto const kind = one_of<service>("--traffic", w.traffic,
                                    {{"echo", service::echo},
                                     {"http", service::http},
                                     {"bulk", service::bulk},
                                     {"sink", service::sink}});
  // Before there are threads, so that the signal waits for this one.
  sigset_t awaited;
  ::sigemptyset(&awaited);
  ::sigaddset(&awaited, SIGINT);
  ::sigaddset(&awaited, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &awaited, nullptr);
  null_server const server({.where = endpoint_of(w.serve),
                            .kind = kind,
                            .threads = w.plan.threads,
                            .message_bytes = bytes_of("--message", w.message),
                            .processors = processors_of("--processors", w.processors)});
  fmt::print("listening on {}\n", server.where().text());
  std::fflush(stdout);
  int signal = 0;
  ::sigwait(&awaited, &signal);
  fmt::print("served {} connections, {} bytes came\n", server.accepted(), server.bytes_received());
  return all_well;
}

void add_options(CLI::App& app, words& w) {
  auto& plan = w.plan;
  app.add_option("target", w.target,
                 "Where to: 127.0.0.1:8080, [::1]:8080, localhost:8080, unix:/run/x.sock, or "
                 "http://127.0.0.1:8080/path");
  app.add_option("--serve", w.serve,
                 "Instead of making load, be the null server at this address (port 0: any)")
      ->type_name("ADDR");
  app.add_option("--traffic", w.traffic,
                 "echo, http, bulk or churn (a connection for each request); with --serve: echo, "
                 "http, bulk or sink [echo]");
  app.add_option("--connections,-c", plan.connections, "How many, over all threads [1]");
  app.add_option("--threads,-t", plan.threads, "How many, each with a loop of its own [1]");
  app.add_option("--message", w.message,
                 "Bytes of a message, a transfer (bulk), or an answer's body (--serve) [128]");
  app.add_option("--time,-d", w.time, "How long [10s]")->type_name("TIME");
  app.add_option("--requests,-n", w.requests, "How many requests; with --time, whichever is first");
  app.add_option("--warm-up", w.warm_up, "A run before, printed but not counted; 0: none [500ms]")
      ->type_name("TIME");
  app.add_option("--timeout", w.timeout, "A request without an answer by then has failed [10s]")
      ->type_name("TIME");
  app.add_option("--rate,-r", w.rate,
                 "Open loop: requests per second over all connections, sent when they are due. "
                 "Without it, each connection waits for its answer (closed loop)");
  app.add_option("--arrivals", w.arrivals, "Open loop: constant or poisson [constant]");
  app.add_option("--most-in-flight", plan.most_in_flight,
                 "Open loop: what is due while so many are sent or waiting is skipped [as many as "
                 "are due in a second]");
  app.add_option("--seed", plan.seed, "Of payloads and Poisson arrivals [1]");
  app.add_option("--path", plan.path, "HTTP: what to GET [/]");
  app.add_option("--host", plan.host, "HTTP: the Host field [the target]");
  app.add_flag("--same-body", plan.same_body, "HTTP: each body must equal the first one");
  app.add_option("--way", w.way,
                 "Bulk: up, down (both need a null server at the other end) or echoed [echoed]");
  app.add_option("--requests-per-connection", plan.requests_per_connection,
                 "Close and replace a connection after so many; 0: never [0]");
  app.add_option("--close", w.close,
                 "How we close: reset (leaves no TIME_WAIT) or orderly [reset]");
  app.add_option("--source-addresses", plan.source_addresses,
                 "Connect from 127.0.0.1 and following, so many; 0: as many as are needed [0]");
  app.add_option("--processors", w.processors, "Pin the threads to these, in turn")
      ->type_name("LIST");
  app.add_flag("--spin", plan.spin,
               "Poll instead of sleeping: sharper, but takes all of a processor");
  app.add_flag("--ceiling", w.ceiling,
               "Before and after, a second of the same load against a null server in this process");
  app.add_option("--server-processors", w.server_processors,
                 "Pin the threads of --ceiling's server")
      ->type_name("LIST");
  app.add_option("--json", w.json_file, "Everything as JSON into a file, or - for stdout")
      ->type_name("FILE");
  app.set_version_flag("--version", "regatta-load " REGATTA_VERSION);
  app.footer(
      "Exit status: 0 every request was answered and right; 1 some failed, or none came about;\n"
      "2 wrong usage; 130 interrupted (what there is, is printed).\n\n"
      "For example:\n"
      "  regatta-load --serve 127.0.0.1:9000 &\n"
      "  regatta-load 127.0.0.1:9000 -c 64 -d 10s --ceiling\n"
      "  regatta-load 127.0.0.1:9000 -c 64 --rate 20000 --arrivals poisson --json result.json\n"
      "  regatta-load http://127.0.0.1:8080/index.html -c 64");
}

int say(std::string const& sentence, int status) {
  std::fflush(stdout);
  fmt::print(stderr, "regatta-load: {}\n", sentence);
  return status;
}

int understand_and_do(CLI::App& app, words& w, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (CLI::Success const& asked) {  // Help, version.
    return app.exit(asked);
  } catch (CLI::ParseError const& error) {
    return say(fmt::format("{}; for help: regatta-load --help", error.what()), wrong_usage);
  }
  w.has_time = app.count("--time") != 0;
  if (w.target.empty() == w.serve.empty()) {
    throw usage_error(
        "expected a target, for example regatta-load 127.0.0.1:9000, or --serve "
        "127.0.0.1:9000, and not both; for help: regatta-load --help");
  }
  return w.serve.empty() ? make_load(w) : serve(w);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app{
      "A load generator that does not lie: it checks every byte that it gets back, counts "
      "latency from the time a request was due, and says how much it could have done.",
      "regatta-load"};
  words w;
  add_options(app, w);
  try {
    return understand_and_do(app, w, argc, argv);
  } catch (usage_error const& error) {
    return say(error.what(), wrong_usage);
  } catch (bad_plan const& error) {
    return say(error.what(), wrong_usage);
  } catch (std::exception const& error) {
    return say(error.what(), requests_failed);
  }
}
