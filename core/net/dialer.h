/* SPDX-License-Identifier: MIT */
/* Makes a connection: looks the name up and tries the addresses as RFC 8305 describes. The families alternate; an
 * attempt begins 250 ms after the one before it, or as soon as that has failed. The first connection is kept, the
 * others are closed. */
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

/* Borrowed until dialer_free(). */
struct dialer_env {
    const struct target *target;
    const struct resolver_policy *policy;
    int64_t dns_timeout, connect_timeout; /* milliseconds; negative: no limit */
    struct watch *watch;
    const struct trace *trace;
    struct envoi_errctx *fault;    /* where failures are reported */
    struct host_cache *host_cache; /* shared by dialers to the same target, not by two threads at once; NULL: none */
    const struct endpoint *source; /* the address to connect from; len 0: any. Not for a unix socket */
};

/* ENVOI_OK, or an error that is reported in fault. */
int dialer_new(const struct dialer_env *env, int64_t now, struct dialer **out);
/* Closes everything but the socket that dialer_step() handed over. NULL is a no-op. */
void dialer_free(struct dialer *d);

/* fd is ready for events. A descriptor that is not watched is ignored. */
void dialer_ready(struct dialer *d, int fd, unsigned events);
/* Goes on as far as possible without waiting. ENVOI_OK: *fd is connected to *peer and now belongs to the caller, and
 * the other attempts are closed. ENVOI_E_AGAIN: not connected yet. Other errors are reported in fault. */
int dialer_step(struct dialer *d, int64_t now, int *fd, struct endpoint *peer);
/* The connection that was handed over is of no use: dialer_step() goes on with the remaining addresses, and with those
 * that name servers have not sent yet. False: there are none. */
bool dialer_resume(struct dialer *d, int64_t now);
/* Is it past the look-up, so that addresses are being tried? */
bool dialer_has_begun(const struct dialer *d);
/* Adds the descriptors that matter now to the watch list. */
void dialer_watch(const struct dialer *d);
/* When dialer_step() is due at the latest; -1: never. */
int64_t dialer_deadline(const struct dialer *d, int64_t now);

#endif
