/* SPDX-License-Identifier: MIT */
/* The services that plugins get, one struct per plugin and library object, so that a line of log finds its way. */
#ifndef PLUGIN_HOST_H
#define PLUGIN_HOST_H

#include "base/fault.h"

#include <envoi/library.h>
#include <envoi/plugin.h>

struct host_log {
    envoi_log_fn *fn; /* NULL: nobody listens */
    void *ctx;
};

struct host {
    struct envoi_host api; /* first: what a plugin holds points here */
    const struct host_log *log;
    const char *id;
};

/* This thread is one of the driver's own, and not the application's. */
void host_on_worker(void);
/* Nobody listens any more. No helper thread is in the log function when it returns, or comes there later. */
void host_silence(struct host_log *log);

/* log and id live as long as the host. */
void host_init(struct host *host, const struct host_log *log, const char *id);

/* Sends a line, made printable, to the log. */
void host_say(const struct host_log *log, uint32_t level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
