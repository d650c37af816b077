// What the small programs of a C++ runtime share (cmake/small_program_*.cpp.in): how they are set
// up, and how they end. These are programs as small as a user would write them, with no harness in
// them, to see how large they are and how long they take to start.
#pragma once

#include <cstdio>
#include <exception>
#include <string_view>

#include "runtimes/interface/runtime.hpp"
#include "runtimes/interface/unsupported.hpp"

namespace regatta::small_program {

// How a program ends that cannot do here what it is for, with the reason on stderr.
inline constexpr int exit_unsupported = 77;

// The options of the variant that `--variant=NAME` names, else the default ones.
template <runtime R>
runtime_options options_of(int argc, char** argv) {
  if constexpr (requires { R::variants(); }) {
    constexpr std::string_view flag = "--variant=";
    for (int i = 1; i < argc; ++i) {
      std::string_view const argument = argv[i];
      for (auto const& variant : R::variants()) {
        if (argument.starts_with(flag) && argument.substr(flag.size()) == variant.name) {
          return variant.options;
        }
      }
    }
  }
  (void)argc, (void)argv;
  return {};
}

// Runs the body of main(); what it throws becomes a sentence on stderr and an exit code.
template <class Body>
int guarded(Body body) {
  try {
    return body();
  } catch (runtime_unsupported const& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return exit_unsupported;
  } catch (std::exception const& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

}  // namespace regatta::small_program
