/* SPDX-License-Identifier: MIT */
/* The mechanisms of the plugins plain, login, cram_md5, sasl and oauth, stepped with whatever a server might send.
 * Input: octets for the plugin, its mechanism, the credentials and the security layer, then challenges, a line each. In
 * a challenge the octet 1 stands for the nonce that SCRAM sent, without which no server gets far. */
#include "fuzz.h"

#include <envoi/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESPONSE_MAX 49152 /* as the engine has it */
#define STEPS_MAX    24

static const char user[] = "alice@example.org", password[] = "Correct-Horse-7!", authzid[] = "boss",
                  token[] = "Bearer.Horse-8~+/==";

/* ---- the host ---- */

static struct {
    size_t live, errors;
    int32_t code;
    bool token_given; /* else what looks like it came from the server */
} host_record;

struct head {
    _Alignas(max_align_t) size_t size;
};

static void *host_alloc(size_t size)
{
    struct head *head = malloc(sizeof *head + size);

    FUZZ_CHECK(head && size < 1 << 20, "%zu octets at once", size);
    head->size = size;
    memset(head + 1, 0xa5, size); /* no plugin may count on zeros */
    host_record.live++;
    return head + 1;
}

static void host_free(void *ptr)
{
    struct head *head;

    if (!ptr)
        return;
    head = (struct head *)ptr - 1;
    FUZZ_CHECK(!memmem(ptr, head->size, password, strlen(password)), "the password is in memory that is given back");
    FUZZ_CHECK(!host_record.token_given || !memmem(ptr, head->size, token, strlen(token)),
               "the token is in memory that is given back");
    host_record.live--;
    free(head);
}

static void *host_realloc(void *ptr, size_t size)
{
    void *fresh = host_alloc(size);
    size_t old = ptr ? ((struct head *)ptr - 1)->size : 0;

    if (ptr)
        memcpy(fresh, ptr, old < size ? old : size);
    host_free(ptr);
    return fresh;
}

static void host_wipe(void *ptr, size_t len)
{
    explicit_bzero(ptr, len);
}

static void check_said(const char *text)
{
    FUZZ_CHECK(*text && fuzz_is_printable(text), "\"%s\"", text);
    FUZZ_CHECK(!strstr(text, password) && !strstr(text, token), "a secret is told: %s", text);
}

static void host_log(const struct envoi_host *host, uint32_t level, const char *text)
{
    (void)host;
    (void)level;
    check_said(text);
}

static void host_set_error(const struct envoi_host *host, struct envoi_errctx *errctx, int32_t code,
                           int64_t library_code, const char *text)
{
    (void)host;
    (void)errctx;
    (void)library_code;
    check_said(text);
    host_record.errors++;
    host_record.code = code;
}

static const struct envoi_host host = {.struct_size = sizeof host,
                                       .alloc = host_alloc,
                                       .realloc = host_realloc,
                                       .free = host_free,
                                       .wipe = host_wipe,
                                       .log = host_log,
                                       .set_error = host_set_error};

/* ---- the application ---- */

struct client {
    const struct envoi_mechanism *mechanism;
    struct envoi_mech_params params;
    void *ctx;
    uint8_t given; /* bit n: ENVOI_CRED_ n is given */
    unsigned again;
    unsigned lent;
    struct fuzz_bytes out, nonce;
    bool responded;
    bool explains; /* the server may say why it will refuse, which is told without a failure */
};

static void release(struct envoi_cred *cred)
{
    struct client *c = cred->core;

    FUZZ_CHECK(c->lent > 0, "a credential is given back twice");
    c->lent--;
    explicit_bzero((void *)(uintptr_t)cred->data, cred->len);
    free((void *)(uintptr_t)cred->data);
}

static int32_t give(void *core, const struct envoi_cred_request *request, struct envoi_cred *out)
{
    struct client *c = core;
    const char *value = request->id == ENVOI_CRED_AUTHID     ? user
                        : request->id == ENVOI_CRED_PASSWORD ? password
                        : request->id == ENVOI_CRED_AUTHZID  ? authzid
                        : request->id == ENVOI_CRED_TOKEN    ? token
                                                             : "realm";

    if (c->again) {
        c->again--;
        return ENVOI_E_AGAIN;
    }
    if (!(c->given & request->id))
        return ENVOI_E_CANCELLED;
    host_record.token_given |= value == token;
    out->len = strlen(value);
    out->data = fuzz_copy(value, out->len);
    out->release = release;
    out->core = c;
    c->lent++;
    return ENVOI_OK;
}

static int32_t bind(void *core, const char *type, void *buf, size_t cap, size_t *len)
{
    (void)core;
    if (strcmp(type, "tls-exporter") != 0)
        return ENVOI_E_NOT_SUPPORTED;
    *len = 32;
    if (!buf)
        return ENVOI_OK;
    if (cap < *len)
        return ENVOI_E_USAGE;
    memset(buf, 'b', *len);
    return ENVOI_OK;
}

static int32_t take(void *ctx, const void *data, size_t len)
{
    struct client *c = ctx;

    c->responded = true;
    if (c->out.len + len > RESPONSE_MAX)
        return ENVOI_E_PROTOCOL;
    fuzz_add(&c->out, data, len);
    return ENVOI_OK;
}

/* ---- a step ---- */

/* One step, and what plugin.h promises of it. */
static int32_t step_once(struct client *c, const uint8_t *in, size_t len, uint32_t *result)
{
    const struct envoi_sink sink = {sizeof sink, take, c};
    uint8_t *challenge = in ? fuzz_copy(in, len) : NULL;
    size_t errors = host_record.errors;
    uint32_t want = 7;
    int32_t rc;

    *result = 7;
    fuzz_clear(&c->out);
    c->responded = false;
    rc = c->mechanism->step(c->ctx, challenge, len, &sink, result, &want);
    fuzz_free(challenge);
    FUZZ_CHECK(*result == ENVOI_STEP_CONTINUE || (*result == ENVOI_STEP_DONE && rc == ENVOI_OK), "the result %u of %d",
               *result, rc);
    bool told = c->explains && in && rc == ENVOI_OK && *result == ENVOI_STEP_CONTINUE && host_record.errors > errors;
    FUZZ_CHECK(host_record.errors == errors + (told || (rc && rc != ENVOI_E_AGAIN)), "%zu errors are told of %d",
               host_record.errors - errors, rc);
    FUZZ_CHECK(host_record.errors == errors || host_record.code == (told ? ENVOI_E_AUTH : rc), "%d is told of %d",
               host_record.code, rc);
    FUZZ_CHECK(rc != ENVOI_E_AGAIN || (want == ENVOI_WANT_CREDENTIAL && !c->responded), "AGAIN, and it wants %u", want);
    FUZZ_CHECK(!c->lent || rc == ENVOI_E_AGAIN, "%u credentials are held", c->lent);
    return rc;
}

static int32_t step(struct client *c, const uint8_t *in, size_t len, uint32_t *result)
{
    int32_t rc;

    while ((rc = step_once(c, in, len, result)) == ENVOI_E_AGAIN)
        ;
    return rc;
}

/* What SCRAM's first message has behind "r=". */
static void keep_nonce(struct client *c)
{
    const uint8_t *at = c->out.len ? memmem(c->out.data, c->out.len, "r=", 2) : NULL;

    if (at)
        fuzz_add(&c->nonce, at + 2, c->out.len - (size_t)(at + 2 - c->out.data));
}

static void next_challenge(struct client *c, struct fuzz_input *in, struct fuzz_bytes *challenge)
{
    for (uint8_t octet; in->len && (octet = fuzz_octet(in)) != '\n';) {
        if (octet == 1)
            fuzz_add(challenge, c->nonce.data, c->nonce.len);
        else
            fuzz_add_octet(challenge, octet);
    }
}

/* The message, or the answer to what the server says of a refusal. */
static bool is_token_response(const struct client *c, bool bearer)
{
    char message[128];
    int n = snprintf(message, sizeof message,
                     bearer ? "n,a=%s,\1host=mail.example.org\1auth=Bearer %s\1\1" : "user=%s\1auth=Bearer %s\1\1",
                     c->given & ENVOI_CRED_AUTHZID ? authzid : user, token);

    if (bearer ? c->out.len == 1 && *c->out.data == 1 : !c->out.len)
        return true;
    return c->out.len == (size_t)n && !memcmp(c->out.data, message, c->out.len);
}

/* The mechanisms that are simple enough to be written down once more. */
static void check_response(const struct client *c, const char *name, unsigned turn, int32_t rc)
{
    static const char plain[] = "boss\0alice@example.org\0Correct-Horse-7!";
    size_t skip = c->given & ENVOI_CRED_AUTHZID ? 0 : strlen(authzid);
    const char *words = turn == 1 ? user : password;

    if (rc || !c->responded)
        return;
    if (strcmp(name, "PLAIN") == 0)
        FUZZ_CHECK(c->out.len == sizeof plain - 1 - skip && !memcmp(c->out.data, plain + skip, c->out.len),
                   "another response of PLAIN");
    else if (strcmp(name, "LOGIN") == 0)
        FUZZ_CHECK(c->out.len == strlen(words) && !memcmp(c->out.data, words, c->out.len), "another response of LOGIN");
    else
        FUZZ_CHECK(!c->out.len || !memmem(c->out.data, c->out.len, password, strlen(password)), "%s shows the password",
                   name);
    if (c->explains)
        FUZZ_CHECK(is_token_response(c, strcmp(name, "OAUTHBEARER") == 0), "another response of %s", name);
    if (strcmp(name, "CRAM-MD5") == 0)
        FUZZ_CHECK(c->out.len == strlen(user) + 33 && !memcmp(c->out.data, user, strlen(user)),
                   "another response of CRAM-MD5");
}

/* The challenges, one by one, the first step being the one without any. */
static void talk(struct client *c, const char *name, struct fuzz_input *in)
{
    struct envoi_sasl_layer layer = {.struct_size = sizeof layer};
    struct fuzz_bytes challenge = {0};
    uint32_t result;
    int32_t rc = step(c, NULL, 0, &result);
    bool failed = rc != ENVOI_OK;

    check_response(c, name, 0, rc);
    keep_nonce(c);
    for (unsigned turn = 1; in->len && turn < STEPS_MAX; turn++) {
        fuzz_clear(&challenge);
        next_challenge(c, in, &challenge);
        rc = step(c, challenge.len ? challenge.data : (const uint8_t *)"", challenge.len, &result);
        failed |= rc != ENVOI_OK;
        if (!failed) /* who goes on behind a failure asks for no particular answer */
            check_response(c, name, turn, rc);
    }
    if (!rc && result == ENVOI_STEP_DONE && c->mechanism->layer)
        FUZZ_CHECK(c->mechanism->layer(c->ctx, &layer) == ENVOI_OK || host_record.errors, "no layer, and no reason");
    fuzz_bytes_free(&challenge);
}

/* ---- the plugins ---- */

envoi_plugin_entry envoi_plugin_plain, envoi_plugin_login, envoi_plugin_cram_md5, envoi_plugin_sasl, envoi_plugin_oauth;

static struct {
    envoi_plugin_entry *entry;
    void *state;
    size_t mechanisms;
} plugins[] = {
    {.entry = envoi_plugin_plain}, {.entry = envoi_plugin_login}, {.entry = envoi_plugin_cram_md5},
    {.entry = envoi_plugin_sasl},  {.entry = envoi_plugin_oauth},
};
#define PLUGINS (sizeof plugins / sizeof plugins[0])

/* They live as long as the process, as in a library object. */
static void open_plugins(void)
{
    for (size_t i = 0; i < PLUGINS && !plugins[i].mechanisms; i++) {
        const struct envoi_plugin *plugin = plugins[i].entry();
        struct envoi_mech_info info = {.struct_size = sizeof info};

        FUZZ_CHECK(!plugin->init || plugin->init(&host, &plugins[i].state) == ENVOI_OK, "%s does not begin",
                   plugin->id);
        while (plugin->mechanisms[0]->mech_at(plugins[i].state, plugins[i].mechanisms, &info) == ENVOI_OK)
            plugins[i].mechanisms++;
        FUZZ_CHECK(plugins[i].mechanisms, "%s has no mechanism", plugin->id);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    struct envoi_mech_info info = {.struct_size = sizeof info};
    size_t which = fuzz_octet(&in) % PLUGINS, live;
    uint8_t mechanism = fuzz_octet(&in), ways = fuzz_octet(&in);
    struct client c = {.given = ways & 15, .again = ways >> 4 & 3};
    void *state;

    open_plugins();
    state = plugins[which].state;
    c.mechanism = plugins[which].entry()->mechanisms[0];
    (void)c.mechanism->mech_at(state, mechanism % plugins[which].mechanisms, &info);
    /* An input that has the password would be found to leak it; the token is looked for in what is said. */
    if ((info.flags & ENVOI_MECH_MAY_BLOCK) || (in.len && memmem(in.data, in.len, password, 8)))
        return 0;
    c.explains = info.needs & ENVOI_CRED_TOKEN;
    live = host_record.live;
    host_record.token_given = false;
    c.params = (struct envoi_mech_params){.struct_size = sizeof c.params,
                                          .external_ssf = ways & 64 ? 256 : 0,
                                          .max_ssf = ways & 128 ? 256 : 0,
                                          .service = "smtp",
                                          .host = "mail.example.org",
                                          .server_list = mechanism & 128 ? "SCRAM-SHA-256-PLUS" : "",
                                          .binding = bind,
                                          .cred = give,
                                          .core = &c};
    if (c.mechanism->mech_new(state, info.name, &c.params, &c.ctx) == ENVOI_OK) {
        talk(&c, info.name, &in);
        c.mechanism->mech_free(c.ctx);
    }
    FUZZ_CHECK(!c.lent, "%u credentials are held for ever", c.lent);
    FUZZ_CHECK(host_record.live == live, "%zu blocks are lost", host_record.live - live);
    fuzz_bytes_free(&c.out);
    fuzz_bytes_free(&c.nonce);
    return 0;
}
