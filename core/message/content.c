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

/* ------------------------------------------------------------------------------------------------------ the source ---- */

static void lend_memory(struct content *c, size_t *got)
{
    size_t left = (size_t)c->source.size - (size_t)c->taken;

    *got = left < c->block_max ? left : c->block_max;
    c->block = c->source.memory + c->taken;
    if (*got < left && c->block[*got - 1] == '\r') /* keep a pair together: the block stays regular */
        ++*got;
}

/* Room for a block; for a small source that tells its size no more than it needs, and an octet to see that it ends. */
static int make_room(struct content *c)
{
    int64_t size = c->source.size;

    if (c->input)
        return ENVOI_OK;
    c->room = size >= 0 && (uint64_t)size < c->block_max ? (size_t)size + 1 : c->block_max;
    c->input = mem_alloc(2 * c->room);
    return c->input ? ENVOI_OK : ENVOI_E_MEMORY;
}

/* Fills a block, or takes what there is for now. */
static int pull(struct content *c, size_t *got)
{
    uint8_t *half;
    int rc = make_room(c);

    if (rc)
        return rc;
    half = c->input + (c->turn & 1) * c->room;
    while (*got < c->room && !c->ended) {
        size_t room = c->room - *got, n = 0;

        rc = c->source.pull(c->source.ctx, half + *got, room, &n);
        if (rc == ENVOI_E_AGAIN && *got)
            break;
        if (rc)
            return rc == ENVOI_E_AGAIN || rc == ENVOI_E_MEMORY ? rc : ENVOI_E_CONTENT;
        c->pulled = true;
        if (n > room)
            return ENVOI_E_CONTENT;
        c->ended = n == 0;
        *got += n;
    }
    c->block = half;
    return ENVOI_OK;
}

static bool is_other_size(const struct content *c, uint64_t size)
{
    return c->taken > size || (c->ended && c->taken != size);
}

/* Takes the next block: memory is lent in place, everything else is pulled into the input buffer. */
static int take_block(struct content *c)
{
    uint64_t size = (uint64_t)c->source.size;
    size_t got = 0;
    int rc = ENVOI_OK;

    if (c->source.memory)
        lend_memory(c, &got);
    else if (c->source.pull)
        rc = pull(c, &got);
    if (rc)
        return rc;
    c->turn++;
    c->block_len = got;
    c->taken += got;
    if (c->source.memory)
        c->ended = c->taken == size;
    else if ((c->source.size >= 0 && is_other_size(c, size)) || (c->counted && is_other_size(c, c->count)))
        return ENVOI_E_CONTENT;
    return ENVOI_OK;
}

/* The state from which a run begins. */
static void start(struct content *c, enum content_mode mode, size_t block_max)
{
    c->block_max = block_max;
    c->mode = mode;
    c->after_cr = c->own = false;
    c->left = 0;
    c->at_line_start = true;
}

static int start_over(struct content *c, enum content_mode mode, size_t block_max)
{
    if (c->pulled) {
        if (!c->source.rewind || c->source.rewind(c->source.ctx))
            return ENVOI_E_CONTENT;
        c->pulled = false;
    }
    content_idle(c);
    start(c, mode, block_max);
    c->taken = 0;
    c->ended = false;
    return ENVOI_OK;
}

int content_begin(struct content *c, enum content_mode mode, size_t block_max)
{
    if (mode == CONTENT_DOT && c->mode != CONTENT_DOT) /* dots were not looked for */
        c->looked = false;
    if (!c->held || c->taken > block_max)
        return start_over(c, mode, block_max);
    start(c, mode, block_max);
    c->block = c->held;
    c->block_len = (size_t)c->taken;
    return ENVOI_OK;
}

/* -------------------------------------------------------------------------------------------------------- the look ---- */

/* What the repair of line ends adds to one block. */
static uint64_t repair_size(const struct content *c)
{
    const uint8_t *p = c->block, *end = p + c->block_len;
    uint64_t more = c->after_cr && *p != '\n';

    for (const uint8_t *at = p; (at = memchr(at, '\n', (size_t)(end - at))); at++)
        more += at > p ? at[-1] != '\r' : !c->after_cr;
    for (const uint8_t *at = p; (at = memchr(at, '\r', (size_t)(end - at))); at++)
        more += at + 1 < end && at[1] != '\n';
    return more;
}

static void widen(struct content_span *span, const struct content *c)
{
    if (span->from == span->to)
        span->from = c->taken - c->block_len;
    span->to = c->taken;
}

static void measure_block(struct content *c, struct content_measure *m)
{
    struct scan s = scan_block(c->block, c->block_len, c->mode == CONTENT_DOT);
    uint8_t last = c->block[c->block_len - 1];

    m->has_8bit |= s.has_8bit;
    m->has_nul |= s.has_nul;
    m->size += c->block_len;
    if (c->mode == CONTENT_DOT && (s.dotted || (c->at_line_start && c->block[0] == '.')))
        widen(&c->dotted, c);
    if (c->mode == CONTENT_BINARY)
        return;
    if (s.stray || c->after_cr) {
        m->size += repair_size(c);
        widen(&c->stray, c);
    }
    c->after_cr = last == '\r';
    c->at_line_start = last == '\r' || last == '\n';
}

/* Nobody knows what will come. */
static void leave_unseen(const struct content *c, struct content_measure *m)
{
    *m = (struct content_measure){.size = c->source.size > 0 ? (uint64_t)c->source.size : 0};
}

/* Block by block. ENVOI_E_AGAIN: it is not to be had now, or there is more than may be read twice. */
static int look_through(struct content *c, enum content_mode mode, bool twice, struct content_measure *m)
{
    int rc = start_over(c, mode, CONTENT_BLOCK);
    bool one = true;

    c->stray = c->dotted = (struct content_span){0};
    while (!rc && !c->ended) {
        if ((rc = take_block(c)))
            break;
        if (c->block_len)
            measure_block(c, m);
        c->held = one && c->ended && !c->source.memory ? c->block : NULL;
        if (!twice && !c->ended)
            rc = ENVOI_E_AGAIN;
        one = false;
    }
    c->block_len = 0;
    return rc;
}

int content_look(struct content *c, enum content_mode mode, bool twice, struct content_measure *m)
{
    int rc;

    *m = (struct content_measure){0};
    c->looked = c->counted = false;
    if (c->pulled && !c->source.rewind)
        return ENVOI_E_CONTENT;
    if (c->canonical || (!c->source.memory && !c->source.rewind)) {
        leave_unseen(c, m);
        return ENVOI_OK;
    }
    rc = look_through(c, mode, twice, m);
    if (rc == ENVOI_E_AGAIN) { /* a slow source is not waited for */
        leave_unseen(c, m);
        return ENVOI_OK;
    }
    if (rc)
        return rc;
    if (mode != CONTENT_BINARY)
        m->size += c->after_cr ? 1 : c->at_line_start ? 0 : 2;
    m->known = c->counted = true;
    c->count = c->taken;
    c->looked = c->source.memory || c->held;
    return ENVOI_OK;
}

/* -------------------------------------------------------------------------------------------------- the normaliser ---- */

/* Writes the block with line ends made CR LF and dots doubled. */
static size_t repair_block(struct content *c, uint8_t *start)
{
    const uint8_t *p = c->block, *end = p + c->block_len;
    uint8_t *out = start;

    while (p < end) {
        const uint8_t *lf = memchr(p, '\n', (size_t)(end - p));
        const uint8_t *stop = lf ? lf : end, *cr = memchr(p, '\r', (size_t)(stop - p));

        if (cr)
            stop = cr;
        if (c->at_line_start && *p == '.' && c->mode == CONTENT_DOT)
            *out++ = '.';
        memcpy(out, p, (size_t)(stop - p));
        out += stop - p;
        if (stop > p)
            c->at_line_start = false;
        if (stop == end)
            break;
        if (cr && cr + 1 == end) { /* whether it ends a line alone shows with the next block */
            c->after_cr = true;
            break;
        }
        *out++ = '\r';
        *out++ = '\n';
        c->at_line_start = true;
        p = stop + (cr && cr[1] == '\n' ? 2 : 1);
    }
    return (size_t)(out - start);
}

static void add_piece(struct content_chunk *chunk, const uint8_t *data, size_t len)
{
    if (!len)
        return;
    chunk->pieces[chunk->count++] = (struct iovec){(void *)(uintptr_t)data, len};
    chunk->total += len;
}

/* A CR that ended the block before is made a whole line end, together with a LF that follows it. */
static void settle_cr(struct content *c, struct content_chunk *chunk)
{
    if (!c->after_cr)
        return;
    if (c->block_len && c->block[0] == '\n') {
        c->block++;
        c->block_len--;
    }
    c->after_cr = false;
    c->at_line_start = true;
    add_piece(chunk, crlf, 2);
}

static bool is_within(const struct content *c, const struct content_span *span)
{
    return c->taken > span->from && c->taken - c->block_len < span->to;
}

/* May the block go out as it is? ENVOI_E_CONTENT when it may not go out at all. */
static int check_block(const struct content *c, bool *regular)
{
    bool dots = c->mode == CONTENT_DOT;
    struct scan s;

    *regular = true;
    if (c->mode == CONTENT_BINARY || (c->canonical && !dots))
        return ENVOI_OK;
    if (c->looked) {
        *regular = !is_within(c, &c->stray) && !(dots && is_within(c, &c->dotted));
        return ENVOI_OK;
    }
    s = scan_block(c->block, c->block_len, dots);
    *regular = !s.stray && !(dots && (s.dotted || (c->at_line_start && c->block[0] == '.')));
    return s.has_nul ? ENVOI_E_CONTENT : ENVOI_OK;
}

/* Repaired, a block is at most twice as long, and one octet. */
static size_t largest_block(const struct content *c)
{
    if (!c->source.memory)
        return c->room;
    return (uint64_t)c->source.size <= c->block_max ? (size_t)c->source.size : c->block_max + 1;
}

static int give_block(struct content *c, struct content_chunk *chunk)
{
    bool regular;
    int rc;

    if (!c->block_len)
        return ENVOI_OK;
    if ((rc = check_block(c, &regular)))
        return rc;
    if (regular) {
        add_piece(chunk, c->block, c->block_len);
        c->at_line_start = c->block[c->block_len - 1] == '\n';
        c->own = !c->source.memory;
    } else {
        size_t half = 2 * largest_block(c) + 1;
        uint8_t *out;

        if (!c->output && !(c->output = mem_alloc(2 * half)))
            return ENVOI_E_MEMORY;
        out = c->output + (c->turn & 1) * half;
        add_piece(chunk, out, repair_block(c, out));
        c->own = true;
    }
    c->left = 0;
    c->block_len = 0;
    return ENVOI_OK;
}

static void give_end(struct content *c, struct content_chunk *chunk)
{
    static const uint8_t dot[] = "\r\n.\r\n";

    if (c->mode == CONTENT_DOT)
        add_piece(chunk, dot + (c->at_line_start ? 2 : 0), c->at_line_start ? 3 : 5);
    else if (c->mode == CONTENT_PLAIN && !c->at_line_start)
        add_piece(chunk, crlf, 2);
    chunk->last = true;
}

bool content_may_go_on(const struct content *c)
{
    return !c->own || c->left;
}

int content_next(struct content *c, struct content_chunk *chunk)
{
    int rc;

    *chunk = (struct content_chunk){0};
    c->own = false; /* what was given out before has left, or was not ours */
    if (!c->block_len && !c->ended && (rc = take_block(c)))
        return rc;
    settle_cr(c, chunk);
    if ((rc = give_block(c, chunk)))
        return rc;
    c->own = c->own && chunk->count; /* nothing is on its way */
    /* Whether it was the last one decides what goes with it, so the next block is taken now. That it is not there yet is
     * no failure of this one. */
    if (!c->block_len && !c->ended && (rc = take_block(c)) && rc != ENVOI_E_AGAIN)
        return rc;
    if (c->ended && !c->block_len) {
        if (c->after_cr && chunk->count < CONTENT_PIECES - 1)
            settle_cr(c, chunk);
        if (!c->after_cr)
            give_end(c, chunk);
    }
    return ENVOI_OK;
}
