#include "proxy/load/http_reader.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace regatta::load {
namespace {

bool same_letters(std::string_view text, std::string_view lower_case) {
  return std::equal(text.begin(), text.end(), lower_case.begin(), lower_case.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Whether a list as "keep-alive, Upgrade" holds the word.
bool lists(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    auto const comma = std::min(list.find(','), list.size());
    if (same_letters(trimmed(list.substr(0, comma)), word)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

template <class Number>
bool parse_whole(std::string_view text, Number& number, int base = 10) {
  auto const [stopped, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc() && stopped == text.data() + text.size();
}

}  // namespace

http_reader::progress http_reader::read(std::string_view& bytes) noexcept {
  for (;;) {
    if (done_) return progress::whole;
    if (bytes.empty()) return progress::more;
    progress step;
    switch (where_) {
      case place::body_of_length:
      case place::body_until_end:
        return read_body(bytes, place::status_line);
      case place::chunk:
        return read_body(bytes, place::chunk_end);
      default:
        step = read_line(bytes);
    }
    if (step != progress::body) return step;
  }
}

// One line, or what has come of it. `body` stands for: look again.
http_reader::progress http_reader::read_line(std::string_view& bytes) noexcept {
  // Safe because memchr stays within the bytes.
  auto const* const end = static_cast<char const*>(std::memchr(bytes.data(), '\n', bytes.size()));
  auto const length = end != nullptr ? static_cast<std::size_t>(end - bytes.data()) : bytes.size();
  std::string_view line = bytes.substr(0, length);
  if (end == nullptr || line_length_ != 0) {
    auto const fits = std::min(length, line_.size() - line_length_);
    std::memcpy(line_.data() + line_length_, line.data(), fits);
    line_length_ = static_cast<u8>(line_length_ + fits);
    line = {line_.data(), line_length_};
  }
  if (end == nullptr) {
    bytes = {};
    return progress::more;
  }
  bytes.remove_prefix(length + 1);
  line_length_ = 0;
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return take_line(line) ? progress::body : progress::wrong;
}

http_reader::progress http_reader::read_body(std::string_view& bytes, place next) noexcept {
  bool const endless = where_ == place::body_until_end;
  auto const count = endless ? bytes.size() : std::min<u64>(left_, bytes.size());
  piece_ = bytes.substr(0, count);
  bytes.remove_prefix(count);
  body_bytes_ += count;
  if (endless) return progress::body;
  left_ -= count;
  if (left_ == 0) {
    where_ = next;
    done_ = next == place::status_line;
  }
  return progress::body;
}

bool http_reader::take_line(std::string_view line) noexcept {
  switch (where_) {
    case place::status_line:
      return take_status(line);
    case place::head:
      if (!line.empty()) return take_field(line);
      end_head();
      return true;
    case place::chunk_size:
      return take_chunk_size(line);
    case place::chunk_end:
      where_ = place::chunk_size;
      return line.empty();
    default:  // Of a trailer only its end matters.
      done_ = line.empty();
      return true;
  }
}

bool http_reader::take_status(std::string_view line) noexcept {
  constexpr std::string_view protocol = "HTTP/1.";
  if (line.size() < 12 || line.substr(0, 7) != protocol || line[8] != ' ') return false;
  if (!parse_whole(line.substr(9, 3), status_)) return false;
  closes_ = line[7] == '0';
  where_ = place::head;
  return status_ >= 100 && (line.size() == 12 || line[12] == ' ');
}

bool http_reader::take_field(std::string_view line) noexcept {
  // Most fields are none of ours, and that shows in their first letter.
  char const first = static_cast<char>(line.front() | 0x20);
  if (first != 'c' && first != 't') return true;
  auto const colon = line.find(':');
  if (colon == line.npos) return line.size() >= line_.size();
  auto const name = line.substr(0, colon);
  auto const value = trimmed(line.substr(colon + 1));
  if (same_letters(name, "content-length")) {
    has_length_ = true;
    return parse_whole(value, left_);
  }
  if (same_letters(name, "transfer-encoding")) {
    chunked_ = lists(value, "chunked");
  } else if (same_letters(name, "connection")) {
    if (lists(value, "close")) closes_ = true;
    if (lists(value, "keep-alive")) closes_ = false;
  }
  return true;
}

void http_reader::end_head() noexcept {
  if (status_ < 200) {  // "100 Continue" and the like: the answer proper follows.
    restart();
  } else if (status_ == 204 || status_ == 304) {
    done_ = true;
  } else if (chunked_) {
    where_ = place::chunk_size;
  } else if (has_length_) {
    where_ = place::body_of_length;
    done_ = left_ == 0;
  } else {
    where_ = place::body_until_end;
    closes_ = true;
  }
}

bool http_reader::take_chunk_size(std::string_view line) noexcept {
  auto const size = trimmed(line.substr(0, line.find(';')));
  if (!parse_whole(size, left_, 16)) return false;
  where_ = left_ == 0 ? place::trailer : place::chunk;
  return true;
}

}  // namespace regatta::load
