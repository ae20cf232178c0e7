/* SPDX-License-Identifier: MIT */
#include "../support/blocks.h"
#include "player.h"

#include <stdlib.h>
#include <string.h>

/* Shorter ones occur by chance. */
#define SHORTEST 4

struct search {
    void (*tell)(void *ctx, const char *secret, size_t len);
    void *ctx;
    bool client_only;
    bool in_auth;
};

static void search_tell(struct search *s, const char *text)
{
    if (strlen(text) >= SHORTEST)
        s->tell(s->ctx, text, strlen(text));
}

static void encode(const unsigned char octets[3], char out[4])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned bits = (unsigned)octets[0] << 16 | (unsigned)octets[1] << 8 | octets[2];

    for (int i = 3; i >= 0; i--, bits >>= 6)
        out[i] = digits[bits & 63];
}

/* In base64, at each of the three offsets that it may have in the encoded text: the groups of characters that depend on
 * it alone. */
static void search_encoded(struct search *s, const char *text)
{
    size_t len = strlen(text);

    for (size_t from = 0; from < 3; from++) {
        struct bytes encoded = {0};
        for (size_t at = from; at + 3 <= len; at += 3) {
            char group[4];
            encode((const unsigned char *)text + at, group);
            bytes_add(&encoded, group, sizeof group);
        }
        if (encoded.len > SHORTEST)
            search_tell(s, bytes_text(&encoded));
        bytes_free(&encoded);
    }
}

/* "set password X", "credential token X". */
static void search_setting(struct search *s, const struct script_line *line)
{
    static const char *const names[] = {"password ", "token "};
    const char *error;

    if (strcmp(line->word, "set") != 0 && strcmp(line->word, "credential") != 0)
        return;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct bytes value = {0};
        if (strncmp(line->rest, names[i], strlen(names[i])) == 0 &&
            script_argument(line->rest + strlen(names[i]), &value, &error) &&
            strcmp(bytes_text(&value), "later") != 0) {
            search_tell(s, bytes_text(&value));
            search_encoded(s, bytes_text(&value));
        }
        bytes_free(&value);
    }
}

static void search_client(struct search *s, const char *text)
{
    if (strncmp(text, "AUTH ", 5) == 0) {
        s->in_auth = true;
        text = strchr(text + 5, ' ');
        text = text ? text + 1 : "";
    } else if (!s->in_auth)
        return;
    search_tell(s, text);
}

static void search_server(struct search *s, const char *text)
{
    if (!s->in_auth)
        return;
    if (strncmp(text, "334 ", 4) != 0)
        s->in_auth = false;
    else if (!s->client_only)
        search_tell(s, text + 4);
}

void play_secrets(const struct script *script, bool client_only,
                  void (*tell)(void *ctx, const char *secret, size_t len), void *ctx)
{
    struct search s = {.tell = tell, .ctx = ctx, .client_only = client_only};

    for (size_t i = 0; i < script->count; i++) {
        const struct script_line *line = &script->steps[i].line;
        search_setting(&s, line);
        if (strcmp(line->word, "C:") == 0)
            search_client(&s, line->rest);
        else if (strcmp(line->word, "S:") == 0)
            search_server(&s, line->rest);
    }
}

/* ---- places where they must not show ---- */

static void look_at_text(struct player *p, const char *what, const char *text, const char *secret, size_t len)
{
    if (text && bytes_contain(text, strlen(text), secret, len))
        player_break(p, "%s shows \"%s\": %s", what, secret, text);
}

static void look_at_trace(void *ctx, const char *secret, size_t len)
{
    struct player *p = ctx;

    if (bytes_contain(p->trace.data, p->trace.len, secret, len))
        player_break(p, "the trace shows \"%s\"", secret);
}

static void look_at_texts(void *ctx, const char *secret, size_t len)
{
    struct player *p = ctx;
    const struct envoi_message *m = p->letter->message;

    look_at_text(p, "the error", p->fault.text, secret, len);
    look_at_text(p, "the reply", envoi_reply_text(engine_reply(p->engine)), secret, len);
    for (size_t i = 0; i < envoi_reply_lines(engine_reply(p->engine)); i++)
        look_at_text(p, "a line of the reply", envoi_reply_line(engine_reply(p->engine), i, NULL), secret, len);
    for (size_t i = 0; m && i < envoi_message_recipients(m); i++)
        look_at_text(p, "a verdict", envoi_message_verdict_reason(m, i), secret, len);
}

/* While nothing is in progress, the password is in the settings and nowhere else. */
static void look_at_memory(void *ctx, const char *secret, size_t len)
{
    struct player *p = ctx;
    const void *const settings[] = {p->settings.password, p->settings.token};

    if (blocks_hold(secret, len, settings, sizeof settings / sizeof settings[0]))
        player_break(p, "\"%s\" is still in memory", secret);
}

void player_hide(struct player *p)
{
    play_secrets(p->script, false, look_at_trace, p);
    if (!p->engine)
        return;
    play_secrets(p->script, true, look_at_texts, p);
    if (engine_result(p->engine) != ENVOI_E_AGAIN)
        play_secrets(p->script, true, look_at_memory, p);
}
