/* SPDX-License-Identifier: MIT */
#include "server.h"

#include <sasl/saslplug.h>
#include <stdio.h>
#include <string.h>

#define FQDN "mail.example.org"

static const struct {
    const char *name;
    const char *password;
} users[] = {
    {"alice", "s3cret pass"},   {OTHER_USER, "another"}, {"tim", "tanstaaftanstaaf"},
    {UTF8_USER, UTF8_PASSWORD}, {"anonymous", "unused"}, /* the server looks this up as well */
};

/* ---- users in memory ---- */

static const char *users_password(const char *name, unsigned len)
{
    static const char realm[] = "@" FQDN;

    if (len > sizeof realm - 1 && memcmp(name + len - (sizeof realm - 1), realm, sizeof realm - 1) == 0)
        len -= (unsigned)(sizeof realm - 1);
    for (size_t i = 0; i < sizeof users / sizeof *users; i++)
        if (strlen(users[i].name) == len && memcmp(users[i].name, name, len) == 0)
            return users[i].password;
    return NULL;
}

static int users_lookup(void *context, sasl_server_params_t *params, unsigned flags, const char *name, unsigned len)
{
    const struct propval *wanted = params->utils->prop_get(params->propctx);
    const char *password = users_password(name, len);

    (void)context;
    if (!password)
        return SASL_NOUSER;
    for (; wanted && wanted->name; wanted++) {
        const char *property = wanted->name;
        if ((*property == '*') == ((flags & SASL_AUXPROP_AUTHZID) != 0))
            continue;
        property += *property == '*';
        if (wanted->values && !(flags & SASL_AUXPROP_OVERRIDE))
            continue;
        if (strcasecmp(property, SASL_AUX_PASSWORD_PROP) == 0)
            params->utils->prop_set(params->propctx, wanted->name, password, -1);
    }
    return SASL_OK;
}

static int users_init(const sasl_utils_t *utils, int max_version, int *version, sasl_auxprop_plug_t **plug,
                      const char *name)
{
    static char own_name[] = "memory";
    static sasl_auxprop_plug_t memory = {.auxprop_lookup = users_lookup, .name = own_name};

    (void)utils;
    (void)name;
    if (max_version < SASL_AUXPROP_PLUG_VERSION)
        return SASL_BADVERS;
    *version = SASL_AUXPROP_PLUG_VERSION;
    *plug = &memory;
    return SASL_OK;
}

/* ---- server ---- */

static int server_option(void *context, const char *plugin, const char *option, const char **result, unsigned *len)
{
    (void)context;
    (void)plugin;
    *result = NULL;
    if (strcmp(option, "auxprop_plugin") == 0)
        *result = "memory";
    else if (strcmp(option, "pwcheck_method") == 0)
        *result = "auxprop";
    if (*result && len)
        *len = (unsigned)strlen(*result);
    return *result ? SASL_OK : SASL_FAIL;
}

static int server_silent(void *context, int level, const char *message)
{
    (void)context;
    (void)level;
    (void)message;
    return SASL_OK;
}

static int server_lets_act(sasl_conn_t *conn, void *context, const char *as, unsigned as_len, const char *who,
                           unsigned who_len, const char *realm, unsigned realm_len, struct propctx *properties)
{
    (void)conn, (void)context, (void)as, (void)as_len, (void)who, (void)who_len;
    (void)realm, (void)realm_len, (void)properties;
    return SASL_OK;
}

#define CALLBACK(fn) ((int (*)(void))(void (*)(void))(fn))

static const sasl_callback_t callbacks[] = {
    {SASL_CB_GETOPT, CALLBACK(server_option), NULL},
    {SASL_CB_LOG, CALLBACK(server_silent), NULL},
    {SASL_CB_PROXY_POLICY, CALLBACK(server_lets_act), NULL},
    {SASL_CB_LIST_END, NULL, NULL},
};

void server_open_at(struct server *self, const char *host, unsigned max_ssf)
{
    static int initialised;
    const sasl_ssf_t external = 256;
    const sasl_security_properties_t properties = {.max_ssf = max_ssf ? external + max_ssf : 0,
                                                   .maxbufsize = max_ssf ? 4096 : 0};

    memset(self, 0, sizeof *self);
    if (!initialised) {
        check_eq(sasl_auxprop_add_plugin("memory", users_init), SASL_OK);
        check_eq(sasl_server_init(callbacks, "conformance"), SASL_OK);
        /* Keeps the modules of the client side loaded, which a test may open many times. */
        check_eq(sasl_client_init(NULL), SASL_OK);
        initialised = 1;
    }
    check_eq(sasl_server_new("smtp", host, NULL, NULL, NULL, NULL, 0, &self->conn), SASL_OK);
    check_eq(sasl_setprop(self->conn, SASL_SSF_EXTERNAL, &external), SASL_OK);
    check_eq(sasl_setprop(self->conn, SASL_AUTH_EXTERNAL, "alice"), SASL_OK);
    check_eq(sasl_setprop(self->conn, SASL_SEC_PROPS, &properties), SASL_OK);
}

void server_open(struct server *self, const char *binding_type, const unsigned char *binding, unsigned max_ssf)
{
    server_open_at(self, FQDN, max_ssf);
    if (binding_type) {
        self->binding = (sasl_channel_binding_t){.name = binding_type, .len = 32, .data = binding};
        check_eq(sasl_setprop(self->conn, SASL_CHANNEL_BINDING, &self->binding), SASL_OK);
    }
}

void server_close(struct server *self)
{
    sasl_dispose(&self->conn);
}

int server_offers(struct server *self, const char *mech)
{
    const char *list = NULL;
    char word[80];

    check_eq(sasl_listmech(self->conn, NULL, " ", " ", " ", &list, NULL, NULL), SASL_OK);
    snprintf(word, sizeof word, " %s ", mech);
    return strstr(list, word) != NULL;
}

static void server_take(struct server *self, int rc)
{
    const void *user = NULL;

    self->verdict = rc == SASL_CONTINUE ? SERVER_MORE : rc == SASL_OK ? SERVER_YES : SERVER_NO;
    if (self->verdict == SERVER_YES && sasl_getprop(self->conn, SASL_USERNAME, &user) == SASL_OK && user)
        snprintf(self->user, sizeof self->user, "%s", (const char *)user);
}

/* The server that agrees asks as long as the mechanism waits for something. */
static void server_agree(struct server *self, const struct client *client)
{
    static const char challenge[] = "<1896.697170952@postoffice.reston.mci.net>";

    self->verdict = client->result == ENVOI_STEP_DONE ? SERVER_YES : SERVER_MORE;
    self->challenge = challenge;
    self->challenge_len = sizeof challenge - 1;
    snprintf(self->user, sizeof self->user, "%s", client->value[AUTHID] ? client->value[AUTHID] : "");
}

void server_start(struct server *self, const char *mech, const char *initial, size_t len)
{
    self->challenge = NULL;
    self->challenge_len = 0;
    server_take(self,
                sasl_server_start(self->conn, mech, initial, (unsigned)len, &self->challenge, &self->challenge_len));
}

void server_step(struct server *self, const char *response, size_t len)
{
    self->challenge = NULL;
    self->challenge_len = 0;
    server_take(self, sasl_server_step(self->conn, response, (unsigned)len, &self->challenge, &self->challenge_len));
}

/* ---- dialogue ---- */

struct outcome dialogue(struct client *client, struct server *server, const char *mech)
{
    struct outcome outcome = {.client = client_step_until(client, NULL, 0), .server = SERVER_NO};

    if (outcome.client != ENVOI_OK)
        return outcome;
    outcome.result = client->result;
    server->agrees = !server_offers(server, mech);
    if (server->agrees)
        server_agree(server, client);
    else
        server_start(server, mech, client->wrote ? client->out : NULL, client->out_len);
    while (server->verdict == SERVER_MORE && outcome.steps < 16) {
        char challenge[8192];
        size_t len = server->challenge ? server->challenge_len : 0;

        check_lt(len, sizeof challenge);
        if (len)
            memcpy(challenge, server->challenge, len);
        outcome.steps++;
        if (server->tamper)
            server->tamper(outcome.steps, challenge, &len, sizeof challenge);
        outcome.client = client_step_until(client, challenge, len);
        if (outcome.client != ENVOI_OK)
            return outcome;
        outcome.result = client->result;
        if (server->agrees)
            server_agree(server, client);
        else
            server_step(server, client->out, client->out_len);
    }
    outcome.server = server->verdict;
    return outcome;
}

struct outcome run_login(struct client *client, const char *mech, char *user, size_t cap)
{
    struct server server;

    server_open(&server, client->binding_type, client->binding, client->params.max_ssf);
    client_begin(client, mech);
    struct outcome outcome = dialogue(client, &server, mech);
    if (user)
        snprintf(user, cap, "%s", server.user);
    server_close(&server);
    client_end(client);
    return outcome;
}
