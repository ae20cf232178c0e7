/* SPDX-License-Identifier: MIT */
/* EHLO, LHLO (RFC 2033) and HELO, and the fallback from the first to the last. */
#include "base/mem.h"
#include "base/text.h"
#include "engine/proof.h"
#include "engine/state.h"
#include "reply/stranger.h"

#include <string.h>

static int hello_of(const struct engine *e)
{
    if (e->helo)
        return ENVOI_HELLO_HELO;
    return e->lmtp ? ENVOI_HELLO_LHLO : ENVOI_HELLO_EHLO;
}

static const char *verb_of(const struct engine *e)
{
    static const char *const verbs[] = {
        [ENVOI_HELLO_EHLO] = "EHLO", [ENVOI_HELLO_LHLO] = "LHLO", [ENVOI_HELLO_HELO] = "HELO"};

    return verbs[hello_of(e)];
}

static const char *name_of(const struct engine *e)
{
    if (e->hello_name)
        return e->hello_name;
    return e->settings->helo_name ? e->settings->helo_name : e->helo_default;
}

static int hello_write(struct engine *e, struct job *job, const struct position *at)
{
    struct buf *text = &e->output.text;
    size_t from = text->len;

    if (!text_is_line(name_of(e), strlen(name_of(e))) || strchr(name_of(e), ' ')) /* the setter checks it, too */
        return fault_misuse(e->fault, ENVOI_DETAIL_FORM, ENVOI_PHASE_EHLO,
                            "the name for %s has a blank or a control character", verb_of(e));
    engine_forget(e);
    if (mem_replace(&e->hello_said, name_of(e)))
        return ENVOI_E_MEMORY;
    buf_append_text(text, verb_of(e));
    buf_append(text, " ", 1);
    buf_append_text(text, name_of(e));
    return engine_end_line(e, from, NULL);
}

/* With HELO there is neither TLS nor AUTH. If one of them is needed, a refused EHLO must not lead to HELO. */
static bool may_fall_back(const struct engine *e, const struct envoi_reply *reply)
{
    bool needs_tls = e->tls == ENVOI_TLS_REQUIRED && !e->stack.secure;

    return reply_class(reply) == 5 && !e->helo && !e->hello_only && !e->lmtp && !needs_tls &&
           !settings_have_login(e->settings);
}

/* A server that knows no such command may speak another protocol. */
static int hello_refused(struct engine *e, const struct envoi_reply *reply)
{
    const char *remark = stranger_of_greeting(envoi_reply_text(&e->greeting));

    if (!remark && (reply->code == 500 || reply->code == 502))
        remark = e->lmtp ? "does it speak SMTP, not LMTP?" : "does it speak LMTP?";
    if (reply_class(reply) == 4)
        remark = NULL;
    return engine_refused(e, ENVOI_E_HELO, ENVOI_PHASE_EHLO, reply, "the server refuses %s%s%s%s", verb_of(e),
                          remark ? " (" : "", remark ? remark : "", remark ? ")" : "");
}

static int hello_answer(struct engine *e, struct job *job, struct position *at, const struct envoi_reply *reply)
{
    int rc;

    if (reply->code == 250) {
        rc = e->helo ? ENVOI_OK : extensions_parse(&e->extensions, envoi_reply_text(reply));
        if (!rc && e->settings->ignored_extensions)
            extensions_ignore(&e->extensions, e->settings->ignored_extensions);
        engine_cover_reply(e, e->reply); /* not before: a password may look like a keyword */
        extensions_cover(&e->extensions, &e->echo);
        if (rc || (rc = reply_copy(&e->hello_reply, e->reply)) || (!e->helo && (rc = proof_hear(e))))
            return engine_die_of(e, rc, "out of memory while reading the reply to %s", verb_of(e));
        e->hello = hello_of(e);
        return ENVOI_OK;
    }
    if (reply_class(reply) < 4) /* such as a second greeting: the replies are out of step */
        return engine_die_of_reply(e, reply, "the reply to the hello");
    if (may_fall_back(e, reply)) {
        e->helo = true;
        job->written.row = &command_hello;
        return ENVOI_OK;
    }
    return hello_refused(e, reply);
}

const struct command command_hello = {
    .name = "EHLO",
    .phase = ENVOI_PHASE_EHLO,
    .ends_group = true,
    .write = hello_write,
    .answer = hello_answer,
};
