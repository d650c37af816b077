// Reading, printing and describing a scenario's parameters, all by way of its one `each`.
//
// Values cross every border (command line, protocol, results) as a name and a text, so that nobody
// but the scenario knows its parameters' types.
#pragma once

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "runtimes/interface/types.hpp"
#include "scenarios/support/choice.hpp"

namespace regatta::scenarios {

// One value of one parameter. `is_number` says how to write it where numbers and strings differ
// (JSON).
struct parameter {
  std::string name;
  std::string text;
  bool is_number = true;

  friend bool operator==(parameter const&, parameter const&) = default;
};

using parameter_list = std::vector<parameter>;

// What a parameter may be: a whole number, one of `words`, or either.
struct parameter_description {
  std::string name;
  std::string default_text;
  bool accepts_number = true;
  std::vector<std::string> words;
};

namespace detail {

inline std::string parse(u64& value, std::string_view text) {
  u64 parsed = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
  if (error != std::errc() || end != text.data() + text.size() || text.empty())
    return "must be a whole number";
  value = parsed;
  return "";
}

template <fixed_string... Names>
std::string parse(choice<Names...>& value, std::string_view text) {
  auto const parsed = choice<Names...>::parse(text);
  if (parsed) {
    value = *parsed;
    return "";
  }
  std::string wanted = "must be one of";
  for (auto const name : choice<Names...>::names) wanted.append(" ").append(name);
  return wanted;
}

template <fixed_string Word>
std::string parse(number_or<Word>& value, std::string_view text) {
  u64 number = 0;
  if (parse(number, text).empty()) {
    value = number_or<Word>(number);
    return "";
  }
  if (text == number_or<Word>::word) {
    value = number_or<Word>();
    return "";
  }
  return std::string("must be a whole number or the word ").append(number_or<Word>::word);
}

inline parameter print(std::string_view name, u64 value) {
  return {std::string(name), std::to_string(value), true};
}

template <fixed_string... Names>
parameter print(std::string_view name, choice<Names...> value) {
  return {std::string(name), std::string(value.name()), false};
}

template <fixed_string Word>
parameter print(std::string_view name, number_or<Word> value) {
  if (value.is_word()) return {std::string(name), std::string(Word.view()), false};
  return print(name, value.number());
}

inline void describe_kind(parameter_description& description, u64) {
  description.accepts_number = true;
}

template <fixed_string... Names>
void describe_kind(parameter_description& description, choice<Names...>) {
  description.accepts_number = false;
  description.words = {std::string(Names.view())...};
}

template <fixed_string Word>
void describe_kind(parameter_description& description, number_or<Word>) {
  description.words = {std::string(Word.view())};
}

}  // namespace detail

// The values of `p`, in the order of its `each`.
template <class Params>
parameter_list list_parameters(Params p) {
  parameter_list list;
  p.each([&](std::string_view name, auto& value) { list.push_back(detail::print(name, value)); });
  return list;
}

// Sets one parameter. Answers "" or a sentence about what is wrong, and then `p` is as it was.
template <class Params>
std::string assign_parameter(Params& p, std::string_view name, std::string_view text) {
  bool found = false;
  std::string complaint;
  std::string known;
  p.each([&](std::string_view candidate, auto& value) {
    known.append(known.empty() ? "" : ", ").append(candidate);
    if (candidate != name) return;
    found = true;
    complaint = detail::parse(value, text);
  });
  if (!found)
    return std::string("there is no parameter '")
        .append(name)
        .append("'; there are: ")
        .append(known);
  if (complaint.empty()) return "";
  return std::string(name)
      .append(" ")
      .append(complaint)
      .append(", but it is '")
      .append(text)
      .append("'");
}

template <class Params>
std::vector<parameter_description> describe_parameters() {
  std::vector<parameter_description> descriptions;
  Params defaults;
  defaults.each([&](std::string_view name, auto& value) {
    parameter_description description{std::string(name), detail::print(name, value).text, true, {}};
    detail::describe_kind(description, value);
    descriptions.push_back(std::move(description));
  });
  return descriptions;
}

// All combinations of some values, in the order in which they are named: the first varies slowest.
//
//   grid<params>().over(&params::style, {"join", "spawn"}).over(&params::width, {3, 10})
template <class Params>
class grid {
 public:
  explicit grid(Params base = {}) : cells_{base} {}

  template <class Value>
  grid over(Value Params::* member,
            std::initializer_list<std::type_identity_t<Value>> values) const {
    grid finer;
    finer.cells_.clear();
    for (Params const& cell : cells_) {
      for (Value const& value : values) {
        finer.cells_.push_back(cell);
        finer.cells_.back().*member = value;
      }
    }
    return finer;
  }

  // Leaves out the cells of which `is_wanted` says no.
  grid where(auto is_wanted) const {
    grid fewer = *this;
    std::erase_if(fewer.cells_, [&](Params const& cell) { return !is_wanted(cell); });
    return fewer;
  }

  // The cells of both, these first.
  grid operator+(grid const& more) const {
    grid both = *this;
    both.cells_.insert(both.cells_.end(), more.cells_.begin(), more.cells_.end());
    return both;
  }

  operator std::vector<Params>() const { return cells_; }

 private:
  std::vector<Params> cells_;
};

}  // namespace regatta::scenarios
