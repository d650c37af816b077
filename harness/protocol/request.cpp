#include "harness/protocol/request.hpp"

#include "harness/protocol/fields.hpp"

namespace regatta::protocol {
namespace {

template <class... F>
struct overloaded : F... {
  using F::operator()...;
};

parsed<request> finished(request message, const fields& f) {
  if (!f.error().empty()) return {{}, f.error()};
  return {std::move(message), ""};
}

parsed<request> parse_hello(const json& object) {
  fields f(object, "hello");
  if (const std::uint64_t spoken = f.whole("hello"); f.error().empty() && spoken != version) {
    return {{},
            "the driver speaks protocol " + std::to_string(spoken) +
                "; this contender speaks protocol " + std::to_string(version)};
  }
  hello message;
  message.variant = f.text_or("variant", "");
  message.threads = f.whole_or("threads", 0);
  message.seed = f.whole_or("seed", 0);
  message.slowdown_percent = f.whole_or("slowdown_percent", 0);
  return finished(message, f);
}

parsed<request> parse_prepare(const json& object) {
  fields outer(object, "request");
  const json* inner = outer.object("prepare");
  if (inner == nullptr) return {{}, outer.error()};
  fields f(*inner, "prepare");
  prepare message;
  message.scenario = f.text("scenario");
  message.params = f.params_or_none("params");
  return finished(std::move(message), f);
}

parsed<request> parse_run(const json& object) {
  fields outer(object, "request");
  const json* inner = outer.object("run");
  if (inner == nullptr) return {{}, outer.error()};
  fields f(*inner, "run");
  run message;
  message.iterations = f.whole("iterations");
  message.samples = f.whole_or("samples", 1);
  if (message.iterations == 0) f.fail("run.iterations must be 1 or more; got 0");
  if (message.samples == 0) f.fail("run.samples must be 1 or more; got 0");
  return finished(message, f);
}

}  // namespace

parsed<request> parse_request(std::string_view line) {
  auto object = parse_object(line);
  if (!object) return {{}, object.error};
  if (object->contains("hello")) return parse_hello(*object);
  if (object->contains("prepare")) return parse_prepare(*object);
  if (object->contains("run")) return parse_run(*object);
  if (object->contains("list")) return {request{list{}}, ""};
  if (object->contains("quit")) return {request{quit{}}, ""};
  return {{}, "a request is one of hello, list, prepare, run, quit; got: " + excerpt(line)};
}

std::string format(const request& message) {
  return one_line(
      std::visit(overloaded{
                     [](const hello& m) {
                       json object = {{"hello", version},
                                      {"variant", m.variant},
                                      {"threads", m.threads},
                                      {"seed", m.seed}};
                       if (m.slowdown_percent != 0) object["slowdown_percent"] = m.slowdown_percent;
                       return object;
                     },
                     [](const list&) { return json{{"list", json::object()}}; },
                     [](const prepare& m) {
                       return json{{"prepare", {{"scenario", m.scenario}, {"params", m.params}}}};
                     },
                     [](const run& m) {
                       json inner = {{"iterations", m.iterations}};
                       if (m.samples != 1) inner["samples"] = m.samples;
                       return json{{"run", inner}};
                     },
                     [](const quit&) { return json{{"quit", true}}; },
                 },
                 message));
}

}  // namespace regatta::protocol
