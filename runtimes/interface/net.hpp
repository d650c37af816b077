// Stream sockets (TCP and Unix): what a net_runtime offers, and what can be built on any of them.
//
// Every wait here can be cancelled (race, or the death of its task). What that loses is said at
// each operation: reading and accepting lose nothing; of a write nobody knows how much went out.
// One task may read while another writes; two tasks that read the same stream at once are a
// programmer's error. A peer that is gone never raises SIGPIPE: the write answers EPIPE.
#pragma once

#include <cerrno>
#include <concepts>
#include <cstddef>
#include <span>
#include <string_view>

#include "runtimes/interface/endpoint.hpp"
#include "runtimes/interface/io_result.hpp"
#include "runtimes/interface/runtime.hpp"
#include "runtimes/interface/task.hpp"

namespace regatta {

struct listen_options {
  u32 backlog = 4096;    // Connections that may wait to be accepted; the system's limit holds too.
  bool no_delay = true;  // TCP_NODELAY on what is accepted: small messages leave at once.
  bool reuse_port = false;  // SO_REUSEPORT: several listeners share the port.
};

struct connect_options {
  bool no_delay = true;
};

// A connected byte stream. It closes itself when it is destroyed; it may not outlive its runtime.
//
//   read(target)     Some bytes, at least one: as many as are there. {0, 0}: the peer has finished.
//                    An empty target is answered {0, 0} at once. Safe to cancel: no byte is lost.
//   write(source)    Some bytes, at least one. Not safe to cancel: some may be on their way.
//   readable(),      Waits until a read or write is likely to go on at once, so that a task that
//   writable()       waits for long need not hold a buffer. {0, 0}: try it. Safe to cancel.
//   shutdown_write() Tells the peer that we have finished writing; reading goes on. An errno, or 0.
//   close()          Closes it. A task that waits on it is answered ECANCELED.
//   reset()          Closes it and throws away what is on its way: the peer sees ECONNRESET.
//   native_handle()  The descriptor, which stays ours; -1 when closed.
template <class S>
concept byte_stream = std::movable<S> && requires(S& s, S const& c, std::span<std::byte> target,
                                                  std::span<std::byte const> source) {
  { s.read(target) } -> awaitable_of<io_result>;
  { s.write(source) } -> awaitable_of<io_result>;
  { s.readable() } -> awaitable_of<io_result>;
  { s.writable() } -> awaitable_of<io_result>;
  { s.shutdown_write() } -> std::same_as<int>;
  s.close();
  s.reset();
  { c.native_handle() } -> std::same_as<int>;
};

// A stream that tells of a reset also whoever neither reads nor writes just then.
//
//   failure()  Waits until the connection has failed, whatever there is still to be read, and
//              answers the error, never 0. One task at a time, whatever others do meanwhile; the
//              error is told to one of them. Safe to cancel.
template <class S>
concept failure_telling_stream = byte_stream<S> && requires(S& s) {
  { s.failure() } -> awaitable_of<io_result>;
};

// A stream whose bytes stay in the socket until they are read, so that the kernel can move them
// (splice). An empty pipe is full for nobody, and a pipe with something in it is empty for nobody:
// so what makes these wait is always the stream.
//
//   read_to_pipe(pipe, most)     Some bytes into the end of an *empty* pipe that is written to. As
//                                read(). Safe to cancel: no byte is lost.
//   write_from_pipe(pipe, most)  Some of the `most` bytes that are in a pipe, from the end that is
//                                read from. As write(), but whoever calls must ignore SIGPIPE.
template <class S>
concept spliceable_stream = byte_stream<S> && requires(S& s, int pipe, std::size_t most) {
  { s.read_to_pipe(pipe, most) } -> awaitable_of<io_result>;
  { s.write_from_pipe(pipe, most) } -> awaitable_of<io_result>;
};

// Where connections arrive.
//
//   accept()          The next connection. An error that passes (EMFILE: no descriptor is free) is
//                     answered too, and accepting may go on later: wait before you ask again. Safe
//                     to cancel: no connection is lost.
//   local_endpoint()  Where it really listens: the port that the system chose.
//   close()           Accepts no more. What the runtime has accepted already is answered still, so
//                     that no connection is lost; then, and to a task that waits, ECANCELED.
//   native_handle()   The descriptor, which stays ours; -1 when closed, or where there is none.
template <class L, class Stream>
concept stream_listener = std::movable<L> && requires(L& l, L const& c) {
  { l.accept() } -> awaitable_of<io_expected<Stream>>;
  { c.local_endpoint() } -> std::same_as<endpoint>;
  { c.native_handle() } -> std::same_as<int>;
  l.close();
};

// A runtime with sockets.
//
//   listen(where, options)   Begins to listen, at once. Port 0: the system chooses.
//   adopt_listener(socket)   Takes over a socket that listens already: a predecessor's, or one that
//                            was bound with options of its own. From the call on the runtime owns
//                            the descriptor, also where it answers an error. It may set whether the
//                            socket blocks; other processes that share the socket see that. Never
//                            shuts the socket down, as they may go on accepting: it only closes it.
//                            ENOTSUP: a runtime whose sockets are not the system's.
//   connect(where, options)  A connection; lazy, as all awaitables. Safe to cancel: the attempt
//                            ends. Has no limit of its own: race it against a sleep.
template <class R>
concept net_runtime = timed_runtime<R> && byte_stream<typename R::stream> &&
                      stream_listener<typename R::listener, typename R::stream> &&
                      requires(R& rt, endpoint where, listen_options listening,
                               connect_options connecting, int descriptor) {
                        {
                          rt.listen(where, listening)
                        } -> std::same_as<io_expected<typename R::listener>>;
                        { rt.listen(where) } -> std::same_as<io_expected<typename R::listener>>;
                        {
                          rt.adopt_listener(descriptor)
                        } -> std::same_as<io_expected<typename R::listener>>;
                        {
                          rt.connect(where, connecting)
                        } -> awaitable_of<io_expected<typename R::stream>>;
                        { rt.connect(where) } -> awaitable_of<io_expected<typename R::stream>>;
                      };

inline std::span<std::byte const> bytes_of(std::string_view text) noexcept {
  return std::as_bytes(std::span(text));
}

// Writes all of `source`, or answers how much had gone out when an error came. Not safe to cancel.
template <byte_stream S>
task<io_result> write_all(S& stream, std::span<std::byte const> source) {
  std::size_t written = 0;
  while (written < source.size()) {
    auto const [count, error] = co_await stream.write(source.subspan(written));
    written += count;
    if (error != 0) co_return io_result{written, error};
  }
  co_return io_result{written, 0};
}

// Fills `target`, or answers how much had come when the peer finished (error 0) or an error came.
// Not safe to cancel: what had come is lost with the target.
template <byte_stream S>
task<io_result> read_exactly(S& stream, std::span<std::byte> target) {
  std::size_t read = 0;
  while (read < target.size()) {
    auto const [count, error] = co_await stream.read(target.subspan(read));
    read += count;
    if (error != 0 || count == 0) co_return io_result{read, error};
  }
  co_return io_result{read, 0};
}

}  // namespace regatta
