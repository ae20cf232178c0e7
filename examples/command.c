/* SPDX-License-Identifier: MIT */
/* Sends the message on standard input through a command that is connected to the server:
 *
 *   command mail.example.org:587 me@example.org you@example.net ssh -W mail.example.org:587 gateway <message
 *
 * TLS goes from here to the server, so the machine between sees neither the message nor a password. */
#include <envoi/envoi.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Starts the command with one end of a socketpair as its standard input and output. Returns the other end, or -1. */
static int start(char **command, pid_t *child)
{
    posix_spawn_file_actions_t actions;
    int ends[2], failed;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
        return -1;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    failed = posix_spawnp(child, command[0], &actions, NULL, command, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (!failed)
        return ends[0];
    close(ends[0]);
    return -1;
}

static int send_it(struct envoi_session *session, int fd, const char *server, struct envoi_message *message)
{
    int rc = envoi_session_adopt_fd(session, fd, -1, server); /* closes fd in the end, whatever happens */

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
    pid_t child = 0;
    int fd, rc;

    if (argc < 5) {
        fprintf(stderr, "usage: %s SERVER FROM TO COMMAND [ARGUMENT...] <message\n", argv[0]);
        return 64;
    }
    if ((fd = start(argv + 4, &child)) < 0) {
        perror(argv[4]);
        return 1;
    }
    if ((rc = envoi_library_new(&library)) == ENVOI_OK && (rc = envoi_session_new(library, &session)) == ENVOI_OK &&
        (rc = envoi_message_new(argv[2], &message)) == ENVOI_OK &&
        (rc = envoi_message_add_recipient(message, argv[3])) == ENVOI_OK &&
        (rc = envoi_message_set_file(message, stdin)) == ENVOI_OK)
        rc = send_it(session, fd, argv[1], message);
    else
        close(fd);
    envoi_message_free(message);
    envoi_session_free(session);
    envoi_library_free(library);
    waitpid(child, NULL, 0);
    return rc ? 1 : 0;
}
