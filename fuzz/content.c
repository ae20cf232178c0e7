/* SPDX-License-Identifier: MIT */
/* Content on its way to the wire, against an encoder that goes octet by octet, cut at every place.
 * Input: three octets of ways (see struct way), then the content. */
#include "message/content.h"

#include "fuzz.h"

#include <envoi/error.h>
#include <string.h>

#define EVERY_SPLIT ((size_t)192) /* content up to this is cut everywhere; a longer one in steps */
#define PENDING_MAX 4

struct way {
    enum content_mode mode;
    bool canonical; /* the application says so, be it true or not */
    bool looked;    /* content_measure() before */
    bool memory;    /* not a callback */
    bool rewinds;
    bool twice;     /* it may be read twice to be looked at */
    bool lazy;      /* what is given out is read as late as it may be */
    int lie;        /* the size is told 0: right, 1: not, 2: one less, 3: one more */
    unsigned again; /* every n-th call says AGAIN; 0: none */
};

/* The source of one run: first `head` octets, then `step` at a time. */
struct source {
    const uint8_t *data;
    size_t len, at, head, step;
    unsigned again, calls;
};

static int pull(void *ctx, void *buf, size_t cap, size_t *len)
{
    struct source *s = ctx;
    size_t part = s->at < s->head ? s->head - s->at : s->step;

    FUZZ_CHECK(cap > 0, "a buffer of no octets");
    if (s->again && ++s->calls % s->again == 0)
        return ENVOI_E_AGAIN;
    if (part > s->len - s->at)
        part = s->len - s->at;
    if (part > cap)
        part = cap;
    if (part)
        memcpy(buf, s->data + s->at, part);
    s->at += part;
    *len = part;
    return ENVOI_OK;
}

static int rewind_source(void *ctx)
{
    ((struct source *)ctx)->at = 0;
    return ENVOI_OK;
}

/* ---- the reference ---- */

/* The content with line ends CR LF, the last line too. */
static void repair(const uint8_t *data, size_t len, struct fuzz_bytes *out)
{
    for (size_t i = 0; i < len; i++) {
        if (data[i] == '\r' || data[i] == '\n') {
            fuzz_add(out, "\r\n", 2);
            i += data[i] == '\r' && i + 1 < len && data[i + 1] == '\n';
        } else {
            fuzz_add_octet(out, data[i]);
        }
    }
    if (out->len && out->data[out->len - 1] != '\n')
        fuzz_add(out, "\r\n", 2);
}

static void stuff(const struct fuzz_bytes *content, struct fuzz_bytes *out)
{
    for (size_t i = 0; i < content->len; i++) {
        if (content->data[i] == '.' && (i == 0 || content->data[i - 1] == '\n'))
            fuzz_add_octet(out, '.');
        fuzz_add_octet(out, content->data[i]);
    }
    fuzz_add(out, ".\r\n", 3);
}

/* What a server that follows RFC 5321 section 4.5.2 to the letter reads; nothing may stand behind the dot. */
static void unstuff(const struct fuzz_bytes *wire, struct fuzz_bytes *out)
{
    for (size_t at = 0; at < wire->len;) {
        const uint8_t *line = wire->data + at, *end = memmem(line, wire->len - at, "\r\n", 2);
        size_t len;

        FUZZ_CHECK(end, "the last line does not end");
        len = (size_t)(end - line);
        at += len + 2;
        if (len == 1 && line[0] == '.') {
            FUZZ_CHECK(at == wire->len, "%zu octets behind the end of the content", wire->len - at);
            return;
        }
        fuzz_add(out, line + (len && line[0] == '.'), len + 2 - (len && line[0] == '.'));
    }
    fuzz_fail(__FILE__, __LINE__, "dot", "the content has no end");
}

static void should_be(const struct way *way, const struct fuzz_bytes *raw, struct fuzz_bytes *out)
{
    struct fuzz_bytes repaired = {0};

    repair(raw->data, raw->len, &repaired);
    if (way->mode == CONTENT_DOT)
        stuff(&repaired, out);
    else if (way->mode == CONTENT_PLAIN)
        fuzz_add(out, repaired.data, repaired.len);
    else
        fuzz_add(out, raw->data, raw->len);
    if (way->mode == CONTENT_PLAIN && out->len && out->data[out->len - 1] != '\n')
        fuzz_add(out, "\r\n", 2);
    fuzz_bytes_free(&repaired);
}

/* ---- one run ---- */

struct run {
    struct content *c;
    const struct way *way;
    struct content_chunk pending[PENDING_MAX];
    size_t count;
    struct fuzz_bytes wire;
};

static void leave(struct run *r)
{
    for (size_t i = 0; i < r->count; i++)
        for (size_t k = 0; k < r->pending[i].count; k++)
            fuzz_add(&r->wire, r->pending[i].pieces[k].iov_base, r->pending[i].pieces[k].iov_len);
    r->count = 0;
    r->c->gone_at = 1;
}

static void take_chunk(struct run *r, const struct content_chunk *chunk)
{
    size_t total = 0;

    FUZZ_CHECK(chunk->count <= CONTENT_PIECES, "%zu pieces", chunk->count);
    for (size_t k = 0; k < chunk->count; k++) {
        FUZZ_CHECK(chunk->pieces[k].iov_len > 0, "a piece of no octets");
        total += chunk->pieces[k].iov_len;
    }
    FUZZ_CHECK(total == chunk->total, "a chunk of %zu octets says %zu", total, chunk->total);
    r->pending[r->count++] = *chunk;
    if (!r->way->lazy || r->count == PENDING_MAX || chunk->last)
        leave(r);
}

static int run(struct run *r, size_t block_max)
{
    struct content_chunk chunk;
    unsigned again = 0;
    int rc = content_begin(r->c, r->way->mode, block_max);

    while (!rc || rc == ENVOI_E_AGAIN) {
        if (!content_may_go_on(r->c))
            leave(r);
        FUZZ_CHECK(content_may_go_on(r->c), "all has left, and it may not go on");
        rc = content_next(r->c, &chunk);
        again = rc == ENVOI_E_AGAIN ? again + 1 : 0;
        FUZZ_CHECK(again < 3, "it waits for what is there");
        if (rc)
            continue;
        take_chunk(r, &chunk);
        if (chunk.last)
            return ENVOI_OK;
    }
    return rc;
}

static void check_measure(const struct way *way, const struct content_measure *m, const struct fuzz_bytes *raw)
{
    struct fuzz_bytes repaired = {0};
    bool nul = raw->len && memchr(raw->data, 0, raw->len), eight = false;

    if (!m->known)
        return;
    if (way->mode == CONTENT_BINARY)
        fuzz_add(&repaired, raw->data, raw->len);
    else
        repair(raw->data, raw->len, &repaired);
    for (size_t i = 0; i < raw->len; i++)
        eight |= raw->data[i] >= 0x80;
    FUZZ_CHECK(m->size == repaired.len, "%llu octets instead of %zu", (unsigned long long)m->size, repaired.len);
    FUZZ_CHECK(m->has_nul == nul && m->has_8bit == eight, "NUL or 8-bit octets");
    FUZZ_CHECK(!way->canonical, "it was told and looked at all the same");
    fuzz_bytes_free(&repaired);
}

/* Lies are found out when the source has ended; a source that is cut short by its own NUL does not come to that. */
static void check_end(const struct run *r, int rc, const struct fuzz_bytes *raw, const struct fuzz_bytes *should)
{
    const struct way *way = r->way;
    bool nul = raw->len && memchr(raw->data, 0, raw->len);
    bool looks = way->mode != CONTENT_BINARY;
    bool lies = !way->memory && way->lie > 1;

    if ((looks && nul) || lies) {
        FUZZ_CHECK(rc == ENVOI_E_CONTENT, "a content that is refused ends with %d", rc);
        return;
    }
    FUZZ_CHECK(rc == ENVOI_OK, "the result is %d", rc);
    FUZZ_CHECK(fuzz_same(&r->wire, should), "%zu octets instead of %zu, or others", r->wire.len, should->len);
    FUZZ_CHECK(r->c->taken == raw->len, "%llu octets of %zu were taken", (unsigned long long)r->c->taken, raw->len);
}

static int64_t size_told(const struct way *way, size_t len)
{
    int64_t size = (int64_t)len;

    return way->memory || way->lie == 0 ? size : way->lie == 1 ? -1 : way->lie == 2 ? size - 1 : size + 1;
}

static void check(const struct way *way, const struct fuzz_bytes *raw, const struct fuzz_bytes *should, size_t head,
                  size_t step, size_t block_max)
{
    struct source source = {.data = raw->data, .len = raw->len, .head = head, .step = step, .again = way->again};
    struct content_measure measure;
    struct content c;
    struct run r = {.c = &c, .way = way};
    int rc = ENVOI_OK;

    content_init(&c);
    c.canonical = way->canonical;
    c.source.size = size_told(way, raw->len);
    if (way->memory)
        c.source.memory = raw->data;
    else
        c.source.pull = pull;
    c.source.rewind = !way->memory && way->rewinds ? rewind_source : NULL;
    c.source.ctx = &source;
    if (way->looked && !(rc = content_measure(&c, way->mode, way->twice, &measure)))
        check_measure(way, &measure, raw);
    /* What was found to have a NUL is not begun with. */
    if (!rc && !(way->looked && measure.known && measure.has_nul && way->mode != CONTENT_BINARY))
        rc = run(&r, block_max);
    else
        rc = ENVOI_E_CONTENT;
    check_end(&r, rc, raw, should);
    content_free(&c);
    fuzz_bytes_free(&r.wire);
}

static void check_reference(const struct way *way, const struct fuzz_bytes *raw, const struct fuzz_bytes *should)
{
    struct fuzz_bytes read = {0}, repaired = {0};

    if (way->mode != CONTENT_DOT)
        return;
    unstuff(should, &read);
    repair(raw->data, raw->len, &repaired);
    FUZZ_CHECK(fuzz_same(&read, &repaired), "the reference does not read what it wrote");
    fuzz_bytes_free(&read);
    fuzz_bytes_free(&repaired);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    uint8_t a = fuzz_octet(&in), b = fuzz_octet(&in), step = fuzz_octet(&in);
    struct way way = {.mode = (enum content_mode)(a % 3),
                      .canonical = a & 4,
                      .looked = a & 8,
                      .memory = a & 16,
                      .rewinds = a & 32,
                      .lazy = a & 64,
                      .twice = b & 64,
                      .lie = b & 3,
                      .again = b & 4 ? 2u + (b >> 3 & 7) : 0};
    struct fuzz_bytes raw = {fuzz_copy(in.data, in.len), in.len, in.len}, should = {0};

    if (way.lie == 2 && !raw.len)
        way.lie = 1;
    should_be(&way, &raw, &should);
    check_reference(&way, &raw, &should);
    check(&way, &raw, &should, 0, CONTENT_BLOCK, CONTENT_BLOCK);
    check(&way, &raw, &should, 0, step ? step : 1, 1u + step);
    /* Blocks of every size cut at every place; so does a source that has no more for the moment. */
    for (size_t at = 1; at <= raw.len && raw.len <= EVERY_SPLIT; at++) {
        check(&way, &raw, &should, 0, CONTENT_BLOCK, at);
        if (!way.memory)
            check(&way, &raw, &should, at, raw.len, raw.len + 1);
    }
    fuzz_bytes_free(&raw);
    fuzz_bytes_free(&should);
    return 0;
}
