// A small program "echo" without any runtime, a thread for each connection, for the test of what
// proves such programs. With `--misbehave=KIND` it breaks one rule: see the names below.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>

namespace {

std::string_view kind;

void serve(int peer) {
  std::array<char, 1024> buffer;
  for (;;) {
    const ssize_t size = ::recv(peer, buffer.data(), buffer.size(), 0);
    if (size <= 0) break;
    if (kind == "corrupts") buffer[0] = static_cast<char>(buffer[0] ^ 1);
    if (kind == "loses") break;
    (void)!::send(peer, buffer.data(), static_cast<std::size_t>(size), MSG_NOSIGNAL);
  }
  if (kind != "keeps_connections") ::close(peer);
}

[[noreturn]] void accept_all(int door) {
  for (;;) {
    const int peer = ::accept(door, nullptr, nullptr);
    if (kind == "one_at_a_time") {
      serve(peer);
    } else {
      std::thread(serve, peer).detach();
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  constexpr std::string_view flag = "--misbehave=";
  if (argc > 1) kind = std::string_view(argv[1]).substr(flag.size());

  const int door = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  // Safe because that is how addresses of all families are passed.
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(door, generic, size) != 0 || ::listen(door, 16) != 0) return 1;
  ::getsockname(door, generic, &size);
  if (kind == "prints_nothing") ::pause();
  std::printf(kind == "prints_words" ? "port %u\n" : "%u\n", ntohs(address.sin_port));
  std::fflush(stdout);

  std::thread(accept_all, door).detach();
  char unread = 0;
  while (::read(STDIN_FILENO, &unread, 1) > 0) {
  }
  if (kind == "goes_on") ::pause();
  std::_Exit(kind == "fails" ? 5 : 0);
}
