/* SPDX-License-Identifier: MIT */
#include "play.h"

#include <string.h>

bool letter_in_flight(const struct letter *l)
{
    return l->message && l->message->job;
}

/* ---- the content ---- */

static int letter_pull(void *ctx, void *buf, size_t cap, size_t *len)
{
    struct letter *l = ctx;
    size_t part = l->content.len - l->at;

    if (l->again && ++l->calls % l->again == 0)
        return ENVOI_E_AGAIN;
    if (l->fails && l->at >= l->content.len / 2)
        return ENVOI_E_SYSTEM;
    if (part > l->step)
        part = l->step;
    if (part > cap)
        part = cap;
    if (part)
        memcpy(buf, l->content.data + l->at, part);
    l->at += part;
    *len = part;
    return ENVOI_OK;
}

static int letter_rewind(void *ctx)
{
    ((struct letter *)ctx)->at = 0;
    return ENVOI_OK;
}

bool letter_prepare(struct letter *l)
{
    int64_t size = l->unknown ? -1 : (int64_t)l->content.len + l->lies;

    if (!l->message || letter_in_flight(l))
        return l->message != NULL;
    l->at = 0;
    (void)envoi_message_set_canonical(l->message, l->canonical);
    (void)envoi_message_set_body(l->message, l->body);
    return (l->callback
                ? envoi_message_set_callback(l->message, letter_pull, l->rewinds ? letter_rewind : NULL, l, size)
                : envoi_message_set_data(l->message, l->content.data, l->content.len)) == ENVOI_OK;
}

void letter_sent(struct letter *l)
{
    l->sends++;
    l->sent_to = envoi_message_recipients(l->message);
    /* Who has the message from an earlier send keeps that verdict, and the delivery it stands for. */
    for (size_t i = 0; i < l->sent_to; i++)
        l->claimed[i] = l->claimed[i] && !l->message->recipients[i].due;
}

void letter_free(struct letter *l)
{
    envoi_message_free(l->message);
    fuzz_bytes_free(&l->content);
    *l = (struct letter){0};
}

/* Line ends CR LF, the last line has one. */
static void repair(const struct fuzz_bytes *content, struct fuzz_bytes *out)
{
    for (size_t i = 0; i < content->len; i++) {
        uint8_t octet = content->data[i];

        if (octet == '\r' || octet == '\n') {
            fuzz_add(out, "\r\n", 2);
            i += octet == '\r' && i + 1 < content->len && content->data[i + 1] == '\n';
        } else {
            fuzz_add_octet(out, octet);
        }
    }
}

static void end_line(struct fuzz_bytes *out)
{
    if (out->len && out->data[out->len - 1] != '\n')
        fuzz_add(out, "\r\n", 2);
}

void letter_should_be(const struct letter *l, bool chunked, struct fuzz_bytes *out)
{
    if (chunked && (l->body == ENVOI_BODY_BINARY || l->canonical))
        fuzz_add(out, l->content.data, l->content.len);
    else
        repair(&l->content, out);
    if (!chunked || l->body != ENVOI_BODY_BINARY)
        end_line(out);
}

void letter_check_verb_content(struct play *p, const struct fuzz_bytes *content)
{
    struct fuzz_bytes should = {0};

    repair(&p->data, &should);
    end_line(&should);
    FUZZ_CHECK(fuzz_same(&should, content), "the verb data sent %zu octets instead of %zu, or others", content->len,
               should.len);
    fuzz_bytes_free(&should);
}

/* ---- the ledger ---- */

/* How often the letter has this recipient, if the delivery can be of it. */
static size_t letter_fits(const struct letter *l, const struct delivery *d)
{
    struct fuzz_bytes should = {0};
    size_t count = 0;

    if (!l->message || !l->sends || strcmp(address_path(&l->message->sender), d->sender) != 0)
        return 0;
    for (size_t i = 0; i < envoi_message_recipients(l->message); i++)
        count += strcmp(envoi_message_recipient(l->message, i), d->recipient) == 0;
    if (!count)
        return 0;
    letter_should_be(l, d->chunked, &should);
    count = fuzz_same(&should, &d->content) ? count : 0;
    fuzz_bytes_free(&should);
    return count;
}

static bool is_same(const struct delivery *a, const struct delivery *b)
{
    return strcmp(a->sender, b->sender) == 0 && strcmp(a->recipient, b->recipient) == 0 &&
           fuzz_same(&a->content, &b->content);
}

void letter_delivered(struct play *p, const struct delivery *d)
{
    size_t asked = 0, got = 0;

    for (size_t i = 0; i < p->letter_count; i++)
        asked += p->letters[i].sends * letter_fits(&p->letters[i], d);
    for (size_t i = 0; i < p->server.delivery_count; i++)
        got += is_same(&p->server.deliveries[i], d);
    FUZZ_CHECK(asked, "a message of %zu octets from <%s> to <%s> that nobody sent", d->content.len, d->sender,
               d->recipient);
    FUZZ_CHECK(got <= asked, "the message from <%s> is delivered to <%s> %zu times and was sent %zu times", d->sender,
               d->recipient, got, asked);
}

static bool claim(struct play *p, const struct letter *l, const char *recipient)
{
    for (size_t i = 0; i < p->server.delivery_count; i++) {
        struct delivery *d = &p->server.deliveries[i];

        if (!d->claimed && strcmp(d->recipient, recipient) == 0 && letter_fits(l, d)) {
            d->claimed = true;
            return true;
        }
    }
    return false;
}

void letter_check_claims(struct play *p)
{
    for (size_t k = 0; k < p->letter_count; k++) {
        struct letter *l = &p->letters[k];

        for (size_t i = 0; l->sends && i < envoi_message_recipients(l->message); i++) {
            if (l->claimed[i] || envoi_message_verdict(l->message, i) != ENVOI_VERDICT_ACCEPTED)
                continue;
            FUZZ_CHECK(claim(p, l, envoi_message_recipient(l->message, i)),
                       "<%s> is reported accepted, and no 2yz came behind the content",
                       envoi_message_recipient(l->message, i));
            l->claimed[i] = true;
        }
    }
    for (size_t i = 0; i < p->server.delivery_count; i++) {
        FUZZ_CHECK(p->server.deliveries[i].claimed || !engine_alive(p->engine),
                   "<%s> got the message, and the verdict does not say so", p->server.deliveries[i].recipient);
        p->server.deliveries[i].claimed = true;
    }
}

void letter_check_verdicts(struct letter *l)
{
    static const int classes[] = {
        [ENVOI_VERDICT_ACCEPTED] = 2, [ENVOI_VERDICT_DEFERRED] = 4, [ENVOI_VERDICT_REFUSED] = 5};

    if (!l->sends || letter_in_flight(l))
        return;
    FUZZ_CHECK(l->dones == l->sends, "sent %u times, and done %u times", l->sends, l->dones);
    for (size_t i = 0; i < l->sent_to; i++) {
        int verdict = envoi_message_verdict(l->message, i), code = envoi_message_verdict_code(l->message, i);
        const char *text = envoi_message_verdict_text(l->message, i);

        FUZZ_CHECK(verdict >= ENVOI_VERDICT_NOT_ATTEMPTED && verdict <= ENVOI_VERDICT_UNKNOWN, "the verdict %d",
                   verdict);
        FUZZ_CHECK(!l->message->recipients[i].pending, "a recipient waits for ever");
        bool too_large = verdict == ENVOI_VERDICT_REFUSED && !code &&
                         strstr(envoi_message_verdict_reason(l->message, i), "the server takes at most");

        FUZZ_CHECK(verdict == ENVOI_VERDICT_NOT_ATTEMPTED || verdict == ENVOI_VERDICT_UNKNOWN || too_large ||
                       code / 100 == classes[verdict],
                   "%s by %d", envoi_verdict_name(verdict), code);
        FUZZ_CHECK(text && fuzz_is_printable(text), "\"%s\"", text);
        FUZZ_CHECK(code || verdict == ENVOI_VERDICT_ACCEPTED || *envoi_message_verdict_reason(l->message, i),
                   "no code and no reason");
    }
}
