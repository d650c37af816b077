// regatta-proxy: understands its line, serves, and answers with an exit code.
#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>
#include <exception>

#include "proxy/command/failure.hpp"
#include "proxy/command/options.hpp"
#include "proxy/command/program.hpp"

int main(int argc, char** argv) {
  using namespace regatta::proxy::command;
  auto const say = [](char const* sentence, exit_code code) {
    std::fflush(stdout);
    fmt::print(stderr, "regatta-proxy: {}\n", sentence);
    return static_cast<int>(code);
  };
  try {
    auto const chosen = read_options(argc, argv);
    if (!chosen) return 0;
    return static_cast<int>(run(*chosen, argv));
  } catch (failure const& error) {
    return say(error.what(), error.code());
  } catch (std::exception const& error) {
    return say(error.what(), exit_code::failed);
  }
}
