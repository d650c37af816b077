#include "harness/protocol/message.hpp"

#include <array>
#include <cstdio>

#include "harness/protocol/fields.hpp"

namespace regatta::protocol {

std::string wrong_parameters(const json& params) {
  if (!params.is_object()) {
    return R"(params must be an object such as {"leaves":1000}; got )" + excerpt(one_line(params));
  }
  for (const auto& [key, value] : params.items()) {
    if (!value.is_number_unsigned() && !value.is_string()) {
      return "params." + excerpt(key) + " must be a whole number (0 or more) or a string; got " +
             excerpt(one_line(value));
    }
  }
  return "";
}

std::string one_line(const json& message) {
  return message.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string excerpt(std::string_view text, std::size_t longest) {
  std::string shown;
  for (const char c : text.substr(0, longest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      shown += c;
      continue;
    }
    std::array<char, 8> escaped{};
    std::snprintf(escaped.data(), escaped.size(), "\\x%02x", static_cast<unsigned>(byte));
    shown += escaped.data();
  }
  return text.size() > longest ? shown + "…" : shown;
}

namespace {

// Messages nest four deep at most; the JSON library prints recursively, so that a hostile depth
// would cost us the stack.
constexpr int deepest = 32;

bool nests_too_deep(std::string_view line) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > deepest) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

}  // namespace

parsed<json> parse_object(std::string_view line) {
  if (line.size() >= max_line_bytes) {
    return {{}, "a line may be 64 KiB long; this one is longer: " + excerpt(line)};
  }
  if (nests_too_deep(line)) {
    return {{}, "a message nests a few levels deep; this one is bottomless: " + excerpt(line)};
  }
  json object = json::parse(line, nullptr, false);
  if (object.is_discarded()) {
    return {{}, "expected one JSON object on the line; got: " + excerpt(line)};
  }
  if (!object.is_object()) {
    return {{}, "expected a JSON object; got another JSON value: " + excerpt(line)};
  }
  return {std::move(object), ""};
}

fields::fields(const json& object, std::string where) : object_(object), where_(std::move(where)) {}

void fields::fail(std::string error) { errors_.push_back(std::move(error)); }

const json* fields::find(const char* key) const {
  const auto found = object_.find(key);
  return found == object_.end() ? nullptr : &*found;
}

void fields::wrong(const char* key, std::string_view expected, const json* got) {
  fail(where_ + "." + key + " must be " + std::string(expected) + "; " +
       (got == nullptr ? "it is missing" : "got " + excerpt(one_line(*got))));
}

std::uint64_t fields::whole(const char* key) {
  const json* found = find(key);
  if (found == nullptr || !found->is_number_unsigned()) {
    wrong(key, "a whole number, 0 or more", found);
    return 0;
  }
  return found->get<std::uint64_t>();
}

std::uint64_t fields::whole_or(const char* key, std::uint64_t otherwise) {
  return find(key) == nullptr ? otherwise : whole(key);
}

std::optional<std::uint64_t> fields::whole_if_present(const char* key) {
  if (find(key) == nullptr) return std::nullopt;
  return whole(key);
}

std::string fields::text(const char* key) {
  const json* found = find(key);
  if (found == nullptr || !found->is_string()) {
    wrong(key, "a string", found);
    return "";
  }
  return found->get<std::string>();
}

std::string fields::text_or(const char* key, std::string otherwise) {
  return find(key) == nullptr ? std::move(otherwise) : text(key);
}

std::vector<std::string> fields::texts_or_none(const char* key) {
  const json* found = find(key);
  std::vector<std::string> texts;
  if (found == nullptr) return texts;
  if (!found->is_array()) {
    wrong(key, "a list of strings", found);
    return texts;
  }
  for (const json& element : *found) {
    if (!element.is_string()) {
      wrong(key, "a list of strings", found);
      return {};
    }
    texts.push_back(element.get<std::string>());
  }
  return texts;
}

std::map<std::string, std::uint64_t> fields::counts_or_none(const char* key) {
  std::map<std::string, std::uint64_t> counts;
  const json* found = object_if_present(key);
  if (found == nullptr) return counts;
  for (const auto& [name, count] : found->items()) {
    if (!count.is_number_unsigned()) {
      wrong(key, "an object of whole numbers", found);
      return {};
    }
    counts[name] = count.get<std::uint64_t>();
  }
  return counts;
}

bool fields::flag_or_false(const char* key) {
  const json* found = find(key);
  if (found == nullptr) return false;
  if (!found->is_boolean()) {
    wrong(key, "true or false", found);
    return false;
  }
  return found->get<bool>();
}

parameters fields::params_or_none(const char* key) {
  const json* found = find(key);
  if (found == nullptr) return json::object();
  if (std::string wrong_here = wrong_parameters(*found); !wrong_here.empty()) {
    fail(where_ + ": " + wrong_here);
    return json::object();
  }
  return *found;
}

const json* fields::object(const char* key) {
  const json* found = find(key);
  if (found == nullptr || !found->is_object()) {
    wrong(key, "an object", found);
    return nullptr;
  }
  return found;
}

const json* fields::object_if_present(const char* key) {
  return find(key) == nullptr ? nullptr : object(key);
}

}  // namespace regatta::protocol
