/* SPDX-License-Identifier: MIT */
#include "probe_steps.h"

#include "accounts/accounts.h"
#include "accounts/exit_code.h"
#include "json.h"
#include <envoi/envoi.h>
#include <string.h>

/* More than the library takes at a time, or none of it would go out before the source fails. */
#define HALF_SIZE    (256u << 10)
#define CONTENT_LINE "This line is the half of a message that never ends.\r\n"

static const struct {
    const char *word;
    int only_drop; /* 1: behind it the connection cannot be ended politely without a message being delivered */
} steps[] = {
    [PROBE_GREETING] = {"greeting", 0}, [PROBE_EHLO] = {"ehlo", 0},       [PROBE_STARTTLS] = {"starttls", 0},
    [PROBE_AUTH] = {"auth", 0},         [PROBE_MAIL] = {"mail", 0},       [PROBE_RCPT] = {"rcpt", 0},
    [PROBE_DATA] = {"data", 1},         [PROBE_CONTENT] = {"content", 1},
};
#define STEPS_ARE "greeting, ehlo, starttls, auth, mail or rcpt"

static int end_find(const char *option, const char *word, int drop, struct probe_end *end, struct fault *fault)
{
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (!strcmp(word, steps[i].word) && (drop || !steps[i].only_drop)) {
            *end = (struct probe_end){(enum probe_step)i, drop};
            return 0;
        }
    return fault_set(fault, EXIT_USAGE, ENVOI_E_USAGE, "--%s '%.40s': it is one of " STEPS_ARE "%s", option, word,
                     drop ? ", or data or content" : "; data and content are for --drop-after");
}

int probe_end_read(const struct options *options, const struct values *values, struct probe_end *end,
                   struct fault *fault)
{
    int rc = 0;

    *end = (struct probe_end){.last = PROBE_STARTTLS};
    if (options->stop_after && options->drop_after)
        return fault_set(fault, EXIT_USAGE, ENVOI_E_USAGE, "--stop-after and --drop-after exclude one another");
    if (options->stop_after)
        rc = end_find("stop-after", options->stop_after, 0, end, fault);
    if (options->drop_after)
        rc = end_find("drop-after", options->drop_after, 1, end, fault);
    if (!rc && end->last == PROBE_AUTH && !values_find(values, KEY_USER) && !values_find(values, KEY_MECHANISM))
        rc = fault_set(fault, EXIT_USAGE, ENVOI_E_USAGE, "--user is missing: who logs in?");
    if (!rc && end->last >= PROBE_RCPT && !options->to.count)
        rc = fault_set(fault, EXIT_USAGE, ENVOI_E_USAGE, "--to is missing: which recipient is asked for?");
    return rc;
}

static void note(json_t *list, enum probe_step step, const struct envoi_session *session)
{
    const struct envoi_reply *reply = envoi_session_reply(session);
    json_t *object = json_object();

    json_object_set_new(object, "step", json_string(steps[step].word));
    json_object_set_new(object, "code", json_integer(envoi_reply_code(reply)));
    json_object_set_new(object, "enhanced", text_json(envoi_reply_enhanced(reply)));
    json_object_set_new(object, "text", text_json(envoi_reply_text(reply)));
    json_array_append_new(list, object);
}

/* Notes the reply to a verb that returns ENVOI_OK for any code. Returns 0, or the exit code if it refuses. */
static int take_reply(json_t *list, enum probe_step step, int error, const struct envoi_session *session,
                      struct fault *fault)
{
    const struct envoi_reply *reply = envoi_session_reply(session);
    int code = envoi_reply_code(reply);

    note(list, step, session);
    if (code < 400)
        return 0;
    fault_set(fault, exit_code_of_error(error, ENVOI_PHASE_NONE, code), error, "%s: %d %s", steps[step].word, code,
              envoi_reply_text(reply));
    fault->code = code;
    return fault->exit;
}

/* Notes the reply that a failed verb had, if it was one that refused. */
static int step_failed(json_t *list, enum probe_step step, int error, const struct envoi_session *session,
                       struct fault *fault)
{
    fault_from_session(fault, session, error);
    if (fault->code)
        note(list, step, session);
    return fault->exit;
}

/* ---- a message that is never whole ---- */

struct half {
    size_t left; /* octets before the end that does not come */
};

static int half_pull(void *ctx, void *buf, size_t cap, size_t *len)
{
    struct half *half = ctx;
    size_t n = half->left < cap ? half->left : cap;

    if (!half->left)
        return ENVOI_E_CONTENT;
    for (size_t i = 0; i < n; i++)
        ((char *)buf)[i] = CONTENT_LINE[i % (sizeof CONTENT_LINE - 1)];
    half->left -= n;
    *len = n;
    return ENVOI_OK;
}

/* Its source fails, so the library closes the connection before the final dot: that is the end that was asked for. */
static int send_half(enum probe_step last, const char *from, const struct list *to, struct envoi_session *session,
                     json_t *list, struct fault *fault)
{
    struct half half = {last == PROBE_CONTENT ? HALF_SIZE : 0};
    struct envoi_message *message;
    int error = envoi_message_new(from, &message);

    if (error)
        return fault_set(fault, EXIT_LOCAL, error, "--from: %s", envoi_error_text(error));
    for (size_t i = 0; !error && i < to->count; i++)
        error = envoi_message_add_recipient(message, to->items[i]);
    if (!error)
        error = envoi_message_set_callback(message, half_pull, NULL, &half, -1);
    if (error)
        fault_from_message(fault, "--to", message, error);
    else if ((error = envoi_session_send(session, message)) && error != ENVOI_E_CONTENT)
        step_failed(list, last, error, session, fault);
    envoi_message_free(message);
    return fault->exit;
}

/* ---- the steps ---- */

static int take_login(struct envoi_session *session, const struct values *values, const char *server, json_t *list,
                      struct fault *fault)
{
    struct login login;
    int rc = login_set(&login, values, server, session, fault), error;

    if (rc)
        return rc;
    error = envoi_session_login(session);
    if (error && login.fault.exit)
        *fault = login.fault;
    else if (error)
        step_failed(list, PROBE_AUTH, error, session, fault);
    else
        note(list, PROBE_AUTH, session);
    login_end(&login, session, error);
    return fault->exit;
}

static int take_mail(const char *from, struct envoi_session *session, json_t *list, struct fault *fault)
{
    int error = envoi_session_mail(session, from, NULL);

    return error ? step_failed(list, PROBE_MAIL, error, session, fault)
                 : take_reply(list, PROBE_MAIL, ENVOI_E_SENDER_REFUSED, session, fault);
}

static int take_rcpt(const struct list *to, struct envoi_session *session, json_t *list, struct fault *fault)
{
    int rc = 0;

    for (size_t i = 0; !rc && i < to->count; i++) {
        int error = envoi_session_rcpt(session, to->items[i], NULL);

        rc = error ? step_failed(list, PROBE_RCPT, error, session, fault)
                   : take_reply(list, PROBE_RCPT, ENVOI_E_RECIPIENTS_REFUSED, session, fault);
    }
    return rc;
}

int probe_steps_take(enum probe_step last, const struct options *options, const struct values *values,
                     const char *server, struct envoi_session *session, json_t *list, struct fault *fault)
{
    const char *from = accounts_sender(values);
    int login = values_find(values, KEY_USER) || values_find(values, KEY_MECHANISM);
    int rc = login ? take_login(session, values, server, list, fault) : 0;

    from = from ? from : "<>";
    if (rc || last == PROBE_AUTH)
        return rc;
    if (last >= PROBE_DATA)
        return send_half(last, from, &options->to, session, list, fault);
    rc = take_mail(from, session, list, fault);
    return rc || last == PROBE_MAIL ? rc : take_rcpt(&options->to, session, list, fault);
}
