/* SPDX-License-Identifier: MIT */
/* The one scan of content that touches every octet: many octets at a time and without branches. */
#ifndef MESSAGE_CONTENT_SCAN_H
#define MESSAGE_CONTENT_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scan {
    bool stray;    /* a CR without LF or a LF without CR; a CR that ends the block and a LF that begins it count */
    bool dotted;   /* a dot follows a LF */
    bool has_nul;  /* an octet 0 */
    bool has_8bit; /* an octet above 127 */
};

/* dots: look for them, too. It costs a third more, and only DATA has to know. */
struct scan scan_block(const uint8_t *block, size_t len, bool dots);

#endif
