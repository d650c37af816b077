// A kernel that refuses io_uring: a filter does what kernel.io_uring_disabled, a container or an
// old kernel would do.
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "runtimes/io_uring/runtime.hpp"

namespace regatta::runtimes::io_uring {
namespace {

// From here on io_uring_setup answers `error`, for this process. False: no filter can be set.
bool refuse_rings(u32 error) {
  constexpr u32 io_uring_setup_number = 425;  // The same on every architecture.
  sock_filter steps[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, io_uring_setup_number, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  sock_fprog const program{.len = 4, .filter = steps};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

template <class R>
void say_what_making_it_says(u32 error) {
  if (!refuse_rings(error)) {
    std::fprintf(stderr, "no filter\n");
    std::exit(0);
  }
  try {
    R const rt(options{});
    std::fprintf(stderr, "made\n");
  } catch (runtime_unsupported const& refused) {
    std::fprintf(stderr, "unsupported: %s\n", refused.what());
  }
  std::exit(0);
}

template <class R>
class Refusal : public ::testing::Test {
 protected:
  Refusal() { testing::FLAGS_gtest_death_test_style = "threadsafe"; }
};
using each_runtime = ::testing::Types<one_thread, per_core>;
TYPED_TEST_SUITE(Refusal, each_runtime);

TYPED_TEST(Refusal, OfAnAdministratorIsSaid) {
  EXPECT_EXIT(say_what_making_it_says<TypeParam>(EPERM), ::testing::ExitedWithCode(0),
              "no filter|unsupported: the kernel refuses io_uring: Operation not permitted; see "
              "/proc/sys/kernel/io_uring_disabled");
}

TYPED_TEST(Refusal, OfAKernelWithoutItIsSaid) {
  EXPECT_EXIT(say_what_making_it_says<TypeParam>(ENOSYS), ::testing::ExitedWithCode(0),
              "no filter|unsupported: the kernel refuses io_uring: Function not implemented");
}

// To be out of descriptors is a trouble of the moment and no refusal.
TYPED_TEST(Refusal, IsNotWhatALackOfDescriptorsIs) {
  EXPECT_EXIT(
      {
        try {
          say_what_making_it_says<TypeParam>(EMFILE);
        } catch (std::system_error const& error) {
          std::fprintf(stderr, "an error: %s\n", error.what());
          std::exit(0);
        }
      },
      ::testing::ExitedWithCode(0), "no filter|an error: .*Too many open files");
}

}  // namespace
}  // namespace regatta::runtimes::io_uring
