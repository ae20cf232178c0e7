/* SPDX-License-Identifier: MIT */
/* What the programs of this folder are made of. They are plain programs with a main(): Criterion and ThreadSanitizer do
 * not go together. */
#ifndef TEST_CHECK_H
#define TEST_CHECK_H

#include <stdbool.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CHECK_UNDER_TSAN
#endif
#endif

/* Notes whether something holds; goes on either way. From any thread. True when it does. */
#define CHECK(what)              check_that((what), __FILE__, __LINE__, #what, "%s", "")
/* The same with why it matters, or what was there instead; printf. */
#define CHECK_MSG(what, ...)     check_that((what), __FILE__, __LINE__, #what, __VA_ARGS__)
/* The result of a call of envoi. */
#define CHECK_RC(call, expected) check_rc((call), (expected), __FILE__, __LINE__, #call)
/* Runs one test function, in this process or in one of its own, whose libraries nobody has used yet. */
#define RUN(test)                check_run(test, #test)
#define RUN_IN_A_PROCESS(test)   check_run_in_a_process(test, #test)

bool check_that(bool holds, const char *file, int line, const char *what, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
bool check_rc(int rc, int expected, const char *file, int line, const char *what);
void check_run(void (*test)(void), const char *name);
void check_run_in_a_process(void (*test)(void), const char *name);

/* In a child of fork(). */
void check_begin_child(void);
/* Ends the child, with a status that says whether all was in order. */
void check_end_child(void) __attribute__((noreturn));
/* Waits for the child and notes how it ended. */
void check_child(int pid);

/* The closing line, and what main() returns. A program that checked nothing has failed. */
int check_end(void);

#endif
