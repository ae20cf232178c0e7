/* SPDX-License-Identifier: MIT */
/* The examples do what they say: each sends a message to a server on a unix socket, where TLS is off by default. */
#include "../../peers/net.h"
#include "../../peers/server.h"

#include <criterion/criterion.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(examples, .timeout = 60);

extern char **environ;

/* Runs a program with the message on its standard input. Returns its exit status. */
static int run_with(const char *const *words, const char *message, char *out, size_t size)
{
    char *const *argv = (char *const *)(uintptr_t)words;
    posix_spawn_file_actions_t actions;
    int in[2], back[2], status = -1;
    size_t len = 0;
    ssize_t n;
    pid_t pid;

    cr_assert(pipe(in) == 0 && pipe(back) == 0);
    /* The pipe holds all of it. Written later, it would be a SIGPIPE if the example has ended by then. */
    cr_assert_eq(write(in[1], message, strlen(message)), (ssize_t)strlen(message));
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, back[1], 1);
    posix_spawn_file_actions_addclose(&actions, in[1]);
    posix_spawn_file_actions_addclose(&actions, back[0]);
    cr_assert_eq(posix_spawn(&pid, argv[0], &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(in[1]);
    close(back[1]);
    while ((n = read(back[0], out + len, size - 1 - len)) > 0)
        len += (size_t)n;
    out[len] = '\0';
    close(back[0]);
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Runs EXAMPLE SERVER me@example.org you@example.net. */
static int run(const char *example, const char *where, const char *message, char *out, size_t size)
{
    return run_with((const char *const[]){example, where, "me@example.org", "you@example.net", NULL}, message, out,
                    size);
}

static const char *const script[] = {
    "> 220 here", "< EHLO ",  "> 250-here",         "> 250 PIPELINING", "< MAIL",           "< RCPT",
    "< DATA",     "> 250 ok", "> 250 ok",           "> 354 go",         "< Subject: hello", "< ",
    "< ..dot",    "< .",      "> 250 2.0.0 queued", "< QUIT",           "> 221 bye",        "eof",
    NULL};

static const char *const without_tls[] = {"> 220 here", "< EHLO ", "> 250 here", "< QUIT", "> 221 bye", "eof", NULL};

/* By TCP, where TLS is required and there is none: the connection is made, the message is not sent. */
static void check_refusal(const char *example)
{
    struct server *server = server_start(without_tls);
    const char *wrong;
    char out[512];

    cr_expect_eq(run(example, server_where(server), "Subject: hello\n\n.dot\n", out, sizeof out), 1);
    cr_expect_not_null(strstr(out, "not attempted"), "%s", out);
    wrong = server_stop(server);
    cr_expect_null(wrong, "%s", wrong ? wrong : "");
}

static void check(const char *example)
{
    char dir[] = "/tmp/envoi-test-XXXXXX", path[64], out[512];
    struct server *server;
    const char *wrong;

    cr_assert_not_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/socket", dir);
    server = server_start_at(path, script);
    cr_expect_eq(run(example, path, "Subject: hello\n\n.dot\n", out, sizeof out), 0);
    cr_expect_str_eq(out, "you@example.net: accepted: 250 2.0.0 queued\n");
    wrong = server_stop(server);
    cr_expect_null(wrong, "%s", wrong ? wrong : "");
    unlink(path);
    cr_expect_eq(run(example, path, "x\n", out, sizeof out), 1, "there is no server any more");
    cr_expect_not_null(strstr(out, "not attempted"), "%s", out);
    rmdir(dir);
    check_refusal(example);
}

/* faults: U16 */
Test(examples, blocking)
{
    check(EXAMPLES "/blocking");
}

Test(examples, poll)
{
    check(EXAMPLES "/poll");
}

Test(examples, epoll)
{
    check(EXAMPLES "/epoll");
}

/* Through a command. Its connection does not count as a unix socket: without TLS nothing is sent. */
Test(examples, command)
{
    struct server *server = server_start(without_tls);
    char relay[256], out[512], where[64];
    const char *wrong;

    snprintf(where, sizeof where, "%s", server_where(server));
    snprintf(relay, sizeof relay, "exec 3<>/dev/tcp/127.0.0.1/%s; cat <&3 & cat >&3; kill $!", strchr(where, ':') + 1);
    cr_expect_eq(run_with((const char *const[]){EXAMPLES "/command", where, "me@example.org", "you@example.net", "bash",
                                                "-c", relay, NULL},
                          "Subject: hello\n\n.dot\n", out, sizeof out),
                 1);
    cr_expect_not_null(strstr(out, "not attempted"), "%s", out);
    wrong = server_stop(server);
    cr_expect_null(wrong, "%s", wrong ? wrong : "");
}

/* Around the loops of other libraries: those that were found when this was built. */
#ifdef HAVE_libuv
Test(examples, libuv)
{
    check(EXAMPLES "/libuv");
}
#endif

#ifdef HAVE_libevent
Test(examples, libevent)
{
    check(EXAMPLES "/libevent");
}
#endif

#ifdef HAVE_glib
Test(examples, glib)
{
    check(EXAMPLES "/glib");
}
#endif
