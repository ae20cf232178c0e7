/* SPDX-License-Identifier: MIT */
/* Sends the message on standard input, in blocking calls.
 *
 *   blocking SERVER FROM TO... <message
 *
 * SERVER is "host:port" or the path of a unix socket. If SMTP_USER and SMTP_PASSWORD are set it logs in. */
#include <envoi/envoi.h>
#include <stdio.h>
#include <stdlib.h>

static int set_up(struct envoi_session *session, struct envoi_message *message, char **recipients)
{
    if (getenv("SMTP_USER"))
        envoi_session_set_password(session, getenv("SMTP_USER"), getenv("SMTP_PASSWORD"));
    for (; *recipients; recipients++)
        if (envoi_message_add_recipient(message, *recipients)) {
            fprintf(stderr, "%s: not an address\n", *recipients);
            return 1;
        }
    /* Errors of the other setters stick: if one fails, connect or send returns its error. */
    envoi_message_set_file(message, stdin);
    return 0;
}

static int send_it(struct envoi_session *session, const char *server, struct envoi_message *message)
{
    int rc = envoi_session_connect(session, server); /* TLS is required and verified by default */

    if (!rc)
        rc = envoi_session_send(session, message);
    for (size_t i = 0; i < envoi_message_recipients(message); i++)
        puts(envoi_message_verdict_text(message, i));
    if (rc)
        fprintf(stderr, "%s: %s\n", envoi_error_name(rc), envoi_session_error(session));
    envoi_session_quit(session);
    return rc;
}

int main(int argc, char **argv)
{
    struct envoi_library *library = NULL;
    struct envoi_session *session = NULL;
    struct envoi_message *message = NULL;
    int rc;

    if (argc < 4) {
        fprintf(stderr, "usage: %s SERVER FROM TO... <message\n", argv[0]);
        return 64;
    }
    if ((rc = envoi_library_new(&library)) == ENVOI_OK && (rc = envoi_session_new(library, &session)) == ENVOI_OK &&
        (rc = envoi_message_new(argv[2], &message)) == ENVOI_OK && (rc = set_up(session, message, argv + 3)) == 0)
        rc = send_it(session, argv[1], message);
    envoi_message_free(message);
    envoi_session_free(session);
    envoi_library_free(library);
    return rc ? 1 : 0;
}
