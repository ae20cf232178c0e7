/* SPDX-License-Identifier: MIT */
/* Makes a connection: looks the name up, tries the addresses in the manner of RFC 8305 (the families alternate, a new
 * attempt begins 250 ms after the last or as soon as that has failed), keeps the first that answers and closes the rest. */
#ifndef NET_DIALER_H
#define NET_DIALER_H

#include "base/fault.h"
#include "base/trace.h"
#include "net/endpoint.h"
#include "net/host_cache.h"
#include "net/resolver.h"
#include "net/target.h"
#include "net/watch.h"

#include <stdint.h>

struct dialer;

/* What a dialer works with; all of it lives as long as the dialer. */
struct dialer_env {
    const struct target *target;
    const struct resolver_policy *policy;
    int64_t dns_timeout, connect_timeout; /* milliseconds */
    struct watch *watch;
    const struct trace *trace;
    struct envoi_errctx *fault; /* where failures are told */
    struct host_cache
        *host_cache; /* shared with other dialers to the same target, one after the other; NULL: nothing is */
};

int dialer_new(const struct dialer_env *env, int64_t now, struct dialer **out);
/* Closes what is open but for the socket that was taken. NULL is a no-op. */
void dialer_free(struct dialer *d);

/* fd is ready for events; -1: none is, but a time-out may be due. */
void dialer_ready(struct dialer *d, int fd, unsigned events);
/* Goes on. ENVOI_OK: *fd is connected to *peer and now the caller's, nothing else is open; ENVOI_E_AGAIN; or an error that was
 * told to fault. */
int dialer_step(struct dialer *d, int64_t now, int *fd, struct endpoint *peer);
/* That connection was no good: dialer_step() goes on with the other addresses, also those that name servers were still asked
 * for. False: there are none. */
bool dialer_resume(struct dialer *d, int64_t now);
/* Says which descriptors matter. */
void dialer_watch(const struct dialer *d);
/* When dialer_step() is due at the latest. */
int64_t dialer_deadline(const struct dialer *d, int64_t now);

#endif
