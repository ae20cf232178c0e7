/* SPDX-License-Identifier: MIT */
#include "message/message.h"

#include "base/mem.h"
#include "base/text.h"
#include "message/parameters.h"

#include <envoi/library.h>
#include <envoi/session.h>
#include <string.h>

/* ---- failures ---- */

int message_refuse(struct envoi_message *m, int rc, const struct envoi_errctx *why)
{
    if (rc && !m->sticky && *why->text) /* without memory for it, the text of the error must do */
        m->why = mem_strdup(why->text);
    return message_stick_as(m, rc, why->code ? why->detail : ENVOI_DETAIL_RANGE); /* no reason: too many recipients */
}

const char *envoi_message_error(const struct envoi_message *message)
{
    if (!message || !message->sticky)
        return "";
    if (message->why)
        return message->why;
    return message->sticky == ENVOI_E_USAGE ? envoi_error_detail_text(message->sticky_detail)
                                            : envoi_error_text(message->sticky);
}

/* ---- life ---- */

int envoi_message_new(const char *sender, struct envoi_message **out)
{
    struct envoi_message *m;
    int rc;

    if (!out)
        return ENVOI_E_USAGE;
    *out = NULL;
    if (!(m = mem_zalloc(sizeof *m)))
        return ENVOI_E_MEMORY;
    content_init(&m->content);
    m->recipients = m->own;
    m->room = sizeof m->own / sizeof m->own[0];
    if ((rc = address_parse(sender ? sender : "", true, NULL, &m->sender))) {
        mem_free(m);
        return rc;
    }
    *out = m;
    return ENVOI_OK;
}

static void recipient_clear(struct recipient *r)
{
    if (r->address.longer)
        address_free(&r->address);
    mem_free(r->options);
    reason_drop(r->reason);
    mem_free(r->line);
}

/* Frees everything but the sender and the array of recipients. */
static void message_clear(struct envoi_message *m)
{
    for (size_t i = 0; i < m->count; i++)
        recipient_clear(&m->recipients[i]);
    m->count = 0;
    mem_free(m->options);
    m->options = NULL;
    words_free(&m->dropped);
    content_free(&m->content);
    m->drop_options = m->require_all = m->special = false;
    m->body = ENVOI_BODY_AUTO;
    m->size_estimate = 0;
    m->long_lines = ENVOI_LONG_LINES_PASS;
    m->told = NULL;
    mem_free(m->why);
    m->why = NULL;
    m->sticky = ENVOI_OK;
    m->sticky_detail = ENVOI_DETAIL_NONE;
}

void envoi_message_free(struct envoi_message *message)
{
    if (!message)
        return;
    message_clear(message);
    address_free(&message->sender);
    if (message->recipients != message->own)
        mem_free(message->recipients);
    mem_free(message);
}

int envoi_message_reset(struct envoi_message *message, const char *sender)
{
    struct envoi_errctx why;
    struct address address;
    int rc = message_check(message);

    if (rc)
        return rc;
    fault_clear(&why);
    if ((rc = address_parse(sender ? sender : "", true, &why, &address)))
        return message_refuse(message, rc, &why);
    message_clear(message);
    address_free(&message->sender);
    message->sender = address;
    return ENVOI_OK;
}

/* ---- envelope ---- */

static int message_grow(struct envoi_message *m)
{
    bool own = m->recipients == m->own;
    size_t room = own ? 4 : m->room * 2;
    struct recipient *more;

    if (m->count >= RECIPIENTS_MAX)
        return ENVOI_E_USAGE;
    if (m->count < m->room)
        return ENVOI_OK;
    if (!(more = mem_realloc(own ? NULL : m->recipients, room * sizeof *more)))
        return ENVOI_E_MEMORY;
    if (own)
        memcpy(more, m->own, sizeof m->own);
    m->recipients = more;
    m->room = room;
    return ENVOI_OK;
}

static __attribute__((noinline)) int message_add(struct envoi_message *message, const char *address,
                                                 const char *options)
{
    struct envoi_errctx why;
    struct recipient *r;
    int rc;

    fault_clear(&why);
    if ((options && (rc = parameters_check(options, &why))) || (rc = message_grow(message)))
        return message_refuse(message, rc, &why);
    r = &message->recipients[message->count];
    *r = (struct recipient){0};
    if ((rc = address_parse(address, false, &why, &r->address)) ||
        (options && (rc = mem_replace(&r->options, options)))) {
        recipient_clear(r);
        return message_refuse(message, rc, &why);
    }
    message->special |= options || r->address.utf8;
    message->count++;
    return ENVOI_OK;
}

int envoi_message_add_recipient_with(struct envoi_message *message, const char *address, const char *options)
{
    struct recipient *r;
    int rc = message_check(message);

    if (rc)
        return rc;
    if (!address)
        return message_misuse(message, ENVOI_DETAIL_MISSING);
    if (options || message->count == message->room || message->count >= RECIPIENTS_MAX)
        return message_add(message, address, options);
    r = &message->recipients[message->count];
    *r = (struct recipient){0};
    if (!address_parse_plain(address, &r->address))
        return message_add(message, address, NULL);
    message->count++;
    return ENVOI_OK;
}

int envoi_message_add_recipient(struct envoi_message *message, const char *address)
{
    return envoi_message_add_recipient_with(message, address, NULL);
}

int envoi_message_set_options(struct envoi_message *message, const char *options)
{
    struct envoi_errctx why;
    int rc = message_check(message);

    if (rc)
        return rc;
    fault_clear(&why);
    if (!(rc = parameters_check(options, &why)))
        rc = mem_replace(&message->options, options);
    return message_refuse(message, rc, &why);
}

int envoi_message_set_drop_options(struct envoi_message *message, int drop)
{
    int rc = message_check(message);

    if (!rc)
        message->drop_options = drop;
    return rc;
}

int envoi_message_set_require_all(struct envoi_message *message, int on)
{
    int rc = message_check(message);

    if (!rc)
        message->require_all = on;
    return rc;
}

int envoi_message_set_body(struct envoi_message *message, int body)
{
    int rc = message_check(message);

    if (rc)
        return rc;
    if (body < ENVOI_BODY_AUTO || body > ENVOI_BODY_BINARY)
        return message_misuse(message, ENVOI_DETAIL_RANGE);
    message->body = body;
    return ENVOI_OK;
}

int envoi_message_error_detail(const struct envoi_message *message)
{
    return message ? message->sticky_detail : ENVOI_DETAIL_NONE;
}

/* ---- content ---- */

void message_set_source(struct envoi_message *m, const struct content_source *source)
{
    bool canonical = m->content.canonical; /* may have been set before the content was */

    if (message_has_content(m))
        content_free(&m->content);
    m->content.source = *source;
    m->content.canonical = canonical;
}

int envoi_message_set_data(struct envoi_message *message, const void *data, size_t len)
{
    static const uint8_t empty[1];
    struct content_source source = {.memory = data ? data : empty, .size = (int64_t)len};

    int rc = message_check(message);

    if (rc)
        return rc;
    if (source.size < 0 || (!data && len))
        return message_misuse(message, ENVOI_DETAIL_MISSING);
    message_set_source(message, &source);
    return ENVOI_OK;
}

int envoi_message_set_callback(struct envoi_message *message, envoi_pull_fn *pull, envoi_rewind_fn *rewind, void *ctx,
                               int64_t size)
{
    struct content_source source = {.pull = pull, .rewind = rewind, .ctx = ctx, .size = size < 0 ? -1 : size};

    int rc = message_check(message);

    if (rc)
        return rc;
    if (!pull)
        return message_misuse(message, ENVOI_DETAIL_MISSING);
    message_set_source(message, &source);
    return ENVOI_OK;
}

int envoi_message_set_size_estimate(struct envoi_message *message, uint64_t octets)
{
    int rc = message_check(message);

    if (!rc)
        message->size_estimate = octets;
    return rc;
}

int envoi_message_set_canonical(struct envoi_message *message, int on)
{
    int rc = message_check(message);

    if (!rc)
        message->content.canonical = on;
    return rc;
}

int envoi_message_set_long_lines(struct envoi_message *message, int treatment)
{
    int rc = message_check(message);

    if (rc)
        return rc;
    if (treatment < ENVOI_LONG_LINES_PASS || treatment > ENVOI_LONG_LINES_TELL)
        return message_misuse(message, ENVOI_DETAIL_RANGE);
    message->long_lines = treatment;
    return ENVOI_OK;
}

uint64_t envoi_message_longest_line(const struct envoi_message *message)
{
    return message && message->content.lines ? message->content.longest_line : 0;
}

uint64_t envoi_message_progress(const struct envoi_message *message)
{
    return message ? message->content.taken : 0;
}

/* ---- verdicts ---- */

struct reason *reason_new(struct envoi_message *m, const char *text)
{
    size_t len = strlen(text), size = len < REASON_MAX ? len + 1 : REASON_MAX;
    bool own = size <= REASON_OWN_MAX && !m->said.reason.users;
    struct reason *reason = own ? &m->said.reason : mem_alloc(sizeof *reason + size);
    char *to;

    if (!reason)
        return NULL;
    to = own ? m->said.text : (char *)(reason + 1);
    memcpy(to, text, size - 1);
    to[size - 1] = '\0';
    if (len >= size)
        memcpy(to + text_cut_length(to, size - 4), "...", 4);
    *reason = (struct reason){.users = 1, .own = own, .text = to};
    return reason;
}

void reason_drop(struct reason *reason)
{
    if (reason && --reason->users == 0 && !reason->own)
        mem_free(reason);
}

void recipient_set_reason(struct recipient *r, struct reason *reason)
{
    if (reason)
        reason->users++;
    reason_drop(r->reason);
    r->reason = reason;
}

const char *recipient_reason(const struct recipient *r)
{
    return r->reason ? r->reason->text : "";
}

void recipient_begin(struct recipient *r)
{
    recipient_set_reason(r, NULL);
    r->verdict = ENVOI_VERDICT_NOT_ATTEMPTED;
    r->pending = r->again = false;
    r->code = r->phase = 0;
    r->enhanced[0] = '\0';
}

/* Does it have the message, or may it? Then another copy is not sent unless the application says so. */
static bool recipient_is_served(const struct recipient *r)
{
    return r->verdict == ENVOI_VERDICT_ACCEPTED || r->verdict == ENVOI_VERDICT_UNKNOWN;
}

bool message_is_served(const struct envoi_message *m)
{
    size_t i = 0;

    while (i < m->count && recipient_is_served(&m->recipients[i]))
        i++;
    return m->count && i == m->count;
}

void message_begin(struct envoi_message *m)
{
    size_t count = 0, begin = 0, end = 0;

    for (size_t i = 0; i < m->count; i++) {
        struct recipient *r = &m->recipients[i];

        r->due = !recipient_is_served(r);
        r->pending = false;
        if (!r->due)
            continue;
        recipient_begin(r);
        begin = count++ ? begin : i;
        end = i + 1;
    }
    m->due_count = count;
    m->due_begin = begin;
    m->due_end = end;
    m->settled = begin;
    words_free(&m->dropped);
}

int envoi_message_keep(struct envoi_message *message, unsigned verdicts)
{
    size_t kept = 0;
    int rc = message_check(message);

    if (rc)
        return rc;
    if (verdicts & ~ENVOI_KEEP_ALL)
        return message_stick(message, ENVOI_E_USAGE);
    message->due_count = message->due_begin = message->due_end = 0;
    for (size_t i = 0; i < message->count; i++) {
        struct recipient *r = &message->recipients[i];

        if (verdicts & 1u << r->verdict)
            message->recipients[kept++] = *r;
        else
            recipient_clear(r);
    }
    message->count = kept;
    return ENVOI_OK;
}

int envoi_message_forget_verdicts(struct envoi_message *message)
{
    int rc = message_check(message);

    for (size_t i = 0; !rc && i < message->count; i++)
        recipient_begin(&message->recipients[i]);
    return rc;
}

int envoi_message_set_reply_callback(struct envoi_message *message, envoi_message_reply_fn *callback, void *ctx)
{
    int rc = message_check(message);

    if (rc)
        return rc;
    message->told = callback;
    message->told_ctx = ctx;
    return ENVOI_OK;
}

void message_tell(struct envoi_message *m, int phase, size_t recipient, bool lmtp, const struct envoi_reply *reply)
{
    bool each = phase == ENVOI_PHASE_FINAL && lmtp;
    size_t index = each || phase == ENVOI_PHASE_RCPT ? recipient : 0;

    if (phase < ENVOI_PHASE_MAIL || phase > ENVOI_PHASE_FINAL)
        return;
    while (each && index + 1 < m->count && !m->recipients[index].pending)
        index++;
    m->told(m->told_ctx, m, phase, index, reply);
}

const char *envoi_message_dropped_options(const struct envoi_message *message)
{
    return message ? words_text(&message->dropped) : "";
}

size_t envoi_message_recipients(const struct envoi_message *message)
{
    return message ? message->count : 0;
}

const char *envoi_message_recipient(const struct envoi_message *message, size_t index)
{
    const struct recipient *r = message_recipient(message, index);

    return r ? address_path(&r->address) : NULL;
}
