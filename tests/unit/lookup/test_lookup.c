/* SPDX-License-Identifier: MIT */
/* The servers that a domain names: blocking and not, against a name server that says what a good one would not. */
#include "../../peers/dns.h"
#include "../../peers/net.h"
#include "../../support/blocks.h"
#include "library/library.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(lookup, .timeout = 30);

static const struct dns_row rows[] = {
    {.name = "_submissions._tcp.both.example", .srv = {"20 0 465 b.both.example", "10 0 4465 a.both.example"}},
    {.name = "_submission._tcp.both.example", .srv = {"0 1 587 both.example"}},
    {.name = "_submission._tcp.late.example", .srv = {"0 1 587 mx.other.example", "1 1 587 xlate.example"}},
    {.name = "_submissions._tcp.none.example", .srv = {"0 0 0 ."}},
    {.name = "_submission._tcp.none.example", .srv = {"0 0 0 ."}},
    {.name = "_submissions._tcp.half.example", .srv = {"0 0 0 ."}},
    {.name = "_submission._tcp.half.example", .srv = {"0 0 587 mail.half.example"}},
    {.name = "_submissions._tcp.empty.example", .a = {"127.0.0.1"}},
    {.name = "_submissions._tcp.alias.example",
     .cname = "_submissions._tcp.real.example",
     .srv = {"0 0 465 real.example"}},
    {.name = "_submissions._tcp.loop.example", .cname = "_submissions._tcp.loop.example"},
    {.name = "_submissions._tcp.odd.example",
     .srv = {"0 0 465 127.0.0.1", "0 0 465 a b.example", "0 0 465 -x.example", "0 0 0 zero.example",
             "0 0 465 GOOD.example", "0 0 465 good.example", "0 0 465 x.example\r\nQUIT"}},
    {.name = "_submissions._tcp.long.example", .srv_more = 100, .truncated = 1},
    {.name = "_submissions._tcp.fail.example", .rcode = 2},
    {.name = "_submission._tcp.fail.example", .srv = {"0 0 587 ok.fail.example"}},
    {.name = "_submissions._tcp.dead.example", .rcode = 2},
    {.name = "_submission._tcp.dead.example", .srv = {"0 0 0 ."}},
    {.name = "_submissions._tcp.silent.example", .silent = 1},
    {.name = "_submission._tcp.silent.example", .silent = 1},
    {.name = "_submissions._tcp.slow.example", .silent = 1},
    {.name = "_submission._tcp.slow.example", .srv = {"0 0 587 slow.example"}},
    {.name = "_submissions._tcp.xn--mnchen-3ya.example", .srv = {"0 0 465 xn--mnchen-3ya.example"}},
    {.name = "mx.example", .mx = {"20 b.mx.example", "10 a.mx.example"}},
    {.name = "nullmx.example", .mx = {"0 ."}},
    {.name = NULL},
};

struct scene {
    struct envoi_library *library;
    struct envoi_lookup *lookup;
};

static struct scene begin(void)
{
    struct scene s;
    const char *servers = dns_start(rows);

    cr_assert_not_null(servers);
    cr_assert_eq(envoi_library_new(&s.library), ENVOI_OK);
    cr_assert_eq(library_set_dns_servers(s.library, servers), ENVOI_OK);
    cr_assert_eq(envoi_lookup_new(s.library, &s.lookup), ENVOI_OK);
    return s;
}

static void end(struct scene *s)
{
    envoi_lookup_free(s->lookup);
    envoi_library_free(s->library);
    dns_stop();
}

/* "host:port tls within|...", or the text of the failure */
static const char *found(const struct envoi_lookup *l, int rc)
{
    static char text[4096];
    size_t at = 0;

    if (rc) {
        cr_expect_eq(envoi_lookup_servers(l), 0u);
        snprintf(text, sizeof text, "%s %s", envoi_error_name(rc), envoi_lookup_error(l));
        return text;
    }
    cr_expect_str_eq(envoi_lookup_error(l), "");
    for (size_t i = 0; i < envoi_lookup_servers(l); i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s:%u %d %d|", envoi_lookup_host(l, i),
                               envoi_lookup_port(l, i), envoi_lookup_tls(l, i), envoi_lookup_within(l, i));
    return text;
}

#define I "4" /* ENVOI_TLS_IMPLICIT: see the assertion */
#define R "3" /* ENVOI_TLS_REQUIRED */

static const struct row {
    const char *domain;
    const char *found;
} cases[] = {
    {"both.example", "a.both.example:4465 " I " 1|b.both.example:465 " I " 1|both.example:587 " R " 1|"},
    {"BOTH.example.", "a.both.example:4465 " I " 1|b.both.example:465 " I " 1|both.example:587 " R " 1|"},
    {"late.example", "mx.other.example:587 " R " 0|xlate.example:587 " R " 0|"},
    {"none.example", "ENVOI_E_NOT_SUPPORTED none.example: the domain says that it has no such service"},
    {"half.example", "mail.half.example:587 " R " 1|"},
    {"empty.example", "ENVOI_E_RESOLVE empty.example: the domain has no SRV record"},
    {"nowhere.example", "ENVOI_E_RESOLVE nowhere.example: the domain has no SRV record"},
    {"alias.example", "real.example:465 " I " 0|"},
    {"loop.example", "ENVOI_E_RESOLVE loop.example: the domain has no SRV record"},
    {"odd.example", "GOOD.example:465 " I " 0|"},
    {"fail.example", "ok.fail.example:587 " R " 1|"},
    {"m\xc3\xbcnchen.example", "xn--mnchen-3ya.example:465 " I " 1|"},
    {"test.invalid", "ENVOI_E_RESOLVE test.invalid: no such domain"},
    {"192.0.2.1", NULL},
    {"a b.example", NULL},
    {"a.example\r\nQUIT", NULL},
    {"", NULL},
};

Test(lookup, submission)
{
    struct scene s = begin();

    cr_assert(ENVOI_TLS_IMPLICIT == 4 && ENVOI_TLS_REQUIRED == 3);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int rc = envoi_lookup_submission(s.lookup, cases[i].domain);
        const char *text = found(s.lookup, rc);

        if (cases[i].found)
            cr_expect_str_eq(text, cases[i].found, "%s: %s", cases[i].domain, text);
        else
            cr_expect_eq(rc, ENVOI_E_USAGE, "%s: %s", cases[i].domain, text);
    }
    end(&s);
}

/* A failure of the name servers is told, and not taken for the domain's word. */
Test(lookup, name_servers_that_fail)
{
    struct scene s = begin();

    cr_expect_eq(envoi_lookup_submission(s.lookup, "dead.example"), ENVOI_E_LOOKUP, "%s", envoi_lookup_error(s.lookup));
    cr_expect_eq(envoi_lookup_set_timeout(s.lookup, 300), ENVOI_OK);
    cr_expect_str_eq(found(s.lookup, envoi_lookup_submission(s.lookup, "silent.example")),
                     "ENVOI_E_TIMEOUT silent.example: the name servers do not answer in time");
    /* what came in time is of use */
    cr_expect_str_eq(found(s.lookup, envoi_lookup_submission(s.lookup, "slow.example")), "slow.example:587 " R " 1|");
    end(&s);
}

Test(lookup, more_than_are_kept)
{
    struct scene s = begin();

    cr_assert_eq(envoi_lookup_submission(s.lookup, "long.example"), ENVOI_OK, "%s", envoi_lookup_error(s.lookup));
    cr_expect_eq(envoi_lookup_servers(s.lookup), 32u);
    cr_expect_eq(envoi_lookup_port(s.lookup, 31), 32u);
    cr_expect_eq(envoi_lookup_port(s.lookup, 32), 0u);
    cr_expect_null(envoi_lookup_host(s.lookup, 32));
    cr_expect_eq(envoi_lookup_tls(s.lookup, 32), -1);
    cr_expect_eq(envoi_lookup_within(s.lookup, 32), 0);
    end(&s);
}

Test(lookup, exchangers)
{
    struct scene s = begin();

    cr_expect_str_eq(found(s.lookup, envoi_lookup_exchangers(s.lookup, "mx.example")),
                     "a.mx.example:25 2 1|b.mx.example:25 2 1|");
    cr_expect_str_eq(found(s.lookup, envoi_lookup_exchangers(s.lookup, "nullmx.example")),
                     "ENVOI_E_NOT_SUPPORTED nullmx.example: the domain says that it has no such service");
    cr_expect_str_eq(found(s.lookup, envoi_lookup_exchangers(s.lookup, "both.example")),
                     "ENVOI_E_RESOLVE both.example: the domain has no MX record");
    end(&s);
}

Test(lookup, usage)
{
    struct scene s = begin();
    struct envoi_lookup *none = s.lookup;

    cr_expect_eq(envoi_lookup_new(NULL, &none), ENVOI_E_USAGE);
    cr_expect_null(none);
    cr_expect_eq(envoi_lookup_new(s.library, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_lookup_submission(NULL, "a.example"), ENVOI_E_USAGE);
    cr_expect_eq(envoi_lookup_submission(s.lookup, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_lookup_exchangers(s.lookup, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_lookup_set_timeout(s.lookup, 0), ENVOI_E_USAGE);
    cr_expect_eq(envoi_lookup_set_timeout(NULL, 1), ENVOI_E_USAGE);
    cr_expect_eq(envoi_lookup_set_watch(NULL, NULL, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_lookup_process(NULL, -1, 0), ENVOI_E_USAGE);
    cr_expect_eq(envoi_lookup_process(s.lookup, -1, 0), ENVOI_OK);
    cr_expect_eq(envoi_lookup_deadline(NULL), -1);
    cr_expect_eq(envoi_lookup_deadline(s.lookup), -1);
    cr_expect_eq(envoi_lookup_servers(NULL), 0u);
    cr_expect_null(envoi_lookup_error(NULL));
    cr_expect_null(envoi_lookup_host(NULL, 0));
    envoi_lookup_free(NULL);
    /* a setter that has failed: nothing is looked up either */
    cr_expect_eq(envoi_library_set_min_tls(s.library, 7), ENVOI_E_USAGE);
    cr_expect_eq(envoi_lookup_submission(s.lookup, "both.example"), ENVOI_E_USAGE);
    cr_expect_eq(dns_questions(), 0);
    end(&s);
}

/* ---- the non-blocking face ---- */

struct watching {
    struct envoi_lookup *lookup;
    struct pollfd fds[32];
    nfds_t count;
};

static void watch(void *ctx, int fd, unsigned events)
{
    struct watching *w = ctx;
    nfds_t i = 0;

    cr_expect_eq(envoi_lookup_process(w->lookup, -1, 0), ENVOI_E_BUSY);
    cr_expect_eq(envoi_lookup_submission(w->lookup, "both.example"), ENVOI_E_BUSY);
    while (i < w->count && w->fds[i].fd != fd)
        i++;
    if (events) {
        cr_assert_lt(i, 32u);
        cr_expect(net_is_nonblocking(fd));
        cr_expect(net_is_cloexec(fd));
        w->fds[i] =
            (struct pollfd){.fd = fd, .events = (short)((events & 1 ? POLLIN : 0) | (events & 2 ? POLLOUT : 0))};
        w->count += i == w->count;
    } else if (i < w->count) {
        w->fds[i] = w->fds[--w->count];
    }
}

/* Carries on until there is a result. */
static int wait_for(struct watching *w)
{
    int rc = ENVOI_E_AGAIN;

    for (int round = 0; rc == ENVOI_E_AGAIN; round++) {
        int64_t left = envoi_lookup_deadline(w->lookup) - net_now();
        int fd = -1;

        cr_assert_lt(round, 200);
        cr_expect_eq(envoi_lookup_servers(w->lookup), 0u);
        if (poll(w->fds, w->count, left < 0 ? 0 : (int)left) > 0)
            for (nfds_t i = 0; i < w->count; i++)
                if (w->fds[i].revents)
                    fd = w->fds[i].fd;
        rc = envoi_lookup_process(w->lookup, fd, ENVOI_EVENT_READ | ENVOI_EVENT_WRITE);
    }
    return rc;
}

Test(lookup, in_a_loop)
{
    struct scene s = begin();
    struct watching w = {.lookup = s.lookup};

    cr_expect_eq(envoi_lookup_set_watch(s.lookup, watch, &w), ENVOI_OK);
    cr_expect_eq(envoi_lookup_submission(s.lookup, "both.example"), ENVOI_E_AGAIN);
    cr_expect_eq(envoi_lookup_submission(s.lookup, "both.example"), ENVOI_E_BUSY);
    cr_expect_eq(envoi_lookup_set_watch(s.lookup, NULL, NULL), ENVOI_E_BUSY);
    cr_expect_str_eq(found(s.lookup, wait_for(&w)), cases[0].found);
    cr_expect_eq(w.count, 0u, "a closed descriptor is still watched");
    cr_expect_eq(envoi_lookup_process(s.lookup, -1, 0), ENVOI_OK);
    /* the same object again, by TCP */
    cr_expect_eq(envoi_lookup_submission(s.lookup, "long.example"), ENVOI_E_AGAIN);
    cr_expect_eq(wait_for(&w), ENVOI_OK);
    cr_expect_eq(envoi_lookup_servers(s.lookup), 32u);
    envoi_lookup_set_timeout(s.lookup, 200);
    cr_expect_eq(envoi_lookup_submission(s.lookup, "silent.example"), ENVOI_E_AGAIN);
    cr_expect_eq(wait_for(&w), ENVOI_E_TIMEOUT);
    cr_expect_eq(w.count, 0u);
    end(&s);
}

/* faults: 79 */
Test(lookup, given_up)
{
    int before = net_count_fds();
    struct scene s = begin();
    struct watching w = {.lookup = s.lookup};

    envoi_lookup_set_watch(s.lookup, watch, &w);
    cr_expect_eq(envoi_lookup_submission(s.lookup, "silent.example"), ENVOI_E_AGAIN);
    cr_expect_gt(w.count, 0u);
    end(&s);
    cr_expect_eq(w.count, 0u, "a closed descriptor is still watched");
    cr_expect_eq(net_count_fds(), before);
}

Test(lookup, in_a_forked_child)
{
    struct scene s = begin();
    int status;
    pid_t child = fork();

    if (!child) {
        int rc = envoi_lookup_submission(s.lookup, "both.example");

        envoi_lookup_free(s.lookup);
        _exit(rc == ENVOI_E_USAGE ? 0 : 1);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_expect_eq(status, 0);
    cr_expect_eq(envoi_lookup_submission(s.lookup, "both.example"), ENVOI_OK);
    end(&s);
}

/* ---- memory ---- */

/* Each allocation fails once: an error, nothing is lost, and the next try succeeds. */
Test(lookup, short_of_memory)
{
    const char *servers = dns_start(rows);
    size_t n = 0;
    int rc = ENVOI_E_MEMORY;

    blocks_install();
    while (rc) {
        struct envoi_library *library = NULL;
        struct envoi_lookup *lookup = NULL;

        cr_assert_lt(++n, 500u);
        cr_assert_eq(envoi_library_new(&library), ENVOI_OK);
        cr_assert_eq(library_set_dns_servers(library, servers), ENVOI_OK);
        blocks_fail(n, false);
        rc = envoi_lookup_new(library, &lookup);
        if (!rc)
            rc = envoi_lookup_submission(lookup, "both.example");
        cr_expect(rc == ENVOI_OK || rc == ENVOI_E_MEMORY, "%zu: %s", n, envoi_lookup_error(lookup));
        if (rc && lookup) {
            cr_expect_eq(envoi_lookup_servers(lookup), 0u);
            cr_expect_eq(envoi_lookup_submission(lookup, "both.example"), ENVOI_OK);
        }
        blocks_fail(0, false);
        envoi_lookup_free(lookup);
        envoi_library_free(library);
        cr_assert_eq(blocks_alive(), 0u, "%zu: %zu blocks are left", n, blocks_alive());
    }
    cr_expect_gt(n, 5u);
    dns_stop();
}
