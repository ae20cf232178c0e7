/* SPDX-License-Identifier: MIT */
#include "login/login.h"

#include "base/base64.h"
#include "base/echo.h"
#include "base/text.h"
#include "login/login.h"
#include "login/pick.h"

#include <stdio.h>
#include <string.h>

#define ANSWER_MAX 65536u

/* A response in base64, or "=" or "" for an empty one. */
static int by_hand_take(struct login *l, const char *text, size_t len)
{
    struct buf raw;
    int rc;

    if (len > ANSWER_MAX)
        return fault_misuse(l->env.fault, ENVOI_DETAIL_LENGTH, ENVOI_PHASE_AUTH,
                            "a response of a login is longer than 65536 octets");
    buf_init(&raw, 0, true);
    rc = len == 1 && *text == '=' ? ENVOI_OK : base64_decode(&raw, text, len);
    if (!rc && len)
        rc = echo_remember(l->env.echo, text, len);
    if (!rc && raw.len)
        rc = echo_remember_words(l->env.echo, buf_head(&raw), raw.len);
    buf_free(&raw);
    if (rc == ENVOI_E_PROTOCOL)
        return fault_misuse(l->env.fault, ENVOI_DETAIL_FORM, ENVOI_PHASE_AUTH, "a response of a login is base64");
    return rc ? fault_set(l->env.fault, rc, ENVOI_PHASE_AUTH, "out of memory") : ENVOI_OK;
}

static int by_hand_set(struct login *l, struct buf *line, const char *before, const char *between, const char *text,
                       size_t len)
{
    line->secret = true;
    buf_reset(line);
    buf_append_text(line, before);
    buf_append_text(line, between);
    buf_append(line, text, len);
    if (!buf_failed(line))
        return ENVOI_OK;
    buf_reset(line);
    return fault_set(l->env.fault, ENVOI_E_MEMORY, ENVOI_PHASE_AUTH, "out of memory");
}

int by_hand_begin(struct login *l, const struct login_peer *peer, const char *arguments, struct buf *line)
{
    const char *rest = arguments ? arguments : "", *word = "", *response = "", *more;
    char name[SASL_NAME_MAX + 1], before[sizeof "AUTH " + SASL_NAME_MAX];
    size_t len = 0, response_len = 0, more_len;
    int rc;

    rest = text_word(rest, &word, &len);
    if (!rest || !sasl_name_is_valid(word, len))
        return fault_misuse(l->env.fault, ENVOI_DETAIL_MECHANISM, ENVOI_PHASE_AUTH,
                            "AUTH is followed by the name of a mechanism");
    memcpy(name, word, len);
    name[len] = '\0';
    (void)login_ask(l, name, NULL, NULL, false);
    l->peer = *peer;
    memcpy(l->name, l->asked, sizeof l->name);
    if ((rc = pick_check_name(l)))
        return rc;
    rest = text_word(rest, &response, &response_len);
    if (rest && text_word(rest, &more, &more_len))
        return fault_misuse(l->env.fault, ENVOI_DETAIL_FORM, ENVOI_PHASE_AUTH, "AUTH has a mechanism and one response");
    if (rest && (rc = by_hand_take(l, response, response_len)))
        return rc;
    l->plugin = "application";
    (void)snprintf(before, sizeof before, "AUTH %s", name);
    return by_hand_set(l, line, before, rest ? " " : "", response, rest ? response_len : 0);
}

int by_hand_answer(struct login *l, const char *text, struct buf *line)
{
    size_t len = strlen(text);
    int rc = strcmp(text, "*") == 0 ? ENVOI_OK : by_hand_take(l, text, len);

    return rc ? rc : by_hand_set(l, line, "", "", text, len);
}
