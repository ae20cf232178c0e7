/* SPDX-License-Identifier: MIT */
#include "client.h"

#include "check.h"
#include "mta.h"

#include <envoi/plugin.h>
#include <stdio.h>
#include <string.h>

#define MESSAGES_MAX 8
#define TEXT_MAX     128

const struct client_way client_ways[] = {
    {NULL, NULL},           {"openssl", "PLAIN"},
    {"gnutls", "CRAM-MD5"}, {"openssl", "SCRAM-SHA-256"},
    {"gnutls", "PLAIN"},    {"openssl", NULL},
    {NULL, "CRAM-MD5"},     {"gnutls", "SCRAM-SHA-256"},
    {"openssl", "LOGIN"},   {NULL, "SCRAM-SHA-256"},
    {"gnutls", NULL},
#ifdef WITH_MBEDTLS
    {"mbedtls", "PLAIN"},   {"mbedtls", "SCRAM-SHA-256"},
#endif
};
const size_t client_way_count = sizeof client_ways / sizeof *client_ways;

struct envoi_library *client_library(void)
{
    struct envoi_library *library = NULL;

    CHECK_RC(envoi_library_new(&library), ENVOI_OK);
    CHECK_RC(envoi_library_set_descriptor_directories(library, DESCRIPTORS, NULL, NULL), ENVOI_OK);
    CHECK_RC(envoi_library_set_module_directory(library, MODULES), ENVOI_OK);
    CHECK_RC(envoi_library_set_ca_file(library, PKI_DIR "/ca.pem"), ENVOI_OK);
    return library;
}

static int give(void *ctx, unsigned credential, const char *mechanism, const char **data, size_t *len)
{
    (void)ctx;
    (void)mechanism;
    if (credential != ENVOI_CRED_AUTHID && credential != ENVOI_CRED_PASSWORD)
        return ENVOI_E_CANCELLED;
    *data = credential == ENVOI_CRED_AUTHID ? MTA_USER : MTA_PASSWORD;
    *len = strlen(*data);
    return ENVOI_OK;
}

struct envoi_session *client_session(struct envoi_library *library, const struct client_way *way)
{
    struct envoi_session *s = NULL;

    CHECK_RC(envoi_session_new(library, &s), ENVOI_OK);
    CHECK_RC(envoi_session_set_tls(s, way->backend ? ENVOI_TLS_REQUIRED : ENVOI_TLS_OFF), ENVOI_OK);
    CHECK_RC(envoi_session_set_tls_backend(s, way->backend), ENVOI_OK);
    if (way->mechanism) {
        if (strcmp(way->mechanism, "LOGIN") == 0)
            CHECK_RC(envoi_session_set_credential_callback(s, give, NULL), ENVOI_OK);
        else
            CHECK_RC(envoi_session_set_password(s, MTA_USER, MTA_PASSWORD), ENVOI_OK);
        CHECK_RC(envoi_session_set_mechanisms(s, way->mechanism), ENVOI_OK);
    }
    return s;
}

/* The message borrows the text. */
static struct envoi_message *message_of(unsigned number, char text[TEXT_MAX])
{
    struct envoi_message *m = NULL;
    int len = snprintf(text, TEXT_MAX, "Subject: threads\nN: %u\n\nHello.\n", number);

    CHECK_RC(envoi_message_new("me@example.org", &m), ENVOI_OK);
    CHECK_RC(envoi_message_add_recipient(m, "you@example.net"), ENVOI_OK);
    CHECK_RC(envoi_message_set_data(m, text, (size_t)len), ENVOI_OK);
    return m;
}

bool client_send(struct envoi_session *session, unsigned number, unsigned count)
{
    struct envoi_message *messages[MESSAGES_MAX];
    char texts[MESSAGES_MAX][TEXT_MAX];
    bool good;
    int rc;

    for (unsigned i = 0; i < count; i++)
        messages[i] = message_of(number + i, texts[i]);
    rc = envoi_session_send_all(session, messages, count);
    good = CHECK_MSG(rc == ENVOI_OK, "%s: %s", envoi_error_name(rc), envoi_session_error(session));
    for (unsigned i = 0; i < count; i++) {
        good = CHECK(envoi_message_verdict(messages[i], 0) == ENVOI_VERDICT_ACCEPTED) && good;
        envoi_message_free(messages[i]);
    }
    return good;
}

bool client_visit(struct envoi_library *library, const char *where, const struct client_way *way, unsigned number,
                  unsigned count)
{
    struct envoi_session *s = client_session(library, way);
    int rc = envoi_session_connect(s, where);
    bool good = CHECK_MSG(rc == ENVOI_OK, "%s: %s", envoi_error_name(rc), envoi_session_error(s)) &&
                client_send(s, number, count);

    if (good) {
        good = CHECK(strcmp(envoi_session_tls_backend(s), way->backend ? way->backend : "") == 0);
        good = CHECK(envoi_session_tls_verified(s) == (way->backend != NULL)) && good;
        good = CHECK(strcmp(envoi_session_mechanism(s), way->mechanism ? way->mechanism : "") == 0) && good;
    }
    CHECK_RC(envoi_session_quit(s), ENVOI_OK);
    envoi_session_free(s);
    return good;
}

const char *client_plugin(struct envoi_library *library, const char *id, const char *key)
{
    for (size_t i = 0; i < envoi_library_plugins(library); i++)
        if (strcmp(envoi_library_plugin_value(library, i, "id"), id) == 0)
            return envoi_library_plugin_value(library, i, key);
    return NULL;
}
