/* SPDX-License-Identifier: MIT */
/* No call of the non-blocking face blocks, whatever the server does not do. The preload noblock watches every call;
 * only the loop around them may wait. */
#include "../../peers/dns.h"
#include "../../peers/net.h"
#include "../../peers/tls_server.h"
#include "../../support/noblock.h"
#include "session/session.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <envoi/envoi.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

TestSuite(noblock, .timeout = 60);

#define PKI(file) PKI_DIR "/" file

static void (*enter)(void), (*leave)(void);
static struct envoi_library *library;
static struct envoi_session *session;
static int epoll;

static void find_preload(void)
{
    enter = (void (*)(void))dlsym(RTLD_DEFAULT, "noblock_enter");
    leave = (void (*)(void))dlsym(RTLD_DEFAULT, "noblock_leave");
    cr_assert(enter && leave, "the preload is missing: run this by ctest");
}

/* What is within is watched. */
#define WATCHED(call) (enter(), result = (call), leave(), result)

static int result;

/* ---- the loop ---- */

static void watch(void *ctx, int fd, unsigned events)
{
    struct epoll_event e = {.data.fd = fd};

    (void)ctx;
    e.events =
        (events & ENVOI_EVENT_READ ? (unsigned)EPOLLIN : 0) | (events & ENVOI_EVENT_WRITE ? (unsigned)EPOLLOUT : 0);
    if (!events)
        epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
    else if (epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &e) < 0 && errno == ENOENT)
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
}

/* By the raw system call, so that waiting by epoll_wait() is forbidden to all others even here. A new architecture has
 * only epoll_pwait(2). */
static int complete(int rc)
{
    for (int i = 0; rc == ENVOI_E_AGAIN; i++) {
        int64_t at = envoi_session_deadline(session), now = net_now();
        struct epoll_event e = {.data.fd = -1};
        long n;

        cr_assert_lt(i, 100000, "the session spins");
        n = syscall(SYS_epoll_pwait, epoll, &e, 1, at < 0 ? 5000 : at > now ? (int)(at - now) : 0, NULL, (size_t)8);
        cr_assert(n > 0 || at >= 0, "nothing happens, and there is no deadline");
        rc = WATCHED(envoi_session_process(session, e.data.fd,
                                           (e.events & ~(unsigned)EPOLLOUT ? ENVOI_EVENT_READ : 0) |
                                               (e.events & ~(unsigned)EPOLLIN ? ENVOI_EVENT_WRITE : 0)));
    }
    return rc;
}

static int make_session(const char *backend, int tls)
{
    int rc = envoi_library_new(&library);

    if (rc || (rc = envoi_library_set_descriptor_directories(library, DESCRIPTORS, NULL, NULL)) ||
        (rc = envoi_library_set_module_directory(library, MODULES)) ||
        (rc = envoi_library_set_ca_file(library, PKI("ca.pem"))) ||
        (rc = envoi_library_set_tls_backend(library, backend)) || (rc = envoi_session_new(library, &session)) ||
        (rc = envoi_session_set_watch(session, watch, NULL)) || (rc = envoi_session_set_tls(session, tls)))
        return rc;
    return envoi_session_set_tls_name(session, "mail.example.test");
}

static void begin(const char *backend, int tls)
{
    find_preload();
    epoll = epoll_create1(EPOLL_CLOEXEC);
    cr_assert_eq(WATCHED(make_session(backend, tls)), ENVOI_OK);
}

static void finish(void)
{
    enter();
    envoi_session_free(session);
    envoi_library_free(library);
    leave();
    close(epoll);
}

static int connect_to(const char *where)
{
    return complete(WATCHED(envoi_session_connect(session, where)));
}

/* Every verb may take so long, and fails in this phase. */
static void expect_timeout(int phase, int rc)
{
    cr_expect_eq(rc, ENVOI_E_TIMEOUT, "%s: %s", envoi_error_name(rc), envoi_session_error(session));
    cr_expect_eq(envoi_session_error_phase(session), phase, "%s", envoi_session_error(session));
    cr_expect_eq(envoi_session_connected(session), 0);
}

static void set_timeout(int phase, int64_t milliseconds)
{
    cr_assert_eq(WATCHED(envoi_session_set_timeout(session, phase, milliseconds)), ENVOI_OK);
}

static struct tls_server *serve(int starttls, int version, const char *stall)
{
    return tls_server_start(&(struct tls_server_config){.chain = PKI("good.chain.pem"),
                                                        .key = PKI("good.key"),
                                                        .version = version,
                                                        .starttls = starttls,
                                                        .stall = stall});
}

/* ---- that the preload sees it ---- */

static int sockets[2];

static void begin_seeing(void)
{
    find_preload();
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
    enter();
}

#define SEEN(name, call)                                                                                               \
    Test(noblock, seen_##name, .signal = SIGABRT)                                                                      \
    {                                                                                                                  \
        begin_seeing();                                                                                                \
        (void)(call);                                                                                                  \
    }

SEEN(poll, poll(NULL, 0, 0))
SEEN(select, select(0, NULL, NULL, NULL, &(struct timeval){.tv_usec = 1}))
SEEN(epoll_wait, epoll_wait(0, &(struct epoll_event){.events = 0}, 1, 0))
SEEN(usleep, usleep(1))
SEEN(nanosleep, nanosleep(&(struct timespec){.tv_nsec = 1}, NULL))
SEEN(getaddrinfo, getaddrinfo("127.0.0.1", NULL, NULL, &(struct addrinfo *){NULL}))
SEEN(gethostbyname, gethostbyname("127.0.0.1") != NULL)
SEEN(connect, connect(sockets[0], (struct sockaddr *)&(struct sockaddr_in){.sin_family = AF_INET}, 1))
SEEN(read, read(sockets[0], (char[1]){0}, 0))
SEEN(recv, recv(sockets[0], (char[1]){0}, 0, 0))
SEEN(recvfrom, recvfrom(sockets[0], (char[1]){0}, 0, 0, NULL, NULL))
SEEN(write, write(sockets[0], "x", 1))
SEEN(send, send(sockets[0], "x", 1, 0))
SEEN(sendmsg, sendmsg(sockets[0], &(struct msghdr){.msg_iov = NULL}, 0))

/* And a session in the blocking face, which polls. */
Test(noblock, seen_blocking_face, .signal = SIGABRT)
{
    struct tls_server *server = serve(1, 0x0304, "greeting");

    find_preload();
    cr_assert_eq(envoi_library_new(&library), ENVOI_OK);
    cr_assert_eq(envoi_session_new(library, &session), ENVOI_OK);
    enter();
    envoi_session_connect(session, tls_server_where(server));
}

Test(noblock, regular_files_are_exempt)
{
    FILE *file = tmpfile();
    char octet;
    ssize_t n;

    find_preload();
    cr_assert_not_null(file);
    enter();
    n = read(fileno(file), &octet, 1);
    leave();
    cr_expect_eq(n, 0);
    fclose(file);
}

/* ---- stalls ---- */

static void check_stalled_dns(const char *where, int fd)
{
    begin("openssl", ENVOI_TLS_OFF);
    cr_assert_eq(library_set_dns_servers(library, where), ENVOI_OK);
    set_timeout(ENVOI_PHASE_DNS, 300);
    expect_timeout(ENVOI_PHASE_DNS, connect_to("mail.example"));
    cr_expect_eq(WATCHED(envoi_session_connect(session, "mail.example")), ENVOI_E_AGAIN);
    cr_expect_eq(WATCHED(envoi_session_close(session)), ENVOI_OK);
    finish();
    close(fd);
}

Test(noblock, dns_stalls)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t len = sizeof at;
    char where[32];

    cr_assert(bind(fd, (struct sockaddr *)&at, len) == 0 && getsockname(fd, (struct sockaddr *)&at, &len) == 0);
    snprintf(where, sizeof where, "127.0.0.1:%u", ntohs(at.sin_port));
    check_stalled_dns(where, fd);
}

Test(noblock, connect_stalls)
{
    uint16_t port = net_closed_port();
    char where[32];
    int fds[3];

    cr_assert_eq(net_black_hole("127.0.0.1", port, fds), 3);
    snprintf(where, sizeof where, "127.0.0.1:%u", port);
    begin("openssl", ENVOI_TLS_OFF);
    set_timeout(ENVOI_PHASE_CONNECT, 300);
    expect_timeout(ENVOI_PHASE_CONNECT, connect_to(where));
    finish();
    for (int i = 0; i < 3; i++)
        close(fds[i]);
}

static void check_handshake(const char *backend, int starttls)
{
    struct tls_server *server = serve(starttls, 0x0304, "handshake");
    int rc;

    begin(backend, starttls ? ENVOI_TLS_REQUIRED : ENVOI_TLS_IMPLICIT);
    set_timeout(ENVOI_PHASE_TLS, 300);
    rc = connect_to(tls_server_where(server));
    if (starttls) {
        cr_assert_eq(rc, ENVOI_OK, "%s", envoi_session_error(session));
        rc = complete(WATCHED(envoi_session_starttls(session)));
    }
    expect_timeout(ENVOI_PHASE_TLS, rc);
    finish();
    tls_server_stop(server);
}

Test(noblock, handshake_stalls)
{
    for (int starttls = 0; starttls < 2; starttls++) {
        check_handshake("openssl", starttls);
        check_handshake("gnutls", starttls);
    }
}

static struct envoi_message *message_new(void)
{
    struct envoi_message *m;

    cr_assert_eq(WATCHED(envoi_message_new("me@example.org", &m)), ENVOI_OK);
    cr_assert_eq(WATCHED(envoi_message_add_recipient(m, "you@example.net")), ENVOI_OK);
    return m;
}

static char content[16 << 20];

static void fill_content(void)
{
    for (size_t i = 0; i < sizeof content; i++)
        content[i] = i % 64 == 63 ? '\n' : 'x';
}

/* How a session is to be secured, on both sides. */
static const struct way {
    const char *backend;
    int tls, starttls, version;
} ways[] = {
    {"openssl", ENVOI_TLS_OFF, 1, 0x0304},      {"openssl", ENVOI_TLS_IMPLICIT, 0, 0x0303},
    {"openssl", ENVOI_TLS_REQUIRED, 1, 0x0304}, {"gnutls", ENVOI_TLS_IMPLICIT, 0, 0x0304},
    {"gnutls", ENVOI_TLS_REQUIRED, 1, 0x0303},
};

#define WAYS (sizeof ways / sizeof ways[0])

/* More than the buffers of two sockets hold goes to somebody who does not read. */
static void check_transfer(const struct way *way)
{
    struct tls_server *server = serve(way->starttls, way->version, "content");
    struct envoi_message *m;

    begin(way->backend, way->tls);
    m = message_new();
    cr_assert_eq(WATCHED(envoi_message_set_data(m, content, sizeof content)), ENVOI_OK);
    set_timeout(ENVOI_PHASE_CONTENT, 500);
    cr_assert_eq(connect_to(tls_server_where(server)), ENVOI_OK, "%s", envoi_session_error(session));
    expect_timeout(ENVOI_PHASE_CONTENT, complete(WATCHED(envoi_session_send(session, m))));
    cr_expect_eq(envoi_message_verdict(m, 0), ENVOI_VERDICT_NOT_ATTEMPTED);
    finish();
    envoi_message_free(m);
    tls_server_stop(server);
}

Test(noblock, transfer_stalls)
{
    fill_content();
    for (size_t i = 0; i < WAYS; i++)
        check_transfer(&ways[i]);
}

/* A server that is silent instead of an answer. */
static void check_silence(const struct way *way, const char *stall, int phase)
{
    struct tls_server *server = serve(way->starttls, way->version, stall);
    struct envoi_message *m;
    int rc;

    begin(way->backend, way->tls);
    m = message_new();
    cr_assert_eq(WATCHED(envoi_message_set_data(m, "x\n", 2)), ENVOI_OK);
    set_timeout(phase, 300);
    rc = connect_to(tls_server_where(server));
    if (rc == ENVOI_OK)
        rc = complete(WATCHED(envoi_session_send(session, m)));
    if (phase == ENVOI_PHASE_QUIT) {
        cr_expect_eq(rc, ENVOI_OK, "%s", envoi_session_error(session));
        cr_expect_eq(complete(WATCHED(envoi_session_quit(session))), ENVOI_OK);
        cr_expect_eq(envoi_session_connected(session), 0);
    } else {
        expect_timeout(phase, rc);
    }
    finish();
    envoi_message_free(m);
    tls_server_stop(server);
}

Test(noblock, answers_stall)
{
    static const struct {
        const char *stall;
        int phase;
    } rows[] = {{"greeting", ENVOI_PHASE_GREETING}, {"EHLO", ENVOI_PHASE_EHLO}, {"MAIL", ENVOI_PHASE_MAIL},
                {"RCPT", ENVOI_PHASE_RCPT},         {"DATA", ENVOI_PHASE_DATA}, {"QUIT", ENVOI_PHASE_QUIT}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t k = 0; k < 4; k += 3) /* in clear, and with TLS from the first octet */
            check_silence(&ways[k], rows[i].stall, rows[i].phase);
}

/* ---- and all goes well ---- */

static int give_content(void *ctx, void *buf, size_t cap, size_t *len)
{
    size_t *given = ctx, left = sizeof content - *given;

    *len = left < cap ? left : cap;
    memcpy(buf, content + *given, *len);
    *given += *len;
    return ENVOI_OK;
}

/* From memory, from a callback and from a regular file. */
static void send_three(FILE *file)
{
    size_t given = 0;

    for (int i = 0; i < 3; i++) {
        struct envoi_message *m = message_new();
        int rc;

        if (i == 0)
            rc = WATCHED(envoi_message_set_data(m, content, sizeof content));
        else if (i == 1)
            rc = WATCHED(envoi_message_set_callback(m, give_content, NULL, &given, -1));
        else
            rc = WATCHED(envoi_message_set_file(m, file));
        cr_assert_eq(rc, ENVOI_OK);
        cr_expect_eq(complete(WATCHED(envoi_session_send(session, m))), ENVOI_OK, "%s", envoi_session_error(session));
        cr_expect_eq(envoi_message_verdict(m, 0), ENVOI_VERDICT_ACCEPTED);
        enter();
        envoi_message_free(m);
        leave();
    }
    cr_expect_eq(given, sizeof content);
}

static void check_success(const struct way *way)
{
    static const struct dns_row rows[] = {{.name = "mail.example", .a = {"127.0.0.7", "127.0.0.1"}, .aaaa = {"::1"}},
                                          {.name = NULL}};
    struct tls_server *server = serve(way->starttls, way->version, NULL);
    FILE *file = tmpfile();
    char where[64];

    cr_assert(file && fwrite(content, 1, 100000, file) == 100000);
    rewind(file);
    begin(way->backend, way->tls);
    cr_assert_eq(library_set_dns_servers(library, dns_start(rows)), ENVOI_OK);
    snprintf(where, sizeof where, "mail.example%s", strchr(tls_server_where(server), ':'));
    for (int i = 0; i < 2; i++) { /* with TLS the second one resumes */
        cr_assert_eq(connect_to(where), ENVOI_OK, "%s", envoi_session_error(session));
        if (i == 0)
            send_three(file);
        else
            cr_expect_eq(complete(WATCHED(envoi_session_ehlo_or_helo_if_needed(session))), ENVOI_OK);
        cr_expect_eq(complete(WATCHED(envoi_session_quit(session))), ENVOI_OK);
    }
    finish();
    dns_stop();
    fclose(file);
    tls_server_stop(server);
}

Test(noblock, messages_go_out)
{
    fill_content();
    for (size_t i = 0; i < WAYS; i++)
        check_success(&ways[i]);
}
