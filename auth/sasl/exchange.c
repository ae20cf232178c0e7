/* SPDX-License-Identifier: MIT */
#include "exchange.h"

#include "detail.h"
#include "digest.h"
#include "scram.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* More than any mechanism of Cyrus accepts, and more than SMTP lets through. */
#define CHALLENGE_MAX 65536u
/* The largest packet of a security layer, as announced to the server. */
#define LAYER_BUFFER  65536u

/* DIGEST-MD5 has a process-wide cache of logins, locked by the mutex functions of sasl_set_mutex(). They do nothing
 * unless the program sets them, and only the program may. So there is a process-wide lock here. It guards no data of
 * this plugin. */
static pthread_mutex_t digest_lock = PTHREAD_MUTEX_INITIALIZER;

/* Reports a failure. The text may quote the server: control characters become blanks. */
static void exchange_report(const struct envoi_host *host, struct envoi_errctx *errctx, int32_t code,
                            int64_t library_code, const char *text)
{
    char line[256];

    snprintf(line, sizeof line, "%s", text);
    for (char *c = line; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = ' ';
    host->set_error(host, errctx, code, library_code, line);
}

int32_t bridge_exchange_fail(struct bridge_exchange *self, int32_t code, int64_t library_code, const char *text)
{
    exchange_report(self->host, self->params->errctx, code, library_code, text);
    return code;
}

/* Reports a failure of Cyrus as ENVOI_E_MEMORY or `otherwise`: most of its codes tell no more than "no". */
static int32_t exchange_fail_sasl(struct bridge_exchange *self, int rc, int32_t otherwise)
{
    const char *detail = self->conn ? sasl_errdetail(self->conn) : NULL;
    char line[256];

    return bridge_exchange_fail(self, rc == SASL_NOMEM ? ENVOI_E_MEMORY : otherwise, rc,
                                detail ? bridge_detail(detail, line, sizeof line) : sasl_errstring(rc, NULL, NULL));
}

/* ---- before the login ---- */

/* Gets binding data of the first type that the TLS layer has, with buf NULL its length only. The default of the TLS
 * version (RFC 5802, RFC 9266) comes first, as tls-unique exists with TLS 1.2 only. Returns 0 if there is none. */
static int exchange_bind(const struct envoi_mech_params *params, unsigned char *buf, size_t cap, size_t *len,
                         const char **type)
{
    static const char *const types[] = {"tls-unique", "tls-exporter", "tls-server-end-point"};

    for (size_t i = 0; params->binding && i < sizeof types / sizeof *types; i++) {
        *len = 0;
        if (!params->binding(params->core, types[i], buf, cap, len) && *len > 0 && (!buf || *len <= cap)) {
            *type = types[i];
            return 1;
        }
    }
    return 0;
}

/* Returns why the mechanism cannot be used, or NULL. */
static const char *exchange_obstacle(const struct bridge_mech *mech, uint32_t plus,
                                     const struct envoi_mech_params *params)
{
    const char *type;
    size_t len;

    if (!mech)
        return "no module of Cyrus SASL has it";
    if (plus && !exchange_bind(params, NULL, 0, &len, &type))
        return "the TLS layer has no channel binding";
    if ((mech->traits & BRIDGE_EXTERNAL) && params->external_ssf == 0)
        return "there is no TLS layer to take the identity from";
    if (params->min_ssf > params->max_ssf || (params->min_ssf > 0 && !(mech->flags & ENVOI_MECH_SECURITY_LAYER)))
        return "there is no security layer of the strength that was asked for";
    return NULL;
}

int32_t bridge_exchange_usable(void *state, const char *mech, const struct envoi_mech_params *params)
{
    const struct bridge *bridge = state;
    const struct bridge_mech *row;
    const char *obstacle;
    uint32_t plus = 0;

    if (!ENVOI_HAS(params, errctx))
        return ENVOI_E_NOT_SUPPORTED;
    row = bridge_list_find(bridge, mech, &plus);
    obstacle = exchange_obstacle(row, plus, params);
    if (!obstacle)
        return ENVOI_OK;
    exchange_report(bridge->host, params->errctx, ENVOI_E_NOT_SUPPORTED, 0, obstacle);
    return ENVOI_E_NOT_SUPPORTED;
}

int32_t bridge_exchange_new(void *state, const char *mech, const struct envoi_mech_params *params, void **ctx)
{
    const struct bridge *bridge = state;
    int32_t rc = bridge_exchange_usable(state, mech, params);
    struct bridge_exchange *self;
    uint32_t plus = 0;

    if (rc)
        return rc;
    self = bridge->host->alloc(sizeof *self);
    if (!self) {
        exchange_report(bridge->host, params->errctx, ENVOI_E_MEMORY, 0, "out of memory");
        return ENVOI_E_MEMORY;
    }
    *self = (struct bridge_exchange){.host = bridge->host, .params = params, .answers = {.host = bridge->host}};
    self->mech = bridge_list_find(bridge, mech, &plus);
    self->plus = plus;
    *ctx = self;
    return ENVOI_OK;
}

/* ---- the first step ---- */

/* Returns a strength as Cyrus counts it: the layer below included. */
static sasl_ssf_t exchange_strength(uint32_t own, uint32_t external)
{
    if (own == 0)
        return 0;
    return own > UINT32_MAX - external ? UINT32_MAX : own + external;
}

static int exchange_set_properties(struct bridge_exchange *self)
{
    const struct envoi_mech_params *params = self->params;
    const sasl_ssf_t external = params->external_ssf;
    const sasl_security_properties_t wanted = {
        .min_ssf = exchange_strength(params->min_ssf, external),
        .max_ssf = exchange_strength(params->max_ssf, external),
        .maxbufsize = params->max_ssf ? LAYER_BUFFER : 0,
        .security_flags = (self->mech->flags & ENVOI_MECH_PLAINTEXT ? 0 : SASL_SEC_NOPLAINTEXT) |
                          (self->mech->flags & ENVOI_MECH_ANONYMOUS ? 0 : SASL_SEC_NOANONYMOUS)};
    int rc = sasl_setprop(self->conn, SASL_SSF_EXTERNAL, &external);

    if (rc == SASL_OK)
        rc = sasl_setprop(self->conn, SASL_SEC_PROPS, &wanted);
    if (rc == SASL_OK && (self->mech->traits & BRIDGE_EXTERNAL)) {
        /* Cyrus wants an identity from the layer below. This one is not sent. */
        const char *name = self->answers.text[BRIDGE_AUTHZID];
        rc = sasl_setprop(self->conn, SASL_AUTH_EXTERNAL, name && *name ? name : "certificate");
    }
    return rc;
}

/* Does the server announce the mechanism's name with "-PLUS"? */
static int exchange_server_binds(const struct bridge_exchange *self)
{
    char word[SASL_MECHNAMEMAX + 6];
    size_t len = (size_t)snprintf(word, sizeof word, "%s-PLUS", self->mech->name);

    for (const char *at = self->params->server_list; at && (at = strstr(at, word)); at += len)
        if ((at == self->params->server_list || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
            return 1;
    return 0;
}

/* Gives the binding to Cyrus for a "-PLUS" name, and also for a plain name if the server announced no "-PLUS". In the
 * second case the exchange says that the client supports channel binding (y), so the server notices if the announcement
 * was stripped on the way. If the server did announce "-PLUS" and the core picked the plain name, it gets no binding:
 * "y" would be false, and the server would have to refuse it. */
static int exchange_set_binding(struct bridge_exchange *self)
{
    size_t len = 0;
    const char *type = NULL;

    if (!(self->mech->flags & ENVOI_MECH_CHANNEL_BINDING) || (!self->plus && exchange_server_binds(self)))
        return SASL_OK;
    if (!exchange_bind(self->params, self->binding_data, sizeof self->binding_data, &len, &type))
        return self->plus ? SASL_NOMECH : SASL_OK;
    self->binding.name = type;
    self->binding.len = len;
    self->binding.data = self->binding_data;
    return sasl_setprop(self->conn, SASL_CHANNEL_BINDING, &self->binding);
}

static int exchange_start(struct bridge_exchange *self, const char **out, unsigned *out_len)
{
    char words[2 * SASL_MECHNAMEMAX + sizeof " -PLUS"];
    sasl_interact_t *prompts = NULL;
    const int speaks = (self->mech->flags & ENVOI_MECH_CLIENT_FIRST) != 0;
    int rc = sasl_client_new(self->params->service, self->params->host, NULL, NULL,
                             bridge_answers_callbacks(&self->answers), 0, &self->conn);

    if (rc == SASL_OK)
        rc = exchange_set_properties(self);
    if (rc == SASL_OK)
        rc = exchange_set_binding(self);
    if (rc != SASL_OK)
        return rc;
    /* The name is listed twice: Cyrus uses a binding that is not critical only if it seems to have a choice. */
    snprintf(words, sizeof words, "%s %s%s", self->mech->name, self->mech->name, self->plus ? "-PLUS" : "");
    rc = sasl_client_start(self->conn, words, &prompts, speaks ? out : NULL, speaks ? out_len : NULL, NULL);
    if (rc == SASL_INTERACT)
        return SASL_NOMECH; /* it asks for a value that none of the callbacks has */
    return rc;
}

static int32_t exchange_keep_nonce(struct bridge_exchange *self, const char *out, size_t len)
{
    const char *nonce = out ? bridge_scram_nonce(out, len, &self->nonce_len) : NULL;

    if (!nonce)
        return bridge_exchange_fail(self, ENVOI_E_NOT_SUPPORTED, 0, "Cyrus SASL made a first message without a nonce");
    self->nonce = self->host->alloc(self->nonce_len);
    if (!self->nonce)
        return bridge_exchange_fail(self, ENVOI_E_MEMORY, 0, "out of memory");
    memcpy(self->nonce, nonce, self->nonce_len);
    return ENVOI_OK;
}

/* Writes the response of Cyrus to the sink, and with SASL_OK ends the exchange. */
static int32_t exchange_respond(struct bridge_exchange *self, int rc, const char *out, unsigned out_len,
                                const struct envoi_sink *sink, uint32_t *result)
{
    int32_t written = out ? sink->write(sink->ctx, out, out_len) : ENVOI_OK;

    if (rc == SASL_OK) {
        /* The buffer is on the heap of Cyrus, which does not read it again and frees it without wiping it. */
        if ((self->mech->traits & BRIDGE_WIPE_OUT) && out && out_len)
            self->host->wipe((void *)(uintptr_t)out, out_len);
        bridge_answers_wipe(&self->answers);
        self->stage = BRIDGE_DONE;
        *result = ENVOI_STEP_DONE;
    }
    if (written)
        return bridge_exchange_fail(self, written, 0, "the response cannot be stored");
    return ENVOI_OK;
}

static int32_t exchange_begin(struct bridge_exchange *self, const struct envoi_sink *sink, uint32_t *result)
{
    const char *out = NULL;
    unsigned out_len = 0;
    int rc = exchange_start(self, &out, &out_len);

    if (rc != SASL_OK && rc != SASL_CONTINUE)
        return exchange_fail_sasl(self, rc, ENVOI_E_NOT_SUPPORTED);
    self->stage = BRIDGE_STARTED;
    if (self->plus && (!out || out_len < 2 || memcmp(out, "p=", 2) != 0))
        return bridge_exchange_fail(self, ENVOI_E_NOT_SUPPORTED, 0, "Cyrus SASL did not bind to the TLS channel");
    if (self->mech->traits & BRIDGE_SCRAM) {
        int32_t kept = exchange_keep_nonce(self, out, out_len);
        if (kept)
            return kept;
    }
    return exchange_respond(self, rc, out, out_len, sink, result);
}

/* ---- later steps ---- */

static int32_t exchange_check(struct bridge_exchange *self, const char *in, size_t len)
{
    const char *wrong = NULL;

    if (len > CHALLENGE_MAX)
        wrong = "the server's challenge is too long";
    else if ((self->mech->traits & BRIDGE_SCRAM) && len >= 2 && memcmp(in, "e=", 2) == 0)
        wrong = "the server ended the exchange with an error";
    else if ((self->mech->traits & BRIDGE_SCRAM) && self->challenges == 0)
        wrong = bridge_scram_check(self->nonce, self->nonce_len, in, len);
    else if ((self->mech->traits & BRIDGE_DIGEST) && self->challenges == 0 && len >= 8 &&
             strncasecmp(in, "rspauth=", 8) == 0)
        /* Cyrus 2.1.28 would compare it with an answer that does not exist yet, and crash. */
        wrong = "the server sent its proof before its challenge";
    else if ((self->mech->traits & BRIDGE_DIGEST) && self->challenges == 0)
        wrong = bridge_digest_check(in, len);
    return wrong ? bridge_exchange_fail(self, ENVOI_E_AUTH, 0, wrong) : ENVOI_OK;
}

/* The code for a challenge that Cyrus does not accept. The second challenge of these mechanisms is the server's proof;
 * others have a code of Cyrus for it. */
static int32_t exchange_blame(const struct bridge_exchange *self, int rc)
{
    const int proof = (self->mech->traits & (BRIDGE_SCRAM | BRIDGE_DIGEST)) && self->challenges > 1;

    return proof || rc == SASL_BADSERV ? ENVOI_E_SERVER_PROOF : ENVOI_E_AUTH;
}

static int32_t exchange_answer(struct bridge_exchange *self, const void *in, size_t len, const struct envoi_sink *sink,
                               uint32_t *result)
{
    sasl_interact_t *prompts = NULL;
    const char *out = NULL;
    unsigned out_len = 0;
    int32_t checked = exchange_check(self, in, len);
    char *copy;
    int rc;

    if (checked)
        return checked;
    self->challenges++;

    /* Cyrus expects a NUL after the challenge. */
    copy = self->host->alloc(len + 1);
    if (!copy)
        return bridge_exchange_fail(self, ENVOI_E_MEMORY, 0, "out of memory");
    if (len)
        memcpy(copy, in, len);
    copy[len] = '\0';
    if (self->mech->traits & BRIDGE_DIGEST)
        pthread_mutex_lock(&digest_lock);
    rc = sasl_client_step(self->conn, copy, (unsigned)len, &prompts, &out, &out_len);
    if (self->mech->traits & BRIDGE_DIGEST)
        pthread_mutex_unlock(&digest_lock);
    self->host->free(copy);

    if (rc != SASL_OK && rc != SASL_CONTINUE)
        return exchange_fail_sasl(self, rc, exchange_blame(self, rc));
    return exchange_respond(self, rc, out, out_len, sink, result);
}

static int32_t exchange_advance(struct bridge_exchange *self, const void *in, size_t len, const struct envoi_sink *out,
                                uint32_t *result)
{
    const uint32_t client_first = self->mech->flags & ENVOI_MECH_CLIENT_FIRST;

    if (self->stage == BRIDGE_DONE)
        return bridge_exchange_fail(self, ENVOI_E_AUTH, 0, "the server sent a challenge after the last one");
    if (self->stage == BRIDGE_FAILED)
        return bridge_exchange_fail(self, ENVOI_E_AUTH, 0, "the exchange has failed before");
    if (self->stage == BRIDGE_GATHERING) {
        const char *text = NULL;
        int32_t rc = bridge_answers_gather(&self->answers, self->mech, self->params, &text);
        if (rc == ENVOI_E_AGAIN)
            return rc;
        if (rc)
            return bridge_exchange_fail(self, rc, 0, text);
        if (client_first && in && len)
            return bridge_exchange_fail(self, ENVOI_E_AUTH, 0, "the server spoke before its turn");
        rc = exchange_begin(self, out, result);
        if (rc || client_first || !in)
            return rc;
    }
    if (!in)
        return bridge_exchange_fail(self, ENVOI_E_USAGE, 0, "a challenge was expected");
    return exchange_answer(self, in, len, out, result);
}

int32_t bridge_exchange_step(void *ctx, const void *in, size_t len, const struct envoi_sink *out, uint32_t *result,
                             uint32_t *want)
{
    struct bridge_exchange *self = ctx;
    int32_t rc;

    *result = ENVOI_STEP_CONTINUE;
    *want = 0;
    rc = exchange_advance(self, in, len, out, result);
    if (rc == ENVOI_E_AGAIN) {
        *want = ENVOI_WANT_CREDENTIAL;
    } else if (rc) {
        bridge_answers_wipe(&self->answers);
        self->stage = BRIDGE_FAILED;
        *result = ENVOI_STEP_CONTINUE;
    }
    return rc;
}

void bridge_exchange_free(void *ctx)
{
    struct bridge_exchange *self = ctx;
    const struct envoi_host *host;

    if (!self)
        return;
    host = self->host;
    if (self->conn)
        sasl_dispose(&self->conn);
    bridge_answers_free(&self->answers);
    host->free(self->nonce);
    host->wipe(self, sizeof *self);
    host->free(self);
}
