#include "harness/driver/findings.hpp"

#include <fmt/core.h>

#include <cstdio>

namespace regatta::driver {

void findings::begin(const std::string& row) {
  row_ = row;
  if (!as_json_) fmt::print("{}\n", row);
}

void findings::ok(const std::string& check, const std::string& detail) { add("ok", check, detail); }

void findings::neutral(outcome what, const std::string& check, const std::string& why) {
  add(std::string(name_of(what)), check, why);
}

void findings::wrong(const std::string& check, const std::string& why,
                     const std::vector<std::string>& said) {
  ++faults_;
  add("WRONG", check, why, said);
}

void findings::add(const std::string& verdict, const std::string& check, const std::string& detail,
                   const std::vector<std::string>& said) {
  all_.push_back({{"row", row_},
                  {"check", check},
                  {"verdict", verdict == "WRONG" ? "wrong" : verdict},
                  {"detail", detail},
                  {"conversation", said}});
  if (as_json_) return;
  fmt::print("  {:<12} {}{}{}\n", verdict, check, detail.empty() ? "" : ": ", detail);
  for (const std::string& line : said) fmt::print("               {}\n", line);
  std::fflush(stdout);
}

}  // namespace regatta::driver
