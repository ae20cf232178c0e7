/* SPDX-License-Identifier: MIT */
#include "engine/auth_line.h"

#include "base/base64.h"
#include "base/echo.h"
#include "base/text.h"
#include "engine/auth.h"
#include "engine/auth_pick.h"
#include "engine/state.h"
#include "plugin/strength.h"

#include <stdio.h>
#include <string.h>

#define ANSWER_MAX 65536u

/* A response in base64, or "=" or "" for an empty one. */
static int auth_line_take(struct engine *e, const char *text, size_t len)
{
    struct buf raw;
    int rc;

    if (len > ANSWER_MAX)
        return fault_misuse(e->fault, ENVOI_DETAIL_LENGTH, ENVOI_PHASE_AUTH,
                            "a response of a login is longer than 65536 octets");
    buf_init(&raw, 0, true);
    rc = len == 1 && *text == '=' ? ENVOI_OK : base64_decode(&raw, text, len);
    if (!rc && len)
        rc = echo_remember(&e->echo, text, len);
    if (!rc && raw.len)
        rc = echo_remember_words(&e->echo, buf_head(&raw), raw.len);
    buf_free(&raw);
    if (rc == ENVOI_E_PROTOCOL)
        return fault_misuse(e->fault, ENVOI_DETAIL_FORM, ENVOI_PHASE_AUTH, "a response of a login is base64");
    return rc ? fault_set(e->fault, rc, ENVOI_PHASE_AUTH, "out of memory") : ENVOI_OK;
}

static int auth_line_set(struct engine *e, const char *before, const char *between, const char *text, size_t len)
{
    e->line.secret = true;
    buf_reset(&e->line);
    buf_append_text(&e->line, before);
    buf_append_text(&e->line, between);
    buf_append(&e->line, text, len);
    if (!buf_failed(&e->line))
        return ENVOI_OK;
    buf_reset(&e->line);
    return fault_set(e->fault, ENVOI_E_MEMORY, ENVOI_PHASE_AUTH, "out of memory");
}

int auth_line_begin(struct engine *e, const char *arguments)
{
    struct auth *a = &e->auth;
    const char *rest = arguments ? arguments : "", *word = "", *response = "", *more;
    char name[SASL_NAME_MAX + 1], before[sizeof "AUTH " + SASL_NAME_MAX];
    size_t len = 0, response_len = 0, more_len;
    int rc;

    rest = text_word(rest, &word, &len);
    if (!rest || !sasl_name_is_valid(word, len))
        return fault_misuse(e->fault, ENVOI_DETAIL_MECHANISM, ENVOI_PHASE_AUTH,
                            "AUTH is followed by the name of a mechanism");
    memcpy(name, word, len);
    name[len] = '\0';
    (void)auth_ask(a, name, NULL, NULL, false);
    memcpy(a->name, a->asked, sizeof a->name);
    if ((rc = auth_check_name(e)))
        return rc;
    rest = text_word(rest, &response, &response_len);
    if (rest && text_word(rest, &more, &more_len))
        return fault_misuse(e->fault, ENVOI_DETAIL_FORM, ENVOI_PHASE_AUTH, "AUTH has a mechanism and one response");
    if (rest && (rc = auth_line_take(e, response, response_len)))
        return rc;
    a->plugin = "application";
    (void)snprintf(before, sizeof before, "AUTH %s", name);
    return auth_line_set(e, before, rest ? " " : "", response, rest ? response_len : 0);
}

int auth_line_answer(struct engine *e, const char *text)
{
    size_t len = strlen(text);
    int rc = strcmp(text, "*") == 0 ? ENVOI_OK : auth_line_take(e, text, len);

    return rc ? rc : auth_line_set(e, "", "", text, len);
}
