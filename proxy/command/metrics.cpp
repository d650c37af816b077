#include "proxy/command/metrics.hpp"

#include <fmt/format.h>

namespace regatta::proxy::command {
namespace {

// A label's value: what the format gives a meaning is escaped.
std::string escaped(std::string_view value) {
  std::string text;
  for (char const letter : value) {
    if (letter == '\n') {
      text += "\\n";
      continue;
    }
    if (letter == '\\' || letter == '"') text += '\\';
    text += letter;
  }
  return text;
}

class text_format {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    text_ += fmt::format("# HELP regatta_proxy_{} {}\n# TYPE regatta_proxy_{} {}\n", name, help,
                         name, type);
  }
  void value(u64 value) { text_ += fmt::format("regatta_proxy_{} {}\n", name_, value); }
  void value(std::string_view label, std::string_view is, u64 value) {
    text_ += fmt::format("regatta_proxy_{}{{{}=\"{}\"}} {}\n", name_, label, escaped(is), value);
  }
  void info(metrics_labels const& labels) {
    text_ += fmt::format("regatta_proxy_{}{{runtime=\"{}\",version=\"{}\"}} 1\n", name_,
                         escaped(labels.runtime), escaped(labels.version));
  }
  std::string take() { return std::move(text_); }

 private:
  std::string_view name_;
  std::string text_;
};

void add_connections(text_format& out, counts const& now) {
  out.family("connections_accepted_total", "counter", "Clients that were taken to be served.");
  out.value(now.accepted);
  out.family("connections_active", "gauge", "Clients that are being served.");
  out.value(now.active);
  out.family("connections_total", "counter", "Clients that are served no more, by how it ended.");
  out.value("end", "completed", now.completed);
  out.value("end", "unreachable", now.unreachable);
  out.value("end", "broken", now.broken);
  out.value("end", "timed_out", now.timed_out);
  out.value("end", "shut_down", now.shut_down);
  out.family("connections_refused_total", "counter", "Clients beyond the limit that were reset.");
  out.value(now.refused);
  out.family("shortages_total", "counter",
             "How often accepting paused for want of descriptors or memory.");
  out.value(now.shortages);
  out.family("bytes_total", "counter", "Bytes written to upstreams (up) and to clients (down).");
  out.value("direction", "up", now.bytes_up);
  out.value("direction", "down", now.bytes_down);
}

void add_upstreams(text_format& out, std::vector<upstream_counts> const& upstreams) {
  out.family("upstream_connections", "gauge", "Connections that clients have with an upstream.");
  for (auto const& each : upstreams) out.value("upstream", each.name, each.connections);
  out.family("upstream_failures_total", "counter", "Attempts to reach an upstream that failed.");
  for (auto const& each : upstreams) out.value("upstream", each.name, each.failures);
  out.family("upstream_up", "gauge", "0: it failed lately, and clients go to others.");
  for (auto const& each : upstreams) out.value("upstream", each.name, each.is_passed_over ? 0 : 1);
}

}  // namespace

std::string metrics_text(counts const& now, std::vector<upstream_counts> const& upstreams,
                         metrics_labels labels) {
  text_format out;
  add_connections(out, now);
  add_upstreams(out, upstreams);
  out.family("info", "gauge", "Which program this is.");
  out.info(labels);
  return out.take();
}

}  // namespace regatta::proxy::command
