/* SPDX-License-Identifier: MIT */
/* Records of a name that lead to hosts: SRV (RFC 2782) and MX (RFC 5321 section 5). The parser is that of c-ares. */
#ifndef NET_RECORDS_H
#define NET_RECORDS_H

#include "net/channel.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of one answer; if there are more, those are ignored. */
#define RECORDS_MAX 32

enum record_kind {
    RECORD_SRV,
    RECORD_MX,
};

struct record {
    char *host; /* A-labels without trailing dot; owned */
    uint16_t port;
    uint16_t priority;
    uint16_t weight;
};

/* The answer to one question. It stays where it is in memory until it is done. */
struct records {
    enum record_kind kind;
    bool done;
    int status;  /* ARES_*; 0: there are records */
    bool denied; /* a record says that there is no such service: its host is the root */
    size_t count;
    struct record list[RECORDS_MAX];
};

/* Asks for the records of a name. They may be there on return. A record whose host is no host name (or an address) and
 * an SRV record with port 0 are passed over. */
void records_ask(struct records *r, struct channel *channel, const char *name, enum record_kind kind);
/* Orders the records as they are to be used: by priority, and by lot among equal ones, where weight gives the odds (RFC
 * 2782, "Usage rules"). `draw` returns a number from 0 to `most`; NULL: at random. */
void records_order(struct records *r, uint32_t (*draw)(uint32_t most));
/* Reports in fault why the answer has no usable record, and returns the code: ENVOI_E_NOT_SUPPORTED if a record says
 * that there is no such service. `type` is that of the records, for the text. */
int records_failure(const struct records *r, const char *name, const char *type, struct envoi_errctx *fault);
/* Frees the records. */
void records_free(struct records *r);

#endif
