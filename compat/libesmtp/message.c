/* SPDX-License-Identifier: MIT */
#include "error.h"
#include "objects.h"
#include "status.h"

#include <errno.h>
#include <stdlib.h>

#define BY_TIME_MAX 999999999 /* RFC 2852 section 4 */

/* ---- life ---- */

smtp_message_t smtp_add_message(smtp_session_t session)
{
    struct smtp_message *m;

    if (!session) {
        error_set(SMTP_ERR_INVAL);
        return NULL;
    }
    if (!(m = calloc(1, sizeof *m))) {
        error_set_errno(ENOMEM);
        return NULL;
    }
    m->session = session;
    APPEND(session->messages, session->last_message, m);
    return m;
}

static void recipient_free(struct smtp_recipient *r)
{
    app_free(&r->app);
    status_reset(&r->status);
    free(r->mailbox);
    free(r->orcpt_type);
    free(r->orcpt);
    free(r);
}

void message_free(struct smtp_message *message)
{
    app_free(&message->app);
    for (struct smtp_recipient *r = message->recipients, *next; r; r = next) {
        next = r->next;
        recipient_free(r);
    }
    fields_free(&message->fields);
    status_reset(&message->reverse_path_status);
    status_reset(&message->transfer_status);
    free(message->reverse_path);
    free(message->envid);
    free(message);
}

int smtp_enumerate_messages(smtp_session_t session, smtp_enumerate_messagecb_t cb, void *arg)
{
    if (!session || !cb)
        return error_set(SMTP_ERR_INVAL);
    for (struct smtp_message *m = session->messages; m; m = m->next)
        cb(m, arg);
    return 1;
}

/* ---- settings ---- */

int smtp_set_reverse_path(smtp_message_t message, const char *mailbox)
{
    if (!message)
        return error_set(SMTP_ERR_INVAL);
    return set_text(&message->reverse_path, mailbox) ? 1 : error_set_errno(ENOMEM);
}

int smtp_set_messagecb(smtp_message_t message, smtp_messagecb_t cb, void *arg)
{
    if (!message || !cb)
        return error_set(SMTP_ERR_INVAL);
    message->content = cb;
    message->content_arg = arg;
    return 1;
}

int smtp_dsn_set_ret(smtp_message_t message, enum ret_flags flags)
{
    if (!message)
        return error_set(SMTP_ERR_INVAL);
    message->ret = flags;
    if (flags != Ret_NOTSET)
        message->session->needs |= NEEDS_DSN;
    return 1;
}

int smtp_dsn_set_envid(smtp_message_t message, const char *envid)
{
    if (!message)
        return error_set(SMTP_ERR_INVAL);
    if (!set_text(&message->envid, envid))
        return error_set_errno(ENOMEM);
    message->session->needs |= NEEDS_DSN;
    return 1;
}

int smtp_size_set_estimate(smtp_message_t message, unsigned long size)
{
    if (!message)
        return error_set(SMTP_ERR_INVAL);
    message->size_estimate = size;
    return 1;
}

int smtp_8bitmime_set_body(smtp_message_t message, enum e8bitmime_body body)
{
    static const unsigned needs[] = {0, NEEDS_8BITMIME, NEEDS_8BITMIME, NEEDS_BINARYMIME | NEEDS_CHUNKING};

    if (!message || (unsigned)body > E8bitmime_BINARYMIME)
        return error_set(SMTP_ERR_INVAL);
    message->body = body;
    message->session->needs |= needs[body];
    return 1;
}

int smtp_deliverby_set_mode(smtp_message_t message, long time, enum by_mode mode, int trace)
{
    if (!message || time < -BY_TIME_MAX || time > BY_TIME_MAX || (mode == By_RETURN && time <= 0))
        return error_set(SMTP_ERR_INVAL);
    message->by_time = time;
    message->by_mode = mode;
    message->by_trace = trace;
    return 1;
}

/* ---- what the server said ---- */

const smtp_status_t *smtp_message_transfer_status(smtp_message_t message)
{
    if (message)
        return status_show(&message->transfer_status);
    error_set(SMTP_ERR_INVAL);
    return NULL;
}

const smtp_status_t *smtp_reverse_path_status(smtp_message_t message)
{
    if (message)
        return status_show(&message->reverse_path_status);
    error_set(SMTP_ERR_INVAL);
    return NULL;
}

int smtp_message_reset_status(smtp_message_t message)
{
    if (!message)
        return error_set(SMTP_ERR_INVAL);
    status_reset(&message->reverse_path_status);
    status_reset(&message->transfer_status);
    return 1;
}
