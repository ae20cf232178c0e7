/* SPDX-License-Identifier: MIT */
/* The two kinds of addresses are asked for apart, and one answer may come long after the other (RFC 8305 section 3):
 * here when the test says so. */
#include "../../peers/net.h"
#include "call.h"

#include <criterion/criterion.h>
#include <envoi/library.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

TestSuite(late, .timeout = 30);

static const struct dns_row rows[] = {
    {.name = "late4.example", .a = {"127.0.0.1"}, .aaaa = {"::1"}, .hold_a = 1},
    {.name = "late6.example", .a = {"127.0.0.1"}, .aaaa = {"::1"}, .hold_aaaa = 1},
    {.name = NULL},
};

/* What comes at once, and what comes late. */
struct order {
    const char *name;
    const char *first, *late;
    const char *trying; /* to connect to the first */
};
static const struct order orders[] = {
    {"late4.example", "::1", "127.0.0.1", "connecting to [::1]"},
    {"late6.example", "127.0.0.1", "::1", "connecting to 127.0.0.1"},
};
enum { ORDERS = sizeof orders / sizeof orders[0] };

/* A test for both. */
#define BOTH(name)                                                                                                     \
    static void name(const struct order *o);                                                                           \
    Test(late, name)                                                                                                   \
    {                                                                                                                  \
        for (int i = 0; i < ORDERS; i++)                                                                               \
            name(&orders[i]);                                                                                          \
    }                                                                                                                  \
    static void name(const struct order *o)

/* Listens at the late address, on a port that leads nowhere at the first one. Another program may have that port there,
 * so that another one is tried. */
static int listen_beside_a_hole(const struct order *o, uint16_t *port, int hole[3])
{
    for (int tries = 0; tries < 100; tries++) {
        int listener;

        *port = 0;
        listener = net_listen(o->late, port, 8);
        if (net_black_hole(o->first, *port, hole) == 3)
            return listener;
        close(listener);
    }
    cr_assert_fail("no port is free at both addresses");
    return -1;
}

/* Listens at both addresses, on a port that is free at both. Returns the first. */
static int listen_at_both(const struct order *o, uint16_t *port, int *late)
{
    for (int tries = 0; tries < 100; tries++) {
        int first;

        *port = 0;
        first = net_listen(o->first, port, 8);
        if ((*late = net_listen(o->late, port, 8)) >= 0)
            return first;
        close(first);
    }
    cr_assert_fail("no port is free at both addresses");
    return -1;
}

static void until_refused(struct call *c, const struct order *o)
{
    char text[64];

    snprintf(text, sizeof text, "%s: Connection refused", o->first);
    call_begin(c);
    call_until(c, text);
    cr_expect_eq(dialer_step(c->dialer, net_now(), &c->fd, &c->peer), ENVOI_E_AGAIN, "it does not wait for the other");
}

/* The first is refused, and nothing else is known: the late one is waited for, and tried as soon as it comes. */
BOTH(behind_a_refusal)
{
    uint16_t port = 0;
    int listener = net_listen(o->late, &port, 8), before = net_count_fds();
    int64_t released;
    struct call c;

    call_prepare_name(&c, rows, o->name, port, 10000);
    until_refused(&c, o);
    cr_expect_null(strstr(c.events, o->late), "%s", c.events);
    released = net_now();
    dns_release(DNS_RECORDS);
    call_go_on(&c);
    call_expect_peer(&c, o->late);
    cr_expect_lt(net_now() - released, 1000);
    dns_stop();
    call_finish(&c);
    cr_expect_eq(net_count_fds(), before);
    close(listener);
}

/* The first says nothing at all: the late one overtakes it. */
BOTH(behind_silence)
{
    uint16_t port = 0;
    int hole[3], listener = listen_beside_a_hole(o, &port, hole), before;
    struct call c;

    before = net_count_fds();
    call_prepare_name(&c, rows, o->name, port, 10000);
    call_begin(&c);
    call_until(&c, o->trying);
    dns_release(DNS_RECORDS);
    call_go_on(&c);
    call_expect_peer(&c, o->late);
    cr_expect_geq(c.took, 250, "%lld ms: the first had not its time", (long long)c.took);
    cr_expect_lt(c.took, 2000, "%lld ms", (long long)c.took);
    dns_stop();
    dialer_free(c.dialer);
    c.dialer = NULL;
    cr_expect_eq(net_count_fds(), before + 1, "the attempt that was overtaken is still open");
    call_finish(&c);
    for (int i = 0; i < 3; i++)
        close(hole[i]);
    close(listener);
}

/* Neither is reached: both are told. */
BOTH(behind_a_refusal_and_refused_as_well)
{
    int before = net_count_fds();
    struct call c;

    call_prepare_name(&c, rows, o->name, net_closed_port(), 10000);
    until_refused(&c, o);
    dns_release(DNS_RECORDS);
    call_go_on(&c);
    cr_expect_eq(c.rc, ENVOI_E_CONNECT, "%s", c.fault.text);
    cr_expect_not_null(strstr(c.fault.text, "127.0.0.1: Connection refused"), "%s", c.fault.text);
    cr_expect_not_null(strstr(c.fault.text, "::1: Connection refused"), "%s", c.fault.text);
    dns_stop();
    call_finish(&c);
    cr_expect_eq(net_count_fds(), before);
}

static const int failures[] = {2, 3}; /* SERVFAIL, NXDOMAIN */
enum { FAILURES = sizeof failures / sizeof failures[0] };

/* There is no more to be tried, and what is told is what the address said. */
BOTH(a_failure_behind_a_refusal)
{
    int before = net_count_fds();

    for (int i = 0; i < FAILURES; i++) {
        char text[64];
        struct call c;

        call_prepare_name(&c, rows, o->name, net_closed_port(), 10000);
        until_refused(&c, o);
        dns_release(failures[i]);
        call_go_on(&c);
        snprintf(text, sizeof text, ": %s: Connection refused", o->first);
        cr_expect_eq(c.rc, ENVOI_E_CONNECT, "RCODE %d: %s", failures[i], c.fault.text);
        cr_expect_not_null(strstr(c.fault.text, text), "RCODE %d: %s", failures[i], c.fault.text);
        cr_expect_eq(c.fault.phase, ENVOI_PHASE_CONNECT);
        cr_expect_lt(c.took, 2000);
        dns_stop();
        call_finish(&c);
        cr_expect_eq(net_count_fds(), before);
    }
}

/* An attempt that is under way is not given up for it. */
BOTH(a_failure_behind_silence)
{
    for (int i = 0; i < FAILURES; i++) {
        uint16_t port = 0;
        int hole[3], holder = listen_beside_a_hole(o, &port, hole), before;
        struct call c;

        before = net_count_fds();
        call_prepare_name(&c, rows, o->name, port, 400);
        call_begin(&c);
        call_until(&c, o->trying);
        dns_release(failures[i]);
        call_go_on(&c);
        cr_expect_eq(c.rc, ENVOI_E_TIMEOUT, "RCODE %d: %s", failures[i], c.fault.text);
        cr_expect_eq(c.fault.phase, ENVOI_PHASE_CONNECT);
        cr_expect_geq(c.took, 400);
        cr_expect_lt(c.took, 3000);
        dns_stop();
        call_finish(&c);
        cr_expect_eq(net_count_fds(), before);
        for (int k = 0; k < 3; k++)
            close(hole[k]);
        close(holder);
    }
}

/* The first failed, and the second never comes: the time for connecting ends it, and the refusal is told. */
BOTH(never)
{
    char text[64];
    struct call c;

    call_prepare_name(&c, rows, o->name, net_closed_port(), 300);
    until_refused(&c, o);
    call_go_on(&c);
    snprintf(text, sizeof text, "%s: Connection refused", o->first);
    cr_expect_eq(c.rc, ENVOI_E_TIMEOUT, "%s", c.fault.text);
    cr_expect_not_null(strstr(c.fault.text, text), "%s", c.fault.text);
    cr_expect_geq(c.took, 300);
    cr_expect_lt(c.took, 3000);
    dns_stop();
    call_finish(&c);
}

/* The dialer is kept until the greeting. */
static void until_connected(struct call *c, const struct order *o, uint16_t port)
{
    call_prepare_name(c, rows, o->name, port, 10000);
    call_begin(c);
    cr_assert_eq(c->rc, ENVOI_OK, "%s", c->fault.text);
    call_go_on(c);
    call_expect_peer(c, o->first);
}

/* All that the name server has to say is taken in. */
static void until_answered(struct call *c)
{
    for (int rounds = 0; call_watches(c); rounds++) {
        call_wait_once(c);
        cr_assert_lt(rounds, 100);
    }
}

/* Whatever comes then leaves the connection as it is, and is there for when it is no good. */
BOTH(behind_a_connection)
{
    static const int answers[] = {DNS_RECORDS, 2, 3};

    for (int i = 0; i < 3; i++) {
        uint16_t port = 0;
        int first = net_listen(o->first, &port, 8), late = net_listen(o->late, &port, 8), before = net_count_fds(), fd;
        struct call c;
        char octet;
        size_t told;

        until_connected(&c, o, port);
        told = strlen(c.events);
        fd = c.fd;
        dns_release(answers[i]);
        until_answered(&c);
        cr_expect_str_eq(c.events + told, "", "something was done");
        cr_expect_eq(recv(fd, &octet, 1, 0), -1);
        cr_expect_eq(errno, EAGAIN, "the connection is not what it was");
        cr_expect_eq(dialer_resume(c.dialer, net_now()), answers[i] == DNS_RECORDS, "answer %d", answers[i]);
        if (answers[i] == DNS_RECORDS) {
            call_go_on(&c);
            call_expect_peer(&c, o->late);
            close(fd);
        }
        dns_stop();
        call_finish(&c);
        cr_expect_eq(net_count_fds(), before);
        close(late);
        close(first);
    }
}

/* The connection was no good before the answer came: it is waited for. */
BOTH(behind_a_connection_that_is_no_good)
{
    uint16_t port = 0;
    int late, first = listen_at_both(o, &port, &late), before = net_count_fds();
    struct call c;

    until_connected(&c, o, port);
    close(c.fd);
    cr_assert(dialer_resume(c.dialer, net_now()));
    cr_assert_eq(dialer_step(c.dialer, net_now(), &c.fd, &c.peer), ENVOI_E_AGAIN, "%s", c.fault.text);
    dns_release(DNS_RECORDS);
    call_go_on(&c);
    call_expect_peer(&c, o->late);
    dns_stop();
    call_finish(&c);
    cr_expect_eq(net_count_fds(), before);
    close(late);
    close(first);
}

/* Freed with the question open, as a session does that was greeted: nobody is there for the answer. */
BOTH(when_nobody_waits_any_more)
{
    uint16_t port = 0;
    int first = net_listen(o->first, &port, 8), before = net_count_fds();
    struct call c;
    char octet;

    until_connected(&c, o, port);
    dialer_free(c.dialer);
    c.dialer = NULL;
    for (size_t k = 0; k < c.watch.count; k++)
        cr_expect_eq(c.watch.list[k].fd, c.fd, "something is still watched");
    dns_release(DNS_RECORDS);
    dns_stop();
    cr_expect_eq(net_count_fds(), before + 1, "the connection alone");
    cr_expect_eq(recv(c.fd, &octet, 1, 0), -1);
    cr_expect_eq(errno, EAGAIN);
    call_finish(&c);
    close(first);
}
