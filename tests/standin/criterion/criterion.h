/* SPDX-License-Identifier: MIT */
/*
 * What the tests use of Criterion, where a distribution or a machine has none: the same tests are compiled with this
 * header instead, and ../runner.c runs them (ENVOI_TEST_STANDIN).
 */
#ifndef STANDIN_CRITERION_H
#define STANDIN_CRITERION_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct criterion_options {
    int none; /* so that a list may be empty */
    void (*init)(void);
    void (*fini)(void);
    double timeout; /* seconds; 0: none */
    int signal;     /* which the test is to die of */
};

struct criterion_test_params {
    size_t size;
    void *params;
    size_t length;
    void (*cleanup)(struct criterion_test_params *);
};

struct criterion_test {
    const char *suite, *name; /* name NULL: the options of the whole suite */
    struct criterion_options options;
    void (*run)(void);
    void (*run_with)(void *param);
    struct criterion_test_params (*params)(void);
    struct criterion_test *next;
};

void criterion_add(struct criterion_test *test);

enum criterion_check { CRITERION_EXPECT, CRITERION_ASSERT };
/* message: a space, and what the test adds to expression */
void criterion_check(bool ok, enum criterion_check kind, const char *file, int line, const char *expression,
                     const char *message, ...) __attribute__((format(printf, 6, 7)));
_Noreturn void criterion_skip(const char *message, ...) __attribute__((format(printf, 1, 2)));
void cr_redirect_stderr(void);
bool criterion_stderr_is(const char *text);

/* ---- tests ---- */

#define CRITERION_ADD(symbol, ...)                                                                                     \
    static struct criterion_test symbol##_test = {__VA_ARGS__};                                                        \
    __attribute__((constructor)) static void symbol##_add(void)                                                        \
    {                                                                                                                  \
        criterion_add(&symbol##_test);                                                                                 \
    }

#define TestSuite(suite_, ...)                                                                                         \
    CRITERION_ADD(criterion_##suite_, .suite = #suite_, .options = {.none = 0, __VA_ARGS__})                           \
    struct criterion_test

#define Test(suite_, name_, ...)                                                                                       \
    static void criterion_##suite_##_##name_(void);                                                                    \
    CRITERION_ADD(criterion_##suite_##_##name_, .suite = #suite_, .name = #name_, .options = {.none = 0, __VA_ARGS__}, \
                  .run = criterion_##suite_##_##name_)                                                                 \
    static void criterion_##suite_##_##name_(void)

/* parameter: the declaration of a pointer */
#define ParameterizedTest(parameter, suite_, name_, ...)                                                               \
    static void criterion_##suite_##_##name_(parameter);                                                               \
    static void criterion_##suite_##_##name_##_with(void *param)                                                       \
    {                                                                                                                  \
        criterion_##suite_##_##name_(param);                                                                           \
    }                                                                                                                  \
    CRITERION_ADD(criterion_##suite_##_##name_, .suite = #suite_, .name = #name_, .options = {.none = 0, __VA_ARGS__}, \
                  .run_with = criterion_##suite_##_##name_##_with, .params = criterion_##suite_##_##name_##_params)    \
    static void criterion_##suite_##_##name_(parameter)

#define ParameterizedTestParameters(suite, name)                                                                       \
    static struct criterion_test_params criterion_##suite##_##name##_params(void)

#define cr_make_param_array(type, array, length, ...)                                                                  \
    ((struct criterion_test_params){sizeof(type), (array), (length), __VA_ARGS__})

/* Every test has a process of its own, by fork(), which sees this memory. */
#define cr_malloc malloc
#define cr_calloc calloc
#define cr_free   free

/* ---- checks ---- */

#define CRITERION_CHECK(kind, ok, expression, ...)                                                                     \
    criterion_check((ok), CRITERION_##kind, __FILE__, __LINE__, expression, " " __VA_ARGS__)
#define CRITERION_COMPARE(kind, a, operation, b, ...)                                                                  \
    CRITERION_CHECK(kind, (a)operation(b), #a " " #operation " " #b, __VA_ARGS__)
#define CRITERION_STRINGS(kind, a, operation, b, ...)                                                                  \
    CRITERION_CHECK(kind, strcmp((a), (b)) operation 0, #a " " #operation " " #b, __VA_ARGS__)
#define CRITERION_ARRAYS(kind, a, b, size, ...)                                                                        \
    CRITERION_CHECK(kind, memcmp((a), (b), (size)) == 0, #a " == " #b, __VA_ARGS__)

#define cr_assert(what, ...)              CRITERION_CHECK(ASSERT, (what), #what, __VA_ARGS__)
#define cr_expect(what, ...)              CRITERION_CHECK(EXPECT, (what), #what, __VA_ARGS__)
#define cr_assert_not(what, ...)          CRITERION_CHECK(ASSERT, !(what), "not " #what, __VA_ARGS__)
#define cr_expect_not(what, ...)          CRITERION_CHECK(EXPECT, !(what), "not " #what, __VA_ARGS__)
#define cr_assert_null(what, ...)         CRITERION_COMPARE(ASSERT, what, ==, NULL, __VA_ARGS__)
#define cr_expect_null(what, ...)         CRITERION_COMPARE(EXPECT, what, ==, NULL, __VA_ARGS__)
#define cr_assert_not_null(what, ...)     CRITERION_COMPARE(ASSERT, what, !=, NULL, __VA_ARGS__)
#define cr_expect_not_null(what, ...)     CRITERION_COMPARE(EXPECT, what, !=, NULL, __VA_ARGS__)
#define cr_assert_eq(a, b, ...)           CRITERION_COMPARE(ASSERT, a, ==, b, __VA_ARGS__)
#define cr_expect_eq(a, b, ...)           CRITERION_COMPARE(EXPECT, a, ==, b, __VA_ARGS__)
#define cr_assert_neq(a, b, ...)          CRITERION_COMPARE(ASSERT, a, !=, b, __VA_ARGS__)
#define cr_expect_neq(a, b, ...)          CRITERION_COMPARE(EXPECT, a, !=, b, __VA_ARGS__)
#define cr_assert_lt(a, b, ...)           CRITERION_COMPARE(ASSERT, a, <, b, __VA_ARGS__)
#define cr_expect_lt(a, b, ...)           CRITERION_COMPARE(EXPECT, a, <, b, __VA_ARGS__)
#define cr_assert_gt(a, b, ...)           CRITERION_COMPARE(ASSERT, a, >, b, __VA_ARGS__)
#define cr_expect_gt(a, b, ...)           CRITERION_COMPARE(EXPECT, a, >, b, __VA_ARGS__)
#define cr_assert_leq(a, b, ...)          CRITERION_COMPARE(ASSERT, a, <=, b, __VA_ARGS__)
#define cr_expect_leq(a, b, ...)          CRITERION_COMPARE(EXPECT, a, <=, b, __VA_ARGS__)
#define cr_assert_geq(a, b, ...)          CRITERION_COMPARE(ASSERT, a, >=, b, __VA_ARGS__)
#define cr_expect_geq(a, b, ...)          CRITERION_COMPARE(EXPECT, a, >=, b, __VA_ARGS__)
#define cr_assert_str_eq(a, b, ...)       CRITERION_STRINGS(ASSERT, a, ==, b, __VA_ARGS__)
#define cr_expect_str_eq(a, b, ...)       CRITERION_STRINGS(EXPECT, a, ==, b, __VA_ARGS__)
#define cr_assert_str_neq(a, b, ...)      CRITERION_STRINGS(ASSERT, a, !=, b, __VA_ARGS__)
#define cr_expect_str_neq(a, b, ...)      CRITERION_STRINGS(EXPECT, a, !=, b, __VA_ARGS__)
#define cr_assert_str_empty(what, ...)    CRITERION_STRINGS(ASSERT, what, ==, "", __VA_ARGS__)
#define cr_expect_str_empty(what, ...)    CRITERION_STRINGS(EXPECT, what, ==, "", __VA_ARGS__)
#define cr_assert_arr_eq(a, b, size, ...) CRITERION_ARRAYS(ASSERT, a, b, size, __VA_ARGS__)
#define cr_expect_arr_eq(a, b, size, ...) CRITERION_ARRAYS(EXPECT, a, b, size, __VA_ARGS__)
#define cr_assert_stderr_eq_str(text)     CRITERION_CHECK(ASSERT, criterion_stderr_is(text), "stderr == " #text, )
#define cr_assert_fail(...)               CRITERION_CHECK(ASSERT, false, "failed", __VA_ARGS__)
#define cr_skip_test(...)                 criterion_skip(" " __VA_ARGS__)

#endif
