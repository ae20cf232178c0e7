/* SPDX-License-Identifier: MIT */
/*
 * Runs the tests of a program, each in a process of its own, and closes with Criterion's line of numbers.
 *
 *   PROGRAM [--filter SUITE/TEST]    a pattern as of the shell; other options are Criterion's, and without effect
 *   ENVOI_TEST_LEFT_OUT=FILE         skips the tests of its lines: SUITE/TEST, a tab, the reason
 *   ENVOI_TEST_PATIENCE=N            every timeout N times as long, for an emulated machine: what CMake was told
 */
#include <criterion/criterion.h>

#include <fnmatch.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FAILED = 1, SKIPPED = 77 };

static struct criterion_test *tests, **tests_end = &tests;
static struct {
    unsigned passed, failed, crashed;
} count;
static bool expectation_failed;
static FILE *redirected;

void criterion_add(struct criterion_test *test)
{
    *tests_end = test;
    tests_end = &test->next;
}

/* ---- in the process of a test ---- */

void criterion_check(bool ok, enum criterion_check kind, const char *file, int line, const char *expression,
                     const char *message, ...)
{
    va_list args;

    if (ok)
        return;
    va_start(args, message);
    (void)fprintf(stderr, "[----] %s:%d: failed: %s:", file, line, expression);
    (void)vfprintf(stderr, message, args);
    (void)fputc('\n', stderr);
    va_end(args);
    expectation_failed = true;
    if (kind == CRITERION_ASSERT)
        exit(FAILED);
}

void criterion_skip(const char *message, ...)
{
    va_list args;

    va_start(args, message);
    (void)vfprintf(stderr, message, args);
    (void)fputc('\n', stderr);
    va_end(args);
    exit(SKIPPED);
}

void cr_redirect_stderr(void)
{
    redirected = tmpfile();
    if (!redirected || dup2(fileno(redirected), STDERR_FILENO) < 0)
        exit(FAILED);
}

bool criterion_stderr_is(const char *text)
{
    size_t len = strlen(text), got;
    char *said = malloc(len + 2);

    if (!said || !redirected || fflush(stderr) || fseek(redirected, 0, SEEK_SET))
        return false;
    got = fread(said, 1, len + 1, redirected);
    got = got == len && memcmp(said, text, len) == 0;
    free(said);
    return got;
}

static void run(const struct criterion_test *test, void *param)
{
    if (test->options.init)
        test->options.init();
    if (test->run_with)
        test->run_with(param);
    else
        test->run();
    if (test->options.fini)
        test->options.fini();
    exit(expectation_failed ? FAILED : 0);
}

/* ---- outside ---- */

/* What a test does not say, its suite does. */
static void inherit(struct criterion_test *test)
{
    for (const struct criterion_test *suite = tests; suite; suite = suite->next) {
        struct criterion_options *own = &test->options;
        const struct criterion_options *of = &suite->options;
        if (suite->name || strcmp(suite->suite, test->suite) != 0)
            continue;
        own->init = own->init ? own->init : of->init;
        own->fini = own->fini ? own->fini : of->fini;
        own->timeout = own->timeout > 0 ? own->timeout : of->timeout;
        own->signal = own->signal ? own->signal : of->signal;
    }
}

/* SIGCHLD is blocked. Returns what waitpid() tells. */
static int wait_for(pid_t child, double timeout)
{
    const char *patience = getenv("ENVOI_TEST_PATIENCE");
    struct timespec limit = {(time_t)(timeout * (patience ? atof(patience) : 1)), 0};
    sigset_t ended;
    int status = 0;

    (void)sigemptyset(&ended);
    (void)sigaddset(&ended, SIGCHLD);
    while (waitpid(child, &status, WNOHANG) == 0) {
        if (sigtimedwait(&ended, NULL, timeout > 0 ? &limit : NULL) == SIGCHLD)
            continue;
        (void)fprintf(stderr, "[----] timed out after %ld s\n", (long)limit.tv_sec);
        (void)kill(child, SIGKILL);
        timeout = 0;
    }
    return status;
}

static void run_apart(const struct criterion_test *test, void *param, size_t number)
{
    sigset_t ended, before;
    pid_t child;
    int status;

    (void)sigemptyset(&ended);
    (void)sigaddset(&ended, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &ended, &before);
    (void)fflush(NULL);
    child = fork();
    if (child == 0) {
        (void)sigprocmask(SIG_SETMASK, &before, NULL);
        run(test, param);
    }
    status = child < 0 ? -1 : wait_for(child, test->options.timeout);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);

    if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED) {
        (void)fprintf(stderr, "[SKIP] %s::%s\n", test->suite, test->name);
    } else if (test->options.signal ? WIFSIGNALED(status) && WTERMSIG(status) == test->options.signal : status == 0) {
        count.passed++;
    } else {
        count.failed++;
        count.crashed += WIFSIGNALED(status);
        (void)fprintf(stderr, "[FAIL] %s::%s, parameter %zu, status %#x\n", test->suite, test->name, number,
                      (unsigned)status);
    }
}

/* Whether a line of the list (NULL: there is none) is about the test, which is skipped then. */
static bool is_left_out(const struct criterion_test *test, const char *list)
{
    FILE *file = list ? fopen(list, "r") : NULL;
    char line[512], name[256];
    bool found = false;

    if (list && !file) {
        perror(list);
        exit(FAILED);
    }
    (void)snprintf(name, sizeof name, "%s/%s\t", test->suite, test->name);
    while (file && !found && fgets(line, sizeof line, file))
        found = strncmp(line, name, strlen(name)) == 0;
    if (file)
        (void)fclose(file);
    if (found)
        (void)fprintf(stderr, "[SKIP] %s::%s: %s", test->suite, test->name, line + strlen(name));
    return found;
}

static void run_each(const struct criterion_test *test)
{
    struct criterion_test_params all = {0};

    if (!test->run_with) {
        run_apart(test, NULL, 0);
        return;
    }
    all = test->params();
    for (size_t i = 0; i < all.length; i++)
        run_apart(test, (char *)all.params + i * all.size, i);
    if (all.cleanup)
        all.cleanup(&all);
}

int main(int argc, char **argv)
{
    const char *filter = "*";

    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], "--filter") == 0)
            filter = argv[i + 1];
    for (struct criterion_test *test = tests; test; test = test->next) {
        char name[256];
        (void)snprintf(name, sizeof name, "%s/%s", test->suite, test->name ? test->name : "");
        if (!test->name || fnmatch(filter, name, 0) != 0)
            continue;
        inherit(test);
        if (!is_left_out(test, getenv("ENVOI_TEST_LEFT_OUT")))
            run_each(test);
    }
    (void)fprintf(stderr, "[====] Synthesis: Tested: %u | Passing: %u | Failing: %u | Crashing: %u\n",
                  count.passed + count.failed, count.passed, count.failed, count.crashed);
    return count.failed > 0;
}
