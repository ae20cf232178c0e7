/* SPDX-License-Identifier: MIT */
#include "host.h"

#include "check.h"

#include <sasl/sasl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALLBACK(fn) ((int (*)(void))(void (*)(void))(fn))

/* ---- the program's callbacks, for the whole process ---- */

static atomic_uint asked;

static int option(void *ctx, const char *plugin, const char *name, const char **result, unsigned *len)
{
    (void)ctx, (void)plugin, (void)name, (void)result, (void)len;
    (void)atomic_fetch_add(&asked, 1);
    return SASL_FAIL;
}

static int log_line(void *ctx, int level, const char *text)
{
    (void)ctx, (void)level, (void)text;
    return SASL_OK;
}

static const sasl_callback_t global[] = {
    {SASL_CB_GETOPT, CALLBACK(option), NULL},
    {SASL_CB_LOG, CALLBACK(log_line), NULL},
    {SASL_CB_LIST_END, NULL, NULL},
};

static void open(void)
{
    CHECK(sasl_client_init(global) == SASL_OK);
}

/* Its options are the program's: modules ask for them when a connection is made. Where envoi was first they are not:
 * Cyrus keeps the callbacks of the first user. library.h says so. */
static void settled(void)
{
    unsigned before = asked;
    sasl_conn_t *conn = NULL;

    CHECK(sasl_client_new("pop", "mail.example.test", NULL, NULL, NULL, 0, &conn) == SASL_OK);
    CHECK(asked > before);
    sasl_dispose(&conn);
}

/* ---- a login with callbacks of its own ---- */

static int who(void *ctx, int id, const char **result, unsigned *len)
{
    (void)ctx;
    *result = id == SASL_CB_USER ? "" : "bob";
    if (len)
        *len = (unsigned)strlen(*result);
    return SASL_OK;
}

static int secret(sasl_conn_t *conn, void *ctx, int id, sasl_secret_t **out)
{
    (void)conn, (void)id;
    *out = ctx;
    return SASL_OK;
}

static void use(void)
{
    static const char expected[] = "\0bob\0of the host";
    sasl_secret_t *password = calloc(1, sizeof *password + 16);
    const sasl_callback_t own[] = {
        {SASL_CB_USER, CALLBACK(who), NULL},
        {SASL_CB_AUTHNAME, CALLBACK(who), NULL},
        {SASL_CB_PASS, CALLBACK(secret), password},
        {SASL_CB_LIST_END, NULL, NULL},
    };
    const char *out = NULL, *mechanism = NULL;
    sasl_conn_t *conn = NULL;
    unsigned len = 0;

    password->len = (unsigned long)snprintf((char *)password->data, 16, "of the host");
    CHECK(sasl_client_new("imap", "mail.example.test", NULL, NULL, own, 0, &conn) == SASL_OK);
    CHECK(sasl_client_start(conn, "PLAIN", NULL, &out, &len, &mechanism) == SASL_OK);
    CHECK(out && len == sizeof expected - 1 && memcmp(out, expected, len) == 0);
    sasl_dispose(&conn);
    free(password);
}

static void close(void)
{
    (void)sasl_client_done();
}

const struct host_library host_sasl = {"Cyrus SASL", open, use, settled, close};
