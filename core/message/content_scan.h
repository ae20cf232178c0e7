/* SPDX-License-Identifier: MIT */
/* The two functions that touch every octet of a content: many octets at a time. */
#ifndef MESSAGE_CONTENT_SCAN_H
#define MESSAGE_CONTENT_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scan {
    size_t strays; /* CRs without LF and LFs without CR; not the first octet, and not the last: see below */
    bool dotted;   /* a dot follows a LF */
    bool no_cr;    /* no octet is a CR */
    bool has_nul;  /* an octet 0 */
    bool has_8bit; /* an octet above 127 */
};

/* Whether a LF that begins the block, or a CR that ends it, is a stray one depends on the blocks beside it: the caller
 * looks at these two. dots: look for them, too. It costs a third more, and only DATA has to know. */
struct scan scan_block(const uint8_t *block, size_t len, bool dots);

/* What a block needs: strays or dots is set. */
struct repair {
    bool strays; /* it may have stray CRs or LFs */
    bool no_cr;  /* it has no CR: so have most files on Unix, which is repaired faster */
    bool dots;   /* each dot that begins a line is doubled */
};

/* Writes the block with each stray CR or LF made a CR LF and, if asked, with doubled dots. before: the octet before the
 * block; '\n' if there is none. The LF behind a CR that ends the block is not written. out has room for twice the
 * block. Returns the number of octets written. */
size_t scan_repair(const uint8_t *block, size_t len, uint8_t before, struct repair r, uint8_t *out);

/* The same for machines with AVX2 and BMI; only on x86-64. The functions above call them where they can. */
struct scan scan_block_avx2(const uint8_t *block, size_t len, bool dots);
size_t scan_repair_avx2(const uint8_t *block, size_t len, uint8_t before, struct repair r, uint8_t *out);

#endif
