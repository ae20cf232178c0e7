/* SPDX-License-Identifier: MIT */
#include "engine/mail_parameters.h"

#include "base/mem.h"
#include "base/text.h"
#include "engine/parameter_bounds.h"
#include "engine/state.h"
#include "message/message.h"

#include <string.h>

#define LINE_MAX_OCTETS 998 /* of content, without its end (RFC 5322 section 2.1.1) */

/* The extension that a parameter belongs to. Parameters that are not listed need only an ESMTP server. */
static const struct {
    const char *parameter; /* NAME, or NAME=VALUE */
    const char *extension;
    bool kept; /* never dropped: without it the server would handle the message in another way than was asked for */
} owners[] = {
    {"BODY=BINARYMIME", "BINARYMIME", true},
    {"BODY", "8BITMIME", false},
    {"SMTPUTF8", "SMTPUTF8", true},
    {"REQUIRETLS", "REQUIRETLS", true},
    {"SIZE", "SIZE", false},
    {"AUTH", "AUTH", false},
    {"RET", "DSN", false},
    {"ENVID", "DSN", false},
    {"NOTIFY", "DSN", false},
    {"ORCPT", "DSN", false},
    {"BY", "DELIVERBY", false},
    {"HOLDFOR", "FUTURERELEASE", false},
    {"HOLDUNTIL", "FUTURERELEASE", false},
    {"MT-PRIORITY", "MT-PRIORITY", false},
    {"RRVS", "RRVS", false},
};

/* Is the word NAME or NAME=VALUE with this name? */
static bool parameter_is(const char *word, size_t len, const char *name)
{
    size_t n = strlen(name);

    return len >= n && text_equal_n(word, name, n) && (len == n || word[n] == '=');
}

static bool parameter_is_announced(const struct engine *e, const char *word, size_t len, bool *kept)
{
    *kept = false;
    for (size_t i = 0; i < sizeof owners / sizeof owners[0]; i++) {
        if (!parameter_is(word, len, owners[i].parameter))
            continue;
        *kept = owners[i].kept;
        return engine_is_esmtp(e) && extensions_get(&e->extensions, owners[i].extension);
    }
    return engine_is_esmtp(e);
}

static bool has_parameter_in(const char *options, const char *name)
{
    const char *word;
    size_t len;

    while (options && (options = text_word(options, &word, &len)))
        if (parameter_is(word, len, name))
            return true;
    return false;
}

/* Inline, because most messages have no options. */
static inline bool has_parameter(const char *options, const char *name)
{
    return options && has_parameter_in(options, name);
}

void parameters_append(const struct engine *e, const char *options, struct buf *out)
{
    const char *word;
    size_t len;
    bool kept;

    while (options && (options = text_word(options, &word, &len)))
        if (parameter_is_announced(e, word, len, &kept)) {
            buf_append(out, " ", 1);
            buf_append(out, word, len);
        }
}

static int refuse_option(struct engine *e, const char *word, size_t len)
{
    return fault_set(e->fault, ENVOI_E_NOT_SUPPORTED, ENVOI_PHASE_MAIL,
                     "the option %.*s is asked for, but the server does not announce what it needs",
                     (int)(len > 80 ? 80 : len), word);
}

/* Left out it would mean something else than was asked for, so that is no way out. */
static int check_bound(struct engine *e, const char *word, size_t len)
{
    const char *rule, *bound;
    size_t bound_len;

    if (!parameter_is_beyond(&e->extensions, word, len, &rule, &bound, &bound_len))
        return ENVOI_OK;
    return fault_set(e->fault, ENVOI_E_NOT_SUPPORTED, ENVOI_PHASE_MAIL, "the option %.*s is asked for, but %s%.*s",
                     (int)(len > 80 ? 80 : len), word, rule, (int)(bound_len > 80 ? 80 : bound_len), bound);
}

static int check_requiretls(struct engine *e, const char *options)
{
    if (!has_parameter(options, "REQUIRETLS") || (e->stack.secure && e->tls_verified))
        return ENVOI_OK;
    return fault_set(e->fault, ENVOI_E_NOT_SUPPORTED, ENVOI_PHASE_MAIL,
                     "REQUIRETLS is asked for, but this connection is not verified TLS (RFC 8689 section 4.2.1)");
}

int parameters_check_kept(struct engine *e, const char *options)
{
    const char *rest = options, *word;
    size_t len;
    bool kept;

    while (rest && (rest = text_word(rest, &word, &len)))
        if (!parameter_is_announced(e, word, len, &kept) && kept)
            return refuse_option(e, word, len);
    return check_requiretls(e, options);
}

/* An option that is not announced is dropped and listed, or is a failure. */
static int check_options(struct engine *e, struct envoi_message *m, const char *options)
{
    const char *word;
    size_t len;
    int rc = ENVOI_OK;

    while (!rc && options && (options = text_word(options, &word, &len))) {
        bool kept;

        if (parameter_is_announced(e, word, len, &kept))
            rc = check_bound(e, word, len);
        else if (kept || !m->drop_options)
            rc = refuse_option(e, word, len);
        else
            rc = words_add(&m->dropped, word, len);
    }
    return rc;
}

/* Where the recipients end whose wishes count before MAIL. The first of many transactions looks at all of them, so that
 * an option that cannot be had is found before anything is sent. A later one looks only at its own, or all of them
 * together would take quadratic time. */
static size_t checked_end(const struct envoi_message *m)
{
    return m->due_begin ? m->due_end : m->count;
}

/* The options of MAIL and of RCPT, before anything is sent. */
static int check_all_options(struct engine *e, struct envoi_message *m)
{
    int rc = m->options ? check_options(e, m, m->options) : ENVOI_OK;

    for (size_t i = m->due_begin; m->special && !rc && i < checked_end(m); i++)
        if (m->recipients[i].options)
            rc = check_options(e, m, m->recipients[i].options);
    return rc ? rc : check_requiretls(e, m->options);
}

static int check_size(struct engine *e, struct envoi_message *m, const struct content_measure *measure, struct buf *out)
{
    uint64_t octets = measure->size ? measure->size : m->size_estimate;
    char digits[TEXT_NUMBER_MAX];

    if (!e->extensions.size)
        return ENVOI_OK;
    if (octets > e->extensions.size_limit)
        return fault_set(e->fault, ENVOI_E_TOO_LARGE, ENVOI_PHASE_MAIL,
                         "the message has %llu octets, the server takes at most %llu; nothing was sent",
                         (unsigned long long)octets, (unsigned long long)e->extensions.size_limit);
    if (!octets || has_parameter(m->options, "SIZE"))
        return ENVOI_OK;
    buf_append_text(out, " SIZE=");
    return buf_append(out, digits, text_put_number(digits, octets));
}

/* BINARYMIME (RFC 3030 section 3) goes by BDAT only, and is never dropped. */
static int check_binary(struct engine *e, bool given, bool chunked, struct buf *out)
{
    if (extensions_get(&e->extensions, "BINARYMIME") && chunked)
        return given ? ENVOI_OK : buf_append_text(out, " BODY=BINARYMIME");
    return fault_set(e->fault, ENVOI_E_NOT_SUPPORTED, ENVOI_PHASE_MAIL,
                     "BODY=BINARYMIME is asked for, but the server does not announce BINARYMIME, CHUNKING and "
                     "PIPELINING, or has not proved that it knows BDAT, or BDAT was switched off");
}

/* BODY= (RFC 6152): declared for content that is 8-bit or may be, if the server announces it. */
static int check_body(struct engine *e, struct envoi_message *m, const struct content_measure *measure, bool chunked,
                      struct buf *out)
{
    static const char *const eight = "BODY=8BITMIME";
    bool announced = e->extensions.eight_bit;
    bool asked = m->body == ENVOI_BODY_8BIT || (m->body == ENVOI_BODY_AUTO && measure->known && measure->has_8bit);
    bool maybe = m->body == ENVOI_BODY_AUTO && !measure->known;
    bool given = has_parameter(m->options, "BODY");
    bool binary = has_parameter(m->options, "BODY=BINARYMIME");

    m->content.seven_bit = maybe && !announced && !given && !m->drop_options;

    if (m->body == ENVOI_BODY_BINARY && given && !binary)
        return fault_misuse(e->fault, ENVOI_DETAIL_CONFLICT, ENVOI_PHASE_MAIL,
                            "another BODY= among the options than the binary one that was set");
    if (m->body == ENVOI_BODY_BINARY)
        return check_binary(e, given, chunked, out);
    if (binary)
        return fault_misuse(e->fault, ENVOI_DETAIL_CONFLICT, ENVOI_PHASE_MAIL,
                            "BODY=BINARYMIME among the options: say so with envoi_message_set_body()");
    if (given || (!asked && !maybe))
        return ENVOI_OK;
    if (announced) {
        buf_append(out, " ", 1);
        return buf_append_text(out, eight);
    }
    if (!asked)
        return ENVOI_OK;
    if (m->drop_options)
        return words_add(&m->dropped, eight, strlen(eight));
    return fault_set(e->fault, ENVOI_E_NOT_SUPPORTED, ENVOI_PHASE_MAIL,
                     "the content has 8-bit octets, but the server does not announce 8BITMIME");
}

static const char *needs_utf8(const struct envoi_message *m)
{
    if (m->sender.utf8)
        return address_path(&m->sender);
    for (size_t i = m->due_begin; m->special && i < checked_end(m); i++)
        if (m->recipients[i].address.utf8)
            return address_path(&m->recipients[i].address);
    return NULL;
}

static int check_utf8(struct engine *e, struct envoi_message *m, struct buf *out)
{
    const char *address = needs_utf8(m);

    if (!address || has_parameter(m->options, "SMTPUTF8"))
        return ENVOI_OK;
    if (!extensions_get(&e->extensions, "SMTPUTF8"))
        return fault_set(e->fault, ENVOI_E_NOT_SUPPORTED, ENVOI_PHASE_MAIL,
                         "the address <%s> needs SMTPUTF8, but the server does not announce it", address);
    return buf_append_text(out, " SMTPUTF8");
}

/* Must all of the content be measured before MAIL, even if it is read twice for that? Memory: yes, as it is scanned
 * only once, now or later. Other content: if the result decides whether the message can be sent. */
static bool must_measure(const struct engine *e, const struct envoi_message *m)
{
    const struct extensions *x = &e->extensions;
    int64_t size = m->content.source.size;

    if (m->content.source.memory || m->content.line_max || (m->body == ENVOI_BODY_AUTO && !x->eight_bit))
        return true;
    /* if every line end becomes two octets, the content is twice as long */
    return x->size && x->size_limit != UINT64_MAX && (size < 0 || (uint64_t)size > x->size_limit / 2);
}

static enum content_mode mode_of(const struct envoi_message *m, bool chunked)
{
    if (m->body == ENVOI_BODY_BINARY)
        return CONTENT_BINARY;
    return chunked ? CONTENT_PLAIN : CONTENT_DOT;
}

/* Binary content has no lines. */
static void look_at_lines(struct envoi_message *m)
{
    m->content.lines = m->long_lines != ENVOI_LONG_LINES_PASS && m->body != ENVOI_BODY_BINARY;
    m->content.line_max = m->content.lines && m->long_lines == ENVOI_LONG_LINES_REFUSE ? LINE_MAX_OCTETS : 0;
}

int parameters_of_mail(struct engine *e, struct envoi_message *m, bool chunked, struct buf *out)
{
    struct content_measure measure;
    int rc;

    look_at_lines(m);
    rc = content_measure(&m->content, mode_of(m, chunked), must_measure(e, m), &measure);
    if (rc)
        return fault_set(e->fault, rc, ENVOI_PHASE_MAIL,
                         "the content cannot be read (or was read before and cannot be had again)");
    if (measure.has_nul && m->body != ENVOI_BODY_BINARY)
        return fault_set(e->fault, ENVOI_E_CONTENT, ENVOI_PHASE_MAIL, "the content has a NUL octet; nothing was sent");
    if (measure.known && m->content.line_max && m->content.longest_line > m->content.line_max)
        return fault_set(e->fault, ENVOI_E_CONTENT, ENVOI_PHASE_MAIL,
                         "the content has a line of %llu octets, and %d are the most (RFC 5322); nothing was sent",
                         (unsigned long long)m->content.longest_line, LINE_MAX_OCTETS);
    if ((rc = check_all_options(e, m)) || (rc = check_size(e, m, &measure, out)) ||
        (rc = check_body(e, m, &measure, chunked, out)) || (rc = check_utf8(e, m, out)))
        return rc;
    if (m->options)
        parameters_append(e, m->options, out);
    return buf_failed(out);
}
