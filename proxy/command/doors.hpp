// The listening sockets. The program opens them itself, whatever the runtime, and keeps a
// descriptor of each, so that it can hand them to a successor at any time.
#pragma once

#include <string>
#include <vector>

#include "runtimes/interface/endpoint.hpp"

namespace regatta::proxy::command {

class door {
 public:
  // Begins to listen. `address` is as the user wrote it. Throws failure, with the reason. A file
  // that a dead process left where a Unix socket shall be is removed.
  static door open(std::string const& address, u32 backlog);
  // Takes over a socket that listens.
  door(std::string address, int descriptor) noexcept;
  ~door();
  door(door&& other) noexcept;
  door& operator=(door&& other) noexcept;

  std::string const& address() const noexcept { return address_; }
  // Where it really listens: the port that the system chose.
  endpoint where() const noexcept;
  int descriptor() const noexcept { return descriptor_; }
  // Another descriptor of the same socket, for the runtime. Throws failure.
  int duplicate() const;

  // Nobody connects any more, once the runtime has closed its descriptor too.
  void close() noexcept;
  // As close(); and the file of a Unix socket goes.
  void close_and_remove() noexcept;

 private:
  std::string address_;
  int descriptor_;
};

using doors = std::vector<door>;

}  // namespace regatta::proxy::command
