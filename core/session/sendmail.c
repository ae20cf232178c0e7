/* SPDX-License-Identifier: MIT */
/* sendmail, as in Python's smtplib: a whole message in one call. */
#include "base/text.h"
#include "session/session.h"

#include <envoi/message.h>

/* reset() says why the sender is none, which new() cannot. */
static int sendmail_begin(struct envoi_errctx *fault, const char *sender, struct envoi_message **m)
{
    int rc = envoi_message_new(NULL, m);

    if (rc)
        return fault_set(fault, rc, ENVOI_PHASE_NONE, "%s", envoi_error_text(rc));
    if ((rc = envoi_message_reset(*m, sender))) {
        (void)fault_set(fault, rc, ENVOI_PHASE_NONE, "the sender: %s", envoi_message_error(*m));
        envoi_message_free(*m);
    }
    return rc;
}

static int sendmail_fill(struct envoi_message *m, struct envoi_errctx *fault, const char *const *recipients,
                         const void *content, size_t len, const char *mail_options, const char *rcpt_options)
{
    int rc;

    if ((rc = envoi_message_set_options(m, mail_options)))
        return fault_set(fault, rc, ENVOI_PHASE_NONE, "the options of MAIL: %s", envoi_message_error(m));
    if (mail_options && text_has_word(mail_options, "BODY=BINARYMIME") &&
        (rc = envoi_message_set_body(m, ENVOI_BODY_BINARY)))
        return fault_set(fault, rc, ENVOI_PHASE_NONE, "the body: %s", envoi_message_error(m));
    if ((rc = envoi_message_set_drop_options(m, 1)) || (rc = envoi_message_set_data(m, content, len)))
        return fault_set(fault, rc, ENVOI_PHASE_NONE, "the content: %s", envoi_message_error(m));
    for (size_t i = 0; recipients[i]; i++)
        if ((rc = envoi_message_add_recipient_with(m, recipients[i], rcpt_options)))
            return fault_set(fault, rc, ENVOI_PHASE_NONE, "recipient %zu: %s", i + 1, envoi_message_error(m));
    return ENVOI_OK;
}

int envoi_session_sendmail(struct envoi_session *session, const char *sender, const char *const *recipients,
                           const void *content, size_t len, const char *mail_options, const char *rcpt_options,
                           struct envoi_message **out)
{
    struct envoi_message *m = NULL;
    int rc;

    if (out)
        *out = NULL;
    if (!session)
        return ENVOI_E_USAGE;
    if (session->depth || session->verb != VERB_NONE)
        return ENVOI_E_BUSY;
    if (session->settings.nonblocking)
        return fault_misuse(&session->fault, ENVOI_DETAIL_ORDER, ENVOI_PHASE_NONE,
                            "sendmail blocks: use a message and send");
    if (!recipients || (!content && len))
        return fault_misuse(&session->fault, ENVOI_DETAIL_MISSING, ENVOI_PHASE_NONE,
                            "no recipients or no content is given");
    if ((rc = sendmail_begin(&session->fault, sender, &m)))
        return rc;
    if ((rc = sendmail_fill(m, &session->fault, recipients, content ? content : "", len, mail_options, rcpt_options)))
        (void)fault_detail(&session->fault, envoi_message_error_detail(m));
    else
        rc = envoi_session_send(session, m);
    (void)envoi_message_set_data(m, "", 0); /* the content is borrowed for this call only */
    if (out)
        *out = m;
    else
        envoi_message_free(m);
    return rc;
}
