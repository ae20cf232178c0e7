/* SPDX-License-Identifier: MIT */
#include "../../peers/dns.h"
#include "../../peers/net.h"
#include "call.h"

#include <ares_version.h>
#include <criterion/criterion.h>
#include <envoi/library.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(dialer, .timeout = 30);

/* ---- addresses ---- */

Test(dialer, an_address_needs_no_name_server)
{
    uint16_t port = 0;
    int fd = net_listen("::1", &port, 8), before = net_count_fds();
    char server[64];
    struct call c;

    snprintf(server, sizeof server, "[::1]:%u", port);
    call_prepare(&c, server);
    c.policy.servers = "nonsense"; /* a channel would refuse it */
    call_dial(&c);
    call_expect_peer(&c, "::1");
    cr_expect_eq(net_count_fds(), before + 1);
    call_finish(&c);
    cr_expect_eq(net_count_fds(), before);
    close(fd);
}

/* faults: 79 */
Test(dialer, a_closed_port)
{
    int before = net_count_fds();
    char server[64], text[128];
    struct call c;

    snprintf(server, sizeof server, "127.0.0.1:%u", net_closed_port());
    call_prepare(&c, server);
    call_dial(&c);
    cr_expect_eq(c.rc, ENVOI_E_CONNECT);
    cr_expect_eq(c.fault.phase, ENVOI_PHASE_CONNECT);
    cr_expect_eq(c.fault.library_code, ECONNREFUSED);
    snprintf(text, sizeof text, "%s: Connection refused", server);
    cr_expect_str_eq(c.fault.text, text);
    call_finish(&c);
    cr_expect_eq(net_count_fds(), before);
}

Test(dialer, nobody_answers)
{
    uint16_t port = 0;
    int holder = net_listen("127.0.0.3", &port, 1), hole[3];
    char server[64];
    struct call c;

    cr_assert_eq(net_black_hole("127.0.0.2", port, hole), 3);
    snprintf(server, sizeof server, "127.0.0.2:%u", port);
    call_prepare(&c, server);
    c.connect_timeout = 200;
    call_dial(&c);
    cr_expect_eq(c.rc, ENVOI_E_TIMEOUT, "%s", c.fault.text);
    cr_expect_eq(c.fault.phase, ENVOI_PHASE_CONNECT);
    cr_expect_geq(c.took, 200);
    cr_expect_lt(c.took, 3000);
    call_finish(&c);
    close(holder);
}

/* ---- unix sockets ---- */

static int unix_socket(char *path, int backlog)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    strcpy(path, "/tmp/envoi-test-XXXXXX");
    cr_assert_not_null(mkdtemp(path));
    strcat(path, "/socket");
    strcpy(un.sun_path, path);
    cr_assert_eq(bind(fd, (struct sockaddr *)&un, sizeof un), 0);
    cr_assert_eq(listen(fd, backlog), 0);
    return fd;
}

static void remove_unix_socket(char *path)
{
    unlink(path);
    *strrchr(path, '/') = '\0';
    rmdir(path);
}

Test(dialer, a_unix_socket)
{
    char path[64], text[ENDPOINT_TEXT_MAX];
    int fd = unix_socket(path, 4);
    struct call c;

    call_prepare(&c, path);
    call_dial(&c);
    cr_assert_eq(c.rc, ENVOI_OK, "%s", c.fault.text);
    endpoint_text(&c.peer, text, sizeof text);
    cr_expect_str_eq(text, path);
    cr_expect(net_is_nonblocking(c.fd) && net_is_cloexec(c.fd));
    call_finish(&c);
    remove_unix_socket(path);
    call_prepare(&c, path[0] ? "/nonexistent/socket" : "");
    call_dial(&c);
    cr_expect_eq(c.rc, ENVOI_E_CONNECT);
    cr_expect_str_eq(c.fault.text, "/nonexistent/socket: No such file or directory");
    call_finish(&c);
    close(fd);
}

/* It says EAGAIN, and no event tells when there is room: it is asked again until the deadline. */
Test(dialer, a_unix_socket_whose_queue_is_full)
{
    char path[64];
    int fd = unix_socket(path, 0), queued[8], count = 0;
    struct call c, d;

    for (; count < 8; count++) {
        call_prepare(&d, path);
        d.connect_timeout = 50;
        call_dial(&d);
        queued[count] = d.fd;
        target_free(&d.target);
        if (d.rc)
            break;
    }
    cr_expect_eq(d.rc, ENVOI_E_TIMEOUT, "%s", d.fault.text);
    cr_expect_lt(count, 8);
    call_prepare(&c, path);
    close(accept(fd, NULL, NULL));
    call_dial(&c);
    cr_expect_eq(c.rc, ENVOI_OK, "%s", c.fault.text);
    call_finish(&c);
    for (int i = 0; i < count; i++)
        close(queued[i]);
    remove_unix_socket(path);
    close(fd);
}

/* ---- names ---- */

Test(dialer, localhost_causes_no_packet)
{
    static const struct dns_row rows[] = {{.name = NULL}};
    uint16_t port = 0;
    int fd = net_listen("127.0.0.1", &port, 8);
    static const char *const names[] = {"localhost", "LOCALHOST", "localhost.", "mail.localhost"};
    const char *servers = dns_start(rows);

    for (int i = 0; i < 4; i++) {
        char server[64];
        struct call c;

        snprintf(server, sizeof server, "%s:%u", names[i], port);
        call_prepare(&c, server);
        c.policy.servers = servers;
        call_dial(&c);
        call_expect_peer(&c, "127.0.0.1");
        call_finish(&c);
    }
    cr_expect_eq(dns_questions(), 0);
    dns_stop();
    close(fd);
}

static int opened_resolv_conf;

static FILE *open_and_note(const char *path, const char *mode)
{
    int fd = open(path, (mode[0] == 'r' ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC) | O_CLOEXEC, 0666);

    opened_resolv_conf += strcmp(path, "/etc/resolv.conf") == 0;
    return fd < 0 ? NULL : fdopen(fd, mode);
}

/* c-ares calls one of these, by the name that it was compiled with. */
__attribute__((visibility("default"))) FILE *open_small(const char *path, const char *mode) __asm__("fopen");
__attribute__((visibility("default"))) FILE *open_large(const char *path, const char *mode) __asm__("fopen64");

FILE *open_small(const char *path, const char *mode)
{
    return open_and_note(path, mode);
}

FILE *open_large(const char *path, const char *mode)
{
    return open_and_note(path, mode);
}

Test(dialer, a_name_in_the_hosts_file_needs_no_resolv_conf)
{
    uint16_t port = 0;
    int fd = net_listen("127.0.0.1", &port, 8);
    char server[64];
    struct call c;

    snprintf(server, sizeof server, "localhost:%u", port);
    call_prepare(&c, server);
    call_dial(&c);
    call_expect_peer(&c, "127.0.0.1");
#if ARES_VERSION < 0x012200 /* 1.34.0 reads it for any look-up */
    cr_expect_eq(opened_resolv_conf, 0);
#endif
    call_finish(&c);
    call_prepare(&c, "nobody.example:25"); /* so that it is known that the open is seen */
    c.policy.servers = "127.0.0.1:1";
    call_dial(&c);
    cr_expect_neq(c.rc, ENVOI_OK);
    cr_expect_gt(opened_resolv_conf, 0);
    call_finish(&c);
    close(fd);
}

/* A bare chroot has no /etc/hosts, and no name server either. */
static int dial_in_an_empty_root(const char *root, const char *server)
{
    struct call c;

    if ((geteuid() && unshare(CLONE_NEWUSER)) || chroot(root) || chdir("/"))
        return 77;
    call_prepare(&c, server);
    c.policy.servers = "127.0.0.1:1";
    call_dial(&c);
    if (c.rc)
        fprintf(stderr, "%s: %s\n", server, c.fault.text);
    return c.rc ? 1 : 0;
}

Test(dialer, localhost_without_a_hosts_file)
{
    static const char *const names[] = {"localhost", "mail.LocalHost"};
    char root[] = "/tmp/envoi-root-XXXXXX";
    uint16_t port = 0;
    int fd = net_listen("127.0.0.1", &port, 8), status = 0;

    cr_assert_not_null(mkdtemp(root));
    for (int i = 0; i < 2; i++) {
        char server[64];
        pid_t child;

        snprintf(server, sizeof server, "%s:%u", names[i], port);
        if ((child = fork()) == 0)
            _exit(dial_in_an_empty_root(root, server));
        cr_assert_eq(waitpid(child, &status, 0), child);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
            break;
        cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s: status %d", server, status);
    }
    rmdir(root);
    close(fd);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        cr_skip_test("may not change the root");
}

Test(dialer, ipv6_comes_first)
{
    static const struct dns_row rows[] = {
        {.name = "both.example", .a = {"127.0.0.1"}, .aaaa = {"::1"}},
        {.name = NULL},
    };
    uint16_t port = 0;
    int fd6 = net_listen("::1", &port, 8), fd4 = net_listen("127.0.0.1", &port, 8), before = net_count_fds();
    struct call c;

    cr_assert(fd6 >= 0 && fd4 >= 0);
    call_name(&c, rows, "both.example", port, 10000);
    call_expect_peer(&c, "::1");
    cr_expect_eq(net_count_fds(), before + 1);
    call_finish(&c);
    close(fd4);
    close(fd6);
}

/* What refuses costs no waiting, whatever the family. */
Test(dialer, a_refusal_makes_the_next_begin_at_once)
{
    static const struct dns_row rows[] = {
        {.name = "both.example", .a = {"127.0.0.9", "127.0.0.8", "127.0.0.1"}, .aaaa = {"::1"}},
        {.name = NULL},
    };
    uint16_t port = 0;
    int fd = net_listen("127.0.0.1", &port, 8), before = net_count_fds();
    struct call c;

    call_name(&c, rows, "both.example", port, 10000);
    call_expect_peer(&c, "127.0.0.1");
    cr_expect_lt(c.took, 600, "%lld ms: three pauses are 750", (long long)c.took);
    cr_expect_not_null(strstr(c.events, "::1: Connection refused"), "%s", c.events);
    call_finish(&c);
    cr_expect_eq(net_count_fds(), before);
    close(fd);
}

/* An address that says nothing is overtaken after 250 ms, and closed. */
Test(dialer, silence_is_overtaken)
{
    static const struct dns_row rows[] = {
        {.name = "slow.example", .a = {"127.0.0.2", "127.0.0.3"}},
        {.name = NULL},
    };
    uint16_t port = 0;
    int good = net_listen("127.0.0.3", &port, 8), hole[3], before;
    struct call c;
    int64_t took;

    cr_assert_eq(net_black_hole("127.0.0.2", port, hole), 3);
    before = net_count_fds();
    call_name(&c, rows, "slow.example", port, 10000);
    took = c.took;
    call_expect_peer(&c, "127.0.0.3");
    cr_expect_lt(took, 2000, "%lld ms", (long long)took);
    if (strstr(c.events, "127.0.0.2")) /* unless the sorting put the good one first */
        cr_expect_geq(took, 250, "%lld ms", (long long)took);
    cr_expect_eq(net_count_fds(), before + 1);
    call_finish(&c);
    close(good);
}

/* The families take turns: the second IPv4 address does not come before IPv6 had its chance. */
Test(dialer, families_take_turns)
{
    static const struct dns_row rows[] = {
        {.name = "many.example", .a = {"127.0.0.5", "127.0.0.6"}, .aaaa = {"::1", "::2"}, .a_first = 1},
        {.name = NULL},
    };
    uint16_t port = net_closed_port();
    const char *first6, *first4, *last;
    struct call c;

    call_name(&c, rows, "many.example", port, 10000);
    cr_expect_eq(c.rc, ENVOI_E_CONNECT, "%s", c.fault.text);
    first6 = strstr(c.events, "connecting to [");
    first4 = strstr(c.events, "connecting to 127.");
    cr_assert(first6 && first4, "%s", c.events);
    cr_expect_lt(first6, first4, "%s", c.events);
    last = strstr(first6 + 1, "connecting to [");
    cr_assert_not_null(last, "%s", c.events);
    cr_expect_gt(last, first4, "%s", c.events);
    for (int i = 0; i < 4; i++) {
        static const char *const all[] = {"127.0.0.5: Connection refused", "127.0.0.6: Connection refused",
                                          "::1: ", "::2: "};

        cr_expect_not_null(strstr(c.fault.text, all[i]), "%s is not in %s", all[i], c.fault.text);
    }
    cr_expect_eq(strncmp(c.fault.text, "many.example:", 13), 0);
    call_finish(&c);
}

/* Of a name with more addresses only so many are tried. */
Test(dialer, there_is_a_bound_on_addresses)
{
    static const struct dns_row rows[] = {
        {.name = "many.example",
         .a = {"127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.6", "127.0.0.7", "127.0.0.8",
               "127.0.0.9", "127.0.0.10"}},
        {.name = NULL},
    };
    uint16_t port = 0;
    int eighth = net_listen("127.0.0.8", &port, 8);
    struct call c;

    call_name(&c, rows, "many.example", port, 10000);
    call_expect_peer(&c, "127.0.0.8");
    call_finish(&c);
    close(eighth);
    port = 0;
    int ninth = net_listen("127.0.0.9", &port, 8);
    call_name(&c, rows, "many.example", port, 10000);
    cr_expect_eq(c.rc, ENVOI_E_CONNECT, "%s", c.fault.text);
    call_finish(&c);
    close(ninth);
}

/* A name server that drops one kind of question must not hold up the other (RFC 8305 section 3). */
Test(dialer, an_unanswered_family_is_not_waited_for)
{
    static const struct dns_row rows[] = {
        {.name = "no6.example", .a = {"127.0.0.1"}, .silent_aaaa = 1},
        {.name = "no4.example", .aaaa = {"::1"}, .silent_a = 1},
        {.name = NULL},
    };
    uint16_t port = 0;
    int fd6 = net_listen("::1", &port, 8), fd4 = net_listen("127.0.0.1", &port, 8), before = net_count_fds();
    struct call c;

    call_name(&c, rows, "no6.example", port, 10000);
    call_expect_peer(&c, "127.0.0.1");
    cr_expect_geq(c.took, 50);
    cr_expect_lt(c.took, 1000);
    call_finish(&c);
    call_name(&c, rows, "no4.example", port, 10000);
    call_expect_peer(&c, "::1");
    cr_expect_lt(c.took, 1000);
    call_finish(&c);
    cr_expect_eq(net_count_fds(), before, "c-ares' sockets are closed");
    close(fd4);
    close(fd6);
}

/* An answer that is too long for UDP is fetched by TCP: c-ares opens another socket, and waits until it can be written. */
Test(dialer, a_truncated_answer)
{
    static const struct dns_row rows[] = {
        {.name = "long.example", .a = {"127.0.0.1"}, .aaaa = {"::1"}, .truncated = 1},
        {.name = NULL},
    };
    uint16_t port = 0;
    int fd6 = net_listen("::1", &port, 8), fd4 = net_listen("127.0.0.1", &port, 8), before = net_count_fds();
    struct call c;

    call_name(&c, rows, "long.example", port, 10000);
    cr_expect_eq(c.rc, ENVOI_OK, "%s", c.fault.text);
    call_finish(&c);
    cr_expect_eq(net_count_fds(), before, "c-ares' sockets are closed");
    close(fd4);
    close(fd6);
}

Test(dialer, names_that_lead_nowhere)
{
    static const struct dns_row rows[] = {
        {.name = "empty.example"},
        {.name = "silent.example", .silent_a = 1, .silent_aaaa = 1},
        {.name = NULL},
    };
    int before = net_count_fds();
    struct call c;

    call_name(&c, rows, "missing.example", 25, 10000);
    cr_expect_eq(c.rc, ENVOI_E_RESOLVE);
    cr_expect_eq(c.fault.phase, ENVOI_PHASE_DNS);
    cr_expect_str_eq(c.fault.text, "missing.example: no such host");
    call_finish(&c);
    call_name(&c, rows, "empty.example", 25, 10000);
    cr_expect_eq(c.rc, ENVOI_E_RESOLVE);
    cr_expect_str_eq(c.fault.text, "empty.example: the host has no address");
    call_finish(&c);
    call_name(&c, rows, "silent.example", 25, 300);
    cr_expect_eq(c.rc, ENVOI_E_TIMEOUT);
    cr_expect_eq(c.fault.phase, ENVOI_PHASE_DNS);
    cr_expect_geq(c.took, 300);
    cr_expect_lt(c.took, 3000);
    call_finish(&c);
    cr_expect_eq(net_count_fds(), before);
}

/* faults: U12 */
Test(dialer, names_that_cannot_be_looked_up_now)
{
    static const struct dns_row rows[] = {
        {.name = "servfail.example", .rcode = 2},
        {.name = "notimp.example", .rcode = 4},
        {.name = "refused.example", .rcode = 5},
        {.name = NULL},
    };
    int before = net_count_fds();
    struct call c;

    for (size_t i = 0; rows[i].name; i++) {
        call_name(&c, rows, rows[i].name, 25, 20000);
        cr_expect_eq(c.rc, ENVOI_E_LOOKUP, "%s: %s", rows[i].name, c.fault.text);
        cr_expect_eq(c.fault.phase, ENVOI_PHASE_DNS);
        call_finish(&c);
    }
    call_prepare(&c, "mail.example"); /* nobody listens there */
    c.policy.servers = "127.0.0.1:1";
    call_dial(&c);
    cr_expect_eq(c.rc, ENVOI_E_LOOKUP, "%s", c.fault.text);
    cr_expect_str_eq(c.fault.text, "mail.example: no name server can be reached");
    call_finish(&c);
    call_prepare(&c, "mail.example");
    c.policy.servers = "nonsense";
    call_dial(&c);
    cr_expect_eq(c.rc, ENVOI_E_LOOKUP, "%s", c.fault.text);
    call_finish(&c);
    cr_expect_eq(net_count_fds(), before);
}

/* RFC 6761: it does not exist, whatever a name server would say. */
Test(dialer, invalid_causes_no_packet)
{
    static const char *const names[] = {"invalid", "mail.invalid", "MAIL.Invalid."};
    static const struct dns_row rows[] = {{.name = "mail.invalid", .a = {"127.0.0.1"}}, {.name = NULL}};
    struct call c;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        call_prepare(&c, names[i]);
        c.policy.servers = dns_start(rows);
        call_dial(&c);
        cr_expect_eq(c.rc, ENVOI_E_RESOLVE, "%s", c.fault.text);
        cr_expect_not_null(strstr(c.fault.text, "no such host"), "%s", c.fault.text);
        cr_expect_eq(dns_questions(), 0);
        dns_stop();
        call_finish(&c);
    }
}

/* Search domains come from the environment, unless the program is a set-uid one. */
/* faults: 66 */
Test(dialer, the_environment_counts_only_for_its_owner)
{
    static const struct dns_row rows[] = {{.name = NULL}};
    char server[] = "plainname:25";
    struct call c;

    setenv("LOCALDOMAIN", "evil.example", 1);
    setenv("RES_OPTIONS", "ndots:5", 1);
    for (int secure = 0; secure < 2; secure++) {
        call_prepare(&c, server);
        c.policy = (struct resolver_policy){.servers = dns_start(rows), .secure = secure};
        call_dial(&c);
        cr_expect_eq(c.rc, ENVOI_E_RESOLVE);
        cr_expect_eq(dns_asked("plainname.evil.example") > 0, !secure, "secure %d", secure);
        cr_expect_gt(dns_asked("plainname"), 0);
        dns_stop();
        call_finish(&c);
    }
}

/* A dot at the end: the name as it is, no search domain. */
Test(dialer, an_absolute_name_is_not_searched)
{
    static const struct dns_row rows[] = {{.name = NULL}};
    struct call c;

    setenv("LOCALDOMAIN", "search.example", 1);
    call_prepare(&c, "plainname.");
    c.policy.servers = dns_start(rows);
    call_dial(&c);
    cr_expect_eq(c.rc, ENVOI_E_RESOLVE);
    cr_expect_eq(dns_asked("plainname.search.example"), 0);
    cr_expect_gt(dns_asked("plainname"), 0);
    dns_stop();
    call_finish(&c);
}

/* Loops that call every event readable, or everything both, change nothing. */
Test(dialer, loops_that_do_not_tell_events_apart)
{
    uint16_t port = 0;
    int fd = net_listen("127.0.0.1", &port, 8);
    struct call c;

    for (unsigned ready = 1; ready <= 3; ready++) {
        char server[64];

        snprintf(server, sizeof server, "127.0.0.1:%u", port);
        call_prepare(&c, server);
        c.ready = ready;
        call_dial(&c);
        call_expect_peer(&c, "127.0.0.1");
        call_finish(&c);
    }
    close(fd);
}

/* Given up in the middle, nothing stays behind. */
/* faults: 79 */
Test(dialer, given_up)
{
    static const struct dns_row rows[] = {
        {.name = "slow.example", .a = {"127.0.0.2", "127.0.0.4"}, .silent_aaaa = 1},
        {.name = NULL},
    };
    uint16_t port = 0;
    int holder = net_listen("127.0.0.3", &port, 1), hole[3], before;
    char server[64];

    cr_assert_eq(net_black_hole("127.0.0.2", port, hole), 3);
    before = net_count_fds();
    snprintf(server, sizeof server, "slow.example:%u", port);
    for (int rounds = 0; rounds < 6; rounds++) {
        struct call c;

        call_prepare(&c, server);
        c.policy.servers = dns_start(rows);
        call_begin(&c);
        cr_assert_eq(c.rc, ENVOI_OK);
        for (int i = 0; i < rounds; i++) {
            cr_assert_eq(dialer_step(c.dialer, net_now(), &c.fd, &c.peer), ENVOI_E_AGAIN, "%s", c.fault.text);
            call_wait_once(&c);
        }
        dialer_free(c.dialer);
        c.dialer = NULL;
        cr_expect_eq(c.watch.count, 0, "something is still watched");
        dns_stop();
        call_finish(&c);
        cr_expect_eq(net_count_fds(), before, "after %d rounds", rounds);
    }
    close(holder);
}
