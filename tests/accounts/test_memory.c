/* SPDX-License-Identifier: MIT */
/* Allocation n fails, for each n: the result is that memory ran out, nothing leaks, and the next try is good. */
#include "accounts/accounts.h"
#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "accounts/file.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The allocation that fails, counted down; 0: none. The linker lets accounts/ call these (--wrap). */
static int until_failure;

static int must_fail(void)
{
    if (!until_failure || --until_failure)
        return 0;
    errno = ENOMEM;
    return 1;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
char *__wrap_strdup(const char *text);
int __wrap_asprintf(char **out, const char *format, ...) __attribute__((format(printf, 2, 3)));

void *__wrap_malloc(size_t size)
{
    return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return must_fail() ? NULL : __real_realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
    return must_fail() ? NULL : __real_reallocarray(old, count, size);
}

char *__wrap_strdup(const char *text)
{
    return must_fail() ? NULL : __real_strdup(text);
}

int __wrap_asprintf(char **out, const char *format, ...)
{
    va_list args;
    if (must_fail())
        return -1;
    va_start(args, format);
    int n = vasprintf(out, format, args);
    va_end(args);
    return n;
}

static const char users[] = "default = work\ntimeout = 9\n[work]\nhost-env = HOSTS\nlike = base\npassword-file = pw\n"
                            "from = *@example.org, me@example.org\n[other]\nhost = x\nca = ~/x.pem\n";
static const char systems[] = "helo = h.example\n[base]\nuser = me\ncert = /c\nkey = /k\n";

/* All that a program does with accounts. Returns 0 or an exit code. */
static int act(struct fault *fault)
{
    struct sections read[2] = {0};
    struct accounts *accounts = NULL;
    struct values values = {0};
    struct choice choice;
    int rc = file_parse("user", users, strlen(users), &read[0], fault);
    if (!rc)
        rc = file_parse("system", systems, strlen(systems), &read[1], fault);
    if (!rc)
        rc = accounts_make(&(struct accounts_files){.user = "user", .system = "system"}, &read[0], &read[1], &accounts,
                           fault);
    if (!rc)
        rc = accounts_choose(accounts, NULL, "<me@example.org>", &choice, fault);
    if (!rc)
        rc = accounts_values(accounts, choice.account, &values, fault);
    if (!rc)
        cr_expect_eq(values.count, 12, "%zu", values.count);
    values_free(&values);
    accounts_free(accounts);
    file_free(&read[0]);
    file_free(&read[1]);
    return rc;
}

Test(memory, every_allocation_can_fail, .timeout = 20)
{
    int n = 0, rc = -1;
    setenv("HOSTS", "a, b, c", 1);
    unsetenv("ENVOI_ACCOUNT");
    while (rc) {
        struct fault fault = {0};
        until_failure = ++n;
        rc = act(&fault);
        int failed = !until_failure;
        until_failure = 0;
        cr_assert_eq(rc, failed ? EXIT_LOCAL : 0, "allocation %d: %d %s", n, rc, fault.text);
        cr_assert_lt(n, 2000);
    }
    cr_assert_gt(n, 60, "%d", n);
}
