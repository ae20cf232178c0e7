/* SPDX-License-Identifier: MIT */
/* A channel of c-ares: questions to the name servers, or to /etc/hosts.
 *
 * It costs 75 KiB and must not be used by two threads at once. So it belongs to a look-up, not to a session: it is made
 * for the first question and closed with the last answer. A channel that is passed from session to session would cost
 * the same at the peak, would need a lock, and would go on asking the name servers of a network that the machine has
 * left. Making one takes 0.1 ms. */
#ifndef NET_CHANNEL_H
#define NET_CHANNEL_H

#include "base/fault.h"
#include "net/watch.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* c-ares has two for each name server that it is asking: UDP, and TCP after an answer that is too long. */
#define CHANNEL_SOCKETS_MAX 16

struct resolver_policy {
    const char *servers; /* "127.0.0.1:5353,...": instead of those of resolv.conf; for tests; NULL: none */
    bool secure;         /* a set-uid program: the environment is ignored */
};

struct channel_socket {
    int fd;
    unsigned events; /* ENVOI_EVENT_* */
};

struct channel {
    void *handle; /* ares_channel; NULL: closed */
    struct watch *watch;
    size_t socket_count;
    struct channel_socket sockets[CHANNEL_SOCKETS_MAX]; /* of c-ares, and the events it waits for */
};

/* For /etc/hosts alone. ENVOI_OK, or an error that is reported in fault. c stays where it is in memory. */
int channel_open_files(struct channel *c, struct watch *watch, struct envoi_errctx *fault);
/* For the name servers. */
int channel_open_servers(struct channel *c, const struct resolver_policy *policy, struct watch *watch,
                         struct envoi_errctx *fault);
/* fd is ready for events; -1: if none is, but a time-out of c-ares may be due. Only while the channel is open. */
void channel_close(struct channel *c);
/* fd is ready for events. -1: if none is, but a time-out of c-ares may be due. Only while the channel is open. */
void channel_process(struct channel *c, int fd, unsigned events);
/* Adds the descriptors that matter now to the watch list, if there are any. */
void channel_watch(const struct channel *c);
/* When channel_process() is due at the latest; -1: never, if no question is open. */
int64_t channel_deadline(const struct channel *c, int64_t now);
/* Reports in fault why there is no answer for the name, and returns the code. `status` is an ARES_* that says neither
 * that the name does not exist nor that it has no such record: ARES_ENOTFOUND, ARES_ENODATA. */
int channel_report(int status, const char *name, struct envoi_errctx *fault);

#endif
