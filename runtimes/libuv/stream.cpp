#include "runtimes/libuv/stream.hpp"

#include <cerrno>

#include "runtimes/core/listening_socket.hpp"
#include "runtimes/interface/teardown.hpp"

namespace regatta::runtimes::libuv {

read_operation::~read_operation() {
  if (!connection_.is_inside()) return;
  connection_->stop_waiting(*this);
  // Cancelled with bytes in hand. In a teardown the memory that they lie in may be gone, and there
  // is nobody left to read them.
  if (is_answered() && connection_->is_open() && !teardown::is_on()) {
    connection_->give_back(target.first(result().count));
  }
  connection_->end_read();
  connection_.leave();
}

bool read_operation::await_ready() {
  if (is_trivial_ || !connection_.enter()) return true;
  connection_->begin_read();
  return connection_->has_input() && budget::spend();
}

bool read_operation::suspend(work& me) noexcept {
  // The budget is spent: others first. Nothing is taken before our turn.
  if (connection_->has_input()) {
    me.wake();
    return true;
  }
  int const error = connection_->wait_for_input(*this);
  if (error != 0) {
    answer({0, error});
    return false;
  }
  wait_as(me);
  return true;
}

io_result read_operation::await_resume() {
  if (!connection_.is_inside()) return {0, is_trivial_ ? 0 : ECANCELED};
  bool const only_waits = target.empty();
  io_result answer = result();
  if (!is_answered()) {
    answer = connection_->take_input(target);
    if (only_waits && answer.error != ECANCELED) answer.error = 0;  // The read will tell.
  }
  connection_->end_read();
  connection_.leave();
  return answer;
}

write_operation::~write_operation() {
  if (!connection_.is_inside()) return;
  connection_->stop_waiting(*this);
  connection_->end_write();
  connection_.leave();
}

bool write_operation::await_ready() {
  if (is_trivial_ || !connection_.enter()) return true;
  connection_->begin_write();
  connection_->wait_to_write(*this);
  return is_answered() && budget::spend();
}

io_result write_operation::await_resume() noexcept {
  if (!connection_.is_inside()) return {0, is_trivial_ ? 0 : ECANCELED};
  connection_->end_write();
  connection_.leave();
  return result();
}

accept_operation::~accept_operation() {
  if (!listener_.is_inside()) return;
  listener_->stop_waiting(*this);
  if (accepted() != nullptr) {
    if (listener_->is_open()) {
      listener_->give_back(accepted());
    } else {
      owner_of<connection>(accepted()).close();
    }
  }
  listener_->end_accept();
  listener_.leave();
}

bool accept_operation::await_ready() noexcept {
  if (!listener_.enter()) return true;
  listener_->begin_accept();
  return listener_->has_arrivals() && budget::spend();
}

void accept_operation::suspend(work& me) noexcept {
  if (listener_->has_arrivals()) {
    me.wake();
    return;
  }
  listener_->wait_for_arrival(*this);
  wait_as(me);
}

io_expected<stream> accept_operation::await_resume() {
  if (!listener_.is_inside()) return io_error{ECANCELED};
  connection* next = accepted();
  int code = error();
  if (!is_answered()) next = listener_->take_arrival(code);
  listener_->end_accept();
  listener_.leave();
  if (next == nullptr) return io_error{code};
  return stream(next);
}

io_expected<listener> listener::listen(loop_context& home, endpoint const& where,
                                       listen_options const& options) {
  owner_of<listening> made(listening::make(home, where.is_unix()));
  int const error = made.get()->listen(core::to_socket_address(where), options);
  if (error != 0) return io_error{error};
  return listener(std::move(made));
}

io_expected<listener> listener::adopt(loop_context& home, int descriptor) {
  if (int const error = core::prepare_listening_socket(descriptor, false); error != 0) {
    return io_error{error};
  }
  core::socket_address address;
  address.length = sizeof address.storage;
  (void)::getsockname(descriptor, address.get(), &address.length);
  owner_of<listening> made(listening::make(home, address.storage.ss_family == AF_UNIX));
  int const error = made.get()->adopt(descriptor);
  if (error != 0) return io_error{error};
  return listener(std::move(made));
}

connect_operation::~connect_operation() {
  if (connection_.get() != nullptr) connection_.get()->stop_connecting();
}

bool connect_operation::await_ready() {
  connection_ = owner_of<connection>(connection::make(home_, where_.is_unix()));
  auto const address = core::to_socket_address(where_);
  int const error = connection_.get()->connect(address, options_.no_delay, *this);
  if (error != 0) answer({0, error});
  return is_answered();
}

io_expected<stream> connect_operation::await_resume() {
  int const error = result().error;
  if (error != 0) return io_error{error};
  return stream(connection_.release());
}

}  // namespace regatta::runtimes::libuv
