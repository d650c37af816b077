// regatta: the command. Understands its line, does what it says, answers with an exit code.
#include <fmt/core.h>

#include <csignal>
#include <exception>

#include "harness/driver/commands/common.hpp"

namespace {

using namespace regatta::driver;

int say(const std::string& sentence, exit_code code) {
  std::fflush(stdout);
  fmt::print(stderr, "regatta: {}\n", sentence);
  return static_cast<int>(code);
}

int understand(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help) == 0 ? -1 : 2;
  } catch (const CLI::CallForAllHelp& help) {
    return app.exit(help) == 0 ? -1 : 2;
  } catch (const CLI::CallForVersion& version) {
    return app.exit(version) == 0 ? -1 : 2;
  } catch (const CLI::ParseError& error) {
    return say(fmt::format("{}; for help: regatta --help", error.what()), exit_code::usage);
  }
}

}  // namespace

int main(int argc, char** argv) {
  // A contender that dies, or a disk that fills up, is an error to report and no reason to die.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  CLI::App app{
      "Regatta runs async runtimes over one course: the same scenarios, on the same machine, in "
      "the "
      "same wind. It says which runtime is faster for which work, and how sure one may be.",
      "regatta"};
  app.set_version_flag("--version", "regatta " REGATTA_VERSION);
  app.require_subcommand(1);
  app.footer(std::string("Begin with:\n  regatta doctor        is this machine fit to measure?\n"
                         "  regatta run --quick --scenario yield\n"
                         "                        a first table in about a minute\n"
                         "  regatta run --quick --dry-run\n"
                         "                        how long the whole quick matrix may take\n"
                         "  regatta report        charts and a page of the newest run\n\n") +
             exit_codes_help);
  action chosen;
  add_list(app, chosen);
  add_doctor(app, chosen);
  add_verify(app, chosen);
  add_run(app, chosen);
  add_report(app, chosen);
  add_compare(app, chosen);
  add_ab(app, chosen);
  add_gate(app, chosen);
  add_merge(app, chosen);
  add_history(app, chosen);
  add_choose(app, chosen);
  add_claims(app, chosen);
  if (const int code = understand(app, argc, argv); code != 0) return code < 0 ? 0 : code;
  try {
    return static_cast<int>(chosen());
  } catch (const ends_command& end) {
    return say(end.what(), end.code());
  } catch (const std::exception& error) {
    return say(error.what(), exit_code::could_not_measure);
  }
}
