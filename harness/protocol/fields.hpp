// Reads typed fields out of one JSON object and remembers everything that was wrong.
// Internal to the protocol's parsers.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/protocol/message.hpp"

namespace regatta::protocol {

/// Parses a line to a JSON object; the error names where the text stops being JSON.
parsed<json> parse_object(std::string_view line);

class fields {
 public:
  /// `where` names the object in error sentences, for example "sample".
  fields(const json& object, std::string where);

  std::uint64_t whole(const char* key);
  std::uint64_t whole_or(const char* key, std::uint64_t otherwise);
  std::optional<std::uint64_t> whole_if_present(const char* key);
  std::string text(const char* key);
  std::string text_or(const char* key, std::string otherwise);
  std::vector<std::string> texts_or_none(const char* key);
  std::map<std::string, std::uint64_t> counts_or_none(const char* key);
  bool flag_or_false(const char* key);
  parameters params_or_none(const char* key);
  /// The object under `key`, or nullptr (which is an error only for `object`).
  const json* object(const char* key);
  const json* object_if_present(const char* key);

  const std::string& where() const { return where_; }
  /// The first thing that was wrong; empty if nothing was.
  std::string error() const { return errors_.empty() ? std::string() : errors_.front(); }
  const std::vector<std::string>& errors() const { return errors_; }
  void fail(std::string error);

 private:
  const json* find(const char* key) const;
  void wrong(const char* key, std::string_view expected, const json* got);

  const json& object_;
  std::string where_;
  std::vector<std::string> errors_;
};

}  // namespace regatta::protocol
