/* SPDX-License-Identifier: MIT */
/* Waits without a deadline, and how they are ended: from a signal handler, from another thread, by a function that is
 * asked after a signal. */
#include "session/session.h"

#include "../../peers/dns.h"
#include "../../peers/net.h"
#include "rig.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

TestSuite(interrupt, .timeout = 60);

static int before;
static bool polite; /* it need not be connected to */

/* No verb has a deadline. */
static void begin(const char *const *script)
{
    before = net_count_fds();
    polite = !strcmp(script[0], "polite");
    rig_begin(script);
    cr_assert_eq(envoi_session_set_timeout(session, ENVOI_PHASE_NONE, ENVOI_TIMEOUT_NEVER), ENVOI_OK);
}

static void finish(void)
{
    const char *wrong = rig_end();

    cr_expect(polite || !wrong, "%s", wrong ? wrong : "");
    cr_expect_eq(net_count_fds(), before);
}

/* ---- never ---- */

Test(interrupt, deadlines_are_read_back)
{
    begin((const char *const[]){"polite", NULL});
    for (int phase = 1; phase < ENVOI_PHASES; phase++) {
        cr_expect_eq(envoi_session_timeout(session, phase), ENVOI_TIMEOUT_NEVER);
        cr_expect_eq(envoi_session_set_timeout(session, phase, 1000 + phase), ENVOI_OK);
        cr_expect_eq(envoi_session_timeout(session, phase), 1000 + phase);
        cr_expect_eq(envoi_session_set_timeout(session, phase, 0), ENVOI_OK);
        cr_expect_gt(envoi_session_timeout(session, phase), 0, "the default");
    }
    cr_expect_eq(envoi_session_timeout(session, ENVOI_PHASE_QUIT), 5000);
    cr_expect_eq(envoi_session_timeout(session, ENVOI_PHASE_NONE), 0);
    cr_expect_eq(envoi_session_timeout(session, ENVOI_PHASES), 0);
    cr_expect_eq(envoi_session_timeout(session, -1), 0);
    cr_expect_eq(envoi_session_timeout(NULL, ENVOI_PHASE_MAIL), 0);
    cr_expect_eq(envoi_session_set_timeout(session, ENVOI_PHASE_MAIL, -2), ENVOI_E_USAGE);
    finish();
}

static void ignore_watch(void *ctx, int fd, unsigned events)
{
    (void)ctx;
    (void)fd;
    (void)events;
}

/* An address that answers nothing, so that connecting to it lasts. */
static int hole_fds[4];
static char hole[64];

static void open_hole(void)
{
    uint16_t port = 0;

    hole_fds[0] = net_listen("127.0.0.3", &port, 1);
    cr_assert_eq(net_black_hole("127.0.0.2", port, hole_fds + 1), 3);
    snprintf(hole, sizeof hole, "127.0.0.2:%u", port);
}

/* The script need not have been followed. */
static void end_with_hole(void)
{
    (void)rig_end();
    for (size_t i = 0; i < sizeof hole_fds / sizeof *hole_fds; i++)
        close(hole_fds[i]);
}

/* In no phase: while it connects, waits for the greeting, and ends. */
Test(interrupt, without_a_deadline_there_is_none)
{
    static const char *const script[] = {"< NOOP", "> 220 here", "< QUIT", "eof", NULL};

    begin(script);
    open_hole();
    envoi_session_set_watch(session, ignore_watch, NULL);
    cr_assert_eq(envoi_session_connect(session, hole), ENVOI_E_AGAIN);
    cr_expect_eq(envoi_session_deadline(session), -1);
    envoi_session_close(session);
    cr_assert_eq(rig_connect(), ENVOI_E_AGAIN);
    for (int i = 0; i < 100 && session->fd < 0; i++) {
        poll(&(struct pollfd){.fd = session->watch.list[0].fd, .events = POLLOUT}, 1, 100);
        cr_assert_eq(envoi_session_process(session, session->watch.list[0].fd, ENVOI_EVENT_WRITE), ENVOI_E_AGAIN);
    }
    cr_assert_geq(session->fd, 0);
    cr_expect_eq(envoi_session_deadline(session), -1);
    envoi_session_interrupt(session);
    cr_expect_eq(envoi_session_process(session, -1, 0), ENVOI_E_CANCELLED);
    cr_expect_eq(envoi_session_connected(session), 0);
    end_with_hole();
}

/* ---- from a signal handler ---- */

static void on_alarm(int number)
{
    (void)number;
    envoi_session_interrupt(session);
}

static void alarm_in(int milliseconds, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    struct itimerval once = {.it_value = {milliseconds / 1000, milliseconds % 1000 * 1000}};

    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &once, NULL);
}

static void expect_cancelled(int rc)
{
    cr_expect_eq(rc, ENVOI_E_CANCELLED, "%s: %s", envoi_error_name(rc), envoi_session_error(session));
    cr_expect_eq(envoi_session_error_code(session), ENVOI_E_CANCELLED);
    cr_expect_not_null(strstr(envoi_session_error(session), "interrupted"), "%s", envoi_session_error(session));
    cr_expect_eq(envoi_session_connected(session), 0);
}

Test(interrupt, while_it_connects)
{
    static const struct dns_row rows[] = {{.name = "silent.example", .silent_a = 1, .silent_aaaa = 1}, {.name = NULL}};

    open_hole();
    begin((const char *const[]){"polite", NULL});
    cr_assert_eq(library_set_dns_servers(library, dns_start(rows)), ENVOI_OK);
    alarm_in(50, on_alarm);
    expect_cancelled(envoi_session_connect(session, hole));
    alarm_in(50, on_alarm);
    expect_cancelled(envoi_session_connect(session, "silent.example"));
    cr_expect_eq(rig_connect(), ENVOI_OK, "%s", envoi_session_error(session));
    cr_expect_eq(envoi_session_quit(session), ENVOI_OK);
    dns_stop();
    end_with_hole();
}

/* When the dialogue has come to this line, so that the time does not depend on the machine. */
static void alarm_at(void *ctx, int kind, const char *text, size_t len)
{
    const char *line = ctx;

    (void)kind;
    if (len >= strlen(line) && strncmp(text, line, strlen(line)) == 0)
        alarm_in(50, on_alarm);
}

/* faults: U14 */
Test(interrupt, while_it_waits_for_a_reply)
{
    static const char *const greeting[] = {"gone", "accept", "> 220 here", "< NOOP", "gone", NULL};

    begin(greeting);
    envoi_session_set_trace(session, 1, alarm_at, (void *)(uintptr_t) "connected");
    expect_cancelled(rig_connect());
    envoi_session_set_trace(session, 1, alarm_at, (void *)(uintptr_t) "NOOP");
    cr_assert_eq(rig_connect(), ENVOI_OK);
    expect_cancelled(envoi_session_noop(session));
    cr_expect_eq(envoi_session_noop(session), ENVOI_E_DISCONNECTED, "the request is taken");
    finish();
}

static void interrupted_send(const char *const *script, const char *line, int rc, int verdict)
{
    struct envoi_message *m = rig_message("x\n");

    begin(script);
    cr_assert_eq(rig_connect(), ENVOI_OK);
    envoi_session_set_trace(session, 1, alarm_at, (void *)(uintptr_t)line);
    cr_expect_eq(envoi_session_send(session, m), rc, "%s", envoi_session_error(session));
    cr_expect_eq(envoi_message_verdict(m, 0), verdict, "%s", envoi_message_verdict_text(m, 0));
    cr_expect_not_null(strstr(envoi_message_verdict_reason(m, 0), "interrupted"), "%s",
                       envoi_message_verdict_reason(m, 0));
    cr_expect_eq(envoi_session_connected(session), 0);
    finish();
    envoi_message_free(m);
}

Test(interrupt, while_it_sends)
{
    static const char *const mail[] = {"> 220 here", "< EHLO ", "> 250 here", "< MAIL", "gone", NULL};
    static const char *const data[] = {"> 220 here", "< EHLO ",  "> 250 here", "< MAIL", "> 250 ok",
                                       "< RCPT",     "> 250 ok", "< DATA",     "gone",   NULL};
    static const char *const dot[] = {"> 220 here", "< EHLO ", "> 250 here", "< MAIL", "> 250 ok", "< RCPT",
                                      "> 250 ok",   "< DATA",  "> 354 go",   ".",      "gone",     NULL};

    interrupted_send(mail, "MAIL", ENVOI_E_CANCELLED, ENVOI_VERDICT_NOT_ATTEMPTED);
    interrupted_send(data, "DATA", ENVOI_E_CANCELLED, ENVOI_VERDICT_NOT_ATTEMPTED);
    interrupted_send(dot, "354", ENVOI_E_UNKNOWN, ENVOI_VERDICT_UNKNOWN);
}

/* The refusal is the result, and the request is for the next verb. */
Test(interrupt, after_the_result_is_certain)
{
    static const char *const script[] = {"> 220 here", "< EHLO ", "> 250 here", "< MAIL",
                                         "> 550 no",   "< RSET",  "gone",       NULL};
    struct envoi_message *m = rig_message("x\n");

    begin(script);
    cr_assert_eq(rig_connect(), ENVOI_OK);
    envoi_session_set_trace(session, 1, alarm_at, (void *)(uintptr_t) "RSET");
    cr_expect_eq(envoi_session_send(session, m), ENVOI_E_SENDER_REFUSED, "%s", envoi_session_error(session));
    cr_expect_eq(envoi_message_verdict(m, 0), ENVOI_VERDICT_REFUSED);
    expect_cancelled(rig_connect());
    finish();
    envoi_message_free(m);
}

/* ---- a request that comes between two verbs ---- */

Test(interrupt, the_next_verb_ends)
{
    static const char *const script[] = {"> 220 here", "gone",      "accept", "> 220 here",
                                         "< QUIT",     "> 221 bye", "eof",    NULL};
    int open;

    begin(script);
    open = net_count_fds();
    envoi_session_interrupt(NULL);
    envoi_session_interrupt(session);
    envoi_session_interrupt(session);
    cr_expect_eq(net_count_fds(), open, "no descriptor before there is a wait");
    cr_expect_eq(envoi_session_quit(session), ENVOI_OK, "there is nothing to end");
    expect_cancelled(rig_connect());
    cr_assert_eq(rig_connect(), ENVOI_OK, "two requests are one: %s", envoi_session_error(session));
    envoi_session_interrupt(session);
    expect_cancelled(envoi_session_noop(session));
    cr_assert_eq(rig_connect(), ENVOI_OK, "%s", envoi_session_error(session));
    envoi_session_interrupt(session);
    cr_expect_eq(envoi_session_quit(session), ENVOI_OK);
    expect_cancelled(rig_connect());
    finish();
}

Test(interrupt, quit)
{
    static const char *const script[] = {"> 220 here", "< QUIT", "gone", NULL};
    int64_t began;

    begin(script);
    envoi_session_set_timeout(session, ENVOI_PHASE_QUIT, 20000);
    cr_assert_eq(rig_connect(), ENVOI_OK);
    alarm_in(50, on_alarm);
    began = net_now();
    cr_expect_eq(envoi_session_quit(session), ENVOI_OK);
    cr_expect_lt(net_now() - began, 5000);
    cr_expect_eq(envoi_session_connected(session), 0);
    cr_expect_eq(envoi_session_noop(session), ENVOI_E_DISCONNECTED, "the request is taken");
    finish();
}

static int interrupt_and_dial(void *ctx, const char *host, unsigned port, int *in, int *out)
{
    (void)host;
    (void)port;
    (void)in;
    (void)out;
    envoi_session_interrupt(ctx);
    return ENVOI_E_AGAIN;
}

Test(interrupt, from_a_callback)
{
    begin((const char *const[]){"polite", NULL});
    envoi_session_set_watch(session, ignore_watch, NULL);
    envoi_session_set_dial(session, interrupt_and_dial, session);
    cr_assert_eq(envoi_session_connect(session, "mail.example"), ENVOI_E_AGAIN);
    expect_cancelled(envoi_session_process(session, -1, 0));
    finish();
}

/* ---- from another thread ---- */

static atomic_int rounds;

/* A request for each verb, at any point of it. */
static void *interrupt_often(void *ctx)
{
    for (int seen = 0; seen < 200;) {
        int now = atomic_load(&rounds);

        if (now == seen)
            continue;
        seen = now;
        nanosleep(&(struct timespec){.tv_nsec = now * 977 % 300 * 1000}, NULL);
        envoi_session_interrupt(ctx);
    }
    return NULL;
}

/* The server never greets: if a request were lost, the verb would not end. */
/* faults: U14 */
Test(interrupt, from_another_thread)
{
    uint16_t port = 0;
    int listener = net_listen("127.0.0.1", &port, 300);
    pthread_t thread;
    char where[64];

    begin((const char *const[]){"polite", NULL});
    snprintf(where, sizeof where, "127.0.0.1:%u", port);
    cr_assert_eq(pthread_create(&thread, NULL, interrupt_often, session), 0);
    for (int i = 1; i <= 200; i++) {
        atomic_store(&rounds, i);
        expect_cancelled(envoi_session_connect(session, where));
    }
    pthread_join(thread, NULL);
    cr_expect_eq(rig_connect(), ENVOI_OK, "none is left over: %s", envoi_session_error(session));
    envoi_session_quit(session);
    finish();
    close(listener);
}

/* ---- a function that is asked after a signal ---- */

static void do_nothing(int number)
{
    (void)number;
}

static int asked, says_no_at;

static int goes_on(void *ctx)
{
    cr_expect_eq(ctx, &asked);
    cr_expect_eq(envoi_session_noop(session), ENVOI_E_BUSY, "it may only read");
    return ++asked >= says_no_at;
}

/* Again and again: a signal that comes before the verb waits is none for it. */
static void alarm_every(int milliseconds)
{
    struct sigaction action = {.sa_handler = do_nothing, .sa_flags = SA_RESTART};
    struct itimerval often = {.it_interval = {0, milliseconds * 1000}, .it_value = {0, milliseconds * 1000}};

    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
}

Test(interrupt, asked_after_a_signal)
{
    static const char *const script[] = {"gone", NULL};

    for (says_no_at = 1; says_no_at < 4; says_no_at++) {
        begin(script);
        asked = 0;
        cr_assert_eq(envoi_session_set_interrupt_callback(session, goes_on, &asked), ENVOI_OK);
        alarm_every(20);
        expect_cancelled(rig_connect());
        alarm_every(0);
        cr_expect_eq(asked, says_no_at);
        finish();
    }
}

/* ---- fork ---- */

static int use_in_child(void)
{
    envoi_session_close(session);
    envoi_session_interrupt(session);
    if (rig_connect() != ENVOI_E_CANCELLED)
        return 1;
    alarm_in(50, on_alarm);
    return rig_connect() == ENVOI_E_CANCELLED ? 0 : 2;
}

/* The descriptor that wakes is not shared with a child. */
Test(interrupt, a_child_has_its_own)
{
    static const char *const script[] = {"> 220 here", "< NOOP", "> 250 ok", "< NOOP", "gone", NULL};
    int status = 0;
    pid_t child;

    begin(script);
    cr_assert_eq(rig_connect(), ENVOI_OK);
    cr_assert_eq(envoi_session_noop(session), ENVOI_OK);
    if (!(child = fork()))
        _exit(use_in_child());
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "step %d of the child", WEXITSTATUS(status));
    alarm_in(50, on_alarm);
    expect_cancelled(envoi_session_noop(session));
    finish();
}
