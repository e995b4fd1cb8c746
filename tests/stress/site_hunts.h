/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What site_hunters.c, its part in C++ and its library share: how often each
 * bad moment was met.  A hunt that meets none proves nothing.
 */
#ifndef HMS_TESTS_STRESS_SITE_HUNTS_H
#define HMS_TESTS_STRESS_SITE_HUNTS_H

#define HUNTS(X)                                                               \
	X(constructors) /* allocate, at the start and in dlopen */             \
	X(destructors) /* of libraries, in dlclose */                          \
	X(thread_ends) /* destructors of thread_local objects */               \
	X(key_ends) /* and of pthread_key_create() */                          \
	X(exceptions) /* through frames of libc, whose unwinding allocates */  \
	X(callbacks) /* allocate in dl_iterate_phdr() */                       \
	X(made_code) /* calls, that no module holds */                         \
	X(new_calls) /* from where there was none before, at each fork */      \
	X(backtraces) /* by libgcc */                                          \
	X(unwound) /* by the program's own libunwind */                        \
	X(cancelled) /* threads whose clean-up allocates */                    \
	X(jumps) /* out of handlers that allocate */                           \
	X(profiled) /* by SIGPROF */                                           \
	X(prof_allocs) /* by its handler, in code that only computes */        \
	X(forks)

#ifdef __cplusplus
extern "C" {
#endif

enum hunt {
#define HUNT_NAME(name) met_##name,
	HUNTS(HUNT_NAME)
#undef HUNT_NAME
		met_count
};

#define HUNT_NEW_CALLS 4096

/* Counters; zero in the beginning. */
extern unsigned long hunted[met_count];

static inline void hunted_one(enum hunt hunt)
{
	__atomic_add_fetch(&hunted[hunt], 1, __ATOMIC_RELAXED);
}

/* Allocates n frames further in; async-signal-unsafe. */
void deep(unsigned n);
/* One of each; i tells rounds apart. */
void hunt_exceptions(unsigned i);
void hunt_thread_end(void);
void hunt_cancel(unsigned i);
void hunt_jump(unsigned i);
void hunt_backtrace(unsigned i);
void hunt_made_code(unsigned i);
/* n calls from places that have not called yet; there are HUNT_NEW_CALLS. */
void hunt_new_calls(unsigned n);
/* Opens, calls and closes FOLDER/libhunt.so. */
void hunt_library(const char *folder);

#ifdef __cplusplus
}
#endif

#endif
