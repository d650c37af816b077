#include "harness/driver/conformance/dialogue.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <sstream>
#include <utility>

#include "harness/driver/clock.hpp"
#include "harness/driver/crew.hpp"
#include "harness/driver/names.hpp"

namespace regatta::driver::conformance {
namespace {

constexpr std::size_t most_lines = 12;
constexpr int most_noise = 20;
constexpr std::size_t shown_of_a_line = 160;

// Who printed what is no message has perhaps swallowed the real one with it.
constexpr std::uint64_t patience_after_noise_ns = ns_per_s;

bool is_blank(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isspace(c) != 0; });
}

/// Whether a whole JSON value is followed by something else.
bool holds_more_than_one(std::string_view line) {
  std::istringstream in{std::string(line)};
  try {
    protocol::json first;
    in >> first;
  } catch (const protocol::json::exception&) {
    return false;
  }
  std::string rest;
  std::getline(in, rest, '\0');
  return !is_blank(rest);
}

std::string forms_of(std::initializer_list<std::string_view> keys) {
  std::vector<std::string> forms;
  for (const std::string_view key : keys) forms.push_back(form_of(key));
  return joined(forms, " or ");
}

}  // namespace

std::string form_of(std::string_view key) {
  constexpr std::array<std::pair<std::string_view, const char*>, 7> forms = {{
      {"hello", R"({"hello":1,"runtime":"…"})"},
      {"scenario", R"({"scenario":"…","params":{…}})"},
      {"end", R"({"end":true})"},
      {"ready", R"({"ready":true})"},
      {"sample", R"({"sample":{…}})"},
      {"done", R"({"done":true})"},
      {"error", R"({"error":"…","reason":"…"})"},
  }};
  for (const auto& [name, form] : forms) {
    if (name == key) return form;
  }
  return std::string(key);
}

std::string wrong_line(std::string_view line) {
  if (is_blank(line)) return "it printed a blank line; expected one JSON object on each line";
  const auto parsed = protocol::parse_reply(line);
  if (!protocol::json::accept(line) && holds_more_than_one(line)) {
    return "it printed more than one JSON value on one line; expected a newline after each "
           "message: " +
           protocol::excerpt(line);
  }
  return "it printed what is no message: " + parsed.error;
}

void dialogue::note(bool sent, std::string_view line) {
  lines_.push_back((sent ? "→ " : "← ") + protocol::excerpt(line, shown_of_a_line));
  if (lines_.size() > most_lines) lines_.erase(lines_.begin());
}

bool dialogue::start() {
  auto started = child_process::start({row_.command, {}});
  if (!started.child) {
    wrong(started.error);
    gone_ = true;
    return false;
  }
  session_ =
      std::make_unique<session>(std::move(started.child), stop_, memory_limit_bytes_,
                                [this](bool sent, std::string_view line) { note(sent, line); });
  return true;
}

bool dialogue::begin_anew(const std::string& check) {
  if (is_interrupted() || is_hopeless()) return false;
  check_ = check;
  lines_.clear();
  faults_.clear();
  gone_ = false;
  drop();
  return start() || end();
}

bool dialogue::begin(const std::string& check) {
  if (session_ == nullptr || !session_->alive()) {
    if (!begin_anew(check)) return false;
    say(protocol::hello{row_.variant, 0, 1});
    hear({"hello"}, hello_limit_ns);
    if (!is_well()) return end();
    return true;
  }
  if (is_interrupted()) return false;
  check_ = check;
  lines_.clear();
  faults_.clear();
  gone_ = false;
  return true;
}

bool dialogue::end(const std::string& detail) {
  if (is_interrupted()) return false;
  if (is_well()) {
    found_.ok(check_, detail);
    return true;
  }
  drop();
  // The same fault is told once in full: it may well be in every sample.
  const std::string all = joined(faults_, "; ");
  const bool is_news = told_.insert(all).second;
  found_.wrong(check_, all, is_news ? lines_ : std::vector<std::string>{});
  if (is_hopeless()) {
    found_.neutral(outcome::skipped, "the other checks",
                   fmt::format("it was silent {} times, and is not asked any more", timeouts_));
  }
  return false;
}

void dialogue::end_neutral(outcome what, const std::string& why) {
  if (!is_well()) {
    end();
  } else if (!is_interrupted()) {
    found_.neutral(what, check_, why);
  }
}

void dialogue::lose(const failure& why) {
  if (why.what == outcome::timeout) ++timeouts_;
  if (why.what != outcome::interrupted) {
    wrong(why.what == outcome::timeout && why.reason.find("no newline") == std::string::npos
              ? why.reason + "; is stdout flushed after each line?"
              : why.reason);
  }
  gone_ = true;
  drop();
}

void dialogue::say(std::string_view line, std::string_view what) {
  if (session_ == nullptr) return;
  asked_ = what;
  asked_at_ns_ = now_ns();
  if (auto failed = session_->send(line, what)) lose(*failed);
}

void dialogue::say(const protocol::request& request) {
  constexpr std::array<const char*, 5> names = {"hello", "list", "prepare", "run", "quit"};
  say(protocol::format(request), names[request.index()]);
}

heard dialogue::hear(std::initializer_list<std::string_view> expected, std::uint64_t limit_ns) {
  std::uint64_t deadline_ns = now_ns() + limit_ns;
  for (int noise = 0; session_ != nullptr && noise < most_noise; ++noise) {
    auto line = session_->next_line(deadline_ns);
    const std::uint64_t now = now_ns();
    if (!line) {
      // A line that was no message held perhaps the answer: then its absence is no second fault.
      if (noise > 0 && line.why.what == outcome::timeout) {
        gone_ = true;
        drop();
      } else {
        lose(line.why);
      }
      return {};
    }
    heard got{std::string(protocol::key_of(*line)), std::nullopt, now - asked_at_ns_};
    if (got.key.empty()) {
      wrong(wrong_line(*line));
      deadline_ns = std::min(deadline_ns, now + patience_after_noise_ns);
      continue;
    }
    auto parsed = protocol::parse_reply(*line);
    if (std::find(expected.begin(), expected.end(), got.key) == expected.end()) {
      wrong(fmt::format("it answered {} to {}; expected {}", protocol::excerpt(*line), asked_,
                        forms_of(expected)));
      return {};
    }
    if (parsed.errors.empty() && !parsed) parsed.errors.push_back(parsed.error);
    for (std::string& error : parsed.errors) wrong(std::move(error));
    got.message = std::move(parsed.value);
    return got;
  }
  return {};
}

std::string dialogue::hear_refusal() {
  const heard got = hear({"error"}, hello_limit_ns);
  const auto* refusal = got.as<protocol::error>();
  if (refusal == nullptr) return "";
  if (refusal->reason.empty()) {
    wrong("error.reason is missing; expected one sentence, which the tables show");
  }
  return fmt::format("refused as {}: {}", refusal->kind, refusal->reason);
}

void dialogue::expect_silence() {
  if (session_ == nullptr) return;
  if (auto noise = session_->expect_silence()) lose(*noise);
}

void dialogue::expect_leave(bool by_end_of_input) {
  if (session_ == nullptr) return;
  if (std::string why = session_->quit(quit_grace_ns, by_end_of_input); !why.empty()) {
    wrong(std::move(why));
  }
  drop();
}

}  // namespace regatta::driver::conformance
