#include "harness/stats/quick_sample.hpp"

#if REGATTA_HAS_SIMDJSON
#include <simdjson.h>

#include <unordered_map>
#endif

namespace regatta::stats {

#if REGATTA_HAS_SIMDJSON
namespace {

namespace dom = simdjson::dom;

static_assert(quick_samples::padding >= simdjson::SIMDJSON_PADDING);

// Each says whether the value was of the plain type.
bool take(dom::element const& value, std::uint64_t& target) { return value.get(target) == 0; }

bool take(dom::element const& value, std::optional<std::uint64_t>& target) {
  return value.get(target.emplace()) == 0;
}

bool take(dom::element const& value, bool& target) { return value.get(target) == 0; }

bool take(dom::element const& value, std::string& target) {
  std::string_view text;
  if (value.get(text) != 0) return false;
  target = text;
  return true;
}

bool take(dom::element const& value, std::map<std::string, std::uint64_t>& target) {
  dom::object object;
  if (value.get(object) != 0) return false;
  target.clear();
  for (auto const field : object) {
    std::uint64_t count = 0;
    if (!take(field.value, count)) return false;
    target.insert_or_assign(std::string(field.key), count);
  }
  return true;
}

bool take(dom::element const& value, bucket& target) {
  dom::array pair;
  if (value.get(pair) != 0 || pair.size() != 2) return false;
  return take(*pair.begin(), target.value) && take(*++pair.begin(), target.count);
}

bool take_outcome(dom::element const& value, sample& s) {
  std::string_view name;
  if (value.get(name) != 0) return false;
  auto const ended = outcome_from(name);
  if (ended) s.outcome = *ended;
  return ended.has_value();
}

bool take_switches(dom::element const& value, sample& s) {
  dom::object object;
  return value.get(object) == 0 && object["voluntary"].get(s.voluntary_switches.emplace()) == 0 &&
         object["involuntary"].get(s.involuntary_switches.emplace()) == 0;
}

bool take_latency(dom::element const& value, sample& s) {
  dom::object object;
  dom::array list;
  std::string_view unit;
  if (value.get(object) != 0 || object["unit"].get(unit) != 0 || unit != "ns") return false;
  if (object["buckets"].get(list) != 0) return false;
  s.latency_ns.clear();
  s.latency_ns.reserve(list.size());
  for (auto const entry : list) {
    if (!take(entry, s.latency_ns.emplace_back())) return false;
  }
  return true;
}

template <auto Member>
bool take_member(dom::element const& value, sample& s) {
  return take(value, s.*Member);
}

using taker = bool (*)(dom::element const&, sample&);

std::unordered_map<std::string_view, taker> const takers{
    {"block", take_member<&sample::block>},
    {"round", take_member<&sample::round>},
    {"turn", take_member<&sample::turn>},
    {"row", take_member<&sample::row>},
    {"cell", take_member<&sample::cell>},
    {"contender", take_member<&sample::contender>},
    {"variant", take_member<&sample::variant>},
    {"twin", take_member<&sample::twin>},
    {"scenario", take_member<&sample::scenario>},
    {"outcome", take_outcome},
    {"reason", take_member<&sample::reason>},
    {"phase", take_member<&sample::phase>},
    {"iterations", take_member<&sample::iterations>},
    {"ns", take_member<&sample::ns>},
    {"operations", take_member<&sample::operations>},
    {"cpu_ns", take_member<&sample::cpu_ns>},
    {"answer", take_member<&sample::answer>},
    {"expected", take_member<&sample::expected>},
    {"allocations", take_member<&sample::allocations>},
    {"peak_rss_bytes", take_member<&sample::peak_rss_bytes>},
    {"threads_used", take_member<&sample::threads_used>},
    {"counters", take_member<&sample::counters>},
    {"exchange_ns", take_member<&sample::exchange_ns>},
    {"recording_ns", take_member<&sample::recording_ns>},
    {"bytes", take_member<&sample::bytes>},
    {"compared_ns", take_member<&sample::compared_ns>},
    {"system_calls", take_member<&sample::system_calls>},
    {"context_switches", take_switches},
    {"latency", take_latency},
};

// Whether every field was plain, and the three were there that no sample can be without.
bool read_fields(dom::object const& line, sample& s) {
  bool has_outcome = false;
  for (auto const field : line) {
    auto const found = takers.find(field.key);
    if (found == takers.end()) continue;
    // null stands for "not known"; that is not plain.
    if (field.value.is_null() || !found->second(field.value, s)) return false;
    has_outcome = has_outcome || field.key == "outcome";
  }
  return has_outcome && !s.row.empty() && !s.cell.empty();
}

}  // namespace

struct quick_samples::parser {
  dom::parser json;
  sample read;
};

sample const* quick_samples::read(std::string_view line) {
  dom::element element;
  dom::object object;
  // Safe because whoever calls keeps the padding readable.
  if (parser_->json.parse(line.data(), line.size(), false).get(element) != 0) return nullptr;
  if (element.get(object) != 0) return nullptr;
  parser_->read = sample{};
  return read_fields(object, parser_->read) ? &parser_->read : nullptr;
}

#else

struct quick_samples::parser {};

sample const* quick_samples::read(std::string_view) { return nullptr; }

#endif

quick_samples::quick_samples() : parser_(std::make_unique<parser>()) {}
quick_samples::~quick_samples() = default;
quick_samples::quick_samples(quick_samples&&) noexcept = default;
quick_samples& quick_samples::operator=(quick_samples&&) noexcept = default;

}  // namespace regatta::stats
