/* SPDX-License-Identifier: MIT */
#include "message/content.h"

#include "base/mem.h"
#include "message/content_scan.h"

#include <envoi/error.h>
#include <string.h>

static const uint8_t crlf[] = "\r\n";

void content_init(struct content *c)
{
    *c = (struct content){.source.size = -1, .block_max = CONTENT_BLOCK};
}

void content_idle(struct content *c)
{
    mem_free(c->input);
    mem_free(c->output);
    c->input = c->output = NULL;
    c->block = NULL;
    c->block_len = 0;
    c->held = NULL;
}

void content_free(struct content *c)
{
    content_idle(c);
    if (c->source.release)
        c->source.release(c->source.ctx);
    content_init(c);
}

static int content_refuse(struct content *c, int rc, const char *why)
{
    c->why = why;
    return rc;
}

/* ---- the source ---- */

static void content_lend(struct content *c, size_t *got)
{
    size_t rest = (size_t)c->source.size - (size_t)c->taken;

    *got = rest < c->block_max ? rest : c->block_max;
    c->block = c->source.memory + c->taken;
    if (*got < rest && c->block[*got - 1] == '\r') /* a CR LF that is not cut in two needs no repair */
        ++*got;
}

/* Room for two blocks. A small source that declares its size gets no more than that, and one octet to see its end. */
static int content_make_room(struct content *c)
{
    int64_t size = c->source.size;

    if (c->input)
        return ENVOI_OK;
    c->room = size >= 0 && (uint64_t)size < c->block_max ? (size_t)size + 1 : c->block_max;
    c->input = mem_alloc(2 * c->room);
    return c->input ? ENVOI_OK : ENVOI_E_MEMORY;
}

/* Fills a block; if the source says AGAIN after some octets, these are the block. */
static int content_pull(struct content *c, size_t *got)
{
    uint8_t *half;
    int rc = content_make_room(c);

    if (rc)
        return rc;
    half = c->input + (c->turn & 1) * c->room;
    while (*got < c->room && !c->ended) {
        size_t room = c->room - *got, n = 0;

        rc = c->source.pull(c->source.ctx, half + *got, room, &n);
        if (rc == ENVOI_E_AGAIN && *got)
            break;
        if (rc)
            return rc == ENVOI_E_AGAIN || rc == ENVOI_E_MEMORY
                       ? rc
                       : content_refuse(c, ENVOI_E_CONTENT, "its source failed");
        c->pulled = true;
        if (n > room)
            return content_refuse(c, ENVOI_E_CONTENT, "its source gave more octets than there was room for");
        c->ended = n == 0;
        *got += n;
    }
    c->block = half;
    return ENVOI_OK;
}

/* Has the source more octets than this, or has it ended with another number? */
static bool content_size_differs(const struct content *c, uint64_t size)
{
    return c->taken > size || (c->ended && c->taken != size);
}

/* Counts the octets of lines, which end with CR, LF or both. */
static void content_look_at_lines(struct content *c)
{
    const uint8_t *at = c->block, *end = at + c->block_len, *lf = at;

    while (at < end) {
        const uint8_t *stop, *cr;

        if (lf && lf <= at)
            lf = memchr(at, '\n', (size_t)(end - at));
        stop = lf ? lf : end;
        if ((cr = memchr(at, '\r', (size_t)(stop - at))))
            stop = cr;
        c->line += (uint64_t)(stop - at);
        if (c->line > c->longest_line)
            c->longest_line = c->line;
        if (stop < end)
            c->line = 0;
        at = stop < end ? stop + 1 : end;
    }
}

/* Takes the next block: memory is used in place, all other content is pulled into the input buffer. */
static int content_take(struct content *c)
{
    uint64_t size = (uint64_t)c->source.size;
    size_t got = 0;
    int rc = ENVOI_OK;

    if (c->source.memory)
        content_lend(c, &got);
    else if (c->source.pull)
        rc = content_pull(c, &got);
    if (rc)
        return rc;
    c->turn++;
    c->block_len = got;
    c->taken += got;
    if (c->lines)
        content_look_at_lines(c);
    if (c->source.memory)
        c->ended = c->taken == size;
    else if ((c->source.size >= 0 && content_size_differs(c, size)) ||
             (c->counted && content_size_differs(c, c->count)))
        return content_refuse(c, ENVOI_E_CONTENT,
                              c->ended ? "it ended before its size was reached" : "it is longer than its size");
    return ENVOI_OK;
}

static void content_start(struct content *c, enum content_mode mode, size_t block_max)
{
    c->block_max = block_max;
    c->mode = mode;
    c->after_cr = c->own = false;
    c->gone_at = 0;
    c->at_line_start = true;
}

static int content_start_over(struct content *c, enum content_mode mode, size_t block_max)
{
    if (c->pulled) {
        if (!c->source.rewind || c->source.rewind(c->source.ctx))
            return ENVOI_E_CONTENT;
        c->pulled = false;
    }
    content_idle(c);
    content_start(c, mode, block_max);
    c->line = c->longest_line = 0;
    c->taken = 0;
    c->ended = false;
    return ENVOI_OK;
}

int content_begin(struct content *c, enum content_mode mode, size_t block_max)
{
    if (mode == CONTENT_DOT && c->mode != CONTENT_DOT) /* the scan did not look for dots */
        c->scanned = false;
    if (!c->held || c->taken > block_max)
        return content_start_over(c, mode, block_max);
    content_start(c, mode, block_max);
    c->block = c->held;
    c->block_len = (size_t)c->taken;
    return ENVOI_OK;
}

/* ---- measuring ---- */

/* How many octets the repair of line ends adds to the block. Its first octet belongs to the line end that the block
 * before may have left open. */
static uint64_t block_repair_size(const struct content *c, const struct scan *s)
{
    return s->strays + (c->after_cr != (c->block[0] == '\n'));
}

static void span_widen(struct content_span *span, const struct content *c)
{
    if (span->from == span->to)
        span->from = c->taken - c->block_len;
    span->to = c->taken;
}

static void block_measure(struct content *c, struct content_measure *m)
{
    struct scan s = scan_block(c->block, c->block_len, c->mode == CONTENT_DOT);
    uint8_t last = c->block[c->block_len - 1];

    c->no_cr &= s.no_cr;
    m->has_8bit |= s.has_8bit;
    m->has_nul |= s.has_nul;
    m->size += c->block_len;
    if (c->mode == CONTENT_DOT && (s.dotted || (c->at_line_start && c->block[0] == '.')))
        span_widen(&c->dotted, c);
    if (c->mode == CONTENT_BINARY)
        return;
    m->size += block_repair_size(c, &s);
    if (s.strays || c->after_cr || c->block[0] == '\n' || last == '\r')
        span_widen(&c->stray, c);
    c->after_cr = last == '\r';
    c->at_line_start = last == '\r' || last == '\n';
}

/* Nothing is known but the declared size. */
static void measure_not(const struct content *c, struct content_measure *m)
{
    *m = (struct content_measure){.size = c->source.size > 0 ? (uint64_t)c->source.size : 0};
}

/* ENVOI_E_AGAIN: the source has nothing now, or has more than one block and is not to be read twice. */
static int measure_blocks(struct content *c, enum content_mode mode, bool twice, struct content_measure *m)
{
    int rc = content_start_over(c, mode, CONTENT_BLOCK);
    bool one = true;

    c->stray = c->dotted = (struct content_span){0};
    c->no_cr = true;
    while (!rc && !c->ended) {
        if ((rc = content_take(c)))
            break;
        if (c->block_len)
            block_measure(c, m);
        c->held = one && c->ended && !c->source.memory ? c->block : NULL;
        if (!twice && !c->ended)
            rc = ENVOI_E_AGAIN;
        one = false;
    }
    c->block_len = 0;
    return rc;
}

/* How many octets must be added after the last block to end its last line. */
static uint64_t end_size(const struct content *c)
{
    if (c->after_cr)
        return 1;
    return c->at_line_start ? 0 : 2;
}

int content_measure(struct content *c, enum content_mode mode, bool twice, struct content_measure *m)
{
    int rc;

    *m = (struct content_measure){0};
    c->scanned = c->counted = false;
    if (!content_is_repeatable(c))
        return ENVOI_E_CONTENT;
    if (c->canonical || (!c->source.memory && !c->source.rewind)) {
        measure_not(c, m);
        return ENVOI_OK;
    }
    rc = measure_blocks(c, mode, twice, m);
    if (rc == ENVOI_E_AGAIN) { /* a slow source is not waited for */
        measure_not(c, m);
        return ENVOI_OK;
    }
    if (rc)
        return rc;
    if (mode != CONTENT_BINARY)
        m->size += end_size(c);
    m->known = c->counted = true;
    c->count = c->taken;
    c->scanned = c->source.memory || c->held;
    return ENVOI_OK;
}

/* ---- the normaliser ---- */

/* Writes the block with CR LF line ends and doubled dots. Of a CR at its end the next block shows whether a LF
 * follows; if there is another CR before it, none follows that one. */
static size_t block_repair(struct content *c, struct repair need, uint8_t *out)
{
    size_t len = c->block_len;

    c->after_cr = c->block[len - 1] == '\r';
    len -= c->after_cr;
    if (!len)
        return 0;
    len = scan_repair(c->block, len, c->at_line_start ? '\n' : ' ', need, out);
    if (out[len - 1] == '\r')
        out[len++] = '\n';
    c->at_line_start = out[len - 1] == '\n';
    return len;
}

static void chunk_add(struct content_chunk *chunk, const uint8_t *data, size_t len)
{
    if (!len)
        return;
    chunk->pieces[chunk->count++] = (struct iovec){(void *)(uintptr_t)data, len};
    chunk->total += len;
}

/* Completes the line end whose CR ended the block before, and takes its LF if that begins this block. */
static void content_settle_cr(struct content *c, struct content_chunk *chunk)
{
    if (!c->after_cr)
        return;
    if (c->block_len && c->block[0] == '\n') {
        c->block++;
        c->block_len--;
    }
    c->after_cr = false;
    c->at_line_start = true;
    chunk_add(chunk, crlf, 2);
}

static bool span_has_block(const struct content *c, const struct content_span *span)
{
    return c->taken > span->from && c->taken - c->block_len < span->to;
}

/* A block without need can go out as it is. ENVOI_E_CONTENT: the block holds a NUL and must not go out at all;
 * ENVOI_E_NOT_SUPPORTED. */
static int block_check(struct content *c, struct repair *need)
{
    bool dots = c->mode == CONTENT_DOT;
    struct scan s;

    *need = (struct repair){0};
    if (c->mode == CONTENT_BINARY)
        return ENVOI_OK;
    if (c->scanned) {
        need->strays = span_has_block(c, &c->stray);
        need->no_cr = c->no_cr;
        need->dots = dots && (need->strays || span_has_block(c, &c->dotted)); /* a dot may follow a stray CR */
        return ENVOI_OK;
    }
    s = scan_block(c->block, c->block_len, dots);
    need->strays = s.strays || c->block[0] == '\n' || c->block[c->block_len - 1] == '\r';
    need->no_cr = s.no_cr;
    need->dots = dots && (need->strays || s.dotted || (c->at_line_start && c->block[0] == '.'));
    if (s.has_nul)
        return content_refuse(c, ENVOI_E_CONTENT, "it has a NUL octet");
    if (s.has_8bit && c->seven_bit)
        return content_refuse(c, ENVOI_E_NOT_SUPPORTED,
                              "it has 8-bit octets, but the server does not announce 8BITMIME");
    return ENVOI_OK;
}

/* The longest block of this source. Repaired, it is at most twice as long, plus one octet. */
static size_t block_largest(const struct content *c)
{
    if (!c->source.memory)
        return c->room;
    return (uint64_t)c->source.size <= c->block_max ? (size_t)c->source.size : c->block_max + 1;
}

static int content_give(struct content *c, struct content_chunk *chunk)
{
    struct repair need;
    int rc;

    if (!c->block_len)
        return ENVOI_OK;
    if (c->line_max && c->longest_line > c->line_max)
        return content_refuse(c, ENVOI_E_CONTENT, "it has a line that is too long");
    if ((rc = block_check(c, &need)))
        return rc;
    if (!need.strays && !need.dots) {
        chunk_add(chunk, c->block, c->block_len);
        c->at_line_start = c->block[c->block_len - 1] == '\n';
        c->own = !c->source.memory;
    } else {
        size_t half = 2 * block_largest(c) + 1;
        uint8_t *out;

        if (!c->output && !(c->output = mem_alloc(2 * half)))
            return ENVOI_E_MEMORY;
        out = c->output + (c->turn & 1) * half;
        chunk_add(chunk, out, block_repair(c, need, out));
        c->own = true;
    }
    c->gone_at = 0;
    c->block_len = 0;
    return ENVOI_OK;
}

static void content_give_end(struct content *c, struct content_chunk *chunk)
{
    static const uint8_t dot[] = "\r\n.\r\n";

    if (c->mode == CONTENT_DOT)
        chunk_add(chunk, dot + (c->at_line_start ? 2 : 0), c->at_line_start ? 3 : 5);
    else if (c->mode == CONTENT_PLAIN && !c->at_line_start)
        chunk_add(chunk, crlf, 2);
    chunk->last = true;
}

bool content_may_go_on(const struct content *c)
{
    return !c->own || c->gone_at;
}

int content_next(struct content *c, struct content_chunk *chunk)
{
    int rc;

    *chunk = (struct content_chunk){0};
    c->own = false; /* the chunk before has left, or does not lie in our buffers */
    if (!c->block_len && !c->ended && (rc = content_take(c)))
        return rc;
    content_settle_cr(c, chunk);
    if ((rc = content_give(c, chunk)))
        return rc;
    c->own = c->own && chunk->count;
    /* The end goes out together with the last block, so the next block is taken now to see whether there is one. If
     * that says AGAIN, this chunk is good all the same. */
    if (!c->block_len && !c->ended && (rc = content_take(c)) && rc != ENVOI_E_AGAIN)
        return rc;
    if (c->ended && !c->block_len) {
        if (c->after_cr && chunk->count < CONTENT_PIECES - 1)
            content_settle_cr(c, chunk);
        if (!c->after_cr)
            content_give_end(c, chunk);
    }
    return ENVOI_OK;
}
