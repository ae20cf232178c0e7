/* SPDX-License-Identifier: MIT */
/* Sends COUNT messages over a few connections, without TLS: for a server on this machine.
 *
 *   pool SERVER FROM TO COUNT
 */
#include <envoi/envoi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned long sent, failed;

/* The message is the program's again. */
static void done(void *ctx, struct envoi_message *message, int result, const char *error)
{
    char *content = ctx;

    if (!result)
        sent++;
    else if (failed++ == 0)
        fprintf(stderr, "%s: %s\n", envoi_error_name(result), error);
    envoi_message_free(message);
    free(content);
}

static int submit(struct envoi_pool *pool, size_t route, const char *from, const char *to, unsigned long number)
{
    struct envoi_message *message = NULL;
    char *content = malloc(128);
    int rc = content ? envoi_message_new(from, &message) : ENVOI_E_MEMORY;

    if (!rc) {
        snprintf(content, 128, "Message-ID: <%lu>\r\nSubject: one of many\r\n\r\nHello.\r\n", number);
        envoi_message_add_recipient(message, to); /* if it fails, submit returns its error */
        envoi_message_set_data(message, content, strlen(content));
        while ((rc = envoi_pool_submit(pool, route, message, done, content)) == ENVOI_E_AGAIN)
            if (envoi_pool_run(pool) != ENVOI_OK) /* the queue is full: make room */
                break;
    }
    if (!rc)
        return rc;
    envoi_message_free(message);
    free(content);
    return rc;
}

static int send_all(struct envoi_pool *pool, const struct envoi_session *prototype, char **argv)
{
    unsigned long count = strtoul(argv[4], NULL, 10);
    size_t route;
    int rc = envoi_pool_add_route(pool, prototype, argv[1], &route);

    for (unsigned long i = 0; !rc && i < count; i++)
        rc = submit(pool, route, argv[2], argv[3], i);
    if (!rc)
        rc = envoi_pool_run(pool);
    if (!rc)
        rc = envoi_pool_drain(pool);
    return rc ? rc : envoi_pool_run(pool);
}

int main(int argc, char **argv)
{
    struct envoi_library *library = NULL;
    struct envoi_session *prototype = NULL; /* the settings of all connections */
    struct envoi_pool *pool = NULL;
    int rc;

    if (argc != 5) {
        fprintf(stderr, "usage: %s SERVER FROM TO COUNT\n", argv[0]);
        return 64;
    }
    if ((rc = envoi_library_new(&library)) == ENVOI_OK && (rc = envoi_session_new(library, &prototype)) == ENVOI_OK &&
        (rc = envoi_session_set_tls(prototype, ENVOI_TLS_OFF)) == ENVOI_OK &&
        (rc = envoi_pool_new(library, &pool)) == ENVOI_OK)
        rc = send_all(pool, prototype, argv);
    envoi_pool_free(pool);
    envoi_session_free(prototype);
    envoi_library_free(library);
    printf("%lu sent, %lu failed\n", sent, failed);
    if (rc)
        fprintf(stderr, "%s\n", envoi_error_text(rc));
    return rc || failed ? 1 : 0;
}
