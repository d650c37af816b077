// One connection of the generator, and the request under way on it.
#pragma once

#include "proxy/load/bulk_head.hpp"
#include "proxy/load/http_reader.hpp"
#include "runtimes/interface/types.hpp"

namespace regatta::load {

struct connection {
  enum class state : u8 {
    closed,      // No socket. The next request opens one.
    knocking,    // A socket, but the backlog of a Unix server was full: connect() again later.
    connecting,  // Under way.
    idle,        // Connected, no request.
    busy,        // A request is sent or an answer is received.
    leaving,     // Done with an orderly close, but for the server's part in it.
    resting,     // No socket, after a failure. For a while no request is tried.
    given_up,    // No socket, after many failures in a row. Not used any more in this run.
  };

  int descriptor = -1;
  // Of the socket: what epoll still tells of an earlier one is not for this one.
  u32 generation = 0;
  u32 number = 0;  // Among all connections of all threads.
  state now = state::closed;
  bool has_request = false;     // While knocking or connecting: it is sent once that is done.
  bool is_ending = false;       // The server closes after this answer.
  bool wants_writable = false;  // epoll tells when it can be written to.
  u8 failures_in_row = 0;
  u8 head_left = 0;    // Bytes of the bulk head to send.
  u8 status_left = 0;  // Bytes to receive before the payload of a bulk transfer.

  // Where the two streams of payload stand, and what is missing of the request's own.
  u32 send_position = 0, receive_position = 0;
  u64 left_to_send = 0, left_to_receive = 0;

  i64 due_ns = 0, sent_ns = 0;
  i64 opened_ns = 0;  // When connect() was called, when it closed, or when a rest began.
  u64 served = 0;     // Requests answered on this socket.

  bulk_head head;
  http_reader answer;
};

}  // namespace regatta::load
