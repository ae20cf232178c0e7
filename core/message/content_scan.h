/* SPDX-License-Identifier: MIT */
/* The one look at content that touches every octet: whole blocks at a time, no branches within. */
#ifndef MESSAGE_CONTENT_SCAN_H
#define MESSAGE_CONTENT_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scan {
    bool stray;    /* a CR without LF or a LF without CR; also a CR at the end and a LF at the beginning */
    bool dotted;   /* a dot follows a LF */
    bool has_nul;  /* an octet 0 */
    bool has_8bit; /* an octet above 127 */
};

/* dots: are they looked for? They cost a third of it, and only DATA has to know. */
struct scan scan_block(const uint8_t *block, size_t len, bool dots);

#endif
