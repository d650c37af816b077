#include "harness/protocol/reply.hpp"

#include <algorithm>
#include <array>

#include "harness/protocol/fields.hpp"

namespace regatta::protocol {
namespace {

template <class... F>
struct overloaded : F... {
  using F::operator()...;
};

parsed<reply> finished(reply message, const fields& f) {
  if (!f.errors().empty()) return {{}, f.error(), f.errors()};
  return {std::move(message), ""};
}

parsed<reply> parse_hello_reply(const json& object) {
  fields f(object, "hello");
  if (const std::uint64_t spoken = f.whole("hello"); f.error().empty() && spoken != version) {
    return {{},
            "the contender speaks protocol " + std::to_string(spoken) +
                "; this driver speaks protocol " + std::to_string(version)};
  }
  hello_reply message;
  message.runtime = f.text("runtime");
  message.variant = f.text_or("variant", "");
  message.variants = f.texts_or_none("variants");
  message.version = f.text_or("version", "");
  message.language = f.text_or("language", "");
  message.scheduling = f.text_or("scheduling", "");
  message.io = f.text_or("io", "");
  message.capabilities = f.texts_or_none("capabilities");
  message.threads = f.whole_or("threads", 0);
  message.compiler = f.text_or("compiler", "");
  message.flags = f.text_or("flags", "");
  message.allocator = f.text_or("allocator", "");
  message.track = f.text_or("track", "default");
  message.pid = f.whole_or("pid", 0);
  return finished(std::move(message), f);
}

parsed<reply> parse_error(const json& object) {
  fields f(object, "error");
  error message{f.text("error"), f.text_or("reason", "")};
  if (f.error().empty() && message.kind != "failed" && message.kind != "unsupported" &&
      message.kind != "protocol") {
    f.fail("error must be \"failed\", \"unsupported\" or \"protocol\"; got " +
           excerpt(message.kind));
  }
  return finished(std::move(message), f);
}

parsed<reply> parse_list_entry(const json& object) {
  fields f(object, "list entry");
  list_entry message;
  message.scenario = f.text("scenario");
  message.params = f.params_or_none("params");
  message.unsupported = f.text_or("unsupported", "");
  return finished(std::move(message), f);
}

bool is_bucket(const json& bucket) {
  return bucket.is_array() && bucket.size() == 2 && bucket[0].is_number_unsigned() &&
         bucket[1].is_number_unsigned();
}

std::optional<latency> parse_latency(fields& outer) {
  const json* object = outer.object_if_present("latency");
  if (object == nullptr) return std::nullopt;
  fields f(*object, "sample.latency");
  if (f.text_or("unit", "ns") != "ns") f.fail("sample.latency.unit must be \"ns\"");
  latency found;
  const auto buckets = object->find("buckets");
  if (buckets == object->end() || !buckets->is_array()) {
    f.fail("sample.latency.buckets must be a list of [value, count] pairs");
  } else {
    for (const json& bucket : *buckets) {
      if (!is_bucket(bucket)) {
        f.fail("sample.latency.buckets must hold [value, count] pairs of whole numbers; got " +
               excerpt(one_line(bucket)));
        break;
      }
      found.buckets.emplace_back(bucket[0].get<std::uint64_t>(), bucket[1].get<std::uint64_t>());
    }
  }
  for (const std::string& error : f.errors()) outer.fail(error);
  return found;
}

std::optional<context_switches> parse_switches(fields& outer) {
  const json* object = outer.object_if_present("context_switches");
  if (object == nullptr) return std::nullopt;
  fields f(*object, "sample.context_switches");
  context_switches found{f.whole("voluntary"), f.whole("involuntary")};
  for (const std::string& error : f.errors()) outer.fail(error);
  return found;
}

parsed<reply> parse_sample(const json& object) {
  fields outer(object, "reply");
  const json* inner = outer.object("sample");
  if (inner == nullptr) return {{}, outer.error()};
  fields f(*inner, "sample");
  sample message;
  message.iterations = f.whole_or("iterations", 0);
  message.ns = f.whole("ns");
  message.cpu_ns = f.whole_if_present("cpu_ns");
  message.operations = f.whole("operations");
  message.answer = f.whole("answer");
  message.answers_differ = f.flag_or_false("answers_differ");
  message.allocations = f.whole_if_present("allocations");
  message.peak_rss_bytes = f.whole_if_present("peak_rss_bytes");
  message.switches = parse_switches(f);
  message.threads_used = f.whole_if_present("threads_used");
  message.counters = f.counts_or_none("counters");
  message.latencies = parse_latency(f);
  message.recording_ns = f.whole_if_present("recording_ns");
  return finished(std::move(message), f);
}

template <class Message>
parsed<reply> without_fields(const json&) {
  return {reply{Message{}}, ""};
}

/// A reply is known by its key. Where one holds several, the first of this order counts.
struct kind {
  std::string_view key;
  parsed<reply> (*parse)(const json&);
};
constexpr std::array<kind, 7> kinds = {{
    {"error", parse_error},
    {"hello", parse_hello_reply},
    {"sample", parse_sample},
    {"scenario", parse_list_entry},
    {"ready", without_fields<ready>},
    {"done", without_fields<done>},
    {"end", without_fields<list_end>},
}};

const kind* kind_meant_by(const json& object) {
  const auto* const found = std::find_if(kinds.begin(), kinds.end(), [&](const kind& k) {
    return object.contains(std::string(k.key));
  });
  return found == kinds.end() ? nullptr : found;
}

json to_json(const list_entry& m) {
  json object = {{"scenario", m.scenario}, {"params", m.params}};
  if (!m.unsupported.empty()) object["unsupported"] = m.unsupported;
  return object;
}

}  // namespace

parsed<reply> parse_reply(std::string_view line) {
  auto object = parse_object(line);
  if (!object) return {{}, object.error};
  const kind* const meant = kind_meant_by(*object);
  if (meant != nullptr) return meant->parse(*object);
  return {
      {},
      "a reply is one of hello, scenario, end, ready, sample, done, error; got: " + excerpt(line)};
}

std::string_view key_of(std::string_view line) {
  const auto object = parse_object(line);
  const kind* const meant = object ? kind_meant_by(*object) : nullptr;
  return meant == nullptr ? std::string_view() : meant->key;
}

json to_json(const hello_reply& m) {
  return {{"hello", version},
          {"runtime", m.runtime},
          {"variant", m.variant},
          {"variants", m.variants},
          {"version", m.version},
          {"language", m.language},
          {"scheduling", m.scheduling},
          {"io", m.io},
          {"capabilities", m.capabilities},
          {"threads", m.threads},
          {"compiler", m.compiler},
          {"flags", m.flags},
          {"allocator", m.allocator},
          {"track", m.track},
          {"pid", m.pid}};
}

json to_json(const sample& m) {
  json object = json::object();
  if (m.iterations != 0) object["iterations"] = m.iterations;
  object["ns"] = m.ns;
  if (m.cpu_ns) object["cpu_ns"] = *m.cpu_ns;
  object["operations"] = m.operations;
  object["answer"] = m.answer;
  if (m.answers_differ) object["answers_differ"] = true;
  if (m.allocations) object["allocations"] = *m.allocations;
  if (m.peak_rss_bytes) object["peak_rss_bytes"] = *m.peak_rss_bytes;
  if (m.switches) {
    object["context_switches"] = {{"voluntary", m.switches->voluntary},
                                  {"involuntary", m.switches->involuntary}};
  }
  if (m.threads_used) object["threads_used"] = *m.threads_used;
  if (!m.counters.empty()) object["counters"] = m.counters;
  if (m.latencies) {
    json buckets = json::array();
    for (const auto& [value, count] : m.latencies->buckets) {
      buckets.push_back(json::array({value, count}));
    }
    object["latency"] = {{"unit", "ns"}, {"buckets", std::move(buckets)}};
  }
  if (m.recording_ns) object["recording_ns"] = *m.recording_ns;
  return object;
}

std::string format(const reply& message) {
  return one_line(
      std::visit(overloaded{
                     [](const hello_reply& m) { return to_json(m); },
                     [](const list_entry& m) { return to_json(m); },
                     [](const list_end&) { return json{{"end", true}}; },
                     [](const ready&) { return json{{"ready", true}}; },
                     [](const sample& m) { return json{{"sample", to_json(m)}}; },
                     [](const done&) { return json{{"done", true}}; },
                     [](const error& m) { return json{{"error", m.kind}, {"reason", m.reason}}; },
                 },
                 message));
}

std::string_view kind_of(const reply& message) {
  return std::visit(overloaded{
                        [](const hello_reply&) { return std::string_view("a hello"); },
                        [](const list_entry&) { return std::string_view("a list entry"); },
                        [](const list_end&) { return std::string_view("the end of a list"); },
                        [](const ready&) { return std::string_view("ready"); },
                        [](const sample&) { return std::string_view("a sample"); },
                        [](const done&) { return std::string_view("done"); },
                        [](const error&) { return std::string_view("an error"); },
                    },
                    message);
}

}  // namespace regatta::protocol
