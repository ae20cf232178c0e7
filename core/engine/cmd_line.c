/* SPDX-License-Identifier: MIT */
/* One-line commands of the application: docmd, NOOP, RSET, VRFY, EXPN, HELP, and MAIL and RCPT as verbs of their own.
 * They succeed with any reply: the application looks at it. */
#include "engine/cmd_line.h"

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

#define LINE(title, its_phase)                                                                                         \
    {                                                                                                                  \
        .name = title, .phase = its_phase, .ends_group = true, .write = line_write, .answer = line_answer              \
    }

const struct command command_line = LINE("command", ENVOI_PHASE_COMMAND);
const struct command command_line_rset = LINE("RSET", ENVOI_PHASE_COMMAND);
const struct command command_line_mail = LINE("MAIL", ENVOI_PHASE_MAIL);
const struct command command_line_rcpt = LINE("RCPT", ENVOI_PHASE_RCPT);
