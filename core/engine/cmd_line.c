/* SPDX-License-Identifier: MIT */
/* One-line commands of the application: docmd, NOOP, RSET, VRFY, EXPN, HELP, and MAIL and RCPT as verbs of their own.
 * They succeed with any reply: the application looks at it. */
#include "engine/cmd_line.h"

#include <stdio.h>
#include <string.h>

static int line_write(struct engine *e, struct job *job, const struct position *at)
{
    size_t from = e->output.text.len;

    buf_append(&e->output.text, buf_head(&e->line), e->line.len);
    return engine_end_line(e, from, NULL);
}

static int line_answer(struct engine *e, struct job *job, struct position *at, const struct envoi_reply *reply)
{
    if (reply_class(reply) == 2) {
        if (at->row == &command_line_rcpt)
            e->line_accepted++;
        else if (at->row == &command_line_mail || at->row == &command_line_rset)
            e->line_accepted = 0;
    }
    return ENVOI_OK;
}

/* ---- a login by hand ---- */

static int auth_line_put(struct engine *e, const char *before, size_t octets)
{
    struct buf *text = &e->output.text;
    size_t from = text->len;
    char mask[80];
    int rc;

    (void)snprintf(mask, sizeof mask, "%s[%zu octets]", before, octets);
    text->secret = true;
    buf_append(text, buf_head(&e->line), e->line.len);
    rc = engine_end_line(e, from, mask);
    buf_reset(&e->line);
    return rc;
}

static int auth_line_write(struct engine *e, struct job *job, const struct position *at)
{
    char before[sizeof "AUTH  " + SASL_NAME_MAX];
    size_t head = (size_t)snprintf(before, sizeof before, "AUTH %s ", e->login.name);

    return auth_line_put(e, before, e->line.len > head ? e->line.len - head : 0);
}

static int auth_line_respond(struct engine *e, struct job *job, const struct position *at)
{
    return auth_line_put(e, "", e->line.len);
}

static int auth_line_answered(struct engine *e, struct job *job, struct position *at, const struct envoi_reply *reply)
{
    bool more = reply->code == 334;

    if (reply->code == 235 && at->row != &command_line_cancel)
        e->authenticated = true;
    login_end(&e->login);
    e->login.by_hand = more;
    return ENVOI_OK;
}

#define AUTH_LINE(title, its_write)                                                                                    \
    {                                                                                                                  \
        .name = title, .phase = ENVOI_PHASE_AUTH, .ends_group = true, .write = its_write, .answer = auth_line_answered \
    }

const struct command command_line_auth = AUTH_LINE("AUTH", auth_line_write);
const struct command command_line_response = AUTH_LINE("AUTH response", auth_line_respond);
const struct command command_line_cancel = AUTH_LINE("AUTH cancel", line_write);

#define LINE(title, its_phase, its_write)                                                                              \
    {                                                                                                                  \
        .name = title, .phase = its_phase, .ends_group = true, .write = its_write, .answer = line_answer               \
    }

const struct command command_line = LINE("command", ENVOI_PHASE_COMMAND, line_write);
const struct command command_line_masked = LINE("command", ENVOI_PHASE_COMMAND, auth_line_respond);
const struct command command_line_rset = LINE("RSET", ENVOI_PHASE_COMMAND, line_write);
const struct command command_line_mail = LINE("MAIL", ENVOI_PHASE_MAIL, line_write);
const struct command command_line_rcpt = LINE("RCPT", ENVOI_PHASE_RCPT, line_write);
