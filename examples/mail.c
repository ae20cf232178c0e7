/* SPDX-License-Identifier: MIT */
#include "mail.h"

#include <limits.h>
#include <stdio.h>
#include <time.h>

enum {
    CONNECT,
    SEND,
    QUIT,
    OVER,
};

static int fail(struct mail *mail, int rc)
{
    if (!mail->result)
        fprintf(stderr, "%s: %s\n", envoi_error_name(rc), envoi_session_error(mail->session));
    mail->result = rc;
    return rc;
}

int mail_open(struct mail *mail, int argc, char **argv, envoi_watch_fn *watch, void *ctx)
{
    int rc;

    *mail = (struct mail){.next = CONNECT};
    if (argc != 4) {
        fprintf(stderr, "usage: %s SERVER FROM TO <message\n", argv[0]);
        return mail->result = ENVOI_E_USAGE;
    }
    mail->server = argv[1];
    if ((rc = envoi_library_new(&mail->library)) != ENVOI_OK ||
        (rc = envoi_session_new(mail->library, &mail->session)) != ENVOI_OK ||
        (rc = envoi_session_set_watch(mail->session, watch, ctx)) != ENVOI_OK ||
        (rc = envoi_message_new(argv[2], &mail->message)) != ENVOI_OK ||
        (rc = envoi_message_add_recipient(mail->message, argv[3])) != ENVOI_OK ||
        (rc = envoi_message_set_file(mail->message, stdin)) != ENVOI_OK)
        return fail(mail, rc);
    return ENVOI_OK;
}

static void print_verdicts(const struct mail *mail)
{
    for (size_t i = 0; i < envoi_message_recipients(mail->message); i++)
        puts(envoi_message_verdict_text(mail->message, i));
}

static int begin_verb(struct mail *mail, int verb)
{
    switch (verb) {
    case CONNECT:
        return envoi_session_connect(mail->session, mail->server);
    case SEND:
        return mail->result ? ENVOI_OK : envoi_session_send(mail->session, mail->message);
    default:
        print_verdicts(mail);
        return envoi_session_quit(mail->session);
    }
}

/* Loops, because a verb may be done at once. */
static int go_on(struct mail *mail, int rc)
{
    while (rc != ENVOI_E_AGAIN) {
        if (rc)
            fail(mail, rc);
        if (mail->next == OVER)
            return mail->result;
        rc = begin_verb(mail, mail->next++);
    }
    return rc;
}

int mail_begin(struct mail *mail)
{
    return go_on(mail, ENVOI_OK);
}

int mail_ready(struct mail *mail, int fd, unsigned events)
{
    return go_on(mail, envoi_session_process(mail->session, fd, events));
}

int mail_timeout(const struct mail *mail)
{
    int64_t deadline = envoi_session_deadline(mail->session), left;
    struct timespec now;

    if (deadline < 0)
        return -1;
    clock_gettime(CLOCK_MONOTONIC, &now);
    left = deadline - ((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
    if (left < 0)
        return 0;
    return left > INT_MAX ? INT_MAX : (int)left;
}

int mail_close(struct mail *mail)
{
    envoi_message_free(mail->message);
    envoi_session_free(mail->session);
    envoi_library_free(mail->library);
    if (mail->result == ENVOI_E_USAGE)
        return 64;
    return mail->result ? 1 : 0;
}
