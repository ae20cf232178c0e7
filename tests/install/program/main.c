/* SPDX-License-Identifier: MIT */
/* program MODULES DESCRIPTORS: sends a message through a transport and a mechanism that envoi has never heard of. */
#include "server.h"

#include <envoi/envoi.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

static void print_log(void *ctx, int level, const char *text)
{
    (void)ctx;
    (void)printf("log %d: %s\n", level, text);
}

static void print_plugins(struct envoi_library *library)
{
    for (size_t i = 0; i < envoi_library_plugins(library); i++)
        (void)printf("plugin %s: %s (%s)\n", envoi_library_plugin_value(library, i, "id"),
                     envoi_library_plugin_value(library, i, "state"), envoi_library_plugin_source(library, i, "state"));
    for (size_t i = 0; i < envoi_library_warnings(library); i++)
        (void)printf("warning: %s\n", envoi_library_warning(library, i));
}

static int set_up(struct envoi_session *session)
{
    int rc = envoi_session_set_tls(session, ENVOI_TLS_REQUIRED);

    if (rc == ENVOI_OK)
        rc = envoi_session_set_tls_backend(session, "xor");
    if (rc == ENVOI_OK)
        rc = envoi_session_set_tls_name(session, "localhost");
    if (rc == ENVOI_OK)
        rc = envoi_session_set_password(session, "me", "secret");
    if (rc == ENVOI_OK)
        rc = envoi_session_set_mechanisms(session, "X-REVERSE");
    return rc;
}

static int deliver(struct envoi_session *session, const char *server)
{
    static const char content[] = "Subject: test\r\n\r\nHello from outside.\r\n";
    static const char *const to[] = {"you@example.net", NULL};
    int rc = envoi_session_connect(session, server);

    if (rc == ENVOI_OK)
        rc = envoi_session_sendmail(session, "me@example.org", to, content, sizeof content - 1, NULL, NULL, NULL);
    (void)printf("sent: %s %s, TLS by %s (%s), login by %s (%s)\n", envoi_error_name(rc), envoi_session_error(session),
                 envoi_session_tls_backend(session), envoi_session_tls_cipher(session),
                 envoi_session_mechanism_plugin(session), envoi_session_mechanism(session));
    if (rc == ENVOI_OK && (strcmp(envoi_session_tls_backend(session), "xor") != 0 ||
                           strcmp(envoi_session_mechanism_plugin(session), "reverse") != 0))
        rc = ENVOI_E_PLUGIN;
    return rc == ENVOI_OK ? envoi_session_quit(session) : rc;
}

int main(int argc, char **argv)
{
    struct envoi_library *library = NULL;
    struct envoi_session *session = NULL;
    char server[32];
    int status = -1, port, rc;
    pid_t pid = -1;

    if (argc != 3 || (port = server_start(&pid)) < 0)
        return 2;
    (void)snprintf(server, sizeof server, "127.0.0.1:%d", port);
    rc = envoi_library_new(&library);
    if (rc == ENVOI_OK)
        rc = envoi_library_set_log(library, print_log, NULL);
    if (rc == ENVOI_OK)
        rc = envoi_library_set_module_directory(library, argv[1]);
    if (rc == ENVOI_OK)
        rc = envoi_library_set_descriptor_directories(library, argv[2], NULL, NULL);
    if (rc == ENVOI_OK)
        rc = envoi_session_new(library, &session);
    if (rc == ENVOI_OK)
        rc = set_up(session);
    if (rc == ENVOI_OK)
        rc = deliver(session, server);
    print_plugins(library);
    envoi_session_free(session);
    envoi_library_free(library);
    if (rc != ENVOI_OK)
        (void)kill(pid, SIGKILL);
    (void)waitpid(pid, &status, 0);
    (void)printf("envoi %s: %s, server: %d\n", envoi_version(), envoi_error_name(rc), status);
    return rc == ENVOI_OK && status == 0 ? 0 : 1;
}
