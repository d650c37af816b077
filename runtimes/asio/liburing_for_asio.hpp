// liburing as Asio expects it. To be included before any header of Asio's, by every source that
// includes one.
//
// Asio (Boost 1.81) does not say whose a cancellation's own completion is, and takes one without an
// owner as nobody's. liburing cleared the owner in every io_uring_prep_…() until 2.1; since 2.2 it
// leaves what the entry had when it was last used. So, once the ring has gone round, a
// cancellation would end an operation of some other socket, or put it on Asio's queue twice.
#pragma once

#if defined(BOOST_ASIO_HAS_IO_URING)
#include <liburing.h>

inline void regatta_prepare_cancellation(io_uring_sqe* entry, void* cancelled, int flags) noexcept {
  io_uring_prep_cancel(entry, cancelled, flags);
  io_uring_sqe_set_data(entry, nullptr);
}
// A macro, because Asio calls the function by its qualified name.
#define io_uring_prep_cancel regatta_prepare_cancellation
#endif
