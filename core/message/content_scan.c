/* SPDX-License-Identifier: MIT */
#include "message/content_scan.h"

#include <string.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif

/* 32 octets side by side: the compiler uses the vectors that the machine has. */
/* Inlined by force: code for AVX2 must not call functions that are compiled without. */
#define INLINE inline __attribute__((always_inline))

#define LANES 32
typedef uint8_t lanes __attribute__((vector_size(LANES)));
typedef int8_t signed_lanes __attribute__((vector_size(LANES)));

/* Both functions are compiled once more for machines with AVX2, and chosen at run time. */
#if defined(__x86_64__) && !defined(SCAN_BASELINE)
#define SCAN_AVX2
#define AVX2 __attribute__((target("avx2")))
#endif

/* ---- scanning ---- */

/* How many octets after the last lane are looked at, too: a line end, and a dot after it. */
#define AHEAD 2
/* Vectors that are counted before the lanes, of eight bits each, could overflow. */
#define RUN   252

struct found {
    lanes strays; /* counts */
    lanes dotted;
    signed_lanes lowest; /* an octet above 0x7f is negative */
};

/* Makes each lane of `lowest` the lower one of it and the lane in p. */
typedef void scan_lower_fn(signed_lanes *lowest, const uint8_t *p);

static INLINE void scan_lower(signed_lanes *lowest, const uint8_t *p)
{
    signed_lanes here, lower;

    memcpy(&here, p, sizeof here);
    lower = here < *lowest;
    *lowest = (here & lower) | (*lowest & ~lower);
}

/* Compares each octet with the next one: a CR without LF and a LF without CR show in one comparison. The octets before
 * `lane` were counted already. */
static INLINE void scan_vector(struct found *f, const uint8_t *p, bool dots, int lane, scan_lower_fn *keep)
{
    lanes here, next, line_end, stray;

    memcpy(&here, p, sizeof here);
    memcpy(&next, p + 1, sizeof next);
    line_end = (lanes)(next == '\n');
    stray = (lanes)(here == '\r') ^ line_end;
    if (lane) {
        static const lanes index = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                    16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31};

        stray &= (lanes)(index >= (uint8_t)lane);
    }
    f->strays -= stray;
    keep(&f->lowest, p);
    if (dots) {
        lanes after;

        memcpy(&after, p + AHEAD, sizeof after);
        f->dotted |= line_end & (lanes)(after == '.');
    }
}

static INLINE bool scan_any(const lanes *v, uint64_t mask)
{
    uint64_t words[LANES / 8];

    memcpy(words, v, sizeof words);
    return (words[0] | words[1] | words[2] | words[3]) & mask;
}

/* Adds the counts of the lanes up, and begins anew. */
static INLINE size_t scan_count(struct found *f)
{
    const uint64_t low = 0x00ff00ff00ff00ffu;
    uint64_t words[LANES / 8], sum = 0;

    if (!scan_any(&f->strays, UINT64_MAX))
        return 0;
    memcpy(words, &f->strays, sizeof words);
    f->strays = (lanes){0};
    for (size_t i = 0; i < LANES / 8; i++)
        sum += (words[i] & low) + (words[i] >> 8 & low);
    return (size_t)(sum * 0x0001000100010001u >> 48);
}

/* A block that is too short for vectors, octet by octet. */
static struct scan scan_short(const uint8_t *p, size_t len)
{
    struct scan s = {0};

    for (size_t i = 0; i < len; i++) {
        uint8_t next = i + 1 < len ? p[i + 1] : 0;

        s.strays += i + 1 < len && (p[i] == '\r') != (next == '\n');
        s.dotted |= p[i] == '\n' && next == '.';
        s.has_nul |= p[i] == 0;
        s.has_8bit |= p[i] >= 0x80;
    }
    return s;
}

/* Compiled with and without `dots`, so that no vector has to ask. */
static INLINE struct scan scan_vectors(const uint8_t *block, size_t len, bool dots, scan_lower_fn *keep)
{
    struct found found = {0};
    const uint8_t *p = block, *last;
    struct scan s = {0};
    lanes lowest;

    if (len < LANES + AHEAD)
        return scan_short(block, len);
    memset(&found.lowest, INT8_MAX, sizeof found.lowest);
    last = block + len - LANES - AHEAD; /* the last vector that is scanned whole */
    while (p < last) {
        const uint8_t *stop = last - p > RUN * LANES ? p + RUN * LANES : last;

        for (; stop - p >= 4 * LANES; p += 4 * LANES) {
            scan_vector(&found, p, dots, 0, keep);
            scan_vector(&found, p + LANES, dots, 0, keep);
            scan_vector(&found, p + 2 * LANES, dots, 0, keep);
            scan_vector(&found, p + 3 * LANES, dots, 0, keep);
        }
        for (; p < stop; p += LANES)
            scan_vector(&found, p, dots, 0, keep);
        if (p < last)
            s.strays += scan_count(&found);
    }
    /* p may stand behind the last vector by now: its octets before p are not counted twice. The last two octets of the
     * block lack neighbours, so they are compared by hand. */
    scan_vector(&found, last, dots, (int)(p - last), keep);
    s.strays += scan_count(&found);
    s.strays += (block[len - 2] == '\r') != (block[len - 1] == '\n');
    keep(&found.lowest, block + len - LANES);
    s.dotted = dots && (scan_any(&found.dotted, UINT64_MAX) || (block[0] == '\n' && block[1] == '.'));
    lowest = (lanes)found.lowest;
    s.has_8bit = scan_any(&lowest, 0x8080808080808080u);
    lowest = (lanes)(found.lowest == 0);
    s.has_nul = scan_any(&lowest, UINT64_MAX) || (s.has_8bit && memchr(block, '\0', len));
    return s;
}

static struct scan scan_any_machine(const uint8_t *block, size_t len, bool dots)
{
    return dots ? scan_vectors(block, len, true, scan_lower) : scan_vectors(block, len, false, scan_lower);
}

#ifdef SCAN_AVX2
static INLINE AVX2 void scan_lower_avx2(signed_lanes *lowest, const uint8_t *p)
{
    *lowest = (signed_lanes)_mm256_min_epi8((__m256i)*lowest, _mm256_loadu_si256((const void *)p));
}

static AVX2 struct scan scan_avx2(const uint8_t *block, size_t len, bool dots)
{
    return dots ? scan_vectors(block, len, true, scan_lower_avx2) : scan_vectors(block, len, false, scan_lower_avx2);
}
#endif

struct scan scan_block(const uint8_t *block, size_t len, bool dots)
{
#ifdef SCAN_AVX2
    if (__builtin_cpu_supports("avx2"))
        return scan_avx2(block, len, dots);
#endif
    return scan_any_machine(block, len, dots);
}

/* ---- repairing ---- */

/* All repairs are insertions: a CR before a stray LF, a LF before the octet after a stray CR, and a dot before a dot
 * that begins a line. */
static INLINE bool place_is_stray(uint8_t before, uint8_t here)
{
    return (here == '\n') != (before == '\r');
}

static INLINE bool place_is_dot(uint8_t before, uint8_t here)
{
    return here == '.' && (before == '\n' || before == '\r');
}

static uint8_t *repair_octets(const uint8_t *p, const uint8_t *end, uint8_t before, bool dots, uint8_t *out)
{
    for (; p < end; before = *p++) {
        if (place_is_stray(before, *p))
            *out++ = *p == '\n' ? '\r' : '\n';
        if (dots && place_is_dot(before, *p))
            *out++ = '.';
        *out++ = *p;
    }
    return out;
}

/* The kinds of places that a block has. Each is compiled on its own. */
struct repair {
    bool strays, dots;
};

/* Sets each lane of which something must be inserted. */
static INLINE void places_find(const uint8_t *p, struct repair r, lanes *out)
{
    lanes here, before, after_cr;

    memcpy(&here, p, sizeof here);
    memcpy(&before, p - 1, sizeof before);
    after_cr = (lanes)(before == '\r');
    if (!r.strays) /* no line ends with a CR alone */
        *out = (lanes)(here == '.') & (lanes)(before == '\n');
    else if (!r.dots)
        *out = (lanes)(here == '\n') ^ after_cr;
    else
        *out = ((lanes)(here == '\n') ^ after_cr) | ((lanes)(here == '.') & ((lanes)(before == '\n') | after_cr));
}

/* A set of lanes as bits: bit k is set if lane k is. */
typedef uint32_t lanes_set_fn(const lanes *v);

static INLINE void window_copy(uint8_t *to, const uint8_t *from)
{
    lanes low, high;

    memcpy(&low, from, sizeof low);
    memcpy(&high, from + LANES, sizeof high);
    memcpy(to, &low, sizeof low);
    memcpy(to + LANES, &high, sizeof high);
}

#define WINDOW ((ptrdiff_t)(2 * LANES))

/* Copies whole windows, and a window's rest once more behind each insertion. Each copy writes a whole window, so that
 * there are octets behind the rest; the next ones overwrite them. */
static INLINE size_t repair_windows(const uint8_t *block, size_t len, uint8_t before, struct repair r, uint8_t *out,
                                    lanes_set_fn *set_of)
{
    const uint8_t *p = block, *end = block + len;
    uint8_t *start = out;

    if (end - p < 2 * WINDOW)
        return (size_t)(repair_octets(p, end, before, r.dots, out) - start);
    out = repair_octets(p, p + 1, before, r.dots, out);
    for (p++; end - p >= 2 * WINDOW; p += WINDOW, out += WINDOW) {
        lanes low, high;

        places_find(p, r, &low);
        places_find(p + LANES, r, &high);
        window_copy(out, p);
        for (uint64_t set = set_of(&low) | (uint64_t)set_of(&high) << LANES; set; set &= set - 1) {
            ptrdiff_t k = __builtin_ctzll(set);

            if (r.strays && (!r.dots || place_is_stray(p[k - 1], p[k])))
                (out++)[k] = p[k] == '\n' ? '\r' : '\n';
            if (r.dots && (!r.strays || place_is_dot(p[k - 1], p[k])))
                (out++)[k] = '.';
            window_copy(out + k, p + k);
        }
    }
    return (size_t)(repair_octets(p, end, p[-1], r.dots, out) - start);
}

static INLINE size_t repair_with(const uint8_t *block, size_t len, uint8_t before, struct repair r, uint8_t *out,
                                 lanes_set_fn *set_of)
{
    if (!r.dots)
        return repair_windows(block, len, before, (struct repair){true, false}, out, set_of);
    if (!r.strays)
        return repair_windows(block, len, before, (struct repair){false, true}, out, set_of);
    return repair_windows(block, len, before, (struct repair){true, true}, out, set_of);
}

#ifdef __SSE2__
static INLINE uint32_t lanes_set(const lanes *v)
{
    __m128i halves[2];

    memcpy(halves, v, sizeof halves);
    return (uint32_t)_mm_movemask_epi8(halves[0]) | (uint32_t)_mm_movemask_epi8(halves[1]) << LANES / 2;
}
#else
static INLINE uint32_t lanes_set(const lanes *v)
{
    uint32_t set = 0;

    for (int k = 0; k < LANES; k++)
        set |= (uint32_t)((*v)[k] & 1) << k;
    return set;
}
#endif

static size_t repair_any_machine(const uint8_t *block, size_t len, uint8_t before, struct repair r, uint8_t *out)
{
    return repair_with(block, len, before, r, out, lanes_set);
}

#ifdef SCAN_AVX2
static INLINE AVX2 uint32_t lanes_set_avx2(const lanes *v)
{
    return (uint32_t)_mm256_movemask_epi8((__m256i)*v);
}

static AVX2 size_t repair_avx2(const uint8_t *block, size_t len, uint8_t before, struct repair r, uint8_t *out)
{
    return repair_with(block, len, before, r, out, lanes_set_avx2);
}
#endif

size_t scan_repair(const uint8_t *block, size_t len, uint8_t before, bool strays, bool dots, uint8_t *out)
{
    const struct repair r = {strays, dots};

#ifdef SCAN_AVX2
    if (__builtin_cpu_supports("avx2"))
        return repair_avx2(block, len, before, r, out);
#endif
    return repair_any_machine(block, len, before, r, out);
}
