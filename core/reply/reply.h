/* SPDX-License-Identifier: MIT */
/* Replies (RFC 5321 section 4.2): the object and the parser, which takes octets cut anywhere and enforces limits. */
#ifndef REPLY_REPLY_H
#define REPLY_REPLY_H

#include "base/buf.h"

#include <envoi/reply.h>
#include <stdbool.h>
#include <stddef.h>

#define REPLY_LINE_MAX     8192u  /* octets of one line, line end included */
#define REPLY_LINES_MAX    256u   /* lines of one reply */
#define REPLY_OCTETS_MAX   65536u /* octets of one reply */
#define REPLY_BROKEN_MAX   512u   /* octets that are kept of a line that is no reply */
#define REPLY_ENHANCED_MAX 16
#define REPLY_QUOTED_MAX   256 /* octets of a reply that is quoted in an error */

struct envoi_reply {
    int code; /* ENVOI_E_PROTOCOL: it is a line that is no reply */
    char enhanced[REPLY_ENHANCED_MAX];
    unsigned lines;
    unsigned skip;   /* octets of `raw` before the text, if `text` is empty */
    struct buf raw;  /* of each line the octets behind code and separator, as they came, and a NUL */
    struct buf text; /* the lines, made printable and joined by '\n', with a NUL. Empty: `raw` can be shown as it is, as
                        that of nearly every reply can: one line, and printable ASCII */
};

void reply_init(struct envoi_reply *r);
void reply_free(struct envoi_reply *r);
void reply_clear(struct envoi_reply *r);
/* Forgets the text and the lines, and keeps the codes. */
void reply_clear_text(struct envoi_reply *r);
/* The reply is a line that is none; up to REPLY_BROKEN_MAX octets of it are kept. */
void reply_set_broken(struct envoi_reply *r, const char *line, size_t len);
/* Copies a reply. ENVOI_OK; ENVOI_E_MEMORY: `to` is cleared. */
int reply_copy(struct envoi_reply *to, const struct envoi_reply *from);
/* The reply for an error: code and text in quotes, cut with "..." if it is long. A challenge is not shown. Returns out.
 * */
const char *reply_quote(const struct envoi_reply *r, char out[REPLY_QUOTED_MAX]);
/* The class of the reply: 2, 3, 4 or 5; 0: it could not be read. */
static inline int reply_class(const struct envoi_reply *r)
{
    return r->code > 0 ? r->code / 100 : 0;
}

static inline bool reply_accepts(const struct envoi_reply *r)
{
    return r->code >= 200 && r->code < 300;
}

struct reply_parser {
    struct buf line;           /* the beginning of a line that is not complete yet */
    struct envoi_reply *reply; /* the reply being read; the owner's, which may replace it between two replies */
    unsigned lines;
    size_t octets;
    bool secret;         /* the replies belong to a login: their memory is wiped */
    const char *problem; /* the reason of the last ENVOI_E_PROTOCOL */
};

void reply_parser_init(struct reply_parser *p, struct envoi_reply *reply);
/* Frees the line and the text of p->reply; both can be used again. */
void reply_parser_free(struct reply_parser *p);
/* Forgets a half-read reply. */
void reply_parser_reset(struct reply_parser *p);
/* Is something half read? */
bool reply_parser_busy(const struct reply_parser *p);

/* Called for each line, for the trace: as the server sent it, without the line end, and not NUL-terminated. */
typedef void reply_line_fn(void *ctx, const char *line, size_t len);

/* Takes octets up to the end of one reply; *used is their number. *complete: p->reply is whole; it is valid until the
 * next call. line NULL: no trace. ENVOI_OK; ENVOI_E_PROTOCOL with the reason in p->problem, and the line that broke the
 * reply in p->reply; ENVOI_E_MEMORY. */
int reply_parse(struct reply_parser *p, const char *data, size_t len, size_t *used, bool *complete, reply_line_fn *line,
                void *ctx);

#endif
