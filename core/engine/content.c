/* SPDX-License-Identifier: MIT */
#include "engine/content.h"

#include "base/mem.h"
#include "engine/content_scan.h"

#include <envoi/error.h>
#include <string.h>

static const uint8_t crlf[] = "\r\n";

void content_init(struct content *c)
{
    *c = (struct content){.source.size = -1};
}

void content_idle(struct content *c)
{
    mem_free(c->input);
    mem_free(c->output);
    c->input = c->output = NULL;
    c->block = NULL;
    c->block_len = 0;
}

void content_free(struct content *c)
{
    content_idle(c);
    if (c->source.release)
        c->source.release(c->source.ctx);
    content_init(c);
}

/* Takes the next block: memory is lent in place, everything else is pulled into the input buffer. */
static int take_block(struct content *c)
{
    size_t got = 0;
    int rc;

    if (c->source.memory) {
        size_t left = (size_t)c->source.size - (size_t)c->taken;

        got = left < CONTENT_BLOCK ? left : CONTENT_BLOCK;
        c->block = c->source.memory + c->taken;
        if (got < left && c->block[got - 1] == '\r') /* keep a pair together: the block stays regular */
            got++;
    } else if (c->source.pull) {
        uint8_t *half;

        if (!c->input && !(c->input = mem_alloc(2 * CONTENT_BLOCK)))
            return ENVOI_E_MEMORY;
        half = c->input + (c->turn & 1) * CONTENT_BLOCK;
        rc = c->source.pull(c->source.ctx, half, CONTENT_BLOCK, &got);
        if (rc)
            return rc == ENVOI_E_AGAIN || rc == ENVOI_E_MEMORY ? rc : ENVOI_E_CONTENT;
        if (got > CONTENT_BLOCK)
            return ENVOI_E_CONTENT;
        c->block = half;
        c->pulled = true;
    }
    c->turn++;
    c->block_len = got;
    c->taken += got;
    c->ended = got == 0;
    if (c->source.size >= 0 &&
        (c->taken > (uint64_t)c->source.size || (c->ended && c->taken != (uint64_t)c->source.size)))
        return ENVOI_E_CONTENT;
    return ENVOI_OK;
}

int content_begin(struct content *c, enum content_mode mode)
{
    if (c->pulled) {
        if (!c->source.rewind || c->source.rewind(c->source.ctx))
            return ENVOI_E_CONTENT;
        c->pulled = false;
    }
    c->mode = mode;
    c->taken = 0;
    c->ended = c->finished = c->after_cr = false;
    c->at_line_start = true;
    c->block = NULL;
    c->block_len = 0;
    return ENVOI_OK;
}

/* What the line ends of one block add or take away, for SIZE=. */
static void measure_block(struct content *c, struct content_measure *m)
{
    const uint8_t *p = c->block, *end = p + c->block_len;

    m->has_8bit = m->has_8bit || scan_has_8bit(p, c->block_len);
    m->has_nul = m->has_nul || memchr(p, '\0', c->block_len);
    m->size += c->block_len;
    if (c->after_cr)
        m->size += *p == '\n' ? 0 : 1;
    for (const uint8_t *at = p; (at = memchr(at, '\n', (size_t)(end - at))); at++)
        if (at > p ? at[-1] != '\r' : !c->after_cr)
            m->size++;
    for (const uint8_t *at = p; (at = memchr(at, '\r', (size_t)(end - at))); at++)
        if (at + 1 < end && at[1] != '\n')
            m->size++;
    c->after_cr = end[-1] == '\r';
    c->at_line_start = end[-1] == '\r' || end[-1] == '\n';
}

int content_look(struct content *c, struct content_measure *m)
{
    int rc = ENVOI_OK;

    *m = (struct content_measure){0};
    if (c->pulled && !c->source.rewind)
        return ENVOI_E_CONTENT;
    if (!c->source.memory && c->source.pull && !c->source.rewind) {
        m->size = c->source.size > 0 ? (uint64_t)c->source.size : 0;
        return ENVOI_OK;
    }
    if ((rc = content_begin(c, CONTENT_PLAIN)))
        return rc;
    while (!(rc = take_block(c)) && !c->ended)
        measure_block(c, m);
    c->block_len = 0;
    if (rc)
        return rc == ENVOI_E_AGAIN ? ENVOI_E_CONTENT : rc;
    m->size += c->after_cr ? 1 : c->at_line_start ? 0 : 2;
    m->known = true;
    return ENVOI_OK;
}

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

/* A CR that ended the block before is made a whole line end, together with a LF that follows it. */
static void settle_cr(struct content *c, const uint8_t **data, size_t *len)
{
    if (c->block_len && c->block[0] == '\n') {
        c->block++;
        c->block_len--;
    }
    c->after_cr = false;
    c->at_line_start = true;
    *data = crlf;
    *len = 2;
}

static void give_end(struct content *c, const uint8_t **data, size_t *len, bool *last)
{
    static const uint8_t ends[2][6] = {"\r\n.\r\n", ".\r\n"};

    *data = crlf;
    *len = 0;
    if (c->mode == CONTENT_DOT) {
        *data = ends[c->at_line_start];
        *len = c->at_line_start ? 3 : 5;
    } else if (c->mode == CONTENT_PLAIN && !c->at_line_start) {
        *len = 2;
    }
    c->finished = *last = true;
}

static int give_block(struct content *c, const uint8_t **data, size_t *len)
{
    uint8_t *out;

    if (c->mode == CONTENT_BINARY ||
        scan_is_regular(c->block, c->block_len, c->at_line_start, c->mode == CONTENT_DOT)) {
        *data = c->block;
        *len = c->block_len;
        c->at_line_start = c->block[c->block_len - 1] == '\n';
    } else {
        if (memchr(c->block, '\0', c->block_len))
            return ENVOI_E_CONTENT;
        if (!c->output && !(c->output = mem_alloc(2 * CONTENT_STAGE)))
            return ENVOI_E_MEMORY;
        out = c->output + (c->turn & 1) * CONTENT_STAGE;
        *len = repair_block(c, out);
        *data = out;
    }
    c->block_len = 0;
    return ENVOI_OK;
}

int content_next(struct content *c, const uint8_t **data, size_t *len, bool *last)
{
    int rc;

    *data = crlf;
    *len = 0;
    *last = c->finished;
    if (c->finished)
        return ENVOI_OK;
    while (!c->block_len && !c->ended)
        if ((rc = take_block(c)))
            return rc;
    if (c->after_cr) {
        settle_cr(c, data, len);
        return ENVOI_OK;
    }
    if (c->block_len)
        return give_block(c, data, len);
    give_end(c, data, len, last);
    return ENVOI_OK;
}
