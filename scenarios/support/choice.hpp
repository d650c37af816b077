// The kinds of value that a scenario's parameter can have besides a plain number.
//
//   choice<"join", "spawn"> style{};            // one of a few named alternatives, the first by
//   default number_or<"unbounded"> capacity = 100;      // a number, or the one word that stands
//   for none
//
// A name that is not among the alternatives does not compile: p.style == "jion" is an error, not
// false.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "runtimes/interface/types.hpp"

namespace regatta::scenarios {

// A string that can be a template argument.
template <std::size_t Size>
struct fixed_string {
  char text[Size]{};

  consteval fixed_string(char const (&literal)[Size]) {
    for (std::size_t i = 0; i < Size; ++i) text[i] = literal[i];
  }
  constexpr std::string_view view() const { return {text, Size - 1}; }
};

template <fixed_string... Names>
class choice {
 public:
  static constexpr std::array<std::string_view, sizeof...(Names)> names{Names.view()...};

  constexpr choice() = default;

  template <std::size_t Size>
  consteval choice(char const (&name)[Size]) : index_(find({name, Size - 1}).value()) {}

  // The alternative of that name, if there is one: for names that are read at run time.
  static constexpr std::optional<choice> parse(std::string_view name) {
    auto const index = find(name);
    if (!index) return std::nullopt;
    choice parsed;
    parsed.index_ = *index;
    return parsed;
  }

  constexpr std::string_view name() const { return names[index_]; }
  friend constexpr bool operator==(choice, choice) = default;

 private:
  static constexpr std::optional<u64> find(std::string_view name) {
    for (u64 i = 0; i < names.size(); ++i) {
      if (names[i] == name) return i;
    }
    return std::nullopt;
  }

  u64 index_ = 0;
};

template <fixed_string Word>
class number_or {
 public:
  static constexpr std::string_view word = Word.view();

  constexpr number_or() = default;
  constexpr number_or(u64 number) : number_(number), is_word_(false) {}

  template <std::size_t Size>
  consteval number_or(char const (&name)[Size])
      : is_word_(std::string_view(name, Size - 1) == word) {
    if (!is_word_) throw "the only word that can stand here is the one in the type";
  }

  constexpr bool is_word() const { return is_word_; }
  // Zero where the word stands.
  constexpr u64 number() const { return number_; }
  friend constexpr bool operator==(number_or, number_or) = default;

 private:
  u64 number_ = 0;
  bool is_word_ = true;
};

}  // namespace regatta::scenarios
