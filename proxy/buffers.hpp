// Buffers of one size, lent for as long as bytes are really under way: an idle connection has none.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "runtimes/interface/threading.hpp"

namespace regatta::proxy {

// Threading is the runtime's (threading.hpp): who may lend and give back at once.
template <class Threading>
class buffer_store {
 public:
  // Keeps at most `most_kept` buffers that nobody uses.
  explicit buffer_store(std::size_t bytes, std::size_t most_kept = 64)
      : bytes_(bytes), most_kept_(most_kept) {
    kept_.reserve(most_kept);
  }
  buffer_store(buffer_store const&) = delete;
  buffer_store& operator=(buffer_store const&) = delete;

  // Gives its buffer back when it is destroyed. The store must still be there.
  class loan {
   public:
    loan() = default;
    loan(loan&& other) noexcept : from_(other.from_), memory_(std::move(other.memory_)) {}
    loan& operator=(loan&& other) noexcept {
      give_back();
      from_ = other.from_;
      memory_ = std::move(other.memory_);
      return *this;
    }
    ~loan() { give_back(); }

    explicit operator bool() const noexcept { return memory_ != nullptr; }
    std::span<std::byte> bytes() const noexcept { return {memory_.get(), from_->bytes_}; }
    void give_back() noexcept {
      if (memory_ != nullptr) from_->keep(std::move(memory_));
    }

   private:
    friend buffer_store;
    loan(buffer_store& from, std::unique_ptr<std::byte[]> memory) noexcept
        : from_(&from), memory_(std::move(memory)) {}

    buffer_store* from_ = nullptr;
    std::unique_ptr<std::byte[]> memory_;
  };

  loan lend() {
    {
      std::lock_guard const held(lock_);
      if (!kept_.empty()) {
        auto memory = std::move(kept_.back());
        kept_.pop_back();
        return loan(*this, std::move(memory));
      }
    }
    auto memory = std::unique_ptr<std::byte[]>(new std::byte[bytes_]);
    std::lock_guard const held(lock_);
    ++made_;
    return loan(*this, std::move(memory));
  }

  std::size_t bytes_of_each() const noexcept { return bytes_; }

  // How many buffers were ever made.
  u64 made() const noexcept {
    std::lock_guard const held(lock_);
    return made_;
  }

  // How many buffers lie here unused.
  std::size_t kept() const noexcept {
    std::lock_guard const held(lock_);
    return kept_.size();
  }

 private:
  void keep(std::unique_ptr<std::byte[]> memory) noexcept {
    // Room was reserved: this cannot throw. What is too much is freed after unlocking.
    std::lock_guard const held(lock_);
    if (kept_.size() < most_kept_) kept_.push_back(std::move(memory));
  }

  std::size_t const bytes_;
  std::size_t const most_kept_;
  mutable typename Threading::lock lock_;
  std::vector<std::unique_ptr<std::byte[]>> kept_;
  u64 made_ = 0;
};

}  // namespace regatta::proxy
