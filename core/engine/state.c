/* SPDX-License-Identifier: MIT */
#include "engine/state.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- trace and log ---- */

void engine_trace(struct engine *e, int kind, const char *format, ...)
{
    char text[1024];
    va_list args;
    size_t n;

    if (!e->trace_level || !e->env.trace)
        return;
    va_start(args, format);
    n = text_format(text, sizeof text, "", format, args); /* it may hold a reply of several lines */
    va_end(args);
    e->env.trace(e->env.driver, kind, text, n);
}

void engine_trace_line(struct engine *e, int kind, const char *line, size_t len)
{
    char shown[1024];
    size_t n;

    if (!e->trace_level || !e->env.trace)
        return;
    do {
        n = len < sizeof shown ? len : text_cut_length(line, sizeof shown);
        memcpy(shown, line, n);
        text_make_printable(shown, n, "");
        e->env.trace(e->env.driver, kind, shown, n);
        line += n;
        len -= n;
    } while (len);
}

void engine_cover_reply(struct engine *e, struct envoi_reply *reply)
{
    struct buf *const texts[] = {&reply->raw, &reply->text};

    for (size_t i = 0; i < 2; i++)
        if (texts[i]->len)
            echo_redact(&e->echo, (char *)(uintptr_t)buf_head(texts[i]), texts[i]->len);
}

void engine_log(struct engine *e, uint32_t level, const char *format, ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    (void)text_format(text, sizeof text, "", format, args);
    va_end(args);
    engine_trace(e, ENVOI_TRACE_INFO, "%s", text);
    if (e->env.log)
        e->env.log(e->env.driver, level, text);
}

int engine_refused(struct engine *e, int code, int phase, const struct envoi_reply *reply, const char *format, ...)
{
    const char *enhanced = envoi_reply_enhanced(reply);
    char text[256];
    va_list args;

    va_start(args, format);
    (void)text_format(text, sizeof text, "", format, args);
    va_end(args);
    return fault_set(e->fault, code, phase, "%s: %d %s%s%s", text, reply->code, enhanced, *enhanced ? " " : "",
                     envoi_reply_text(reply));
}

/* ---- deadlines ---- */

void engine_arm(struct engine *e, int phase)
{
    if (e->phase != ENVOI_PHASE_NONE)
        e->telemetry.phase_ms[e->phase] += (uint64_t)(e->now - e->phase_at);
    e->phase_at = e->now;
    e->phase = phase;
    e->armed_at = e->now;
}

void engine_refresh_clock(struct engine *e)
{
    if (e->env.now)
        e->now = e->env.now(e->env.driver);
}

/* ---- a command line ---- */

static void trace_command(struct engine *e, const char *text, size_t len, const char *mask)
{
    if (mask)
        engine_trace(e, ENVOI_TRACE_SENT, "%s", mask);
    else
        engine_trace_line(e, ENVOI_TRACE_SENT, text, len);
}

static int put_line(struct engine *e, size_t from, const char *mask, bool whole)
{
    struct buf *text = &e->output.text;

    if (e->trace_level && !buf_failed(text))
        trace_command(e, (const char *)buf_head(text) + from, text->len - from, mask);
    if (buf_append(text, "\r\n", 2))
        return ENVOI_E_MEMORY;
    output_add_text(&e->output, from, whole);
    return ENVOI_OK;
}

int engine_put_line(struct engine *e, size_t from)
{
    return put_line(e, from, NULL, false);
}

int engine_end_line(struct engine *e, size_t from, const char *mask)
{
    return put_line(e, from, mask, true);
}

int engine_put_command(struct engine *e, const char *command)
{
    size_t from = e->output.text.len;

    buf_append_text(&e->output.text, command);
    return engine_end_line(e, from, NULL);
}

/* ---- the connection ---- */

bool engine_is_safe(const struct engine *e)
{
    return e->unix_socket || (e->stack.secure && e->tls_verified);
}

struct login_peer engine_login_peer(const struct engine *e)
{
    return (struct login_peer){
        .host = e->host,
        .lmtp = e->lmtp,
        .safe = engine_is_safe(e),
        .tls_strength = e->stack.secure ? e->tls_info.strength_bits : 0,
    };
}

void engine_explain_end(const struct engine *e, struct envoi_errctx *why)
{
    if (e->head == &e->login_job)
        login_explain_end(&e->login, why);
}

int engine_tls_policy(const struct engine *e)
{
    const struct settings *s = e->settings;
    bool wanted = settings_have_login(s) || settings_ask_for_tls(s);

    return e->tls == ENVOI_TLS_OPPORTUNISTIC && wanted ? ENVOI_TLS_REQUIRED : e->tls;
}

void engine_forget(struct engine *e)
{
    extensions_clear(&e->extensions);
    reply_clear(&e->hello_reply);
    e->hello = ENVOI_HELLO_NONE;
}

int engine_tls_info(const struct engine *e, struct envoi_tls_info *out)
{
    *out = e->tls_info;
    return e->stack.secure ? ENVOI_OK : ENVOI_E_USAGE;
}
