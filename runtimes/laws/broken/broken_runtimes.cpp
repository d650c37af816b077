// The laws that catch each flaw, applied to the runtime that has it, and to the one that has none.
// laws_test.cpp runs this program and looks at what it says.
#include "runtimes/laws/broken/runtime.hpp"
#include "runtimes/laws/lifetimes.hpp"
#include "runtimes/laws/sleeping.hpp"
#include "runtimes/laws/spawning.hpp"
#include "runtimes/laws/waking.hpp"
#include "runtimes/laws/yielding.hpp"

namespace regatta::laws {

using broken::flaw;
template <flaw Flaw>
using with = ::testing::Types<broken::runtime<Flaw>>;

INSTANTIATE_TYPED_TEST_SUITE_P(none, lifetimes, with<flaw::none>);
INSTANTIATE_TYPED_TEST_SUITE_P(none, sleeping, with<flaw::none>);
INSTANTIATE_TYPED_TEST_SUITE_P(none, spawning, with<flaw::none>);
INSTANTIATE_TYPED_TEST_SUITE_P(none, waking, with<flaw::none>);
INSTANTIATE_TYPED_TEST_SUITE_P(none, yielding, with<flaw::none>);

INSTANTIATE_TYPED_TEST_SUITE_P(loses_a_wake, waking, with<flaw::loses_a_wake>);
INSTANTIATE_TYPED_TEST_SUITE_P(forgets_a_task, spawning, with<flaw::forgets_a_task>);
INSTANTIATE_TYPED_TEST_SUITE_P(runs_twice, yielding, with<flaw::runs_twice>);
INSTANTIATE_TYPED_TEST_SUITE_P(leaks_frames, lifetimes, with<flaw::leaks_frames>);
INSTANTIATE_TYPED_TEST_SUITE_P(sleeps_early, sleeping, with<flaw::sleeps_early>);
INSTANTIATE_TYPED_TEST_SUITE_P(starves, yielding, with<flaw::starves>);
INSTANTIATE_TYPED_TEST_SUITE_P(resumes_inline, spawning, with<flaw::resumes_inline>);

}  // namespace regatta::laws
