/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <envoi/envoi.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Nothing here waits for so long, under valgrind either: whoever does, hangs. */
#define SECONDS_MAX 280

/* In memory that children of fork() share. */
static struct {
    atomic_uint checked, failed;
} * counts;

static unsigned checked_before, failed_before; /* in a child: what others had noted when it began */

__attribute__((constructor)) static void share(void)
{
    counts = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (counts == MAP_FAILED)
        abort();
}

static bool note(bool holds, const char *file, int line, const char *text)
{
    (void)atomic_fetch_add(&counts->checked, 1);
    if (!holds) {
        (void)atomic_fetch_add(&counts->failed, 1);
        fprintf(stderr, "%s:%d: failed: %s\n", file, line, text);
    }
    return holds;
}

bool check_that(bool holds, const char *file, int line, const char *what, const char *format, ...)
{
    char text[1024];
    va_list args;
    int n = snprintf(text, sizeof text, "%s: ", what);

    va_start(args, format);
    if (!holds && n > 0 && (size_t)n < sizeof text)
        (void)vsnprintf(text + n, sizeof text - (size_t)n, format, args);
    va_end(args);
    return note(holds, file, line, text);
}

bool check_rc(int rc, int expected, const char *file, int line, const char *what)
{
    return check_that(rc == expected, file, line, what, "%s instead of %s", envoi_error_name(rc),
                      envoi_error_name(expected));
}

void check_run(void (*test)(void), const char *name)
{
    unsigned before = counts->failed;

    alarm(SECONDS_MAX);
    test();
    alarm(0);
    printf("%s  %s\n", counts->failed == before ? "ok  " : "FAIL", name);
    fflush(stdout);
}

void check_run_in_a_process(void (*test)(void), const char *name)
{
    unsigned before = counts->failed;
    pid_t pid = fork();

    if (pid == 0) {
        check_begin_child();
        test();
        check_end_child();
    }
    check_child(pid);
    printf("%s  %s\n", counts->failed == before ? "ok  " : "FAIL", name);
    fflush(stdout);
}

void check_begin_child(void)
{
    checked_before = counts->checked;
    failed_before = counts->failed;
    alarm(SECONDS_MAX); /* not inherited */
}

void check_end_child(void)
{
    bool any = counts->checked > checked_before;

    if (!any)
        fprintf(stderr, "%d: a child that checked nothing\n", (int)getpid());
    exit(counts->failed > failed_before || !any); /* not _exit(): the sanitizers have their say at the end */
}

void check_child(int pid)
{
    int status = -1;

    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
    CHECK_MSG(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a child ended with status %#x", (unsigned)status);
}

int check_end(void)
{
    printf("%u checks, %u failed\n", (unsigned)counts->checked, (unsigned)counts->failed);
    return counts->failed || counts->checked == 0;
}
