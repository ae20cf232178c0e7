/* SPDX-License-Identifier: MIT */
#include "sendmail/dialogue.h"

#include "accounts/exit_code.h"
#include "fault.h"
#include "portable/memory.h"
#include "sendmail/submit.h"
#include "server/serve.h"
#include "server/smtp_server.h"

#include <envoi/envoi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECIPIENTS_MAX 10000
#define SIZE_LIMIT     (UINT64_C(1) << 40) /* the server that gets the mail has a limit of its own */
#define IDLE_MS        300000              /* RFC 5321 section 4.5.3.2.7 */

struct dialogue {
    const struct arguments *arguments;
    struct arguments mail; /* the transaction at hand */
    FILE *content;         /* an unlinked file: a mail is sent when it is complete */
    struct smtp_reply reply;
};

static void dialogue_forget(struct dialogue *d)
{
    for (int i = 0; i < d->mail.recipient_count; i++) {
        free(d->mail.recipients[i]);
        free(d->mail.recipient_options[i]);
    }
    free(d->mail.recipients);
    free(d->mail.recipient_options);
    free(d->mail.mail_options);
    free(d->mail.sender_copy);
    if (d->content)
        fclose(d->content);
    d->content = NULL;
    d->mail = *d->arguments;
    d->mail.recipients = d->mail.recipient_options = NULL;
    d->mail.recipient_count = 0;
    d->mail.read_recipients = 0;
}

static void refuse_for_memory(struct smtp_reply *reply)
{
    smtp_reply_set(reply, 452, "4.3.0", "out of memory");
}

static void dialogue_mail(void *ctx, const char *sender, const char *options, struct smtp_reply *reply)
{
    struct dialogue *d = ctx;

    d->mail.sender_copy = strdup(sender);
    d->mail.mail_options = options ? strdup(options) : NULL;
    d->mail.sender = d->mail.sender_copy;
    if (!d->mail.sender || (options && !d->mail.mail_options)) {
        dialogue_forget(d);
        refuse_for_memory(reply);
    }
}

/* Puts a copy behind the `count` texts of a list; NULL is kept as it is. Returns 0 if memory ran out. */
static int append(char ***list, size_t count, const char *text)
{
    char **grown = memory_resize(*list, count + 1, sizeof *grown);

    if (!grown)
        return 0;
    *list = grown;
    grown[count] = NULL;
    return !text || memory_print(&grown[count], "%s", text) >= 0;
}

static void dialogue_recipient(void *ctx, const char *address, const char *options, struct smtp_reply *reply)
{
    struct dialogue *d = ctx;
    size_t count = (size_t)d->mail.recipient_count;

    if (!append(&d->mail.recipients, count, address)) {
        refuse_for_memory(reply);
    } else if (!append(&d->mail.recipient_options, count, options)) {
        free(d->mail.recipients[count]);
        refuse_for_memory(reply);
    } else {
        d->mail.recipient_count++;
    }
}

static void dialogue_begin(void *ctx, struct smtp_reply *reply)
{
    struct dialogue *d = ctx;

    d->content = tmpfile();
    if (!d->content)
        smtp_reply_set(reply, 451, "4.3.0", "there is no room for the mail in a temporary file");
}

static void dialogue_content(void *ctx, const void *data, size_t len)
{
    struct dialogue *d = ctx;

    /* ferror() remembers a failure. */
    (void)fwrite(data, 1, len, d->content);
}

/* ---- the result ---- */

/* The first recipient who did not get the mail; if all got it, the first. */
static size_t first_failure(const struct result *result)
{
    size_t count = envoi_message_recipients(result->message), i = 0;

    while (i < count && envoi_message_verdict(result->message, i) == ENVOI_VERDICT_ACCEPTED)
        i++;
    return i < count ? i : 0;
}

/* The reply to the content: that of the server, or what kept the mail from it. For a mail that may have been delivered
 * it is 5yz, so that it is not sent again without a look. */
static void dialogue_take_result(void *ctx, const struct result *result)
{
    struct dialogue *d = ctx;
    size_t i = first_failure(result);
    int code = envoi_message_verdict_code(result->message, i);
    int unknown = result->fault.error == ENVOI_E_UNKNOWN;

    if (result->queued_as)
        smtp_reply_set(&d->reply, 250, "2.0.0", "queued as %s", result->queued_as);
    else if (code && !unknown)
        smtp_reply_set(&d->reply, code, envoi_message_verdict_enhanced(result->message, i), "%s: %s",
                       envoi_message_recipient(result->message, i), envoi_message_verdict_reason(result->message, i));
    else
        smtp_reply_set(&d->reply, unknown || result->exit == EXIT_DATA ? 554 : 451, "", "%s", result->fault.text);
}

static void dialogue_deliver(void *ctx)
{
    struct dialogue *d = ctx;
    struct source source;

    if (fflush(d->content) || ferror(d->content) || lseek(fileno(d->content), 0, SEEK_SET)) {
        smtp_reply_set(&d->reply, 452, "4.3.1", "there is no room for the mail in a temporary file");
        return;
    }
    source_of_file(&source, fileno(d->content));
    submit_mail(&d->mail, &source, dialogue_take_result, d);
}

static void dialogue_verdict(void *ctx, size_t recipient, struct smtp_reply *reply)
{
    struct dialogue *d = ctx;

    (void)recipient;
    *reply = d->reply;
}

static void dialogue_reset(void *ctx)
{
    dialogue_forget(ctx);
}

int dialogue_run(const struct arguments *arguments)
{
    static const struct smtp_server_calls calls = {.mail = dialogue_mail,
                                                   .recipient = dialogue_recipient,
                                                   .begin = dialogue_begin,
                                                   .content = dialogue_content,
                                                   .deliver = dialogue_deliver,
                                                   .verdict = dialogue_verdict,
                                                   .reset = dialogue_reset};
    struct dialogue dialogue = {.arguments = arguments};
    const struct smtp_server_settings settings = {
        .name = SENDMAIL, .size_max = SIZE_LIMIT, .recipients_max = RECIPIENTS_MAX, .calls = &calls, .ctx = &dialogue};
    struct smtp_server *server = smtp_server_new(&settings);

    if (!server) {
        complain("out of memory");
        return EXIT_LOCAL;
    }
    serve(server, STDIN_FILENO, STDOUT_FILENO, IDLE_MS);
    smtp_server_free(server);
    return 0;
}
