/* SPDX-License-Identifier: MIT */
#include "connection.h"

#include "dialogue.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* So that one client cannot keep its replies waiting for ever by sending on. */
#define READS_MAX 16

struct connection *connection_new(struct sink *sink, int fd, int64_t now)
{
    struct connection *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->sink = sink;
    c->fd = fd;
    c->next = sink->first;
    sink->first = c;
    c->arrived = now - sink->delay; /* the greeting is not held */
    connection_reply(c, "220 sink ESMTP\r\n");
    return c;
}

void connection_free(struct connection *c)
{
    struct connection **at = &c->sink->first;

    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    if (!c->control)
        tally_take(&c->sink->tally, &c->counters);
    SSL_free(c->ssl);
    close(c->fd);
    replies_free(&c->replies);
    content_free(&c->content);
    free(c);
}

void connection_reply(struct connection *c, const char *text)
{
    replies_add(&c->replies, c->arrived + c->sink->delay, text, strlen(text));
}

/* Octets, 0: none now, -1: none ever. */
static ssize_t transfer(struct connection *c, ssize_t plain, int secure)
{
    if (!c->ssl)
        return plain > 0 ? plain : plain < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
    if (secure > 0)
        return secure;
    switch (SSL_get_error(c->ssl, secure)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return 0;
    default:
        return -1;
    }
}

static ssize_t receive(struct connection *c)
{
    size_t room = CONNECTION_BLOCK - c->held;

    ERR_clear_error();
    if (c->ssl)
        return transfer(c, 0, SSL_read(c->ssl, c->block + c->held, (int)room));
    return transfer(c, recv(c->fd, c->block + c->held, room, 0), 0);
}

/* False: it is over. */
static bool read_all(struct connection *c, int64_t now)
{
    /* What OpenSSL has taken in already, epoll does not tell again. */
    for (int i = 0; i < READS_MAX || (c->ssl && SSL_has_pending(c->ssl)); i++) {
        ssize_t n = receive(c);

        if (n <= 0)
            return n == 0;
        c->counters.reads++;
        c->counters.octets += (uint64_t)n;
        c->counters.round_trips += c->idle ? 1 : 0;
        c->idle = false;
        c->held += (size_t)n;
        c->arrived = now;
        if (!dialogue_run(c))
            return false;
    }
    return true;
}

/* The client has all it asked for, and did not begin anything else meanwhile. */
static bool client_must_wait(const struct connection *c)
{
    bool amid = c->state == STATE_BDAT || (c->state == STATE_DATA && c->content.at > 0);

    return replies_none(&c->replies) && c->held == 0 && !amid;
}

static bool write_due(struct connection *c, int64_t now)
{
    const char *text;
    size_t len = replies_ready(&c->replies, now, &text);
    ssize_t n;

    c->writing = false;
    if (len == 0)
        return true;
    ERR_clear_error();
    if (c->ssl)
        n = transfer(c, 0, SSL_write(c->ssl, text, (int)len));
    else
        n = transfer(c, send(c->fd, text, len, MSG_NOSIGNAL), 0);
    if (n < 0)
        return false;
    c->writing = (size_t)n < len;
    replies_sent(&c->replies, (size_t)n);
    c->idle = client_must_wait(c);
    return true;
}

static bool shake(struct connection *c)
{
    if (!c->shaking) {
        if (!(c->ssl = SSL_new(c->sink->tls)) || !SSL_set_fd(c->ssl, c->fd))
            return false;
        c->shaking = true;
    }
    ERR_clear_error();
    int rc = SSL_accept(c->ssl);
    if (rc == 1) {
        c->shaking = false;
        c->idle = true;
        c->state = STATE_COMMAND;
        return true;
    }
    return transfer(c, 0, rc) == 0;
}

static bool talk(struct connection *c, bool readable, int64_t now)
{
    if (readable && !read_all(c, now))
        return false;
    return write_due(c, now) && !(replies_none(&c->replies) && c->state == STATE_QUIT);
}

bool connection_step(struct connection *c, bool readable, int64_t now)
{
    if (!c->shaking) {
        if (!talk(c, readable, now))
            return false;
        if (c->state != STATE_STARTTLS || !replies_none(&c->replies))
            return true;
    }
    if (!shake(c))
        return false;
    /* What came with the end of the handshake is with OpenSSL already: epoll does not tell of it. */
    return c->shaking || talk(c, true, now);
}
