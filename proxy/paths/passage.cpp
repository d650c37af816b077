#include "proxy/paths/passage.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "proxy/paths/process_tree.hpp"
#include "runtimes/interface/descriptors.hpp"
#include "runtimes/interface/unsupported.hpp"

namespace regatta::paths {
namespace {

running_proxy proxy_on(contender::setup const& how, endpoint const& upstream, places const& where) {
  way const& one = way_named(how.variant);
  if (one.by == way::kind::direct) return {.process = nullptr, .entrance = upstream};
  return start_proxy(one,
                     {.upstream = upstream, .threads = threads_of(how), .processors = where.proxy});
}

}  // namespace

u64 threads_of(contender::setup const& how) { return how.threads == 0 ? 1 : how.threads; }

places places_of(contender::setup const& how) {
  return divide(allowed_processors(), threads_of(how));
}

void require_descriptors_for(u64 clients) {
  constexpr u64 others = 100;
  u64 const needed = 2 * clients + others;
  u64 const limit = descriptor_limit();
  if (needed <= limit) return;
  throw runtime_unsupported(fmt::format(
      "{} clients need {} descriptors, in the proxy and in the process of clients and server; the "
      "limit is {} (ulimit -n)",
      clients, needed, limit));
}

passage::passage(contender::setup const& how, load::service served)
    : where_(places_of(how)),
      confined_(where_.others),
      server_(std::make_unique<load::null_server>(load::null_server_plan{.kind = served})),
      proxy_(proxy_on(how, server_->where(), where_)) {
  if (has_proxy()) carry_one_request(served);
}

// A port that answers need not have anybody behind it yet: nginx listens before it has started its
// workers.
void passage::carry_one_request(load::service served) {
  auto one = plan();
  if (served == load::service::bulk) {
    one.kind = load::traffic::bulk;
    one.way = load::bulk_way::up;
  }
  load::generator client(one);
  expect_all_right(client.run(1));
}

load::load_plan passage::plan() const { return {.target = proxy_.entrance}; }

std::optional<u64> passage::proxy_cpu_ns() const {
  if (!has_proxy()) return std::nullopt;
  return cpu_ns_of(tree_of(proxy_.process->pid()));
}

u64 passage::proxy_private_bytes() const {
  if (!has_proxy()) throw runtime_unsupported("there is no proxy that could take memory");
  return private_bytes_of(tree_of(proxy_.process->pid()));
}

void passage::complain(std::string const& what) {
  if (has_proxy()) proxy_.process->expect_alive();
  throw std::runtime_error(what);
}

void passage::expect_all_right(load::load_result const& result) {
  if (has_proxy()) proxy_.process->expect_alive();
  if (result.failed() == 0 && !result.gave_up) return;
  std::string kinds;
  for (std::size_t i = 0; i < load::failure_kinds; ++i) {
    auto const kind = static_cast<load::failure>(i);
    if (result.failed(kind) == 0) continue;
    kinds += fmt::format("{}{} {}", kinds.empty() ? "" : ", ", result.failed(kind), name_of(kind));
  }
  complain(fmt::format("of {} requests {} failed: {}", result.scheduled, result.failed(), kinds));
}

}  // namespace regatta::paths
