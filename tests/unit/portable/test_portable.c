/* SPDX-License-Identifier: MIT */
#include "portable/beneath.h"
#include "portable/environment.h"
#include "portable/errno_text.h"
#include "portable/memory.h"
#include "portable/memory_file.h"
#include "portable/path.h"
#include "portable/pipe.h"
#include "portable/poller.h"
#include "portable/random.h"
#include "portable/self.h"
#include "portable/sigpipe.h"
#include "portable/socket.h"
#include "portable/wait.h"
#include "portable/wakeup.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(portable, .timeout = 60);

static int is_readable(int fd)
{
    struct pollfd item = {.fd = fd, .events = POLLIN};

    return poll(&item, 1, 0) == 1 && item.revents & POLLIN;
}

static int is_inherited(int fd)
{
    return !(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

Test(portable, an_errno_in_words)
{
    cr_assert_str_eq(errno_text(ECONNREFUSED), "Connection refused");
    cr_assert_str_eq(errno_text_of_libc(ENOENT), "No such file or directory");
    cr_assert(*errno_text(123456));
}

Test(portable, random_octets_differ)
{
    unsigned char a[32] = {0}, b[32] = {0};

    cr_assert(random_draw(a, sizeof a) && random_draw(b, sizeof b));
    cr_assert(memcmp(a, b, sizeof a) != 0);
}

Test(portable, memory)
{
    char secret[] = "hunter2", *text = NULL;
    int *array;

    memory_wipe(secret, sizeof secret);
    for (size_t i = 0; i < sizeof secret; i++)
        cr_assert_eq(secret[i], 0);
    cr_assert_null(memory_find("abc", 3, "cd", 2), "the match would end behind the data");
    cr_assert_null(memory_find("", 0, "a", 1));
    cr_assert_null(memory_find("a", 1, "aa", 2), "shorter than what is looked for");
    text = (char[]){"aab\0aac"};
    cr_assert_eq(memory_find(text, 7, "aac", 3), text + 4);
    cr_assert_eq(memory_find(text, 7, "ab", 2), text + 1);
    errno = 0;
    array = memory_resize(NULL, SIZE_MAX / 2, sizeof *array);
    cr_assert_null(array);
    cr_assert_eq(errno, ENOMEM);
    cr_assert_not_null(array = memory_resize(NULL, 3, sizeof *array));
    free(array);
    cr_assert_eq(memory_print(&text, "%s-%d", "x", 7), 3);
    cr_assert_str_eq(text, "x-7");
    free(text);
}

Test(portable, the_environment_of_a_plain_program)
{
    setenv("ENVOI_TEST_PORTABLE", "yes", 1);
    cr_assert_not(environment_is_foreign());
    cr_assert_str_eq(environment_get("ENVOI_TEST_PORTABLE"), "yes");
    cr_assert_null(environment_get("ENVOI_TEST_PORTABLE_UNSET"));
}

/* A process whose effective user is another one, like a set-uid program; only root can make one here. */
Test(portable, the_environment_of_another_user)
{
    int status;
    pid_t child;

    if (geteuid() != 0)
        cr_skip_test("needs root");
    setenv("ENVOI_TEST_PORTABLE", "yes", 1);
    if (!(child = fork())) {
        if (seteuid(65534) < 0)
            _exit(2);
            /* The kernel tells only at the start of a program; the fallback compares the numbers. */
#ifdef ENVOI_TEST_FALLBACKS
        _exit(environment_is_foreign() && !environment_get("ENVOI_TEST_PORTABLE") ? 0 : 1);
#else
        _exit(0);
#endif
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

Test(portable, a_wakeup_is_rung_drained_and_rung_again)
{
    int ends[2];

    cr_assert_eq(wakeup_open(ends), 0);
    cr_assert(!is_inherited(ends[0]) && !is_inherited(ends[1]));
    for (int round = 0; round < 3; round++) {
        cr_assert_not(is_readable(ends[0]));
        errno = EXDEV;
        for (int i = 0; i < 20000; i++) /* more than a pipe holds */
            wakeup_ring(ends[1]);
        cr_assert_eq(errno, EXDEV);
        cr_assert(is_readable(ends[0]));
        wakeup_drain(ends[0]);
    }
    wakeup_drain(ends[0]); /* nothing is there: it does not wait */
    cr_assert_not(is_readable(ends[0]));
    wakeup_close(ends);
    cr_assert_lt(fcntl(ends[0], F_GETFD), 0);
    cr_assert_lt(fcntl(ends[1], F_GETFD), 0);
}

Test(portable, a_write_to_a_closed_pipe_raises_no_signal)
{
    struct sigpipe held;
    sigset_t pending;
    int ends[2];

    cr_assert_eq(pipe_open(ends), 0);
    cr_assert(!is_inherited(ends[0]) && !is_inherited(ends[1]));
    close(ends[0]);
    sigpipe_hold(&held);
    cr_assert_lt(write(ends[1], "x", 1), 0);
    sigpipe_release(&held, errno == EPIPE);
    cr_assert_eq(errno, EPIPE);
    sigemptyset(&pending);
    sigpending(&pending);
    cr_assert_not(sigismember(&pending, SIGPIPE));
    close(ends[1]);
}

Test(portable, sigpipe_of_the_program_stays)
{
    struct sigpipe held;
    sigset_t set, pending;
    int ends[2];

    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGPIPE);
    cr_assert_eq(pipe_open(ends), 0);
    close(ends[0]);
    sigpipe_hold(&held);
    cr_assert_lt(write(ends[1], "x", 1), 0);
    sigpipe_release(&held, errno == EPIPE);
    sigemptyset(&pending);
    sigpending(&pending);
    cr_assert(sigismember(&pending, SIGPIPE));
    close(ends[1]);
}

Test(portable, sockets)
{
    int ends[2], fd = socket_open(AF_UNIX, SOCK_STREAM, 0);
    struct iovec piece = {.iov_base = (char[]){"x"}, .iov_len = 1};
    struct socket_peer peer = {.uid = 12345};

    cr_assert_geq(fd, 0);
    cr_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
    cr_assert_not(is_inherited(fd));
    close(fd);
    cr_assert_lt(socket_open(12345, SOCK_STREAM, 0), 0);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    cr_assert(socket_find_peer(ends[0], &peer));
    cr_assert_eq(peer.uid, geteuid());
    cr_assert_not(socket_find_peer(STDIN_FILENO, &peer));
    cr_assert_eq(socket_send(ends[0], &piece, 1, NULL, 0), 1);
    close(ends[1]);
    cr_assert_lt(socket_send(ends[0], &piece, 1, NULL, 0), 0);
    cr_assert_eq(errno, EPIPE);
    close(ends[0]);
}

Test(portable, accepted_is_not_inherited)
{
    struct sockaddr_storage name;
    socklen_t len = sizeof name;
    int listener = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0), fd;

    /* Without a path Linux chooses an abstract name. */
    cr_assert_eq(bind(listener, (struct sockaddr *)&(struct sockaddr){.sa_family = AF_UNIX}, sizeof(sa_family_t)), 0);
    cr_assert_eq(listen(listener, 1), 0);
    cr_assert_eq(getsockname(listener, (struct sockaddr *)&name, &len), 0);
    cr_assert_eq(connect(client, (struct sockaddr *)&name, len), 0);
    cr_assert_geq(fd = socket_accept(listener), 0);
    cr_assert_not(is_inherited(fd));
    close(fd);
    close(client);
    close(listener);
}

static void on_alarm(int number)
{
    (void)number;
}

Test(portable, a_wait_for_a_descriptor_the_time_or_a_signal)
{
    struct sigaction action = {.sa_handler = on_alarm};
    sigset_t held, mask;
    int ends[2];

    cr_assert_eq(pipe_open(ends), 0);
    sigemptyset(&held);
    sigaddset(&held, SIGALRM);
    sigprocmask(SIG_BLOCK, &held, &mask);
    sigaction(SIGALRM, &action, NULL);
    cr_assert_eq(wait_readable(ends[0], 1, &mask), 0);
    cr_assert_eq(wait_readable(-1, 1, &mask), 0);
    raise(SIGALRM); /* pending until the wait */
    cr_assert_eq(wait_readable(ends[0], -1, &mask), -1);
    cr_assert_eq(errno, EINTR);
    cr_assert_eq(write(ends[1], "x", 1), 1);
    cr_assert_eq(wait_readable(ends[0], -1, &mask), 1);
    close(ends[0]);
    close(ends[1]);
}

Test(portable, a_file_in_memory)
{
    char text[16] = "";
    int fd = memory_file_open("hunter2", 7), again;

    cr_assert_geq(fd, 0);
    cr_assert_not(is_inherited(fd));
    cr_assert_eq(read(fd, text, 3), 3);
    cr_assert_str_eq(text, "hun");
    cr_assert_geq(again = dup(fd), 0);
    memory_file_close(fd);
    cr_assert_leq(read(again, text, sizeof text), 0, "it is empty");
    close(again);
    cr_assert_geq(fd = memory_file_open("", 0), 0);
    cr_assert_eq(read(fd, text, sizeof text), 0);
    memory_file_close(fd);
}

Test(portable, the_program_that_runs)
{
    char path[PATH_MAX], small[4];

    cr_assert(self_path(path, sizeof path));
    cr_assert_eq(path[0], '/');
    cr_assert_eq(access(path, X_OK), 0);
    cr_assert_not(self_path(small, sizeof small), "a path that does not fit is none");
}

Test(portable, no_core_dump)
{
    struct rlimit limit;

    self_hide();
    cr_assert_eq(getrlimit(RLIMIT_CORE, &limit), 0);
    cr_assert_eq(limit.rlim_cur, 0);
}

Test(portable, a_directory_and_no_file)
{
    int fd = open("/", PATH_DIRECTORY);

    cr_assert_geq(fd, 0);
    close(fd);
    cr_assert_lt(open("/dev/null", PATH_DIRECTORY), 0);
}

/* Below a directory a file is found; what would lead out of it, or by a symbolic link, is not. */
Test(portable, a_file_below_a_directory)
{
    static const struct {
        const char *path;
        int error, other;
    } cases[] = {
        {"one", 0, 0},           {"in/two", 0, 0},        {"in//two", 0, 0},
        {"./in/./two", 0, 0},    {"in/", 0, 0},           {"none", ENOENT, 0},
        {"", ENOENT, 0},         {"one/two", ENOTDIR, 0}, {"..", EXDEV, 0},
        {"in/../one", EXDEV, 0}, {"in/..", EXDEV, 0},     {"/dev/null", EXDEV, 0},
        {"..x", ENOENT, 0},      {"link", ELOOP, 0},      {"folder/two", ELOOP, ENOTDIR},
    };
    char root[] = "/tmp/envoi-beneath-XXXXXX", long_name[300], command[64];
    int dir;

    cr_assert(mkdtemp(root));
    dir = open(root, O_RDONLY | O_DIRECTORY);
    cr_assert_eq(mkdirat(dir, "in", 0700), 0);
    close(openat(dir, "one", O_CREAT | O_WRONLY, 0600));
    close(openat(dir, "in/two", O_CREAT | O_WRONLY, 0600));
    cr_assert_eq(symlinkat("one", dir, "link"), 0);
    cr_assert_eq(symlinkat("in", dir, "folder"), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int fd = beneath_open(dir, cases[i].path, O_RDONLY), error = fd < 0 ? errno : 0;

        cr_expect(error == cases[i].error || (error && error == cases[i].other), "'%s': %d", cases[i].path, error);
        cr_expect(fd < 0 || !is_inherited(fd));
        if (fd >= 0)
            close(fd);
    }
    memset(long_name, 'x', sizeof long_name);
    long_name[sizeof long_name - 1] = '\0';
    long_name[280] = '/';
    cr_expect_lt(beneath_open(dir, long_name, O_RDONLY), 0);
    cr_expect_eq(errno, ENAMETOOLONG);
    close(dir);
    snprintf(command, sizeof command, "rm -r %s", root);
    cr_assert_eq(system(command), 0);
}

static void *fail_to_resize(void *memory, size_t size)
{
    (void)memory;
    (void)size;
    return NULL;
}

Test(portable, a_poller_reports_what_is_ready)
{
    struct poller p = POLLER_CLOSED;
    struct pollfd ready[4];
    int a[2], b[2];

    cr_assert_not(poller_is_open(&p));
    cr_assert_eq(poller_open(&p, realloc, free), 0);
    cr_assert(poller_is_open(&p));
    cr_assert(pipe_open(a) == 0 && pipe_open(b) == 0);
    cr_assert_eq(poller_set(&p, a[0], POLLIN, false), 0);
    cr_assert_eq(poller_set(&p, b[1], POLLIN, false), 0);
    cr_assert_eq(poller_wait(&p, ready, 4, 0), 0);
    cr_assert_eq(poller_set(&p, b[1], POLLOUT, true), 0);
    cr_assert_eq(poller_wait(&p, ready, 4, -1), 1);
    cr_assert(ready[0].fd == b[1] && ready[0].revents == POLLOUT);
    cr_assert_eq(write(a[1], "x", 1), 1);
    cr_assert_eq(poller_wait(&p, ready, 4, -1), 2);
    cr_assert_eq(poller_set(&p, b[1], 0, true), 0);
    cr_assert_eq(poller_wait(&p, ready, 4, -1), 1);
    cr_assert(ready[0].fd == a[0] && ready[0].revents == POLLIN);
    cr_assert_eq(read(a[0], (char[1]){0}, 1), 1);
    close(a[1]);
    cr_assert_eq(poller_wait(&p, ready, 4, -1), 1);
    cr_assert(ready[0].fd == a[0] && ready[0].revents & POLLHUP);
    poller_close(&p);
    cr_assert_not(poller_is_open(&p));
    poller_close(&p);
}

/* Also beyond the first places of the list, and none is passed over if more are ready than there is room to report. */
Test(portable, a_poller_passes_over_none)
{
    struct rlimit limit = {0};
    struct poller p;
    int ends[2], fds[100], seen[100] = {0};

    (void)getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    cr_assert(poller_open(&p, realloc, free) == 0 && pipe_open(ends) == 0);
    for (int i = 0; i < 100; i++) {
        cr_assert_geq(fds[i] = fcntl(ends[1], F_DUPFD_CLOEXEC, 150), 0);
        cr_assert_eq(poller_set(&p, fds[i], POLLOUT, false), 0);
    }
    for (int round = 0; round < 40; round++) {
        struct pollfd ready[3];
        int n = poller_wait(&p, ready, 3, -1);

        cr_assert_eq(n, 3);
        for (int k = 0; k < n; k++)
            for (int i = 0; i < 100; i++)
                seen[i] += fds[i] == ready[k].fd;
    }
    for (int i = 0; i < 100; i++)
        cr_assert(seen[i], "%d", i);
    /* As many as may be open, and no more: poll(2) refuses a longer list. */
    limit.rlim_cur = (rlim_t)fds[99] + 1;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    cr_assert_gt(poller_wait(&p, (struct pollfd[3]){{0}}, 3, -1), 0);
    poller_close(&p);
}

#ifdef ENVOI_TEST_FALLBACKS
Test(portable, more_than_a_pipe_holds_is_refused)
{
    size_t size = (size_t)4 << 20;
    char *data = calloc(1, size);

    cr_assert_lt(memory_file_open(data, size), 0);
    cr_assert_eq(errno, EAGAIN);
    free(data);
}

Test(portable, a_poller_without_memory)
{
    struct poller p;

    cr_assert_eq(poller_open(&p, fail_to_resize, free), 0);
    cr_assert_lt(poller_set(&p, 0, POLLIN, false), 0);
    cr_assert_eq(errno, ENOMEM);
    poller_close(&p);
}
#else
Test(portable, a_poller_needs_no_memory)
{
    struct poller p;
    int ends[2];

    cr_assert(poller_open(&p, fail_to_resize, free) == 0 && pipe_open(ends) == 0);
    cr_assert_eq(poller_set(&p, ends[0], POLLIN, false), 0);
    poller_close(&p);
}
#endif
