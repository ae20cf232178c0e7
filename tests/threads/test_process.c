/* SPDX-License-Identifier: MIT */
/* What belongs to the whole process stays as the program has set it: signals, errno, locale, umask, directory,
 * environment, descriptors, threads. */
#include "check.h"
#include "client.h"
#include "mta.h"

#include <dirent.h>
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

extern char **environ;

static struct mta *mta;

/* ---- the state of a process ---- */

struct state {
    struct sigaction actions[NSIG];
    sigset_t blocked, pending;
    struct itimerval timer;
    char locale[512], directory[512];
    unsigned variables, descriptors, threads;
    mode_t mask;
};

static unsigned entries(const char *path)
{
    DIR *dir = opendir(path);
    unsigned count = 0;

    while (dir && readdir(dir))
        count++;
    if (dir)
        closedir(dir);
    return count;
}

static void note(struct state *s)
{
    memset(s, 0, sizeof *s);
    for (int i = 1; i < NSIG; i++)
        (void)sigaction(i, NULL, &s->actions[i]);
    pthread_sigmask(SIG_BLOCK, NULL, &s->blocked);
    sigpending(&s->pending);
    (void)getitimer(ITIMER_REAL, &s->timer);
    snprintf(s->locale, sizeof s->locale, "%s", setlocale(LC_ALL, NULL));
    if (!getcwd(s->directory, sizeof s->directory))
        s->directory[0] = '\0';
    while (environ[s->variables])
        s->variables++;
    s->descriptors = entries("/proc/self/fd");
    s->threads = entries("/proc/self/task");
    s->mask = umask(0);
    (void)umask(s->mask);
}

static void compare(const struct state *before, const struct state *after)
{
    for (int i = 1; i < NSIG; i++) {
        CHECK_MSG(before->actions[i].sa_handler == after->actions[i].sa_handler &&
                      before->actions[i].sa_flags == after->actions[i].sa_flags,
                  "signal %d", i);
        CHECK_MSG(sigismember(&before->blocked, i) == sigismember(&after->blocked, i), "signal %d", i);
        CHECK_MSG(sigismember(&after->pending, i) <= 0, "signal %d", i);
    }
    CHECK((before->timer.it_value.tv_sec != 0) == (after->timer.it_value.tv_sec != 0));
    CHECK_MSG(strcmp(before->locale, after->locale) == 0, "%s", after->locale);
    CHECK_MSG(strcmp(before->directory, after->directory) == 0, "%s", after->directory);
    CHECK(before->variables == after->variables);
    CHECK_MSG(before->descriptors == after->descriptors, "%u and %u", before->descriptors, after->descriptors);
    CHECK_MSG(before->threads == after->threads, "%u and %u", before->threads, after->threads);
    CHECK(before->mask == after->mask);
}

/* ---- what a program has set ---- */

static void handler(int number)
{
    (void)number;
}

/* Nothing here is as a process has it in the beginning. */
static void set_everything(void)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};

    CHECK(sigaction(SIGCHLD, &action, NULL) == 0);
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    CHECK(signal(SIGUSR2, SIG_IGN) != SIG_ERR);
    (void)umask(027);
    (void)setlocale(LC_ALL, "C.UTF-8");
    CHECK(chdir("/") == 0);
}

static void go_all_ways(struct envoi_library *library)
{
    for (size_t i = 0; i < client_way_count; i++)
        (void)client_visit(library, mta_where(mta), &client_ways[i], 2 * (unsigned)i, 2);
}

/* The server's threads and its side of the connections come and go, so it is stopped before each look. */
/* faults: 76, 79 */
static void nothing_is_changed(void)
{
    struct state before, between, after;
    struct envoi_library *library;

    set_everything();
    /* What libraries keep for good is there after the first time: the descriptor of /dev/urandom, say. */
    mta = mta_start();
    library = client_library();
    go_all_ways(library);
    envoi_library_free(library);
    mta_stop(mta);
    note(&before);
    for (int i = 0; i < 2; i++) {
        mta = mta_start();
        library = client_library();
        go_all_ways(library);
        mta_stop(mta);
        note(&between); /* with a library object that has all of its plugins */
        compare(&before, &between);
        envoi_library_free(library);
        note(&after);
        compare(&before, &after);
    }
}

/* The very first use of all, in a process of its own: the disposition of signals, locale and umask. */
/* faults: 76 */
static void nor_is_it_by_the_first_use(void)
{
    struct state before, after;
    struct envoi_library *library;

    set_everything();
    note(&before);
    mta = mta_start();
    library = client_library();
    go_all_ways(library);
    mta_stop(mta);
    envoi_library_free(library);
    note(&after);
    after.descriptors = before.descriptors;
#ifdef CHECK_UNDER_TSAN
    after.threads = before.threads; /* it has one of its own */
#endif
    compare(&before, &after);
}

/* ---- SIGPIPE ---- */

static volatile sig_atomic_t pipes;

static void count_pipe(int number)
{
    (void)number;
    pipes++;
}

static int pull(void *ctx, void *buf, size_t cap, size_t *len)
{
    size_t *left = ctx;

    *len = cap < *left ? cap : *left;
    memset(buf, 'x', *len);
    for (size_t i = 70; i < *len; i += 70)
        ((char *)buf)[i] = '\n';
    *left -= *len;
    return ENVOI_OK;
}

/* Sends more than fits to a server that resets the connection. */
static void write_to_a_gone_server(struct envoi_library *library, const char *backend)
{
    struct envoi_session *s = client_session(library, &(const struct client_way){backend, NULL});
    struct envoi_message *m = NULL;
    size_t left = 8u << 20;

    CHECK_RC(envoi_message_new("me@example.org", &m), ENVOI_OK);
    CHECK_RC(envoi_message_add_recipient(m, "you@example.net"), ENVOI_OK);
    CHECK_RC(envoi_message_set_callback(m, pull, NULL, &left, -1), ENVOI_OK);
    CHECK_RC(envoi_session_connect(s, mta_where(mta)), ENVOI_OK);
    CHECK_RC(envoi_session_send(s, m), ENVOI_E_DISCONNECTED);
    CHECK(envoi_message_verdict(m, 0) == ENVOI_VERDICT_NOT_ATTEMPTED);
    (void)envoi_session_quit(s);
    envoi_session_free(s);
    envoi_message_free(m);
}

/* faults: 39, 73 */
static void no_signal_when_the_server_is_gone(void)
{
    struct sigaction action = {.sa_handler = count_pipe}, now;
    struct envoi_library *library = client_library();

    CHECK(sigaction(SIGPIPE, &action, NULL) == 0);
    mta = mta_start();
    mta_set_rude(mta, true);
    for (int i = 0; i < 5; i++) {
        write_to_a_gone_server(library, NULL);
        write_to_a_gone_server(library, "openssl");
        write_to_a_gone_server(library, "gnutls");
    }
    CHECK(pipes == 0);
    CHECK(sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == count_pipe);
    CHECK(raise(SIGPIPE) == 0 && pipes == 1); /* it would have been seen */
    envoi_library_free(library);
    mta_stop(mta);
}

/* ---- errno ---- */

static void check_errno(const char *after)
{
    CHECK_MSG(errno == 4711, "%d after %s", errno, after);
    errno = 4711;
}

/* session.h says so of the calls that go to the network, whether they succeed or not. */
static void errno_is_the_programs_own(void)
{
    struct envoi_library *library = client_library();
    struct envoi_session *s = client_session(library, &client_ways[1]);
    struct envoi_message *m = NULL;
    int rc;

    mta = mta_start();
    CHECK_RC(envoi_message_new("me@example.org", &m), ENVOI_OK);
    CHECK_RC(envoi_message_add_recipient(m, "you@example.net"), ENVOI_OK);
    CHECK_RC(envoi_message_set_data(m, "x\n", 2), ENVOI_OK);
    errno = 4711;
    rc = envoi_session_connect(s, "127.0.0.1:1");
    check_errno("a refused connection");
    CHECK_RC(rc, ENVOI_E_CONNECT);
    rc = envoi_session_connect(s, "/nonexistent/socket");
    check_errno("a socket that is not there");
    CHECK_RC(rc, ENVOI_E_CONNECT);
    errno = 4711;
    rc = envoi_session_connect(s, mta_where(mta));
    check_errno("connect");
    CHECK_RC(rc, ENVOI_OK);
    errno = 4711;
    rc = envoi_session_send(s, m);
    check_errno("send");
    CHECK_RC(rc, ENVOI_OK);
    errno = 4711;
    (void)envoi_session_noop(s);
    check_errno("noop");
    (void)envoi_session_quit(s);
    check_errno("quit");
    (void)envoi_session_noop(s);
    check_errno("noop without a connection");
    envoi_session_free(s);
    envoi_message_free(m);
    envoi_library_free(library);
    mta_stop(mta);
}

int main(void)
{
    RUN_IN_A_PROCESS(nor_is_it_by_the_first_use);
    RUN_IN_A_PROCESS(nothing_is_changed);
    RUN_IN_A_PROCESS(no_signal_when_the_server_is_gone);
    RUN_IN_A_PROCESS(errno_is_the_programs_own);
    return check_end();
}
