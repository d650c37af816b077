// What laws of sockets share.
#pragma once

#include "runtimes/interface/net.hpp"
#include "runtimes/laws/support/law.hpp"

namespace regatta::laws {

// As with_each(), where R offers sockets; elsewhere the law is skipped, and says why.
template <runtime R, class Body>
void with_each_net(Body body) {
  if constexpr (net_runtime<R>) {
    with_each<R>(body);
  } else {
    GTEST_SKIP() << R::info().name << " offers no sockets";
  }
}

}  // namespace regatta::laws
