/* SPDX-License-Identifier: MIT */
#include "engine/content_scan.h"

#include <string.h>

/* 32 octets side by side; the compiler makes of it what the machine has. */
#define LANES 32
typedef uint8_t lanes __attribute__((vector_size(LANES)));

struct found {
    lanes stray, dotted, nul, all;
};

/* Each octet is seen together with its neighbour: a CR without its LF and a LF without its CR show in one comparison. */
static inline void look(struct found *f, const uint8_t *p)
{
    lanes here, next;

    memcpy(&here, p, sizeof here);
    memcpy(&next, p + 1, sizeof next);
    f->stray |= (lanes)((here == '\r') ^ (next == '\n'));
    f->dotted |= (lanes)((here == '\n') & (next == '.'));
    f->nul |= (lanes)(here == 0);
    f->all |= here;
}

static bool any(const lanes *v, uint64_t mask)
{
    uint64_t words[LANES / 8];

    memcpy(words, v, sizeof words);
    return (words[0] | words[1] | words[2] | words[3]) & mask;
}

/* The last octets, fewer than a load takes, one by one. */
static void look_at_rest(struct scan *s, const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t next = i + 1 < len ? p[i + 1] : 0;

        s->stray |= i + 1 < len && (p[i] == '\r') != (next == '\n');
        s->dotted |= p[i] == '\n' && next == '.';
        s->has_nul |= p[i] == 0;
        s->has_8bit |= p[i] >= 0x80;
    }
}

#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
__attribute__((target_clones("avx2", "default")))
#endif
struct scan
scan_block(const uint8_t *block, size_t len)
{
    struct found found = {0};
    struct scan s;
    size_t i = 0;

#pragma GCC unroll 4
    for (; i + LANES < len; i += LANES)
        look(&found, block + i);
    if (len > LANES) { /* the rest, together with what was seen already; the last octet has no neighbour */
        look(&found, block + len - LANES - 1);
        i = len - 1;
    }
    s = (struct scan){any(&found.stray, UINT64_MAX), any(&found.dotted, UINT64_MAX), any(&found.nul, UINT64_MAX),
                      any(&found.all, 0x8080808080808080u)};
    look_at_rest(&s, block + i, len - i);
    if (len)
        s.stray |= block[0] == '\n' || block[len - 1] == '\r';
    return s;
}
