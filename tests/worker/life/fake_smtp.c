/* SPDX-License-Identifier: MIT */
#include "tests/worker/life/fake_smtp.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static void peer_close(struct fake_peer *peer)
{
    if (peer->fd < 0)
        return;
    loop_watch(peer->smtp->loop, peer->fd, 0, NULL, NULL);
    close(peer->fd);
    peer->fd = -1;
}

static void peer_say(struct fake_peer *peer, const char *line)
{
    char text[512];
    int len = snprintf(text, sizeof text, "%s\r\n", line);

    if (peer->fd >= 0)
        (void)send(peer->fd, text, (size_t)len, MSG_NOSIGNAL);
}

/* ---- a message ---- */

static void peer_take(struct fake_peer *peer)
{
    struct fake_smtp *smtp = peer->smtp;
    const char *id = strcasestr(peer->content, "Message-ID:");

    for (size_t i = 0; i < peer->to_count; i++) {
        cr_assert_lt(smtp->taken_count, FAKE_SMTP_TAKEN);
        memcpy(smtp->taken[smtp->taken_count++], peer->to[i], sizeof peer->to[i]);
    }
    if (id)
        (void)snprintf(smtp->message_id, sizeof smtp->message_id, "%.*s", (int)strcspn(id, "\r\n"), id);
    peer->waits = 0;
    peer->to_count = 0;
    peer_say(peer, "250 2.0.0 taken");
}

static void peer_end_content(struct fake_peer *peer)
{
    peer->has_content = 0;
    peer->smtp->contents++;
    if (peer->is_lost)
        peer_close(peer);
    else if (peer->is_held)
        peer->waits = 1;
    else
        peer_take(peer);
}

static void peer_rcpt(struct fake_peer *peer, const char *line)
{
    const char *to = strchr(line, '<');

    cr_assert_not_null(to);
    to++;
    if (!strncmp(to, "drop", 4)) {
        peer_close(peer);
    } else if (!strncmp(to, "refuse", 6)) {
        peer_say(peer, "550 5.1.1 no such user");
    } else if (!strncmp(to, "defer", 5)) {
        peer_say(peer, "450 4.2.0 try later");
    } else {
        peer->is_lost = peer->is_lost || !strncmp(to, "lost", 4);
        peer->is_held = peer->is_held || !strncmp(to, "held", 4);
        cr_assert_lt(peer->to_count, FAKE_SMTP_RECIPIENTS);
        (void)snprintf(peer->to[peer->to_count++], sizeof peer->to[0], "%.*s", (int)strcspn(to, ">"), to);
        peer_say(peer, "250 2.1.5 ok");
    }
}

/* ---- commands ---- */

static unsigned char peer_digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = strchr(digits, c);

    return (unsigned char)(at && c ? at - digits : 0);
}

/* The password is behind the second NUL. */
static void peer_auth(struct fake_peer *peer, const char *base64)
{
    char plain[256] = "";
    size_t len = 0, at = 0;
    unsigned bits = 0, count = 0;

    for (; *base64 && *base64 != '=' && len < sizeof plain - 1; base64++) {
        bits = bits << 6 | peer_digit(*base64);
        count += 6;
        if (count >= 8) {
            count -= 8;
            plain[len++] = (char)(bits >> count & 0xff);
        }
    }
    for (int nuls = 0; at < len && nuls < 2; at++)
        nuls += !plain[at];
    plain[len] = '\0';
    if (!strcmp(plain + at, peer->smtp->password)) {
        peer->smtp->logins++;
        peer_say(peer, "235 2.7.0 welcome");
    } else {
        peer->smtp->wrong_logins++;
        peer_say(peer, peer->smtp->says ? peer->smtp->says : "535 5.7.8 wrong password");
    }
}

static void peer_command(struct fake_peer *peer, const char *line)
{
    const struct fake_smtp *smtp = peer->smtp;

    if (!strncmp(line, "EHLO", 4)) {
        peer_say(peer, "250-here");
        peer_say(peer, "250-PIPELINING");
        if (smtp->password)
            peer_say(peer, "250-AUTH PLAIN");
        peer_say(peer, "250 ENHANCEDSTATUSCODES");
    } else if (!strncmp(line, "AUTH PLAIN ", 11)) {
        peer_auth(peer, line + 11);
    } else if (!strncmp(line, "MAIL", 4)) {
        peer->to_count = 0;
        peer->is_lost = peer->is_held = 0;
        peer_say(peer, smtp->mail ? smtp->mail : "250 2.1.0 ok");
    } else if (!strncmp(line, "RCPT", 4)) {
        peer_rcpt(peer, line);
    } else if (!strncmp(line, "DATA", 4)) {
        peer->has_content = peer->to_count > 0;
        peer->content_len = 0;
        peer_say(peer, peer->has_content ? "354 go on" : "503 5.5.1 no recipients");
    } else if (!strncmp(line, "QUIT", 4)) {
        peer_say(peer, "221 2.0.0 bye");
        peer_close(peer);
    } else {
        peer_say(peer, "250 2.0.0 ok");
    }
}

static void peer_line(struct fake_peer *peer, char *line)
{
    if (!peer->has_content) {
        peer_command(peer, line);
    } else if (!strcmp(line, ".")) {
        peer->content[peer->content_len] = '\0';
        peer_end_content(peer);
    } else if (peer->content_len + strlen(line) + 3 < sizeof peer->content) {
        peer->content_len += (size_t)snprintf(peer->content + peer->content_len,
                                              sizeof peer->content - peer->content_len, "%s\r\n", line);
    }
}

/* What is behind a held content waits with it. */
static void peer_work(struct fake_peer *peer)
{
    char *line = peer->in, *end;

    while (peer->fd >= 0 && !peer->waits && (end = strstr(line, "\r\n"))) {
        *end = '\0';
        peer_line(peer, line);
        line = end + 2;
    }
    peer->len -= (size_t)(line - peer->in);
    memmove(peer->in, line, peer->len + 1);
}

static void peer_ready(void *ctx, int fd, short ready)
{
    struct fake_peer *peer = ctx;
    ssize_t n = recv(fd, peer->in + peer->len, sizeof peer->in - peer->len - 1, 0);

    (void)ready;
    if (n <= 0) {
        peer_close(peer);
        return;
    }
    peer->len += (size_t)n;
    peer->in[peer->len] = '\0';
    peer_work(peer);
}

/* ---- the server ---- */

static void smtp_accept(void *ctx, int fd, short ready)
{
    struct fake_smtp *smtp = ctx;
    int client = accept(fd, NULL, NULL), on = 1;

    (void)ready;
    if (client < 0)
        return;
    (void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    smtp->connections++;
    for (size_t i = 0; i < FAKE_SMTP_PEERS; i++)
        if (smtp->peers[i].fd < 0) {
            memset(&smtp->peers[i], 0, sizeof smtp->peers[i]);
            smtp->peers[i].fd = client;
            smtp->peers[i].smtp = smtp;
            loop_watch(smtp->loop, client, POLLIN, peer_ready, &smtp->peers[i]);
            peer_say(&smtp->peers[i], smtp->greeting ? smtp->greeting : "220 here");
            return;
        }
    cr_assert_fail("there are more connections than the test has room for");
}

void fake_smtp_listen(struct fake_smtp *smtp, struct loop *loop)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(smtp->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int on = 1;

    if (!smtp->loop)
        for (size_t i = 0; i < FAKE_SMTP_PEERS; i++)
            smtp->peers[i].fd = -1;
    smtp->loop = loop;
    smtp->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_geq(smtp->listener, 0);
    (void)setsockopt(smtp->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    cr_assert_eq(bind(smtp->listener, (struct sockaddr *)&at, sizeof at), 0);
    cr_assert_eq(listen(smtp->listener, 16), 0);
    cr_assert_eq(getsockname(smtp->listener, (struct sockaddr *)&at, &len), 0);
    smtp->port = ntohs(at.sin_port);
    loop_watch(loop, smtp->listener, POLLIN, smtp_accept, smtp);
}

void fake_smtp_hang_up(struct fake_smtp *smtp)
{
    for (size_t i = 0; i < FAKE_SMTP_PEERS; i++)
        peer_close(&smtp->peers[i]);
}

void fake_smtp_close(struct fake_smtp *smtp)
{
    fake_smtp_hang_up(smtp);
    if (smtp->listener < 0)
        return;
    loop_watch(smtp->loop, smtp->listener, 0, NULL, NULL);
    close(smtp->listener);
    smtp->listener = -1;
}

void fake_smtp_release(struct fake_smtp *smtp)
{
    for (size_t i = 0; i < FAKE_SMTP_PEERS; i++)
        if (smtp->peers[i].fd >= 0 && smtp->peers[i].waits) {
            peer_take(&smtp->peers[i]);
            peer_work(&smtp->peers[i]);
        }
}

size_t fake_smtp_held(const struct fake_smtp *smtp)
{
    size_t count = 0;

    for (size_t i = 0; i < FAKE_SMTP_PEERS; i++)
        count += smtp->peers[i].fd >= 0 && smtp->peers[i].waits;
    return count;
}

size_t fake_smtp_count(const struct fake_smtp *smtp, const char *to)
{
    size_t count = 0;

    for (size_t i = 0; i < smtp->taken_count; i++)
        count += !strcmp(smtp->taken[i], to);
    return count;
}
