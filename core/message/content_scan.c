/* SPDX-License-Identifier: MIT */
#include "message/content_scan.h"

#include <string.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif

/* By force, so that each kind of block is compiled on its own. */
#define INLINE inline __attribute__((always_inline))

/* Octets side by side: never more than a vector of the machine has, because the compiler would go octet by octet. */
#ifdef __AVX2__
#define LANES 32
#else
#define LANES 16
#endif
typedef uint8_t lanes __attribute__((vector_size(LANES)));
typedef int8_t signed_lanes __attribute__((vector_size(LANES)));

/* content_scan_avx2.c is this file compiled once more, for machines with AVX2. They are told apart at run time. */
#if defined(__x86_64__) && !defined(__AVX2__) && !defined(SCAN_BASELINE)
#define SCAN_AVX2
static bool machine_has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
}
#endif

/* ---- scanning ---- */

/* How many octets after the last lane are looked at, too: a line end, and a dot after it. */
#define AHEAD      2
/* Vectors that are counted before the lanes, of eight bits each, could overflow. */
#define RUN        252
/* Octets between two looks at where the run ends. */
#define BATCH      (size_t)(8 * LANES)
/* The first line end of a text is no farther away. */
#define LINE_USUAL 1000

struct found {
    lanes strays; /* counts */
    lanes dotted;
    lanes crs;
    signed_lanes lowest; /* an octet above 0x7f is negative */
};

/* Each combination is compiled on its own, so that no vector has to ask. */
struct wish {
    bool dots;  /* look for them, too */
    bool no_cr; /* assume that there is no CR, and look whether that is true: if not, the strays are not right */
};

/* Makes each lane of `lowest` the lower one of it and the lane in p. */
static INLINE void scan_lower(signed_lanes *lowest, const uint8_t *p)
{
#ifdef __AVX2__
    *lowest = (signed_lanes)_mm256_min_epi8((__m256i)*lowest, _mm256_loadu_si256((const void *)p));
#else
    signed_lanes here, lower;

    memcpy(&here, p, sizeof here);
    lower = here < *lowest;
    *lowest = (here & lower) | (*lowest & ~lower);
#endif
}

/* Compares each octet with the next one: a CR without LF and a LF without CR show in one comparison. The octets before
 * `lane` were counted already. */
static INLINE void scan_vector(struct found *f, const uint8_t *p, struct wish wish, int lane)
{
    lanes here, next, line_end, cr, stray;

    memcpy(&here, p, sizeof here);
    memcpy(&next, p + 1, sizeof next);
    line_end = (lanes)(next == '\n');
    cr = (lanes)(here == '\r');
    if (wish.no_cr)
        f->crs |= cr;
    stray = wish.no_cr ? line_end : cr ^ line_end;
    if (lane) {
        static const uint8_t kept[2 * LANES] = {[LANES... 2 * LANES - 1] = UINT8_MAX};
        lanes mask;

        memcpy(&mask, kept + LANES - lane, sizeof mask);
        stray &= mask;
    }
    f->strays -= stray;
    scan_lower(&f->lowest, p);
    if (wish.dots) {
        lanes after;

        memcpy(&after, p + AHEAD, sizeof after);
        f->dotted |= line_end & (lanes)(after == '.');
    }
}

static INLINE bool scan_any(const lanes *v, uint64_t mask)
{
    uint64_t words[LANES / 8], any = 0;

    memcpy(words, v, sizeof words);
    for (size_t i = 0; i < LANES / 8; i++)
        any |= words[i];
    return any & mask;
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
    struct scan s = {.no_cr = true};

    for (size_t i = 0; i < len; i++) {
        uint8_t next = i + 1 < len ? p[i + 1] : 0;

        s.strays += i + 1 < len && (p[i] == '\r') != (next == '\n');
        s.dotted |= p[i] == '\n' && next == '.';
        s.no_cr &= p[i] != '\r';
        s.has_nul |= p[i] == 0;
        s.has_8bit |= p[i] >= 0x80;
    }
    return s;
}

static INLINE struct scan scan_vectors(const uint8_t *block, size_t len, struct wish wish)
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

        for (size_t n = (size_t)(stop - p) / BATCH; n; n--, p += BATCH) {
#pragma GCC unroll 8
            for (size_t i = 0; i < BATCH; i += LANES)
                scan_vector(&found, p + i, wish, 0);
        }
        for (; p < stop; p += LANES)
            scan_vector(&found, p, wish, 0);
        if (p < last)
            s.strays += scan_count(&found);
    }
    /* p may stand behind the last vector by now: its octets before p are not counted twice. The last two octets of the
     * block lack neighbours, so they are compared by hand. */
    scan_vector(&found, last, wish, (int)(p - last));
    s.strays += scan_count(&found);
    s.strays += (block[len - 2] == '\r') != (block[len - 1] == '\n');
    scan_lower(&found.lowest, block + len - LANES);
    s.dotted = wish.dots && (scan_any(&found.dotted, UINT64_MAX) || (block[0] == '\n' && block[1] == '.'));
    s.no_cr = wish.no_cr && !scan_any(&found.crs, UINT64_MAX) && block[len - 2] != '\r' && block[len - 1] != '\r';
    lowest = (lanes)found.lowest;
    s.has_8bit = scan_any(&lowest, 0x8080808080808080u);
    lowest = (lanes)(found.lowest == 0);
    s.has_nul = scan_any(&lowest, UINT64_MAX) || (s.has_8bit && memchr(block, '\0', len));
    return s;
}

/* Does the first line of the block end with a LF alone? */
static bool scan_begins_with_lf(const uint8_t *block, size_t len)
{
    const uint8_t *lf = memchr(block, '\n', len < LINE_USUAL ? len : LINE_USUAL);

    return !lf || lf == block || lf[-1] != '\r';
}

/* A block that begins as a file on Unix most likely goes on as one. A CR among the LFs costs a second look. */
struct scan scan_block(const uint8_t *block, size_t len, bool dots)
{
#ifdef SCAN_AVX2
    if (machine_has_avx2())
        return scan_block_avx2(block, len, dots);
#endif
    if (scan_begins_with_lf(block, len)) {
        struct scan s = dots ? scan_vectors(block, len, (struct wish){true, true})
                             : scan_vectors(block, len, (struct wish){false, true});

        if (s.no_cr)
            return s;
    }
    return dots ? scan_vectors(block, len, (struct wish){true, false})
                : scan_vectors(block, len, (struct wish){false, false});
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

/* A set of lanes as bits: bit k is set if lane k is. */
#if defined(__AVX2__)
static INLINE uint32_t lanes_set(const lanes *v)
{
    return (uint32_t)_mm256_movemask_epi8((__m256i)*v);
}
#elif defined(__SSE2__)
static INLINE uint32_t lanes_set(const lanes *v)
{
    return (uint32_t)_mm_movemask_epi8((__m128i)*v);
}
#else
/* Eight lanes at a time: bit k of lane k, and the sum of all of them in the highest octet. */
static INLINE uint32_t lanes_set(const lanes *v)
{
    uint64_t words[LANES / 8];
    uint32_t set = 0;

    memcpy(words, v, sizeof words);
    for (int i = 0; i < LANES / 8; i++) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        words[i] = __builtin_bswap64(words[i]);
#endif
        set |= (uint32_t)((words[i] & 0x8040201008040201u) * 0x0101010101010101u >> 56) << 8 * i;
    }
    return set;
}
#endif

#define WINDOW ((ptrdiff_t)(2 * LANES))
#define STRIDE ((ptrdiff_t)(3 * LANES))

static INLINE void window_copy(uint8_t *to, const uint8_t *from)
{
    lanes low, high;

    memcpy(&low, from, sizeof low);
    memcpy(&high, from + LANES, sizeof high);
    memcpy(to, &low, sizeof low);
    memcpy(to + LANES, &high, sizeof high);
}

/* Sets each lane of which something must be inserted. One function for each kind of block. */
typedef void places_fn(const uint8_t *p, lanes *out);

static INLINE uint64_t window_set(const uint8_t *p, places_fn *places)
{
    lanes low, high;

    places(p, &low);
    places(p + LANES, &high);
    return lanes_set(&low) | (uint64_t)lanes_set(&high) << LANES;
}

/* These functions copy a window, and its rest once more behind each insertion. Each copy writes a whole window, so that
 * there are octets behind the rest; the next ones overwrite them. They return where the next window goes. */

/* ---- a block whose line ends are CR LF: it has dots only ---- */

static INLINE void places_dot(const uint8_t *p, lanes *out)
{
    lanes here, before;

    memcpy(&here, p, sizeof here);
    memcpy(&before, p - 1, sizeof before);
    *out = (lanes)(here == '.') & (lanes)(before == '\n');
}

static INLINE uint8_t *window_dots(const uint8_t *p, uint8_t *out)
{
    window_copy(out, p);
    for (uint64_t set = window_set(p, places_dot); set; set &= set - 1) {
        ptrdiff_t k = __builtin_ctzll(set);

        (out++)[k] = '.';
        window_copy(out + k, p + k);
    }
    return out + WINDOW;
}

/* Such lines are rare: of two windows, most have none. */
static INLINE uint8_t *windows_dots(const uint8_t *p, uint8_t *out)
{
    lanes found[4];

    for (int i = 0; i < 4; i++)
        places_dot(p + i * LANES, &found[i]);
    found[0] |= found[1] | found[2] | found[3];
    if (lanes_set(&found[0]))
        return window_dots(p + WINDOW, window_dots(p, out));
    window_copy(out, p);
    window_copy(out + WINDOW, p + WINDOW);
    return out + 2 * WINDOW;
}

/* ---- any block ---- */

static INLINE void places_stray(const uint8_t *p, lanes *out)
{
    lanes here, before;

    memcpy(&here, p, sizeof here);
    memcpy(&before, p - 1, sizeof before);
    *out = (lanes)(here == '\n') ^ (lanes)(before == '\r');
}

static INLINE void places_both(const uint8_t *p, lanes *out)
{
    lanes here, before, after_cr;

    memcpy(&here, p, sizeof here);
    memcpy(&before, p - 1, sizeof before);
    after_cr = (lanes)(before == '\r');
    *out = ((lanes)(here == '\n') ^ after_cr) | ((lanes)(here == '.') & ((lanes)(before == '\n') | after_cr));
}

static INLINE uint8_t *window_mixed(const uint8_t *p, bool dots, uint8_t *out)
{
    window_copy(out, p);
    for (uint64_t set = window_set(p, dots ? places_both : places_stray); set; set &= set - 1) {
        ptrdiff_t k = __builtin_ctzll(set);

        if (!dots || place_is_stray(p[k - 1], p[k]))
            (out++)[k] = p[k] == '\n' ? '\r' : '\n';
        if (dots && place_is_dot(p[k - 1], p[k]))
            (out++)[k] = '.';
        window_copy(out + k, p + k);
    }
    return out + WINDOW;
}

/* ---- a block without CR: each LF is a stray one ---- */

/* Copies a stride, and returns where its first LF is, or STRIDE. */
static INLINE ptrdiff_t stride_copy(const uint8_t *p, uint8_t *out)
{
    lanes first, second, third;
    uint64_t set;

    memcpy(&first, p, sizeof first);
    memcpy(&second, p + LANES, sizeof second);
    memcpy(&third, p + 2 * LANES, sizeof third);
    memcpy(out, &first, sizeof first);
    memcpy(out + LANES, &second, sizeof second);
    memcpy(out + 2 * LANES, &third, sizeof third);
    first = (lanes)(first == '\n');
    second = (lanes)(second == '\n');
    set = lanes_set(&first) | (uint64_t)lanes_set(&second) << LANES;
    if (set)
        return __builtin_ctzll(set);
    third = (lanes)(third == '\n');
    set = lanes_set(&third);
    return set ? 2 * LANES + __builtin_ctzll(set) : STRIDE;
}

/* Copies line by line. Each copy writes a whole stride, into which the usual line fits; the next one overwrites its
 * rest. */
static INLINE uint8_t *repair_lf_lines(const uint8_t *p, const uint8_t *end, uint8_t before, bool dots, uint8_t *out)
{
    const uint8_t *last = end - STRIDE;

    if (dots && place_is_dot(before, *p))
        *out++ = '.';
    while (p < last) {
        ptrdiff_t k = stride_copy(p, out);

        p += k;
        out += k;
        if (k == STRIDE)
            continue;
        p++;
        *out++ = '\r';
        *out++ = '\n';
        if (dots && *p == '.') {
            p++;
            *out++ = '.';
            *out++ = '.';
        }
    }
    return repair_octets(p, end, p[-1], dots, out);
}

/* ---- a whole block ---- */

/* The first octet, which may follow another line end, and the last ones are repaired by the octet. */
static INLINE size_t repair_windows(const uint8_t *block, size_t len, uint8_t before, struct repair r, uint8_t *out)
{
    const uint8_t *p = block, *end = block + len, *last;
    uint8_t *start = out;

    if (end - p <= 3 * WINDOW)
        return (size_t)(repair_octets(p, end, before, r.dots, out) - start);
    if (r.strays && r.no_cr)
        return (size_t)(repair_lf_lines(p, end, before, r.dots, out) - start);
    out = repair_octets(p, p + 1, before, r.dots, out);
    p++;
    last = end - 3 * WINDOW; /* behind two windows there is room for the copies */
    if (r.strays)
        for (; p <= last; p += WINDOW)
            out = window_mixed(p, r.dots, out);
    else
        for (; p <= last; p += 2 * WINDOW)
            out = windows_dots(p, out);
    return (size_t)(repair_octets(p, end, p[-1], r.dots, out) - start);
}

size_t scan_repair(const uint8_t *block, size_t len, uint8_t before, struct repair r, uint8_t *out)
{
#ifdef SCAN_AVX2
    if (machine_has_avx2())
        return scan_repair_avx2(block, len, before, r, out);
#endif
    if (!r.strays)
        return repair_windows(block, len, before, (struct repair){.dots = true}, out);
    if (r.no_cr)
        return r.dots ? repair_windows(block, len, before, (struct repair){true, true, true}, out)
                      : repair_windows(block, len, before, (struct repair){true, true, false}, out);
    return r.dots ? repair_windows(block, len, before, (struct repair){true, false, true}, out)
                  : repair_windows(block, len, before, (struct repair){true, false, false}, out);
}
