/* SPDX-License-Identifier: MIT */
#include "tls_server.h"

#include "net.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 256
#define LINE_MAX_OCTETS 4096

struct connection {
    struct tls_server *server;
    pthread_t thread;
    int fd; /* -1: closed */
    SSL *ssl;
    char in[LINE_MAX_OCTETS];
    size_t len;
    char user[64]; /* "": nobody has logged in */
};

struct tls_server {
    struct tls_server_config config;
    SSL_CTX *ctx;
    int listener;
    pthread_t thread;
    pthread_mutex_t lock; /* of the descriptors and of the report */
    struct connection list[CONNECTIONS_MAX];
    size_t count;
    atomic_int resumed, refuses;
    struct tls_server_report report;
    char where[32];
};

/* ---- octets ---- */

static bool put(struct connection *c, const char *text)
{
    size_t len = strlen(text), n = 0;

    if (c->ssl)
        return SSL_write_ex(c->ssl, text, len, &n) == 1;
    return send(c->fd, text, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static bool fill(struct connection *c)
{
    size_t room = sizeof c->in - c->len, n = 0;
    ssize_t got;

    if (c->ssl) {
        if (!room || SSL_read_ex(c->ssl, c->in + c->len, room, &n) != 1)
            return false;
    } else {
        if (!room || (got = recv(c->fd, c->in + c->len, room, 0)) <= 0)
            return false;
        n = (size_t)got;
    }
    c->len += n;
    return true;
}

static bool get_line(struct connection *c, char *line, size_t size)
{
    char *end;

    while (!(end = memmem(c->in, c->len, "\r\n", 2)))
        if (!fill(c))
            return false;
    snprintf(line, size, "%.*s", (int)(end - c->in), c->in);
    c->len -= (size_t)(end + 2 - c->in);
    memmove(c->in, end + 2, c->len);
    return true;
}

/* ---- the dialogue ---- */

static bool stalls_at(struct connection *c, const char *what)
{
    const char *at = c->server->config.stall;
    struct pollfd p = {.fd = c->fd, .events = POLLRDHUP};

    if (!at || strncmp(what, at, strlen(at)) != 0)
        return false;
    while (poll(&p, 1, -1) < 0)
        ;
    return true;
}

static bool shake_hands(struct connection *c)
{
    if (stalls_at(c, "handshake") || c->server->refuses)
        return false;
    c->ssl = SSL_new(c->server->ctx);
    SSL_set_fd(c->ssl, c->fd);
    if (SSL_accept(c->ssl) != 1)
        return false;
    c->server->resumed = SSL_session_reused(c->ssl);
    pthread_mutex_lock(&c->server->lock);
    c->server->report.handshakes++;
    c->server->report.resumed += SSL_session_reused(c->ssl);
    pthread_mutex_unlock(&c->server->lock);
    return true;
}

static bool content(struct connection *c)
{
    char line[LINE_MAX_OCTETS];

    if (!put(c, "354 go\r\n") || stalls_at(c, "content"))
        return false;
    do
        if (!get_line(c, line, sizeof line))
            return false;
    while (strcmp(line, ".") != 0);
    pthread_mutex_lock(&c->server->lock);
    c->server->report.messages++;
    pthread_mutex_unlock(&c->server->lock);
    return put(c, "250 2.0.0 queued\r\n");
}

static bool hello(struct connection *c)
{
    bool announce = c->server->config.starttls && !c->ssl;

    return put(c, "250-here\r\n") && (!announce || put(c, "250-STARTTLS\r\n")) &&
           (!c->server->config.auth || put(c, "250-AUTH PLAIN\r\n")) && put(c, "250 PIPELINING\r\n");
}

static bool login(struct connection *c, const char *line)
{
    unsigned char plain[LINE_MAX_OCTETS];
    int len = EVP_DecodeBlock(plain, (const unsigned char *)line, (int)strlen(line));
    const char *user = (const char *)plain + 1;

    plain[len > 0 ? len : 1] = '\0';
    if (len < 5 || plain[0] || strcmp(user + strlen(user) + 1, "pw") != 0)
        return put(c, "535 5.7.8 who?\r\n");
    snprintf(c->user, sizeof c->user, "%s", user);
    return put(c, "235 2.7.0 welcome\r\n");
}

/* Who or what the connection is for: the user, the subject of the client's certificate, "cleartext" without TLS, or the
 * name that the server was asked for. */
static void identity(const struct connection *c, char *who, size_t size)
{
    X509 *leaf = c->ssl ? SSL_get0_peer_certificate(c->ssl) : NULL;
    const char *name = c->ssl ? SSL_get_servername(c->ssl, TLSEXT_NAMETYPE_host_name) : NULL;

    snprintf(who, size, "%s", c->user[0] ? c->user : !c->ssl ? "cleartext" : name ? name : "nobody");
    if (leaf && !c->user[0])
        X509_NAME_get_text_by_NID(X509_get_subject_name(leaf), NID_commonName, who, (int)size);
}

static bool mail(struct connection *c, const char *line)
{
    struct tls_server *s = c->server;
    char who[64], want[80];

    identity(c, who, sizeof who);
    snprintf(want, sizeof want, "MAIL FROM:<%s@", who);
    pthread_mutex_lock(&s->lock);
    if (s->config.identity && strncmp(line, want, strlen(want)) != 0 && !s->report.wrong[0])
        snprintf(s->report.wrong, sizeof s->report.wrong, "over the connection of %s: %.120s", who, line);
    pthread_mutex_unlock(&s->lock);
    return put(c, "250 2.1.0 ok\r\n");
}

static void talk(struct connection *c)
{
    char line[LINE_MAX_OCTETS];
    bool fine = (c->server->config.starttls || shake_hands(c)) && !stalls_at(c, "greeting") && put(c, "220 here\r\n");

    while (fine && get_line(c, line, sizeof line) && !stalls_at(c, line)) {
        if (strncmp(line, "EHLO", 4) == 0)
            fine = hello(c);
        else if (strcmp(line, "STARTTLS") == 0)
            fine = put(c, "220 go\r\n") && shake_hands(c);
        else if (strncmp(line, "AUTH PLAIN ", 11) == 0)
            fine = login(c, line + 11);
        else if (strncmp(line, "MAIL ", 5) == 0)
            fine = mail(c, line);
        else if (strcmp(line, "DATA") == 0)
            fine = content(c);
        else
            fine = put(c, line[0] == 'Q' ? "221 bye\r\n" : "250 ok\r\n") && line[0] != 'Q';
    }
}

static void *serve(void *ctx)
{
    struct connection *c = ctx;

    talk(c);
    if (c->ssl)
        (void)SSL_shutdown(c->ssl);
    SSL_free(c->ssl);
    pthread_mutex_lock(&c->server->lock);
    close(c->fd);
    c->fd = -1;
    pthread_mutex_unlock(&c->server->lock);
    return NULL;
}

static void *listen_for_more(void *ctx)
{
    struct tls_server *s = ctx;
    int fd, on = 1;

    while (s->count < CONNECTIONS_MAX && (fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        struct connection *c = &s->list[s->count];

        *c = (struct connection){.server = s, .fd = fd};
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* replies are small writes, one after the other */
        pthread_mutex_lock(&s->lock);
        s->report.connections++;
        pthread_mutex_unlock(&s->lock);
        if (pthread_create(&c->thread, NULL, serve, c))
            abort();
        s->count++;
    }
    return NULL;
}

/* ---- life ---- */

/* OpenSSL keeps the name for resumed sessions of TLS 1.2 only if a callback has accepted it. */
static int take_name(SSL *ssl, int *alert, void *unused)
{
    (void)ssl;
    (void)alert;
    (void)unused;
    return SSL_TLSEXT_ERR_OK;
}

/* A ticket that was used for resumption is not replaced by a new one. */
static SSL_TICKET_RETURN take_ticket(SSL *ssl, SSL_SESSION *session, const unsigned char *name, size_t len,
                                     SSL_TICKET_STATUS status, void *unused)
{
    (void)ssl;
    (void)session;
    (void)name;
    (void)len;
    (void)unused;
    return status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW ? SSL_TICKET_RETURN_USE
                                                                              : SSL_TICKET_RETURN_IGNORE_RENEW;
}

static SSL_CTX *ctx_new(const struct tls_server_config *config)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    if (!ctx || SSL_CTX_set_min_proto_version(ctx, config->version) != 1 ||
        SSL_CTX_set_max_proto_version(ctx, config->version) != 1 ||
        SSL_CTX_use_certificate_chain_file(ctx, config->chain) != 1 ||
        SSL_CTX_use_PrivateKey_file(ctx, config->key, SSL_FILETYPE_PEM) != 1)
        abort();
    SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"envoi", 5);
    if (config->identity)
        SSL_CTX_set_tlsext_servername_callback(ctx, take_name);
    if (config->sparing) {
        SSL_CTX_set_num_tickets(ctx, 1);
        SSL_CTX_set_session_ticket_cb(ctx, NULL, take_ticket, NULL);
    }
    if (config->client_ca) {
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
        if (SSL_CTX_load_verify_file(ctx, config->client_ca) != 1)
            abort();
    }
    return ctx;
}

/* SSL_write() has no MSG_NOSIGNAL, so SIGPIPE is blocked; only in the server's threads, as the client must do
 * without. */
static void run(struct tls_server *s)
{
    sigset_t pipe, old;

    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &old);
    if (pthread_create(&s->thread, NULL, listen_for_more, s))
        abort();
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static struct tls_server *start(const struct tls_server_config *config, SSL_CTX *ctx)
{
    struct tls_server *s = calloc(1, sizeof *s);
    uint16_t port = 0;

    s->config = *config;
    s->ctx = ctx;
    s->resumed = -1;
    s->listener = net_listen("127.0.0.1", &port, 16);
    if (s->listener < 0 || pthread_mutex_init(&s->lock, NULL))
        abort();
    snprintf(s->where, sizeof s->where, "127.0.0.1:%u", port);
    run(s);
    return s;
}

struct tls_server *tls_server_start(const struct tls_server_config *config)
{
    return start(config, ctx_new(config));
}

struct tls_server *tls_server_start_twin(struct tls_server *other)
{
    SSL_CTX_up_ref(other->ctx);
    return start(&other->config, other->ctx);
}

void tls_server_forget(struct tls_server *s)
{
    unsigned char keys[80]; /* the size that OpenSSL wants */

    if (RAND_bytes(keys, sizeof keys) != 1 || SSL_CTX_set_tlsext_ticket_keys(s->ctx, keys, sizeof keys) != 1)
        abort();
}

void tls_server_refuse(struct tls_server *s, int on)
{
    s->refuses = on;
}

const char *tls_server_where(const struct tls_server *s)
{
    return s->where;
}

int tls_server_resumed(struct tls_server *s)
{
    return s->resumed;
}

struct tls_server_report tls_server_report(struct tls_server *s)
{
    struct tls_server_report report;

    pthread_mutex_lock(&s->lock);
    report = s->report;
    pthread_mutex_unlock(&s->lock);
    return report;
}

void tls_server_stop(struct tls_server *s)
{
    shutdown(s->listener, SHUT_RDWR); /* accept() returns */
    pthread_join(s->thread, NULL);
    close(s->listener);
    for (size_t i = 0; i < s->count; i++) {
        pthread_mutex_lock(&s->lock);
        if (s->list[i].fd >= 0)
            shutdown(s->list[i].fd, SHUT_RDWR);
        pthread_mutex_unlock(&s->lock);
        pthread_join(s->list[i].thread, NULL);
    }
    SSL_CTX_free(s->ctx);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
