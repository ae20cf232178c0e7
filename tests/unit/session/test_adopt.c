/* SPDX-License-Identifier: MIT */
/* Connections that the application has made: a socket, a socketpair and a pair of pipes, through a process between us
 * and the server; and the function that is asked for one. */
#include "session/session.h"

#include "../../peers/net.h"
#include "../../peers/relay.h"
#include "../../support/pollset.h"
#include "rig.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(adopt, .timeout = 60);

static struct relay relay;
static int before;

static void begin(const char *const *script)
{
    before = net_count_fds();
    rig_begin(script);
}

static void finish(void)
{
    rig_finish();
    relay_stop(&relay);
    cr_expect_eq(net_count_fds(), before);
}

/* The same, but the script need not have been followed. */
static void end_early(void)
{
    (void)rig_end();
    relay_stop(&relay);
    cr_expect_eq(net_count_fds(), before);
}

static int adopt(enum relay_kind kind)
{
    relay = relay_start(kind, server_where(server));
    return envoi_session_adopt_fd(session, relay.in, relay.out == relay.in ? -1 : relay.out, "mail.example:25");
}

/* ---- the whole way ---- */

static const char *const whole[] = {"> 220 here", "< EHLO ",  "> 250 here", "< MAIL",   "> 250 ok",
                                    "< RCPT",     "> 250 ok", "< DATA",     "> 354 go", ".",
                                    "> 250 ok",   "< QUIT",   "> 221 bye",  "eof",      NULL};

Test(adopt, a_message_goes_out)
{
    for (int kind = 0; kind < RELAY_KINDS; kind++) {
        struct envoi_message *m = rig_message("x\n");
        char peer[64];

        begin(whole);
        cr_assert_eq(adopt((enum relay_kind)kind), ENVOI_OK, "%s", envoi_session_error(session));
        cr_expect(net_is_nonblocking(relay.in) && net_is_cloexec(relay.in));
        cr_expect(net_is_nonblocking(relay.out) && net_is_cloexec(relay.out));
        snprintf(peer, sizeof peer, "descriptor%s %d and %d", kind == RELAY_PIPES ? "s" : "", relay.in, relay.out);
        if (kind == RELAY_SOCKETPAIR)
            *strstr(peer, " and") = '\0';
        cr_expect_str_eq(envoi_session_peer(session), kind == RELAY_TCP ? server_where(server) : peer);
        cr_expect_eq(envoi_session_connected(session), 1);
        cr_expect_eq(envoi_session_send(session, m), ENVOI_OK, "%s", envoi_session_error(session));
        cr_expect_eq(envoi_message_verdict(m, 0), ENVOI_VERDICT_ACCEPTED);
        cr_expect_eq(envoi_session_quit(session), ENVOI_OK);
        envoi_message_free(m);
        finish();
    }
}

Test(adopt, the_name_after_ehlo)
{
    static const char *script[] = {"> 220 here", "< EHLO [127.0.0.1]", "> 250 here", "gone", NULL};
    static char line[300] = "< EHLO ";
    char name[256] = "";

    gethostname(name, sizeof name - 1);
    if (strchr(name, '.') && strncmp(name, "localhost.", 10) != 0)
        script[1] = strcat(line, name);
    for (int kind = 0; kind < RELAY_KINDS; kind++) {
        begin(script);
        cr_assert_eq(adopt((enum relay_kind)kind), ENVOI_OK, "%s", envoi_session_error(session));
        cr_expect_eq(envoi_session_ehlo(session, NULL), ENVOI_OK, "%s", envoi_session_error(session));
        finish();
    }
}

static const char *const bad_greetings[][4] = {
    {"> 554 no", "gone", NULL}, {"close", NULL}, {"> hello", "gone", NULL}, {"still", NULL}};

Test(adopt, no_good_greeting)
{
    static const int results[] = {ENVOI_E_GREETING, ENVOI_E_DISCONNECTED, ENVOI_E_PROTOCOL, ENVOI_E_TIMEOUT};

    for (int kind = 0; kind < RELAY_KINDS; kind++)
        for (size_t i = 0; i < 4; i++) {
            begin(bad_greetings[i]);
            envoi_session_set_timeout(session, ENVOI_PHASE_GREETING, i == 3 ? 100 : 10000);
            cr_expect_eq(adopt((enum relay_kind)kind), results[i], "%s", envoi_session_error(session));
            cr_expect_eq(envoi_session_connected(session), 0);
            finish();
        }
}

Test(adopt, the_process_between_ends)
{
    static const char *const script[] = {"> 220 here", "< EHLO ", "> 250 here", "gone", NULL};

    for (int kind = RELAY_SOCKETPAIR; kind < RELAY_KINDS; kind++) {
        begin(script);
        cr_assert_eq(adopt((enum relay_kind)kind), ENVOI_OK, "%s", envoi_session_error(session));
        cr_assert_eq(envoi_session_ehlo(session, NULL), ENVOI_OK);
        relay_break(&relay);
        cr_expect_eq(envoi_session_noop(session), ENVOI_E_DISCONNECTED, "%s", envoi_session_error(session));
        cr_expect_eq(envoi_session_connected(session), 0);
        finish();
    }
}

/* ---- nothing about it is safe ---- */

static const char *const offers_login[] = {"> 220 here", "< EHLO ", "> 250-here", "> 250 AUTH PLAIN", "gone", NULL};

/* faults: 4 */
Test(adopt, tls_is_required_by_default)
{
    for (int kind = 0; kind < RELAY_KINDS; kind++) {
        struct envoi_message *m = rig_message("x\n");

        begin(offers_login);
        cr_assert_eq(envoi_session_set_tls(session, ENVOI_TLS_DEFAULT), ENVOI_OK);
        cr_assert_eq(adopt((enum relay_kind)kind), ENVOI_OK, "%s", envoi_session_error(session));
        cr_expect_eq(envoi_session_send(session, m), ENVOI_E_TLS, "%s", envoi_session_error(session));
        envoi_message_free(m);
        finish();
    }
}

Test(adopt, a_password_needs_tls)
{
    for (int kind = 0; kind < RELAY_KINDS; kind++) {
        begin(offers_login);
        cr_assert_eq(envoi_session_set_password(session, "me", "secret"), ENVOI_OK);
        cr_assert_eq(adopt((enum relay_kind)kind), ENVOI_OK, "%s", envoi_session_error(session));
        cr_expect_eq(envoi_session_login(session), ENVOI_E_NO_MECHANISM, "%s", envoi_session_error(session));
        finish();
    }
}

/* On the port of implicit TLS nothing is read before the handshake. */
Test(adopt, port_465_is_implicit)
{
    static const char *const script[] = {"gone", NULL};

    begin(script);
    envoi_session_set_tls(session, ENVOI_TLS_DEFAULT);
    envoi_session_set_tls_backend(session, "missing"); /* others may be built in */
    relay = relay_start(RELAY_SOCKETPAIR, server_where(server));
    cr_expect_eq(envoi_session_adopt_fd(session, relay.in, -1, "mail.example:465"), ENVOI_E_PLUGIN, "%s",
                 envoi_session_error(session));
    finish();
}

/* ---- descriptors that are of no use ---- */

/* Each makes in and out. */
static void bad_closed(int *in, int *out)
{
    *in = dup(0);
    close(*in);
    (void)out;
}

static void bad_negative(int *in, int *out)
{
    *in = -1;
    *out = -1;
}

static void bad_direction(int *in, int *out)
{
    int fds[2];

    cr_assert_eq(pipe(fds), 0);
    *in = fds[1];
    *out = fds[0];
}

static void bad_one_way(int *in, int *out)
{
    int fds[2];

    cr_assert_eq(pipe(fds), 0);
    close(fds[1]);
    *in = fds[0];
    (void)out;
}

static void bad_file(int *in, int *out)
{
    *in = open("/proc/self/exe", O_RDONLY);
    *out = eventfd(0, 0);
}

static void bad_folder(int *in, int *out)
{
    *in = eventfd(0, 0);
    *out = open("/", O_RDONLY | O_DIRECTORY);
}

static void bad_path_only(int *in, int *out)
{
    *in = open("/", O_PATH);
    (void)out;
}

static void bad_epoll(int *in, int *out)
{
    *in = epoll_create1(0);
    (void)out;
}

static void bad_timer(int *in, int *out)
{
    *in = timerfd_create(CLOCK_MONOTONIC, 0);
    (void)out;
}

static void bad_datagrams(int *in, int *out)
{
    *in = socket(AF_INET, SOCK_DGRAM, 0);
    (void)out;
}

static void bad_listener(int *in, int *out)
{
    uint16_t port = 0;

    *in = net_listen("127.0.0.1", &port, 1);
    (void)out;
}

static void (*const bad[])(int *in, int *out) = {bad_closed, bad_negative,  bad_direction, bad_one_way,
                                                 bad_file,   bad_folder,    bad_path_only, bad_epoll,
                                                 bad_timer,  bad_datagrams, bad_listener};

static int take_bad(void *ctx, const char *host, unsigned port, int *in, int *out)
{
    (void)host;
    (void)port;
    ((void (*)(int *, int *))(uintptr_t)ctx)(in, out);
    return ENVOI_OK;
}

static const char *const nothing[] = {"polite", NULL};

/* They are closed all the same. */
Test(adopt, descriptors_that_are_no_connection)
{
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int in = -1, out = -1, open;

        begin(whole);
        open = net_count_fds();
        bad[i](&in, &out);
        cr_expect_eq(envoi_session_adopt_fd(session, in, out, "mail.example"), ENVOI_E_USAGE, "%zu: %s", i,
                     envoi_session_error(session));
        cr_expect_not_null(strstr(envoi_session_error(session), "mail.example:25: descriptor "), "%s",
                           envoi_session_error(session));
        cr_expect_eq(net_count_fds(), open, "%zu", i);
        envoi_session_set_dial(session, take_bad, (void *)(uintptr_t)bad[i]);
        cr_expect_eq(envoi_session_connect(session, "mail.example"), ENVOI_E_USAGE, "%zu: %s", i,
                     envoi_session_error(session));
        cr_expect_not_null(strstr(envoi_session_error(session), "the dial callback gave no connection: "), "%s",
                           envoi_session_error(session));
        cr_expect_eq(net_count_fds(), open, "%zu", i);
        envoi_session_set_dial(session, NULL, NULL);
        cr_assert_eq(adopt(RELAY_PIPES), ENVOI_OK, "the session is usable");
        end_early();
    }
}

static int refused_for(struct envoi_session *s, const char *where)
{
    int fds[2], rc;

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    rc = envoi_session_adopt_fd(s, fds[0], -1, where);
    cr_expect_eq(read(fds[1], &fds[0], 1), 0, "it is closed");
    close(fds[1]);
    return rc;
}

Test(adopt, refused_before_it_begins)
{
    static const char *const script[] = {"> 220 here", "< NOOP", "> 250 ok", "eof", NULL};

    begin(script);
    cr_expect_eq(refused_for(NULL, "mail.example"), ENVOI_E_USAGE);
    cr_expect_eq(refused_for(session, NULL), ENVOI_E_USAGE);
    cr_expect_eq(refused_for(session, "/run/socket"), ENVOI_E_USAGE);
    cr_expect_eq(refused_for(session, "a b"), ENVOI_E_USAGE);
    envoi_session_set_helo_name(session, "a b");
    cr_expect_eq(refused_for(session, "mail.example"), ENVOI_E_USAGE, "a setter has failed");
    cr_assert_eq(adopt(RELAY_PIPES), ENVOI_OK);
    cr_expect_eq(refused_for(session, "mail.example"), ENVOI_E_USAGE);
    cr_expect_str_eq(envoi_session_error(session), "already connected");
    cr_expect_eq(envoi_session_adopt_fd(session, relay.in, relay.out, "mail.example"), ENVOI_E_USAGE,
                 "its own descriptors");
    cr_expect_eq(envoi_session_noop(session), ENVOI_OK, "the connection is as it was: %s",
                 envoi_session_error(session));
    finish();
}

/* ---- SIGPIPE ---- */

static void expect_pending(int pending)
{
    sigset_t set;

    sigpending(&set);
    cr_expect_eq(sigismember(&set, SIGPIPE), pending);
}

static void write_to_a_closed_pipe(void)
{
    int there[2], back[2];

    cr_assert(pipe(there) == 0 && pipe(back) == 0);
    cr_assert_eq(write(back[1], "220 here\r\n", 10), 10);
    cr_assert_eq(envoi_session_adopt_fd(session, back[0], there[1], "mail.example"), ENVOI_OK);
    close(there[0]);
    cr_expect_eq(envoi_session_noop(session), ENVOI_E_DISCONNECTED, "%s", envoi_session_error(session));
    cr_expect_not_null(strstr(envoi_session_error(session), "Broken pipe"), "%s", envoi_session_error(session));
    close(back[1]);
}

/* faults: 73 */
Test(adopt, a_closed_pipe_raises_no_signal)
{
    struct sigaction action;
    sigset_t set;

    begin(nothing);
    write_to_a_closed_pipe();
    sigaction(SIGPIPE, NULL, &action);
    cr_expect_eq(action.sa_handler, SIG_DFL);
    expect_pending(0);
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    sigprocmask(SIG_BLOCK, &set, NULL);
    write_to_a_closed_pipe();
    expect_pending(0);
    raise(SIGPIPE);
    write_to_a_closed_pipe();
    expect_pending(1);
    sigwaitinfo(&set, NULL);
    sigprocmask(SIG_SETMASK, NULL, &set);
    cr_expect(sigismember(&set, SIGPIPE), "the mask is as it was");
    signal(SIGPIPE, SIG_IGN);
    write_to_a_closed_pipe();
    end_early();
}

/* ---- the non-blocking face ---- */

static struct pollset watched;

/* A pipe has one direction. */
static void watch(void *ctx, int fd, unsigned events)
{
    if (relay.in != relay.out)
        cr_expect(!events || events == (fd == relay.in ? ENVOI_EVENT_READ : ENVOI_EVENT_WRITE));
    pollset_watch(ctx, fd, events);
}

static int complete(int rc)
{
    return pollset_complete(&watched, session, rc);
}

Test(adopt, from_the_applications_loop)
{
    size_t size = 3u << 20; /* more than a pipe takes */
    char *content = malloc(size + 1);

    content[size] = '\0';
    memset(content, 'x', size);
    for (size_t i = 70; i < size; i += 72)
        memcpy(content + i, "\r\n", 2);
    for (int kind = 0; kind < RELAY_KINDS; kind++) {
        struct envoi_message *m = rig_message(content);

        begin(whole);
        envoi_session_set_watch(session, watch, &watched);
        relay = (struct relay){.in = -1, .out = -1};
        relay = relay_start((enum relay_kind)kind, server_where(server));
        cr_assert_eq(complete(envoi_session_adopt_fd(session, relay.in, relay.out, "mail.example")), ENVOI_OK, "%s",
                     envoi_session_error(session));
        cr_assert_eq(complete(envoi_session_send(session, m)), ENVOI_OK, "%s", envoi_session_error(session));
        cr_assert_eq(complete(envoi_session_quit(session)), ENVOI_OK);
        cr_expect_eq(watched.count, 0);
        envoi_message_free(m);
        finish();
    }
    free(content);
}

/* ---- fork ---- */

static int use_in_child(void)
{
    if (envoi_session_noop(session) != ENVOI_E_USAGE)
        return 1;
    if (envoi_session_close(session) != ENVOI_OK || envoi_session_connected(session))
        return 2;
    envoi_session_free(session);
    return 0;
}

static void let_a_child_try(void)
{
    int status = 0;
    pid_t child = fork();

    if (!child)
        _exit(use_in_child());
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "step %d of the child", WEXITSTATUS(status));
}

Test(adopt, it_stays_with_its_process)
{
    static const char *const script[] = {"> 220 here", "< NOOP", "> 250 ok", "gone", NULL};

    for (int kind = 0; kind < RELAY_KINDS; kind++) {
        begin(script);
        cr_assert_eq(adopt((enum relay_kind)kind), ENVOI_OK);
        let_a_child_try();
        cr_expect_eq(envoi_session_noop(session), ENVOI_OK, "%s", envoi_session_error(session));
        finish();
    }
}

/* ---- the dial function ---- */

static int asked, answers_at, answer;
static char asked_for[64];

/* Says AGAIN until it was asked so often. */
static int dial(void *ctx, const char *host, unsigned port, int *in, int *out)
{
    cr_expect_eq(ctx, &relay);
    cr_expect(*in == -1 && *out == -1);
    snprintf(asked_for, sizeof asked_for, "%s %u", host, port);
    cr_expect_eq(envoi_session_noop(session), ENVOI_E_BUSY, "it may only read");
    if (++asked < answers_at)
        return ENVOI_E_AGAIN;
    if (answer)
        return answer;
    relay = relay_start(asked % 2 ? RELAY_PIPES : RELAY_SOCKETPAIR, server_where(server));
    *in = relay.in;
    if (relay.out != relay.in)
        *out = relay.out;
    return ENVOI_OK;
}

static void begin_dial(const char *const *script, int at, int rc)
{
    begin(script);
    asked = 0;
    answers_at = at;
    answer = rc;
    relay = (struct relay){.in = -1, .out = -1};
    cr_assert_eq(envoi_session_set_dial(session, dial, &relay), ENVOI_OK);
}

/* What cannot be resolved is not looked up. */
Test(adopt, a_connection_is_asked_for)
{
    static const struct {
        const char *where, *asked_for;
    } rows[] = {{"nowhere.invalid:2525", "nowhere.invalid 2525"},
                {"B\xC3\xBC"
                 "cher.invalid.",
                 "xn--bcher-kva.invalid 25"},
                {"[2001:db8::1]:26", "2001:db8::1 26"}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin_dial(whole, 1, ENVOI_OK);
        cr_assert_eq(envoi_session_connect(session, rows[i].where), ENVOI_OK, "%s", envoi_session_error(session));
        cr_expect_str_eq(asked_for, rows[i].asked_for);
        cr_expect_eq(asked, 1);
        envoi_session_close(session);
        relay_stop(&relay);
        (void)server_stop(server);
        server = server_start(whole);
        cr_expect_eq(envoi_session_sendmail(session, "a@b.example", (const char *const[]){"c@d.example", NULL}, "x\n",
                                            2, NULL, NULL, NULL),
                     ENVOI_E_DISCONNECTED);
        cr_assert_eq(envoi_session_connect(session, rows[i].where), ENVOI_OK, "%s", envoi_session_error(session));
        cr_expect_eq(envoi_session_sendmail(session, "a@b.example", (const char *const[]){"c@d.example", NULL}, "x\n",
                                            2, NULL, NULL, NULL),
                     ENVOI_OK, "%s", envoi_session_error(session));
        cr_expect_eq(envoi_session_quit(session), ENVOI_OK);
        finish();
    }
}

Test(adopt, the_dial_function_says_no)
{
    static const struct {
        int answer, rc;
    } rows[] = {{ENVOI_E_CONNECT, ENVOI_E_CONNECT},
                {ENVOI_E_MEMORY, ENVOI_E_CONNECT},
                {7, ENVOI_E_CONNECT},
                {ENVOI_E_CANCELLED, ENVOI_E_CANCELLED}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin_dial(nothing, 1, rows[i].answer);
        cr_expect_eq(envoi_session_connect(session, "mail.example"), rows[i].rc, "%s", envoi_session_error(session));
        cr_expect_not_null(strstr(envoi_session_error(session), "mail.example:25: the dial callback"), "%s",
                           envoi_session_error(session));
        cr_expect_eq(envoi_session_error_phase(session), ENVOI_PHASE_CONNECT);
        cr_expect_eq(envoi_session_connect(session, "/nonexistent/socket"), ENVOI_E_CONNECT);
        cr_expect_eq(asked, 1, "not for a path");
        answers_at = 9;
        cr_expect_eq(envoi_session_connect(session, "mail.example"), ENVOI_E_USAGE, "AGAIN in a blocking call");
        end_early();
    }
}

Test(adopt, the_dial_function_answers_later)
{
    for (int late = 2; late < 5; late++) {
        begin_dial(whole, late, ENVOI_OK);
        envoi_session_set_watch(session, watch, &watched);
        cr_assert_eq(envoi_session_connect(session, "mail.example"), ENVOI_E_AGAIN);
        cr_expect_eq(envoi_session_noop(session), ENVOI_E_BUSY);
        cr_expect_eq(watched.count, 0, "there is nothing to wait for");
        cr_expect_geq(envoi_session_deadline(session), net_now());
        for (int i = 2; i < late; i++)
            cr_assert_eq(envoi_session_process(session, -1, 0), ENVOI_E_AGAIN);
        cr_expect_eq(asked, late - 1);
        cr_assert_eq(complete(envoi_session_process(session, -1, 0)), ENVOI_OK, "%s", envoi_session_error(session));
        cr_expect_eq(asked, late);
        envoi_session_close(session);
        cr_expect_eq(watched.count, 0);
        end_early();
    }
}

Test(adopt, the_dial_function_never_answers)
{
    begin_dial(nothing, 1000000, ENVOI_OK);
    envoi_session_set_watch(session, watch, &watched);
    envoi_session_set_timeout(session, ENVOI_PHASE_CONNECT, 100);
    cr_expect_eq(complete(envoi_session_connect(session, "mail.example")), ENVOI_E_TIMEOUT);
    cr_expect_eq(envoi_session_error_phase(session), ENVOI_PHASE_CONNECT);
    cr_expect_not_null(strstr(envoi_session_error(session), "dial callback"), "%s", envoi_session_error(session));
    envoi_session_set_timeout(session, ENVOI_PHASE_CONNECT, 20000);
    cr_assert_eq(envoi_session_connect(session, "mail.example"), ENVOI_E_AGAIN);
    let_a_child_try();
    cr_expect_eq(envoi_session_process(session, -1, 0), ENVOI_E_AGAIN);
    cr_expect_eq(envoi_session_close(session), ENVOI_OK);
    cr_expect_eq(envoi_session_process(session, -1, 0), ENVOI_OK, "there is no verb any more");
    cr_expect_eq(envoi_session_deadline(session), -1);
    end_early();
}
