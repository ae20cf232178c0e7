/* SPDX-License-Identifier: MIT */
/* A dialer, with all that it works with and what came of it. */
#ifndef TEST_CALL_H
#define TEST_CALL_H

#include "../../peers/dns.h"
#include "net/dialer.h"

struct call {
    struct target target;
    struct resolver_policy policy;
    int64_t dns_timeout, connect_timeout;
    struct watch watch;
    struct trace trace;
    struct envoi_errctx fault;
    struct dialer *dialer; /* NULL: it is over */
    int rounds;
    int rc;
    int fd;
    struct endpoint peer;
    int64_t began, took;
    char events[2048];
    unsigned ready; /* what poll's answer is called, 0: as it is */
};

/* What follows is asserted to be possible, and not to go on for ever. The call stays where it is in memory. */
void call_prepare(struct call *c, const char *server);
/* The same with a name, a port and the name server of rows, which is to be stopped; timeout: for the name and for
 * connecting. */
void call_prepare_name(struct call *c, const struct dns_row *rows, const char *name, uint16_t port, int64_t timeout);
void call_begin(struct call *c);
/* How many descriptors the dialer waits for. */
size_t call_watches(struct call *c);
/* One wait for the next event, which is handed on. */
void call_wait_once(struct call *c);
/* Goes on until the trace says so. */
void call_until(struct call *c, const char *event);
/* Goes on until there is a result, in rc. */
void call_go_on(struct call *c);
/* From the beginning to the end, in which the dialer is freed. */
void call_dial(struct call *c);
void call_name(struct call *c, const struct dns_row *rows, const char *name, uint16_t port, int64_t timeout);
/* Frees and closes all. */
void call_finish(struct call *c);
/* There is a good connection to that host. */
void call_expect_peer(struct call *c, const char *host);

#endif
