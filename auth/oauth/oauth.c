/* SPDX-License-Identifier: MIT */
/* The mechanisms OAUTHBEARER (RFC 7628) and XOAUTH2, its forerunner: one message with a name and an OAuth 2.0 bearer token.
 * A server that refuses the token says why in a challenge, and its 535 only after the answer to that. */
#include <envoi/plugin.h>
#include <string.h>

/* Some words of JSON; nothing that an honest server sends comes near this. */
#define CHALLENGE_MAX 4096
/* Octets of it that are told, and what stands before them. */
#define REASON_MAX    160
#define REASON_BEGIN  "the server says: "
/* Shorter ones are in texts by chance. */
#define TOKEN_LEAST   4

#define PIECES_MAX 8

static const struct row {
    const char *name;
    const char *before_name; /* in the message */
    const char *after_name;
    int gs2;            /* the name is a saslname of RFC 5801, and host= follows */
    const char *answer; /* to the challenge with the error */
} rows[] = {
    {"OAUTHBEARER", "n,a=", ",\1", 1, "\1"},
    {"XOAUTH2", "user=", "\1", 0, ""},
};
#define ROWS (sizeof rows / sizeof *rows)

enum { AUTHID, AUTHZID, TOKEN, FIELDS };

static const struct {
    uint32_t id;
    uint32_t optional;
    const char *missing; /* text for CANCELLED */
    const char *empty;
    const char *bad;
} fields[FIELDS] = {
    [AUTHID] = {ENVOI_CRED_AUTHID, 0, "no user name was given", "the user name is empty",
                "the user name has a control character or a NUL in it"},
    [AUTHZID] = {ENVOI_CRED_AUTHZID, 1, NULL, NULL, "the name to act as has a control character or a NUL in it"},
    [TOKEN] = {ENVOI_CRED_TOKEN, 0, "no token was given", "the token is empty",
               "the token has a NUL, a blank or another octet in it that no bearer token has (RFC 6750 section 2.1)"},
};

enum state { BEGUN, SENT, OVER };

struct oauth {
    const struct envoi_host *host;
    const struct envoi_mech_params *params;
    const struct row *row;
    struct envoi_cred cred[FIELDS]; /* answers that came while another one is still awaited */
    uint32_t asked;                 /* how many of the fields have their answer, or do without */
    enum state state;
    char *message; /* kept, so that the token can be found in what the server says */
    size_t size;
    size_t token; /* where it is in the message */
    size_t token_len;
};

static int32_t oauth_fail(struct oauth *self, int32_t code, const char *text)
{
    self->host->set_error(self->host, self->params->errctx, code, 0, text);
    return code;
}

static void oauth_release(struct oauth *self)
{
    for (size_t i = 0; i < FIELDS; i++) {
        if (self->cred[i].release)
            self->cred[i].release(&self->cred[i]);
        memset(&self->cred[i], 0, sizeof self->cred[i]);
    }
    self->asked = 0;
}

static void oauth_forget(struct oauth *self)
{
    if (self->message)
        self->host->wipe(self->message, self->size);
    self->host->free(self->message);
    self->message = NULL;
}

/* ------------------------------------------------------------------------------------------------- the message ---- */

/* Asks for one field; the answer stays in self->cred until the message is made. */
static int32_t oauth_ask(struct oauth *self, size_t field)
{
    struct envoi_cred_request request = {
        .struct_size = sizeof request, .id = fields[field].id, .mechanism = self->row->name};
    struct envoi_cred *cred = &self->cred[field];

    *cred = (struct envoi_cred){.struct_size = sizeof *cred};
    int32_t rc = self->params->cred(self->params->core, &request, cred);
    if (rc != ENVOI_OK)
        *cred = (struct envoi_cred){0};
    if (rc == ENVOI_OK || rc == ENVOI_E_AGAIN)
        return rc;
    if (rc == ENVOI_E_CANCELLED && fields[field].optional)
        return ENVOI_OK;
    return oauth_fail(self, rc, rc == ENVOI_E_CANCELLED ? fields[field].missing : "a credential cannot be had");
}

/* ^A parts the fields of the message, and neither RFC 5801 nor any account has another control character in a name. */
static int oauth_is_name(const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)data[i] < 0x20 || data[i] == 0x7f)
            return 0;
    return 1;
}

/* b64token of RFC 6750: 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"=" */
static int oauth_is_token(const char *data, size_t len)
{
    static const char octets[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/";

    while (len > 1 && data[len - 1] == '=')
        len--;
    for (size_t i = 0; i < len; i++)
        if (!memchr(octets, data[i], sizeof octets - 1))
            return 0;
    return 1;
}

static int32_t oauth_check(struct oauth *self)
{
    for (size_t i = 0; i < FIELDS; i++) {
        const struct envoi_cred *cred = &self->cred[i];
        if (cred->len == 0 && !fields[i].optional)
            return oauth_fail(self, ENVOI_E_USAGE, fields[i].empty);
        if (cred->len != 0 && !(i == TOKEN ? oauth_is_token : oauth_is_name)(cred->data, cred->len))
            return oauth_fail(self, ENVOI_E_USAGE, fields[i].bad);
    }
    return ENVOI_OK;
}

/* Text to put into the message; as a saslname, in which "," and "=" are written otherwise. */
struct piece {
    const char *data;
    size_t len;
    int saslname;
};

/* Puts a piece to `to`, unless that is NULL. Returns how many octets it takes. */
static size_t oauth_put(char *to, const struct piece *piece)
{
    size_t n = 0;

    for (size_t i = 0; i < piece->len; i++) {
        char octet = piece->data[i];
        int quoted = piece->saslname && (octet == ',' || octet == '=');
        const char *written = !quoted ? &octet : octet == ',' ? "=2C" : "=3D";
        for (size_t k = 0; k < (quoted ? 3 : 1); k++, n++)
            if (to)
                to[n] = written[k];
    }
    return n;
}

/* The host as the value of host=. The core knows no port, and RFC 7628 lets both be left out. */
static const char *oauth_host(const struct oauth *self)
{
    const char *host = self->row->gs2 ? self->params->host : NULL;

    for (const char *at = host; at && *at; at++)
        if (*at <= 0x20 || *at >= 0x7f)
            return NULL;
    return host && *host ? host : NULL;
}

static struct piece piece_of(const char *text)
{
    return (struct piece){text, strlen(text), 0};
}

/* Both forms name whom to act as: the token says who that comes from. Returns how many pieces there are. */
static size_t oauth_pieces(const struct oauth *self, struct piece pieces[PIECES_MAX])
{
    const struct envoi_cred *name = &self->cred[self->cred[AUTHZID].len ? AUTHZID : AUTHID];
    const struct envoi_cred *token = &self->cred[TOKEN];
    const char *host = oauth_host(self);
    size_t n = 0;

    pieces[n++] = piece_of(self->row->before_name);
    pieces[n++] = (struct piece){name->data, name->len, self->row->gs2};
    pieces[n++] = piece_of(self->row->after_name);
    if (host) {
        pieces[n++] = piece_of("host=");
        pieces[n++] = piece_of(host);
        pieces[n++] = piece_of("\1");
    }
    pieces[n++] = piece_of("auth=Bearer ");
    pieces[n++] = (struct piece){token->data, token->len, 0};
    return n;
}

static int32_t oauth_write(struct oauth *self, const struct envoi_sink *out)
{
    static const char end[] = "\1\1";
    struct piece pieces[PIECES_MAX];
    size_t count = oauth_pieces(self, pieces), n = 0;

    self->size = sizeof end - 1;
    for (size_t i = 0; i < count; i++)
        self->size += oauth_put(NULL, &pieces[i]);
    self->message = self->host->alloc(self->size);
    if (!self->message)
        return oauth_fail(self, ENVOI_E_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++) {
        self->token = n;
        n += oauth_put(self->message + n, &pieces[i]);
    }
    self->token_len = n - self->token;
    memcpy(self->message + n, end, sizeof end - 1);
    int32_t rc = out->write(out->ctx, self->message, self->size);
    if (rc == ENVOI_OK)
        return rc;
    oauth_forget(self);
    return oauth_fail(self, rc, "the response cannot be stored");
}

/* --------------------------------------------------------------------------------------------------- the refusal ---- */

/* Is the token at the beginning of this? */
static size_t oauth_token_at(const struct oauth *self, const char *data, size_t len)
{
    if (self->token_len < TOKEN_LEAST || len < self->token_len)
        return 0;
    return memcmp(data, self->message + self->token, self->token_len) == 0 ? self->token_len : 0;
}

/* Tells the beginning of what the server says, whatever it is: printable, on one line, and never the token. */
static void oauth_tell(struct oauth *self, const char *in, size_t len)
{
    char text[sizeof REASON_BEGIN + REASON_MAX + sizeof "..."] = REASON_BEGIN;
    char *at = text + sizeof REASON_BEGIN - 1, *end = at + REASON_MAX;
    size_t i = 0;

    while (i < len && at < end) {
        size_t token = oauth_token_at(self, in + i, len - i);
        unsigned char octet = (unsigned char)in[i];

        *at++ = token || octet >= 0x7f ? '*' : octet < 0x20 ? ' ' : (char)octet;
        i += token ? token : 1;
    }
    memcpy(at, i < len ? "..." : "", i < len ? sizeof "..." : 1);
    /* The step goes well: this is the reason for the refusal that the answer brings. */
    oauth_fail(self, ENVOI_E_AUTH, text);
}

static int32_t oauth_refused(struct oauth *self, const char *in, size_t len, const struct envoi_sink *out)
{
    enum state state = self->state;

    self->state = OVER;
    if (state == OVER)
        return oauth_fail(self, ENVOI_E_AUTH, "the server sent a second challenge");
    if (len > CHALLENGE_MAX)
        return oauth_fail(self, ENVOI_E_AUTH, "the server's challenge is too long");
    int32_t rc = out->write(out->ctx, self->row->answer, strlen(self->row->answer));
    if (rc != ENVOI_OK)
        return oauth_fail(self, rc, "the response cannot be stored");
    if (len)
        oauth_tell(self, in, len);
    oauth_forget(self);
    return rc;
}

static int32_t oauth_step(void *ctx, const void *in, size_t len, const struct envoi_sink *out, uint32_t *result,
                          uint32_t *want)
{
    struct oauth *self = ctx;

    *result = ENVOI_STEP_CONTINUE;
    *want = 0;
    if (self->state != BEGUN)
        return oauth_refused(self, in, len, out);
    /* Before the message there is no challenge but the empty one that asks for it. */
    if (in && len)
        return oauth_fail(self, ENVOI_E_AUTH, "the server sent a challenge before it had the token");

    int32_t rc = ENVOI_OK;
    while (self->asked < FIELDS && (rc = oauth_ask(self, self->asked)) == ENVOI_OK)
        self->asked++;
    if (rc == ENVOI_E_AGAIN) {
        *want = ENVOI_WANT_CREDENTIAL;
        return rc;
    }
    if (rc == ENVOI_OK)
        rc = oauth_check(self);
    if (rc == ENVOI_OK)
        rc = oauth_write(self, out);
    oauth_release(self);
    if (rc == ENVOI_OK) {
        self->state = SENT;
        *result = ENVOI_STEP_DONE;
    }
    return rc;
}

/* -------------------------------------------------------------------------------------------------- the provider ---- */

static int32_t oauth_mech_new(void *state, const char *mech, const struct envoi_mech_params *params, void **ctx)
{
    const struct envoi_host *host = state;
    const struct row *row = NULL;

    for (size_t i = 0; i < ROWS; i++)
        if (strcmp(mech, rows[i].name) == 0)
            row = &rows[i];
    if (!row || !ENVOI_HAS(params, errctx))
        return ENVOI_E_NOT_SUPPORTED;
    struct oauth *self = host->alloc(sizeof *self);
    if (!self) {
        host->set_error(host, params->errctx, ENVOI_E_MEMORY, 0, "out of memory");
        return ENVOI_E_MEMORY;
    }
    *self = (struct oauth){.host = host, .params = params, .row = row};
    *ctx = self;
    return ENVOI_OK;
}

static void oauth_mech_free(void *ctx)
{
    struct oauth *self = ctx;

    if (!self)
        return;
    oauth_release(self);
    oauth_forget(self);
    self->host->free(self);
}

static int32_t oauth_mech_at(void *state, size_t index, struct envoi_mech_info *out)
{
    (void)state;
    if (index >= ROWS)
        return ENVOI_E_END;
    out->flags = ENVOI_MECH_CLIENT_FIRST | ENVOI_MECH_PLAINTEXT;
    out->needs = ENVOI_CRED_AUTHID | ENVOI_CRED_TOKEN;
    out->name = rows[index].name;
    return ENVOI_OK;
}

/* All that there is to remember is the host. */
static int32_t oauth_init(const struct envoi_host *host, void **state)
{
    *state = (void *)(uintptr_t)host;
    return ENVOI_HAS(host, set_error) ? ENVOI_OK : ENVOI_E_PLUGIN;
}

static const struct envoi_mechanism mechanism = {
    .struct_size = sizeof mechanism,
    .name = "OAuth 2.0",
    .mech_at = oauth_mech_at,
    .mech_new = oauth_mech_new,
    .step = oauth_step,
    .mech_free = oauth_mech_free,
};

static const struct envoi_mechanism *const mechanisms[] = {&mechanism, NULL};

static const struct envoi_plugin plugin = {
    .struct_size = sizeof plugin,
    .magic = ENVOI_PLUGIN_MAGIC,
    .abi_major = ENVOI_ABI_MAJOR,
    .abi_minor = ENVOI_ABI_MINOR,
    .id = "oauth",
    .version = "1",
    .license = "MIT",
    .init = oauth_init,
    .mechanisms = mechanisms,
};

ENVOI_PLUGIN_EXPORT const struct envoi_plugin *envoi_plugin_oauth(void);

const struct envoi_plugin *envoi_plugin_oauth(void)
{
    return &plugin;
}
