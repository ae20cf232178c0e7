/* SPDX-License-Identifier: MIT */
/* Sends by libetpan, command by command, as its users do. It takes content from memory only. */
#include "client.h"

#include <libetpan/mailsmtp.h>
#include <string.h>

static int open_session(mailsmtp *session, const struct job *job)
{
    int rc = mailsmtp_socket_connect(session, job->host, (uint16_t)job->port);

    if (rc == MAILSMTP_NO_ERROR)
        rc = mailesmtp_ehlo(session);
    if (rc == MAILSMTP_NO_ERROR && job->ca)
        rc = mailsmtp_socket_starttls(session);
    if (rc == MAILSMTP_NO_ERROR && job->ca)
        rc = mailesmtp_ehlo(session);
    return rc;
}

static int send_one(mailsmtp *session, const struct job *job)
{
    int rc = mailesmtp_mail(session, CLIENT_SENDER, 1, NULL);

    for (unsigned i = 0; i < job->recipients && rc == MAILSMTP_NO_ERROR; i++)
        rc = mailesmtp_rcpt(session, client_recipient(i), 0, NULL);
    if (rc == MAILSMTP_NO_ERROR)
        rc = mailsmtp_data(session);
    if (rc == MAILSMTP_NO_ERROR)
        rc = mailsmtp_data_message(session, job->content, job->len);
    return rc;
}

int main(int argc, char **argv)
{
    mailsmtp *session = mailsmtp_new(0, NULL);
    struct job job;
    unsigned sent = 0;
    int rc;

    client_init(&job, argc, argv);
    if (!job.content) {
        fputs("libetpan: --source memory only\n", stderr);
        return 64;
    }
    rc = open_session(session, &job);
    client_begin(&job);
    for (; sent < job.count && rc == MAILSMTP_NO_ERROR; sent++)
        if ((rc = send_one(session, &job)) != MAILSMTP_NO_ERROR)
            break;
    if (rc != MAILSMTP_NO_ERROR)
        fprintf(stderr, "libetpan: %s\n", mailsmtp_strerror(rc));
    rc = client_end(&job, sent);
    mailsmtp_quit(session);
    mailsmtp_free(session);
    return rc;
}
