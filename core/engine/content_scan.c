/* SPDX-License-Identifier: MIT */
#include "engine/content_scan.h"

#include <string.h>

/* 32 octets side by side; the compiler makes of it what the machine has. */
#define LANES 32
typedef int8_t lanes __attribute__((vector_size(LANES)));

/* How far behind an octet its line may show what it is: a line end, and a dot behind that. */
#define AHEAD 2

struct found {
    lanes stray, dotted;
    lanes lowest; /* an octet above 0x7f is below nought here */
};

/* Each octet is seen together with its neighbours: a CR without its LF and a LF without its CR show in one comparison. */
static inline void look(struct found *f, const uint8_t *p)
{
    lanes here, next, behind, line_end, lower;

    memcpy(&here, p, sizeof here);
    memcpy(&next, p + 1, sizeof next);
    memcpy(&behind, p + AHEAD, sizeof behind);
    line_end = next == '\n';
    f->stray |= (here == '\r') ^ line_end;
    f->dotted |= line_end & (behind == '.');
    lower = here < f->lowest;
    f->lowest = (here & lower) | (f->lowest & ~lower);
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
    struct scan s = {0};
    size_t i = 0;

    memset(&found.lowest, INT8_MAX, sizeof found.lowest);
#pragma GCC unroll 4
    for (; i + LANES + AHEAD <= len; i += LANES)
        look(&found, block + i);
    if (i) { /* the rest, together with what was seen already; the last octets have no neighbours */
        look(&found, block + len - LANES - AHEAD);
        i = len - AHEAD;
        s.stray = any(&found.stray, UINT64_MAX);
        s.dotted = any(&found.dotted, UINT64_MAX) || (block[0] == '\n' && block[1] == '.');
        s.has_8bit = any(&found.lowest, 0x8080808080808080u);
        found.lowest = found.lowest == 0;
        s.has_nul = any(&found.lowest, UINT64_MAX) || (s.has_8bit && memchr(block, '\0', len));
    }
    look_at_rest(&s, block + i, len - i);
    if (len)
        s.stray |= block[0] == '\n' || block[len - 1] == '\r';
    return s;
}
