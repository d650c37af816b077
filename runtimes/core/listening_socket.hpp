// A listening socket that comes from elsewhere: is it one, and may it block?
#pragma once

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace regatta::core {

// EINVAL where the descriptor is no stream socket that listens.
inline int check_listening_socket(int descriptor) noexcept {
  auto const ask = [&](int option, int& answer) {
    socklen_t length = sizeof answer;
    return ::getsockopt(descriptor, SOL_SOCKET, option, &answer, &length) == 0 ? 0 : errno;
  };
  int listens = 0;
  int type = 0;
  if (int const error = ask(SO_ACCEPTCONN, listens); error != 0) return error;
  if (int const error = ask(SO_TYPE, type); error != 0) return error;
  return listens != 0 && type == SOCK_STREAM ? 0 : EINVAL;
}

// Readies a socket for adoption. Answers 0, or why it will not do; then the descriptor is closed.
inline int prepare_listening_socket(int descriptor, bool blocks) noexcept {
  int error = check_listening_socket(descriptor);
  int nonblocking = blocks ? 0 : 1;
  if (error == 0 && ::ioctl(descriptor, FIONBIO, &nonblocking) != 0) error = errno;
  if (error == 0 && ::ioctl(descriptor, FIOCLEX) != 0) error = errno;
  if (error != 0 && descriptor >= 0) ::close(descriptor);
  return error;
}

}  // namespace regatta::core
