/* SPDX-License-Identifier: MIT */
#include "play.h"

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
            script_argument(line->rest + strlen(names[i]), &value, &error) && strcmp(bytes_text(&value), "later") != 0)
            search_tell(s, bytes_text(&value));
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
