/* SPDX-License-Identifier: MIT */
#include "message/content_scan.h"

#include <string.h>

/* 32 octets side by side: the compiler uses the vectors that the machine has. */
#define LANES 32
typedef int8_t lanes __attribute__((vector_size(LANES)));

/* How many octets after the last lane are looked at, too: a line end, and a dot after it. */
#define AHEAD 2

struct found {
    lanes stray, dotted;
    lanes lowest; /* signed: an octet above 0x7f is negative */
};

static inline void scan_keep_lowest(struct found *f, const uint8_t *p)
{
    lanes here, lower;

    memcpy(&here, p, sizeof here);
    lower = here < f->lowest;
    f->lowest = (here & lower) | (f->lowest & ~lower);
}

/* Compares each octet with the next one: a CR without LF and a LF without CR show in one comparison. */
static inline void scan_vector(struct found *f, const uint8_t *p, bool dots)
{
    lanes here, next, line_end;

    memcpy(&here, p, sizeof here);
    memcpy(&next, p + 1, sizeof next);
    line_end = next == '\n';
    f->stray |= (here == '\r') ^ line_end;
    if (dots) {
        lanes after;

        memcpy(&after, p + AHEAD, sizeof after);
        f->dotted |= line_end & (after == '.');
    }
    scan_keep_lowest(f, p);
}

static inline bool scan_any(const lanes *v, uint64_t mask)
{
    uint64_t words[LANES / 8];

    memcpy(words, v, sizeof words);
    return (words[0] | words[1] | words[2] | words[3]) & mask;
}

/* A block that is too short for vectors, octet by octet. */
static struct scan scan_short(const uint8_t *p, size_t len)
{
    struct scan s = {0};

    for (size_t i = 0; i < len; i++) {
        uint8_t next = i + 1 < len ? p[i + 1] : 0;

        s.stray |= i + 1 < len && (p[i] == '\r') != (next == '\n');
        s.dotted |= p[i] == '\n' && next == '.';
        s.has_nul |= p[i] == 0;
        s.has_8bit |= p[i] >= 0x80;
    }
    if (len)
        s.stray |= p[0] == '\n' || p[len - 1] == '\r';
    return s;
}

/* Compiled twice, with and without `dots`, so that no vector has to ask. */
static inline __attribute__((always_inline)) struct scan scan_vectors(const uint8_t *block, size_t len, bool dots)
{
    struct found found = {0};
    const uint8_t *p = block, *last;
    struct scan s;

    if (len < LANES + AHEAD)
        return scan_short(block, len);
    last = block + len - LANES - AHEAD; /* the last vector that is scanned whole */
    memset(&found.lowest, INT8_MAX, sizeof found.lowest);
    for (; last - p >= 3 * LANES; p += 4 * LANES) {
        scan_vector(&found, p, dots);
        scan_vector(&found, p + LANES, dots);
        scan_vector(&found, p + 2 * LANES, dots);
        scan_vector(&found, p + 3 * LANES, dots);
    }
    for (; p < last; p += LANES)
        scan_vector(&found, p, dots);
    /* The rest; some of it was scanned already. The last two octets lack the neighbours, so they are compared by
     * hand. */
    scan_vector(&found, last, dots);
    scan_keep_lowest(&found, block + len - LANES);
    s.stray = scan_any(&found.stray, UINT64_MAX) || block[0] == '\n' || block[len - 1] == '\r' ||
              (block[len - 2] == '\r') != (block[len - 1] == '\n');
    s.dotted = dots && (scan_any(&found.dotted, UINT64_MAX) || (block[0] == '\n' && block[1] == '.'));
    s.has_8bit = scan_any(&found.lowest, 0x8080808080808080u);
    found.lowest = found.lowest == 0;
    s.has_nul = scan_any(&found.lowest, UINT64_MAX) || (s.has_8bit && memchr(block, '\0', len));
    return s;
}

#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
__attribute__((target_clones("avx2", "default")))
#endif
struct scan
scan_block(const uint8_t *block, size_t len, bool dots)
{
    return dots ? scan_vectors(block, len, true) : scan_vectors(block, len, false);
}
