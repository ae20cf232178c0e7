/* SPDX-License-Identifier: MIT */
#include "error.h"
#include "objects.h"
#include "status.h"

#include <errno.h>
#include <stdlib.h>

smtp_recipient_t smtp_add_recipient(smtp_message_t message, const char *mailbox)
{
    struct smtp_recipient *r;

    if (!message || !mailbox) {
        error_set(SMTP_ERR_INVAL);
        return NULL;
    }
    r = calloc(1, sizeof *r);
    if (!r || !set_text(&r->mailbox, mailbox)) {
        free(r);
        error_set_errno(ENOMEM);
        return NULL;
    }
    r->message = message;
    APPEND(message->recipients, message->last_recipient, r);
    return r;
}

int smtp_enumerate_recipients(smtp_message_t message, smtp_enumerate_recipientcb_t cb, void *arg)
{
    if (!message || !cb)
        return error_set(SMTP_ERR_INVAL);
    for (struct smtp_recipient *r = message->recipients; r; r = r->next)
        cb(r, r->mailbox, arg);
    return 1;
}

int smtp_dsn_set_notify(smtp_recipient_t recipient, enum notify_flags flags)
{
    if (!recipient)
        return error_set(SMTP_ERR_INVAL);
    recipient->notify = flags;
    if (flags != Notify_NOTSET)
        recipient->message->session->needs |= NEEDS_DSN;
    return 1;
}

int smtp_dsn_set_orcpt(smtp_recipient_t recipient, const char *address_type, const char *address)
{
    if (!recipient || !address_type || !address)
        return error_set(SMTP_ERR_INVAL);
    if (!set_text(&recipient->orcpt_type, address_type) || !set_text(&recipient->orcpt, address))
        return error_set_errno(ENOMEM);
    recipient->message->session->needs |= NEEDS_DSN;
    return 1;
}

/* ---- what the server said ---- */

const smtp_status_t *smtp_recipient_status(smtp_recipient_t recipient)
{
    if (recipient)
        return status_show(&recipient->status);
    error_set(SMTP_ERR_INVAL);
    return NULL;
}

int smtp_recipient_check_complete(smtp_recipient_t recipient)
{
    return recipient ? recipient->complete : error_set(SMTP_ERR_INVAL);
}

int smtp_recipient_reset_status(smtp_recipient_t recipient)
{
    if (!recipient)
        return error_set(SMTP_ERR_INVAL);
    status_reset(&recipient->status);
    recipient->complete = false;
    return 1;
}
