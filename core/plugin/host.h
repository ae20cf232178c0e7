/* SPDX-License-Identifier: MIT */
/* The services that the core gives to a plugin: one struct for each plugin of each library object, so that a line of
 * the plugin's goes to the log of that object, with the plugin's id. */
#ifndef PLUGIN_HOST_H
#define PLUGIN_HOST_H

#include "base/fault.h"

#include <envoi/library.h>
#include <envoi/plugin.h>

struct host_log {
    envoi_log_fn *fn; /* NULL: there is no log */
    void *ctx;
};

struct host {
    struct envoi_host api; /* first: the pointer that a plugin has points to it */
    const struct host_log *log;
    const char *id;
};

/* Marks the calling thread as a worker, not one of the application's. */
void host_on_worker(void);
/* Ends the log. When it returns, no worker is in the log function, and none will call it. */
void host_silence(struct host_log *log);

/* log and id must live as long as the host. */
void host_init(struct host *host, const struct host_log *log, const char *id);

/* Writes a line to the log, with control characters replaced. level: ENVOI_LOG_*. */
void host_say(const struct host_log *log, uint32_t level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
