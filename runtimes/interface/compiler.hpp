// Every workaround for a compiler, and nowhere else, each with its bug and the version that ends
// it.
#pragma once

// clang < 19 may write to the frame after an inlined await_suspend has published it to another
// thread (llvm #56301, #65054; ended by clang 19).
#if defined(__clang__) && __clang_major__ < 19
#define REGATTA_AWAIT_SUSPEND [[gnu::noinline]]
#else
#define REGATTA_AWAIT_SUSPEND
#endif

// A compiler may keep the address of a thread-local across a suspension, after which the coroutine
// can be on another thread (llvm #47179, #63022, open). Whatever reads a thread-local on behalf of
// a coroutine goes through a function that is never inlined.
#define REGATTA_READS_THREAD_LOCAL [[gnu::noinline]]

#if defined(__SANITIZE_ADDRESS__)
#define REGATTA_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define REGATTA_ADDRESS_SANITIZER 1
#endif
#endif
#ifndef REGATTA_ADDRESS_SANITIZER
#define REGATTA_ADDRESS_SANITIZER 0
#endif

#if defined(__SANITIZE_THREAD__)
#define REGATTA_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define REGATTA_THREAD_SANITIZER 1
#endif
#endif
#ifndef REGATTA_THREAD_SANITIZER
#define REGATTA_THREAD_SANITIZER 0
#endif
