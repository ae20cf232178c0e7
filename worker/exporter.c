/* SPDX-License-Identifier: MIT */
#include "worker/exporter.h"

#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "accounts/replace.h"
#include "portable/memory.h"
#include "portable/socket.h"
#include "worker/config.h"
#include "worker/metrics.h"

#include <envoi/envoi.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* After the answer the client is read until it closes, because close() with unread octets would be a reset that can
 * overtake the answer. */
enum exporter_state { EXPORTER_FREE, EXPORTER_READING, EXPORTER_WRITING, EXPORTER_CLOSING };

struct exporter_client {
    enum exporter_state state;
    int fd;
    int64_t deadline;
    char request[EXPORTER_REQUEST_MAX + 1];
    size_t have;
    char *answer;
    size_t len, sent;
};

struct exporter {
    const struct config *config;
    const struct metrics *metrics;
    int fd;            /* listens; -1: there is no HTTP */
    int64_t accept_at; /* no client is accepted before; 0: there is no such time */
    struct exporter_client clients[EXPORTER_CLIENTS];
    char reason[256]; /* why it is not healthy; "": it is */
    int64_t write_at; /* when the file is due */
    int is_failing;   /* the file could not be written the last time */
};

/* ---- answers ---- */

enum exporter_page { PAGE_TEXT, PAGE_METRICS, PAGE_HEALTH };

static const struct exporter_path {
    const char *path;
    enum exporter_page page;
} exporter_paths[] = {
    {"/metrics", PAGE_METRICS},
    {"/healthz", PAGE_HEALTH},
};

#define TYPE_TEXT    "text/plain; charset=utf-8"
#define TYPE_METRICS "text/plain; version=0.0.4; charset=utf-8"

/* Makes the answer; `has_body` is 0 for HEAD. Without memory there is none, and the client is closed. */
static void exporter_answer(struct exporter_client *client, const char *status, const char *type, const char *body,
                            size_t len, int has_body)
{
    int n = memory_print(&client->answer,
                         "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nAllow: GET, HEAD\r\nConnection: "
                         "close\r\n\r\n%.*s",
                         status, type, len, has_body ? (int)len : 0, body);

    client->state = n < 0 ? EXPORTER_CLOSING : EXPORTER_WRITING;
    client->len = n < 0 ? 0 : (size_t)n;
}

static void exporter_say(struct exporter_client *client, const char *status, const char *text, int has_body)
{
    char body[300];
    int n = snprintf(body, sizeof body, "%s\n", text);

    exporter_answer(client, status, TYPE_TEXT, body, n < 0 ? 0 : (size_t)n, has_body);
}

static void exporter_serve(const struct exporter *exporter, struct exporter_client *client, enum exporter_page page,
                           int has_body)
{
    size_t len = 0;
    char *text;

    if (page == PAGE_HEALTH) {
        exporter_say(client, *exporter->reason ? "503 Service Unavailable" : "200 OK",
                     *exporter->reason ? exporter->reason : "ok", has_body);
        return;
    }
    if ((text = metrics_text(exporter->metrics, &len)))
        exporter_answer(client, "200 OK", TYPE_METRICS, text, len, has_body);
    else
        exporter_say(client, "500 Internal Server Error", "out of memory", has_body);
    free(text);
}

/* Takes the first line, "GET /metrics HTTP/1.1", apart. */
static void exporter_request(const struct exporter *exporter, struct exporter_client *client)
{
    char *rest = client->request, *line = strsep(&rest, "\r\n");
    const char *method = strsep(&line, " "), *path = strsep(&line, " ?");
    const char *version = line ? strstr(line, "HTTP/1.") : NULL;
    int has_body = strcmp(method, "HEAD") != 0;

    if (!path || *path != '/' || !version) {
        exporter_say(client, "400 Bad Request", "this is no request of HTTP/1", 1);
        return;
    }
    if (has_body && strcmp(method, "GET") != 0) {
        exporter_say(client, "405 Method Not Allowed", "only GET and HEAD", 1);
        return;
    }
    for (size_t i = 0; i < sizeof exporter_paths / sizeof *exporter_paths; i++)
        if (!strcmp(path, exporter_paths[i].path)) {
            exporter_serve(exporter, client, exporter_paths[i].page, has_body);
            return;
        }
    exporter_say(client, "404 Not Found", "there are /metrics and /healthz", has_body);
}

/* ---- one client ---- */

static void exporter_drop(struct exporter_client *client)
{
    close(client->fd);
    free(client->answer);
    *client = (struct exporter_client){0};
}

static int exporter_would_block(ssize_t n)
{
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

static void exporter_read(const struct exporter *exporter, struct exporter_client *client)
{
    ssize_t n = read(client->fd, client->request + client->have, EXPORTER_REQUEST_MAX - client->have);

    if (exporter_would_block(n))
        return;
    if (n <= 0) {
        exporter_drop(client);
        return;
    }
    client->have += (size_t)n;
    client->request[client->have] = '\0';
    /* The header ends with an empty line; some clients send LF alone. A NUL hides the end, up to the deadline. */
    if (strstr(client->request, "\r\n\r\n") || strstr(client->request, "\n\n"))
        exporter_request(exporter, client);
    else if (client->have == EXPORTER_REQUEST_MAX)
        exporter_say(client, "431 Request Header Fields Too Large", "the request has more than 4096 octets", 1);
}

static void exporter_write(struct exporter_client *client)
{
    const struct iovec rest = {client->answer + client->sent, client->len - client->sent};
    ssize_t n = socket_send(client->fd, &rest, 1, NULL, 0);

    if (exporter_would_block(n))
        return;
    if (n < 0) {
        exporter_drop(client);
        return;
    }
    client->sent += (size_t)n;
    if (client->sent < client->len)
        return;
    client->state = EXPORTER_CLOSING;
    (void)shutdown(client->fd, SHUT_WR);
}

static void exporter_close(struct exporter_client *client)
{
    ssize_t n = read(client->fd, client->request, EXPORTER_REQUEST_MAX);

    if (n <= 0 && !exporter_would_block(n))
        exporter_drop(client);
}

/* Does what the events allow. An answer that fits into the socket leaves at once. */
static void exporter_step(const struct exporter *exporter, struct exporter_client *client)
{
    if (client->state == EXPORTER_READING)
        exporter_read(exporter, client);
    else if (client->state == EXPORTER_CLOSING)
        exporter_close(client);
    if (client->state == EXPORTER_WRITING)
        exporter_write(client);
}

/* Without descriptors, say, the listening socket stays ready: it is left alone for a while. */
static void exporter_accept(struct exporter *exporter, int64_t now)
{
    for (size_t i = 0; i < EXPORTER_CLIENTS; i++) {
        struct exporter_client *client = &exporter->clients[i];
        int fd;

        if (client->state != EXPORTER_FREE)
            continue;
        if ((fd = socket_accept(exporter->fd)) < 0) {
            if (!exporter_would_block(-1) && errno != ECONNABORTED)
                exporter->accept_at = now + EXPORTER_PAUSE_MS;
            return;
        }
        *client = (struct exporter_client){.state = EXPORTER_READING, .fd = fd, .deadline = now + EXPORTER_CLIENT_MS};
        if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
            exporter_drop(client);
    }
}

/* ---- the file ---- */

static int exporter_write_file(struct exporter *exporter, struct fault *fault)
{
    const char *path = exporter->config->metrics_file;
    char label[VALUES_LABEL];
    size_t len = 0;
    char *text = metrics_text(exporter->metrics, &len);
    int error = text ? replace_file(path, 0644, text, len) : ENOMEM, was_failing = exporter->is_failing;

    free(text);
    exporter->is_failing = error != 0;
    if (!error || was_failing)
        return 0;
    return fault_set(fault, EXIT_CONFIG, ENVOI_E_SYSTEM, "%s: cannot write '%s': %s",
                     config_label(exporter->config, KEY_METRICS, label), path, strerror(error));
}

/* ---- all of it ---- */

static int exporter_listen(struct exporter *exporter, struct fault *fault)
{
    const struct config *config = exporter->config;
    const struct sockaddr *address = (const struct sockaddr *)&config->metrics_address;
    char label[VALUES_LABEL];
    const int yes = 1;
    int error;

    exporter->fd = socket_open(address->sa_family, SOCK_STREAM, 0);
    if (exporter->fd >= 0 && !setsockopt(exporter->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) &&
        !bind(exporter->fd, address, config->metrics_len) && !listen(exporter->fd, EXPORTER_CLIENTS))
        return 0;
    error = errno;
    return fault_set(fault, EXIT_CONFIG, ENVOI_E_SYSTEM, "%s: cannot listen there: %s%s",
                     config_label(config, KEY_METRICS, label), strerror(error),
                     error == EADDRINUSE ? "; a second worker on this machine needs another port, or metrics = none"
                                         : "");
}

int exporter_new(const struct config *config, const struct metrics *metrics, struct exporter **out, struct fault *fault)
{
    struct exporter *exporter = calloc(1, sizeof *exporter);
    int rc = 0;

    *out = NULL;
    if (!exporter)
        return fault_memory(fault);
    exporter->config = config;
    exporter->metrics = metrics;
    exporter->fd = -1;
    exporter_set_health(exporter, "starting");
    if (config->metrics_len)
        rc = exporter_listen(exporter, fault);
    else if (config->metrics_file)
        rc = exporter_write_file(exporter, fault);
    if (rc)
        exporter_free(exporter);
    else
        *out = exporter;
    return rc;
}

void exporter_free(struct exporter *exporter)
{
    struct fault fault;

    if (!exporter)
        return;
    if (exporter->config->metrics_file && !exporter->is_failing)
        (void)exporter_write_file(exporter, &fault);
    for (size_t i = 0; i < EXPORTER_CLIENTS; i++)
        if (exporter->clients[i].state != EXPORTER_FREE)
            exporter_drop(&exporter->clients[i]);
    if (exporter->fd >= 0)
        close(exporter->fd);
    free(exporter);
}

void exporter_set_health(struct exporter *exporter, const char *reason)
{
    text_mark_cut(exporter->reason, sizeof exporter->reason,
                  snprintf(exporter->reason, sizeof exporter->reason, "%s", reason ? reason : ""));
}

size_t exporter_fds(const struct exporter *exporter, struct pollfd *fds, size_t max)
{
    size_t count = 0, clients = 0;

    for (size_t i = 0; i < EXPORTER_CLIENTS; i++) {
        const struct exporter_client *client = &exporter->clients[i];

        if (client->state == EXPORTER_FREE)
            continue;
        clients++;
        if (count < max)
            fds[count++] = (struct pollfd){client->fd, client->state == EXPORTER_WRITING ? POLLOUT : POLLIN, 0};
    }
    if (exporter->fd >= 0 && !exporter->accept_at && clients < EXPORTER_CLIENTS && count < max)
        fds[count++] = (struct pollfd){exporter->fd, POLLIN, 0};
    return count;
}

/* The earlier one of two deadlines, of which each may be missing. */
static int64_t exporter_earlier(int64_t deadline, int64_t other)
{
    return deadline < 0 || other < deadline ? other : deadline;
}

int64_t exporter_deadline(const struct exporter *exporter)
{
    int64_t deadline = exporter->config->metrics_file ? exporter->write_at : -1;

    if (exporter->accept_at)
        deadline = exporter_earlier(deadline, exporter->accept_at);
    for (size_t i = 0; i < EXPORTER_CLIENTS; i++)
        if (exporter->clients[i].state != EXPORTER_FREE)
            deadline = exporter_earlier(deadline, exporter->clients[i].deadline);
    return deadline;
}

static struct exporter_client *exporter_client_of(struct exporter *exporter, int fd)
{
    for (size_t i = 0; i < EXPORTER_CLIENTS; i++)
        if (exporter->clients[i].state != EXPORTER_FREE && exporter->clients[i].fd == fd)
            return &exporter->clients[i];
    return NULL;
}

int exporter_process(struct exporter *exporter, const struct pollfd *fds, size_t count, int64_t now,
                     struct fault *fault)
{
    int may_accept = 0;

    for (size_t i = 0; i < count; i++) {
        struct exporter_client *client = fds[i].revents ? exporter_client_of(exporter, fds[i].fd) : NULL;

        if (client)
            exporter_step(exporter, client);
        may_accept |= fds[i].revents && fds[i].fd == exporter->fd;
    }
    for (size_t i = 0; i < EXPORTER_CLIENTS; i++)
        if (exporter->clients[i].state != EXPORTER_FREE && exporter->clients[i].deadline <= now)
            exporter_drop(&exporter->clients[i]);
    if (exporter->accept_at <= now)
        exporter->accept_at = 0;
    if (may_accept)
        exporter_accept(exporter, now);
    if (!exporter->config->metrics_file || now < exporter->write_at)
        return 0;
    exporter->write_at = now + EXPORTER_FILE_MS;
    return exporter_write_file(exporter, fault);
}
