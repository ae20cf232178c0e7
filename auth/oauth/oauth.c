/* SPDX-License-Identifier: MIT */
/* The mechanisms OAUTHBEARER (RFC 7628) and XOAUTH2, its forerunner: one message with a name and an OAuth 2.0 bearer
 * token. A server that refuses the token gives the reason in a challenge, and replies 535 only after the response to
 * that. */
#include "mech.h"

#include <string.h>

/* The challenge is a small object of JSON, far shorter than this. */
#define CHALLENGE_MAX 4096
/* Most octets of it that an error text quotes, and the words before them. */
#define REASON_MAX    160
#define REASON_BEGIN  "the server says: "
/* A shorter token is not masked in the quoted octets: it may be there by chance. */
#define TOKEN_LEAST   4

#define PIECES_MAX 8

/* ---- the credentials ---- */

enum { AUTHID, AUTHZID, TOKEN, FIELDS };

/* ^A separates the fields of the message. Other control characters are in no name of RFC 5801 or of any account. */
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

static const struct mech_field fields[FIELDS] = {
    [AUTHID] = {.id = ENVOI_CRED_AUTHID,
                .missing = "no user name was given",
                .empty = "the user name is empty",
                .bad = "the user name has a control character or a NUL in it",
                .is_good = oauth_is_name},
    [AUTHZID] = {.id = ENVOI_CRED_AUTHZID,
                 .optional = 1,
                 .bad = "the name to act as has a control character or a NUL in it",
                 .is_good = oauth_is_name},
    [TOKEN] =
        {.id = ENVOI_CRED_TOKEN,
         .missing = "no token was given",
         .empty = "the token is empty",
         .bad = "the token has a NUL, a blank or another octet in it that no bearer token has (RFC 6750 section 2.1)",
         .is_good = oauth_is_token},
};

/* ---- the exchange ---- */

enum state { BEGUN, SENT, OVER };

struct oauth {
    struct mech_exchange exchange;
    const struct row *row;
    enum state state;
    char *message; /* kept, so that the token can be found in the server's challenge */
    size_t size;
    size_t token; /* its offset in the message */
    size_t token_len;
};

static const struct row {
    struct mech_spec spec;
    const char *before_name; /* in the message */
    const char *after_name;
    int gs2;            /* the name is a saslname of RFC 5801, and host= follows */
    const char *answer; /* to the challenge with the error */
} rows[] = {
    {.spec = {.name = "OAUTHBEARER",
              .flags = ENVOI_MECH_CLIENT_FIRST | ENVOI_MECH_PLAINTEXT,
              .needs = ENVOI_CRED_AUTHID | ENVOI_CRED_TOKEN,
              .size = sizeof(struct oauth),
              .check_all = 1,
              .count = FIELDS,
              .fields = fields},
     .before_name = "n,a=",
     .after_name = ",\1",
     .gs2 = 1,
     .answer = "\1"},
    {.spec = {.name = "XOAUTH2",
              .flags = ENVOI_MECH_CLIENT_FIRST | ENVOI_MECH_PLAINTEXT,
              .needs = ENVOI_CRED_AUTHID | ENVOI_CRED_TOKEN,
              .size = sizeof(struct oauth),
              .check_all = 1,
              .count = FIELDS,
              .fields = fields},
     .before_name = "user=",
     .after_name = "\1",
     .answer = ""},
};
#define ROWS (sizeof rows / sizeof *rows)

static void oauth_forget(struct oauth *self)
{
    const struct envoi_host *host = self->exchange.host;

    if (self->message)
        host->wipe(self->message, self->size);
    host->free(self->message);
    self->message = NULL;
}

/* ---- the message ---- */

/* A part of the message. In a saslname "," is written as =2C and "=" as =3D (RFC 5801 section 4). */
struct piece {
    const char *data;
    size_t len;
    int saslname;
};

/* Writes a piece to `to`; NULL: it is only measured. Returns the number of its octets. */
static size_t oauth_put(char *to, const struct piece *piece)
{
    size_t n = 0;

    for (size_t i = 0; i < piece->len; i++) {
        const char *octets = &piece->data[i];
        size_t count = 1;

        if (piece->saslname && (*octets == ',' || *octets == '=')) {
            octets = *octets == ',' ? "=2C" : "=3D";
            count = 3;
        }
        if (to)
            memcpy(to + n, octets, count);
        n += count;
    }
    return n;
}

/* Returns the value of host=, or NULL if there is none: RFC 7628 lets host and port be left out. A port is never sent,
 * as the core does not give it. */
static const char *oauth_host(const struct oauth *self)
{
    const char *host = self->row->gs2 ? self->exchange.params->host : NULL;

    for (const char *at = host; at && *at; at++)
        if (*at <= 0x20 || *at >= 0x7f)
            return NULL;
    return host && *host ? host : NULL;
}

static struct piece piece_of(const char *text)
{
    return (struct piece){text, strlen(text), 0};
}

/* The name in the message is the one to act as, if there is one: the token itself says whose it is. Returns the number
 * of pieces. */
static size_t oauth_pieces(const struct oauth *self, struct piece pieces[PIECES_MAX])
{
    const struct envoi_cred *cred = self->exchange.cred;
    const struct envoi_cred *name = &cred[cred[AUTHZID].len ? AUTHZID : AUTHID];
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
    pieces[n++] = (struct piece){cred[TOKEN].data, cred[TOKEN].len, 0};
    return n;
}

static int32_t oauth_write(struct oauth *self, const struct envoi_sink *out)
{
    static const char end[] = "\1\1";
    struct piece pieces[PIECES_MAX];
    size_t count = oauth_pieces(self, pieces), n = 0;
    int32_t rc;

    self->size = sizeof end - 1;
    for (size_t i = 0; i < count; i++)
        self->size += oauth_put(NULL, &pieces[i]);
    self->message = self->exchange.host->alloc(self->size);
    if (!self->message)
        return mech_fail(&self->exchange, ENVOI_E_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++) {
        self->token = n; /* the token is the last piece */
        n += oauth_put(self->message + n, &pieces[i]);
    }
    self->token_len = n - self->token;
    memcpy(self->message + n, end, sizeof end - 1);
    rc = mech_write(&self->exchange, out, self->message, self->size);
    if (rc)
        oauth_forget(self);
    return rc;
}

/* ---- the refusal ---- */

/* Returns the length of the token if `data` begins with it, else 0. */
static size_t oauth_token_at(const struct oauth *self, const char *data, size_t len)
{
    if (self->token_len < TOKEN_LEAST || len < self->token_len)
        return 0;
    return memcmp(data, self->message + self->token, self->token_len) == 0 ? self->token_len : 0;
}

/* Returns the printable character that stands for an octet of the server. */
static char oauth_shown(unsigned char octet)
{
    if (octet >= 0x7f)
        return '*';
    return octet < 0x20 ? ' ' : (char)octet;
}

/* Reports the first octets of the server's challenge as the reason for its refusal: on one line, printable, and with
 * each occurrence of the token replaced by an asterisk. */
static void oauth_tell(struct oauth *self, const char *in, size_t len)
{
    char text[sizeof REASON_BEGIN + REASON_MAX + sizeof "..."] = REASON_BEGIN;
    char *at = text + sizeof REASON_BEGIN - 1, *end = at + REASON_MAX;
    size_t i = 0;

    while (i < len && at < end) {
        size_t token = oauth_token_at(self, in + i, len - i);

        *at++ = token ? '*' : oauth_shown((unsigned char)in[i]);
        i += token ? token : 1;
    }
    memcpy(at, i < len ? "..." : "", i < len ? sizeof "..." : 1);
    /* The step itself succeeds: the refusal is the reply to its response, and this text becomes a part of that
     * error. */
    mech_fail(&self->exchange, ENVOI_E_AUTH, text);
}

static int32_t oauth_refused(struct oauth *self, const char *in, size_t len, const struct envoi_sink *out)
{
    enum state state = self->state;
    int32_t rc;

    self->state = OVER;
    if (state == OVER)
        return mech_fail(&self->exchange, ENVOI_E_AUTH, "the server sent a second challenge");
    if (len > CHALLENGE_MAX)
        return mech_fail(&self->exchange, ENVOI_E_AUTH, "the server's challenge is too long");
    rc = mech_write(&self->exchange, out, self->row->answer, strlen(self->row->answer));
    if (rc)
        return rc;
    if (len)
        oauth_tell(self, in, len);
    oauth_forget(self);
    return ENVOI_OK;
}

static int32_t oauth_step(void *ctx, const void *in, size_t len, const struct envoi_sink *out, uint32_t *result,
                          uint32_t *want)
{
    struct oauth *self = ctx;
    int32_t rc;

    *result = ENVOI_STEP_CONTINUE;
    *want = 0;
    if (self->state != BEGUN)
        return oauth_refused(self, in, len, out);
    /* The only challenge before the message is the empty one that asks for it. */
    if (in && len)
        return mech_fail(&self->exchange, ENVOI_E_AUTH, "the server sent a challenge before it had the token");

    rc = mech_gather(&self->exchange, want);
    if (rc == ENVOI_E_AGAIN)
        return rc;
    if (!rc)
        rc = oauth_write(self, out);
    mech_release(&self->exchange);
    if (!rc) {
        self->state = SENT;
        *result = ENVOI_STEP_DONE;
    }
    return rc;
}

/* ---- the provider ---- */

static int32_t oauth_mech_at(void *state, size_t index, struct envoi_mech_info *out)
{
    (void)state;
    return index >= ROWS ? ENVOI_E_END : mech_describe(&rows[index].spec, out);
}

static int32_t oauth_mech_new(void *state, const char *name, const struct envoi_mech_params *params, void **ctx)
{
    int32_t rc = ENVOI_E_NOT_SUPPORTED;
    size_t i = 0;

    for (; i < ROWS && rc == ENVOI_E_NOT_SUPPORTED; i++) {
        rc = mech_new(state, name, params, &rows[i].spec, ctx);
        if (!rc)
            ((struct oauth *)*ctx)->row = &rows[i];
    }
    return rc;
}

static void oauth_mech_free(void *ctx)
{
    if (ctx)
        oauth_forget(ctx);
    mech_free(ctx);
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
    .init = mech_init,
    .mechanisms = mechanisms,
};

ENVOI_PLUGIN_EXPORT const struct envoi_plugin *envoi_plugin_oauth(void);

const struct envoi_plugin *envoi_plugin_oauth(void)
{
    return &plugin;
}
