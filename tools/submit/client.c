/* SPDX-License-Identifier: MIT */
#include "client.h"

#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "journal.h"
#include "portable/socket.h"
#include "relay.h"
#include "sender.h"
#include "server/serve.h"
#include "server/smtp_server.h"
#include "setup.h"
#include <envoi/envoi.h>
#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#define RECIPIENTS_MAX 1000

struct client {
    const struct setup *setup;
    struct peer *peer;
    struct sender_account account;
    struct envoi_message *message; /* NULL: there is no transaction */
    char sender[512];
    FILE *spool;        /* the content, in a file without a name */
    int spool_error;    /* errno of a failed write */
    struct fault fault; /* why the message was not sent, or not to all */
};

/* ---- the peer ---- */

int peer_of(int fd, struct peer *peer)
{
    struct socket_peer found;

    if (!socket_find_peer(fd, &found))
        return -1;
    *peer = (struct peer){.uid = found.uid, .pid = found.pid};
    return 0;
}

static void peer_name(struct peer *peer)
{
    const struct passwd *user = getpwuid(peer->uid);

    (void)snprintf(peer->name, sizeof peer->name, "%s", user ? user->pw_name : "?");
}

static void __attribute__((format(printf, 3, 4)))
client_log(const struct client *client, int priority, const char *format, ...)
{
    char text[1900];
    va_list args;

    va_start(args, format);
    text_mark_cut(text, sizeof text, vsnprintf(text, sizeof text, format, args));
    va_end(args);
    journal_write(priority, "uid=%u user=%s pid=%d: %s", (unsigned)client->peer->uid, client->peer->name,
                  (int)client->peer->pid, text);
}

/* ---- the envelope ---- */

static void client_reset(void *ctx)
{
    struct client *client = ctx;

    envoi_message_free(client->message);
    client->message = NULL;
    if (client->spool)
        (void)fclose(client->spool);
    client->spool = NULL;
    client->spool_error = 0;
    client->fault = (struct fault){0};
    sender_account_free(&client->account);
}

/* The failure of a setter of a message. */
static void refuse_setter(int error, const struct envoi_message *message, struct smtp_reply *reply)
{
    if (error == ENVOI_E_ADDRESS)
        smtp_reply_set(reply, 501, "5.1.3", "%s", envoi_message_error(message));
    else if (error == ENVOI_E_USAGE)
        smtp_reply_set(reply, 501, "5.5.4", "%s", envoi_message_error(message));
    else
        smtp_reply_set(reply, 451, "4.3.0", "%s", envoi_error_text(error));
}

static void refuse_sender(struct client *client, const char *sender, const struct fault *fault,
                          struct smtp_reply *reply)
{
    if (fault->exit == EXIT_REFUSED)
        smtp_reply_set(reply, 550, "5.7.1", "%s", fault->text);
    else
        smtp_reply_set(reply, 451, "4.3.5", "%s", fault->text);
    client_log(client, LOG_WARNING, "from=<%s> refused: %s", sender, fault->text);
}

static int client_make_message(struct client *client, const char *sender, const char *options)
{
    const struct values *values = &client->account.values;
    int error = envoi_message_new(NULL, &client->message);

    /* The sender is set afterwards, because then the message knows why it cannot be. */
    if (!error)
        error = envoi_message_reset(client->message, sender);
    if (!error)
        error = envoi_message_set_options(client->message, options);
    if (error)
        return error;
    /* A report that cannot be had must not keep the mail from being sent. */
    envoi_message_set_drop_options(client->message, 1);
    envoi_message_set_require_all(client->message, vocabulary_flag(values_text(values, KEY_REQUIRE_ALL)));
    return 0;
}

static void client_mail(void *ctx, const char *sender, const char *options, struct smtp_reply *reply)
{
    struct client *client = ctx;
    struct fault fault = {0};
    int error;

    client_reset(client);
    (void)snprintf(client->sender, sizeof client->sender, "%s", sender);
    if (sender_account_choose(client->setup, sender, &client->account, &fault)) {
        refuse_sender(client, sender, &fault, reply);
        return;
    }
    if ((error = client_make_message(client, sender, options)))
        refuse_setter(error, client->message, reply);
}

/* A recipient that cannot be is tried with another message: the error would stay with this one. */
static void client_recipient(void *ctx, const char *address, const char *options, struct smtp_reply *reply)
{
    struct client *client = ctx;
    struct envoi_message *trial = NULL;
    int error = envoi_message_new(NULL, &trial);

    if (!error)
        error = envoi_message_add_recipient_with(trial, address, options);
    if (!error)
        error = envoi_message_add_recipient_with(client->message, address, options);
    if (error)
        refuse_setter(error, trial, reply);
    envoi_message_free(trial);
}

/* ---- the content ---- */

static void client_begin(void *ctx, struct smtp_reply *reply)
{
    struct client *client = ctx;

    client->spool = tmpfile();
    if (!client->spool)
        smtp_reply_set(reply, 452, "4.3.1", "no file for the message: %s", strerror(errno));
}

static void client_content(void *ctx, const void *data, size_t len)
{
    struct client *client = ctx;

    if (!client->spool_error && fwrite(data, 1, len, client->spool) != len)
        client->spool_error = errno;
}

static void client_log_verdicts(const struct client *client)
{
    const struct envoi_message *m = client->message;

    for (size_t i = 0; i < envoi_message_recipients(m); i++) {
        const char *reason = envoi_message_verdict_reason(m, i);

        client_log(client, LOG_INFO, "account=%s from=<%s> to=<%s> %s: %d %s %s", client->account.name, client->sender,
                   envoi_message_recipient(m, i), envoi_verdict_name(envoi_message_verdict(m, i)),
                   envoi_message_verdict_code(m, i), envoi_message_verdict_enhanced(m, i),
                   *reason ? reason : client->fault.text);
    }
}

static void client_deliver(void *ctx)
{
    struct client *client = ctx;
    int error;

    if (!client->spool_error && (fflush(client->spool) || lseek(fileno(client->spool), 0, SEEK_SET) < 0))
        client->spool_error = errno;
    if (client->spool_error) {
        fault_set(&client->fault, EXIT_LOCAL, ENVOI_E_SYSTEM, "the message cannot be kept: %s",
                  strerror(client->spool_error));
    } else if ((error = envoi_message_set_fd(client->message, fileno(client->spool)))) {
        fault_set(&client->fault, EXIT_LOCAL, error, "%s", envoi_error_text(error));
    } else {
        relay_send(client->setup, &client->account, client->message, &client->fault);
    }
    client_log_verdicts(client);
}

/* ---- verdicts ---- */

/* Failures of the whole message that another try meets again. Of all others (no connection, a wrong setting of the
 * account, a refused login) the message is not to blame. */
static const struct {
    int error, code;
    const char *enhanced;
} lasting[] = {
    {ENVOI_E_CONTENT, 554, "5.6.0"},
    {ENVOI_E_NOT_SUPPORTED, 554, "5.6.3"},
    {ENVOI_E_TOO_LARGE, 552, "5.3.4"},
};

/* Was the server asked for what only this message needs? */
static int is_about_message(const struct fault *fault)
{
    return fault->error != ENVOI_E_NOT_SUPPORTED || fault->phase >= ENVOI_PHASE_MAIL;
}

static void verdict_without_reply(const struct fault *fault, const char *reason, struct smtp_reply *reply)
{
    const char *text = *reason ? reason : fault->text;

    smtp_reply_set(reply, 451, "4.4.0", "%s", text);
    for (size_t i = 0; i < sizeof lasting / sizeof *lasting; i++)
        if (fault->error == lasting[i].error && is_about_message(fault))
            smtp_reply_set(reply, lasting[i].code, lasting[i].enhanced, "%s", text);
}

/* The server's own reply, if there is one. Where nobody knows, the client is not told that somebody did. */
static void client_verdict(void *ctx, size_t index, struct smtp_reply *reply)
{
    struct client *client = ctx;
    const struct envoi_message *m = client->message;
    int verdict = envoi_message_verdict(m, index), code = envoi_message_verdict_code(m, index);

    if (verdict == ENVOI_VERDICT_UNKNOWN)
        *reply = (struct smtp_reply){0};
    else if (verdict == ENVOI_VERDICT_ACCEPTED)
        smtp_reply_set(reply, 250, envoi_message_verdict_enhanced(m, index), "%s",
                       envoi_message_verdict_reason(m, index));
    else if (code >= 400 && code != 421)
        smtp_reply_set(reply, code, envoi_message_verdict_enhanced(m, index), "%s",
                       envoi_message_verdict_reason(m, index));
    else
        verdict_without_reply(&client->fault, envoi_message_verdict_reason(m, index), reply);
}

/* ---- the dialogue ---- */

static const char *const ends[] = {
    [SERVE_GONE] = "has gone before the end of the message: nothing of it was sent",
    [SERVE_IDLE] = "said nothing for too long: its message was not sent",
};

void client_serve(const struct setup *setup, int fd, struct peer *peer)
{
    static const struct smtp_server_calls client_calls = {
        client_mail, client_recipient, client_begin, client_content, client_deliver, client_verdict, client_reset};
    struct client client = {.setup = setup, .peer = peer};
    struct smtp_server_settings settings = {.name = "envoi-submit",
                                            .lmtp = 1,
                                            .size_max = setup->size_max,
                                            .recipients_max = RECIPIENTS_MAX,
                                            .calls = &client_calls,
                                            .ctx = &client};
    struct smtp_server *server = smtp_server_new(&settings);
    enum serve_end end;

    peer_name(peer);
    if (!server) {
        client_log(&client, LOG_ERR, "%s", envoi_error_text(ENVOI_E_MEMORY));
        return;
    }
    end = serve(server, fd, fd, setup->idle_ms);
    /* A client that closes between messages is none to write of. */
    if (end != SERVE_OVER && client.message)
        client_log(&client, LOG_NOTICE, "%s", ends[end]);
    smtp_server_free(server);
}
