/* SPDX-License-Identifier: MIT */
#include "answers.h"

#include <sasl/saslplug.h>
#include <string.h>

/* Cyrus copies names into buffers of 1024 octets, and leaks memory if one is longer. */
#define NAME_MAX_LEN 1023

/* The credentials in the order in which they are asked for: the password last, so that it is not asked for in vain. */
static const struct {
    uint32_t id;
    uint32_t is_name; /* Cyrus strips blanks from both ends of it */
    const char *missing;
    const char *nul;
} rows[BRIDGE_ANSWERS] = {
    [BRIDGE_AUTHZID] = {ENVOI_CRED_AUTHZID, 1, "the name to act as was not given",
                        "the name to act as has a NUL in it"},
    [BRIDGE_AUTHID] = {ENVOI_CRED_AUTHID, 1, "no user name was given", "the user name has a NUL in it"},
    [BRIDGE_REALM] = {ENVOI_CRED_REALM, 0, "no realm was given", "the realm has a NUL in it"},
    [BRIDGE_PASSWORD] = {ENVOI_CRED_PASSWORD, 0, "no password was given", "the password has a NUL in it"},
};

static int32_t answers_check(size_t row, const struct envoi_cred *cred, uint32_t needed, const char **text)
{
    static const char blanks[] = " \t\n\v\f\r";

    if (cred->len != 0 && memchr(cred->data, 0, cred->len)) {
        *text = rows[row].nul;
        return ENVOI_E_USAGE;
    }
    if (!rows[row].is_name)
        return ENVOI_OK;
    if (cred->len == 0 && needed) {
        *text = "the user name is empty";
        return ENVOI_E_USAGE;
    }
    if (cred->len > NAME_MAX_LEN) {
        *text = "the user name is too long";
        return ENVOI_E_USAGE;
    }
    if (cred->len != 0 && (strchr(blanks, cred->data[0]) || strchr(blanks, cred->data[cred->len - 1]))) {
        *text = "Cyrus SASL cannot log in a name that begins or ends with a blank";
        return ENVOI_E_USAGE;
    }
    return ENVOI_OK;
}

static int32_t answers_keep(struct bridge_answers *self, size_t row, const struct envoi_cred *cred)
{
    char *copy;

    if (row == BRIDGE_PASSWORD) {
        self->password = self->host->alloc(sizeof *self->password + cred->len + 1);
        if (!self->password)
            return ENVOI_E_MEMORY;
        self->password->len = cred->len;
        copy = (char *)self->password->data;
    } else {
        copy = self->text[row] = self->host->alloc(cred->len + 1);
        if (!copy)
            return ENVOI_E_MEMORY;
    }
    if (cred->len)
        memcpy(copy, cred->data, cred->len);
    copy[cred->len] = '\0';
    return ENVOI_OK;
}

static int32_t answers_ask(struct bridge_answers *self, size_t row, const struct bridge_mech *mech,
                           const struct envoi_mech_params *params, const char **text)
{
    const struct envoi_cred_request request = {
        .struct_size = sizeof request, .id = rows[row].id, .mechanism = mech->name};
    struct envoi_cred cred = {.struct_size = sizeof cred};
    uint32_t needed = mech->needs & rows[row].id;
    int32_t rc = params->cred(params->core, &request, &cred);

    if (!rc) {
        rc = answers_check(row, &cred, needed, text);
        if (!rc) {
            rc = answers_keep(self, row, &cred);
            if (rc)
                *text = "out of memory";
        }
        cred.release(&cred);
        return rc;
    }
    if (rc == ENVOI_E_CANCELLED && !needed)
        return ENVOI_OK;
    *text = rc == ENVOI_E_CANCELLED ? rows[row].missing : "a credential cannot be had";
    return rc;
}

int32_t bridge_answers_gather(struct bridge_answers *self, const struct bridge_mech *mech,
                              const struct envoi_mech_params *params, const char **text)
{
    int32_t rc = ENVOI_OK;

    for (; self->asked < BRIDGE_ANSWERS; self->asked++) {
        if ((mech->needs | mech->optional) & rows[self->asked].id)
            rc = answers_ask(self, self->asked, mech, params, text);
        if (rc)
            return rc;
    }
    return ENVOI_OK;
}

static int answers_give_text(void *context, int id, const char **result, unsigned *len)
{
    const struct bridge_answers *self = context;
    const char *text = self->text[id == SASL_CB_AUTHNAME ? BRIDGE_AUTHID : BRIDGE_AUTHZID];

    *result = text ? text : ""; /* an empty one means that there is no authzid */
    if (len)
        *len = (unsigned)strlen(*result);
    return SASL_OK;
}

static int answers_give_password(sasl_conn_t *conn, void *context, int id, sasl_secret_t **secret)
{
    const struct bridge_answers *self = context;

    (void)conn;
    (void)id;
    *secret = self->password;
    return SASL_OK;
}

static int answers_give_realm(void *context, int id, const char **offered, const char **result)
{
    const struct bridge_answers *self = context;

    (void)id;
    *result = self->text[BRIDGE_REALM];
    if (!*result && offered)
        *result = offered[0];
    return *result ? SASL_OK : SASL_FAIL;
}

static int answers_log(void *context, int level, const char *message)
{
    const struct bridge_answers *self = context;
    char line[256];
    size_t n = 0;

    /* Higher levels are traces, and some of them show passwords. */
    if (!message || level > SASL_LOG_NOTE)
        return SASL_OK;
    /* The text may quote the server: control characters become blanks. */
    for (; n < sizeof line - 1 && message[n]; n++)
        line[n] = (unsigned char)message[n] < 0x20 || message[n] == 0x7f ? ' ' : message[n];
    line[n] = '\0';
    self->host->log(self->host, ENVOI_LOG_DEBUG, line);
    return SASL_OK;
}

/* Cyrus stores every callback as int (*)(void). The cast goes through void (*)(void), the one type for which compilers
 * do not warn. */
#define CALLBACK(fn) ((int (*)(void))(void (*)(void))(fn))

const sasl_callback_t *bridge_answers_callbacks(struct bridge_answers *self)
{
    const sasl_callback_t all[] = {
        {SASL_CB_LOG, CALLBACK(answers_log), self},
        {SASL_CB_USER, CALLBACK(answers_give_text), self},
        {SASL_CB_GETREALM, CALLBACK(answers_give_realm), self},
        {SASL_CB_AUTHNAME, CALLBACK(answers_give_text), self},
        {SASL_CB_PASS, CALLBACK(answers_give_password), self},
    };
    size_t n = 0;

    /* If there is no value, the callback is left out: a Kerberos mechanism uses the ticket then. */
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if ((all[i].id == SASL_CB_AUTHNAME && !self->text[BRIDGE_AUTHID]) ||
            (all[i].id == SASL_CB_PASS && !self->password))
            continue;
        self->callbacks[n++] = all[i];
    }
    self->callbacks[n] = (sasl_callback_t){.id = SASL_CB_LIST_END};
    return self->callbacks;
}

void bridge_answers_wipe(struct bridge_answers *self)
{
    if (self->password)
        self->host->wipe(self->password->data, self->password->len);
}

void bridge_answers_free(struct bridge_answers *self)
{
    bridge_answers_wipe(self);
    self->host->free(self->password);
    self->password = NULL;
    for (size_t i = 0; i < BRIDGE_PASSWORD; i++) {
        if (self->text[i])
            self->host->wipe(self->text[i], strlen(self->text[i]));
        self->host->free(self->text[i]);
        self->text[i] = NULL;
    }
}
