/* SPDX-License-Identifier: MIT */
/* Shows the metrics, as `metrics` of [worker] says: by HTTP at /metrics, with /healthz beside it, or as a text file
 * that is written anew every 15 s. It never waits, and runs in the loop of the worker:
 *
 *     count = exporter_fds(exporter, fds, sizeof fds / sizeof *fds);
 *     ... poll(), with exporter_deadline() as one of the deadlines ...
 *     exporter_process(exporter, fds, count, now, &fault);
 *
 * The HTTP is its own, since it is no more than one request for each connection. libmicrohttpd would do it in the loop
 * too, but brings GnuTLS into a process that may send by another TLS library, and its deadline begins anew with each
 * octet, so that a client that sends one now and then keeps its place for hours. */
#ifndef WORKER_EXPORTER_H
#define WORKER_EXPORTER_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

struct config;
struct fault;
struct metrics;

enum {
    EXPORTER_CLIENTS = 8, /* further ones wait in the queue of the kernel */
    EXPORTER_FDS = EXPORTER_CLIENTS + 1,
    EXPORTER_REQUEST_MAX = 4096, /* octets, with its header */
    EXPORTER_CLIENT_MS = 5000,   /* from accept() to the end of the answer */
    EXPORTER_PAUSE_MS = 1000,    /* after accept() has failed */
    EXPORTER_FILE_MS = 15000,
};

struct exporter;

/* Begins to listen, or writes the file for the first time. With `metrics = none` it does nothing from then on. The
 * configuration and the metrics must outlive it. Returns 0, or an exit code with *fault filled. */
int exporter_new(const struct config *config, const struct metrics *metrics, struct exporter **out,
                 struct fault *fault);
/* Writes the file for the last time. NULL: does nothing. */
void exporter_free(struct exporter *exporter);
/* What /healthz says: 200 if the reason is NULL, else 503 with it. It is copied. Without this call it is "starting". */
void exporter_set_health(struct exporter *exporter, const char *reason);

/* What to wait for. Returns the number of entries, at most `max`; EXPORTER_FDS are enough. */
size_t exporter_fds(const struct exporter *exporter, struct pollfd *fds, size_t max);
/* When exporter_process() must be called at the latest, in milliseconds of CLOCK_MONOTONIC; -1: never. */
int64_t exporter_deadline(const struct exporter *exporter);
/* Does what can be done now. `fds` are those of exporter_fds(), after poll(). Returns 0, or an exit code with *fault
 * filled if the file cannot be written any more; that is said once, until it can be again. */
int exporter_process(struct exporter *exporter, const struct pollfd *fds, size_t count, int64_t now,
                     struct fault *fault);

#endif
