/* SPDX-License-Identifier: MIT */
#include "letter.h"

#include <stdlib.h>
#include <string.h>

/* ---- content by callbacks ---- */

static int feed_pull(void *ctx, void *buf, size_t cap, size_t *len)
{
    struct feed *feed = ctx;
    size_t part = feed->data.len - feed->at;

    if (feed->again && ++feed->calls % feed->again == 0)
        return ENVOI_E_AGAIN;
    if (feed->fail_at >= 0 && feed->at >= (size_t)feed->fail_at)
        return ENVOI_E_SYSTEM;
    if (part > feed->step)
        part = feed->step;
    if (part > cap)
        part = cap;
    if (part)
        memcpy(buf, feed->data.data + feed->at, part);
    feed->at += part;
    *len = part;
    return ENVOI_OK;
}

static int feed_rewind(void *ctx)
{
    struct feed *feed = ctx;

    feed->at = 0;
    return ENVOI_OK;
}

/* How a content is given: memory, or a callback with its options. */
struct source {
    bool callback, rewind;
    int64_t size; /* the declared one; -1: unknown; -2: the true one */
};

/* "callback step=7 again=2 fail=100 size=unknown rewind=no" */
static bool source_option(struct player *p, struct source *source, const char *word)
{
    int64_t number = strchr(word, '=') ? script_number(strchr(word, '=') + 1) : -1;

    if (strncmp(word, "step=", 5) == 0 && number > 0)
        p->letter->feed.step = (size_t)number;
    else if (strncmp(word, "again=", 6) == 0 && number > 1)
        p->letter->feed.again = (unsigned)number;
    else if (strncmp(word, "fail=", 5) == 0 && number >= 0)
        p->letter->feed.fail_at = number;
    else if (strncmp(word, "size=", 5) == 0 && number >= 0)
        source->size = number;
    else if (strcmp(word, "size=unknown") == 0)
        source->size = -1;
    else if (strcmp(word, "rewind=no") == 0)
        source->rewind = false;
    else
        return player_break(p, "the script: there is no way \"%s\" of a source", word);
    return true;
}

static bool source_read(struct player *p, struct source *source, const char *rest)
{
    struct arguments a;
    bool good;

    if (!player_arguments(p, rest, 1, ARGUMENTS_MAX, &a))
        return false;
    good = strcmp(argument(&a, 0), "callback") == 0 || player_break(p, "the script: source callback ...");
    source->callback = good;
    for (size_t i = 1; i < a.count && good; i++)
        good = source_option(p, source, argument(&a, i));
    arguments_free(&a);
    return good;
}

/* ---- the message ---- */

static bool letter_content_line(struct player *p, const struct script_line *line, struct bytes *out)
{
    const char *error = NULL, *rest = line->rest;

    if (strcmp(line->word, "|") == 0) {
        bytes_add_text(out, line->rest);
        bytes_add_text(out, "\r\n");
        return true;
    }
    if (strcmp(line->word, "raw") != 0)
        return false;
    while ((rest = script_argument(rest, out, &error)))
        ;
    if (error)
        player_break(p, "the script: line %d: %s", line->number, error);
    return true;
}

bool letter_content(struct player *p, struct bytes *out)
{
    bool good = true;

    bytes_add(out, "", 0);
    for (size_t i = 0; i < p->step->more_count && good; i++)
        good = letter_content_line(p, &p->step->more[i], out);
    return good ? true : player_break(p, "the script: only | and raw can stand here");
}

static int letter_from(struct player *p, const struct arguments *a)
{
    return envoi_message_new(argument(a, 0), &p->letter->message);
}

static int letter_to(struct player *p, const struct arguments *a)
{
    struct bytes options = {0};
    int rc;

    for (size_t i = 1; i < a->count; i++) {
        if (i > 1)
            bytes_add_text(&options, " ");
        bytes_add_text(&options, argument(a, i));
    }
    rc = options.len ? envoi_message_add_recipient_with(p->letter->message, argument(a, 0), bytes_text(&options))
                     : envoi_message_add_recipient(p->letter->message, argument(a, 0));
    bytes_free(&options);
    return rc;
}

static int letter_options(struct player *p, const struct arguments *a)
{
    return envoi_message_set_options(p->letter->message, argument(a, 0));
}

static int letter_drop(struct player *p, const struct arguments *a)
{
    return envoi_message_set_drop_options(p->letter->message, strcmp(argument(a, 0), "on") == 0);
}

static int letter_require_all(struct player *p, const struct arguments *a)
{
    return envoi_message_set_require_all(p->letter->message, strcmp(argument(a, 0), "on") == 0);
}

static int letter_canonical(struct player *p, const struct arguments *a)
{
    return envoi_message_set_canonical(p->letter->message, strcmp(argument(a, 0), "on") == 0);
}

static int letter_body(struct player *p, const struct arguments *a)
{
    static const char *const names[] = {[ENVOI_BODY_AUTO] = "auto",
                                        [ENVOI_BODY_7BIT] = "7bit",
                                        [ENVOI_BODY_8BIT] = "8bit",
                                        [ENVOI_BODY_BINARY] = "binary"};

    for (int i = ENVOI_BODY_AUTO; i <= ENVOI_BODY_BINARY; i++)
        if (strcmp(names[i], argument(a, 0)) == 0)
            return envoi_message_set_body(p->letter->message, i);
    player_break(p, "the script: there is no body \"%s\"", argument(a, 0));
    return ENVOI_OK;
}

static int letter_long_lines(struct player *p, const struct arguments *a)
{
    static const char *const names[] = {
        [ENVOI_LONG_LINES_PASS] = "pass", [ENVOI_LONG_LINES_REFUSE] = "refuse", [ENVOI_LONG_LINES_TELL] = "tell"};

    for (int i = ENVOI_LONG_LINES_PASS; i <= ENVOI_LONG_LINES_TELL; i++)
        if (strcmp(names[i], argument(a, 0)) == 0)
            return envoi_message_set_long_lines(p->letter->message, i);
    player_break(p, "the script: long lines cannot be \"%s\"", argument(a, 0));
    return ENVOI_OK;
}

static int letter_estimate(struct player *p, const struct arguments *a)
{
    return envoi_message_set_size_estimate(p->letter->message, (uint64_t)script_number(argument(a, 0)));
}

static const struct {
    const char *word;
    size_t least, most;
    int (*set)(struct player *p, const struct arguments *a);
} letter_words[] = {
    {"from", 1, 1, letter_from},
    {"to", 1, ARGUMENTS_MAX, letter_to},
    {"options", 1, 1, letter_options},
    {"require-all", 1, 1, letter_require_all},
    {"canonical", 1, 1, letter_canonical},
    {"drop-options", 1, 1, letter_drop},
    {"body", 1, 1, letter_body},
    {"size-estimate", 1, 1, letter_estimate},
    {"long-lines", 1, 1, letter_long_lines},
};

static void letter_built(struct player *p, int rc)
{
    if (p->letter->built == ENVOI_OK)
        p->letter->built = rc;
}

static bool letter_word(struct player *p, const struct script_line *line)
{
    for (size_t i = 0; i < sizeof letter_words / sizeof letter_words[0]; i++) {
        struct arguments a;
        if (strcmp(letter_words[i].word, line->word) != 0)
            continue;
        if (player_arguments(p, line->rest, letter_words[i].least, letter_words[i].most, &a))
            letter_built(p, letter_words[i].set(p, &a));
        arguments_free(&a);
        return true;
    }
    return player_break(p, "the script: line %d: there is no \"%s\" in a message", line->number, line->word);
}

static void letter_give(struct player *p, const struct source *source)
{
    int64_t size = source->size == -2 ? (int64_t)p->letter->feed.data.len : source->size;

    if (source->callback)
        letter_built(p, envoi_message_set_callback(p->letter->message, feed_pull, source->rewind ? feed_rewind : NULL,
                                                   &p->letter->feed, size));
    else
        letter_built(p,
                     envoi_message_set_data(p->letter->message, p->letter->feed.data.data, p->letter->feed.data.len));
}

/* The message that the step makes: a new first one, or ("message more") another after the existing ones. */
static struct letter *letter_new(struct player *p, const char *rest)
{
    bool more = strcmp(rest, "more") == 0;

    if ((*rest && !more) || (more && p->letter_count == LETTERS_MAX)) {
        player_break(p, "the script: message, or message more, and not too many of them");
        return NULL;
    }
    for (size_t i = 0; i < LETTERS_MAX && !more; i++) {
        envoi_message_free(p->letters[i].message);
        bytes_free(&p->letters[i].feed.data);
        p->letters[i] = (struct letter){0};
    }
    if (!more)
        p->letter_count = 0;
    return &p->letters[p->letter_count++];
}

/* message
 *   from ADDRESS / to ADDRESS [OPTIONS] / options "..." / drop-options on / require-all on / body 8bit / size-estimate N
 *   source callback ... / | text / raw OCTETS */
void step_message(struct player *p, const char *rest)
{
    struct source source = {.callback = p->mode->by_callback, .rewind = true, .size = -2};
    struct letter *letter = letter_new(p, rest);

    if (!letter)
        return;
    p->letter = letter;
    letter->feed = (struct feed){.step = p->mode->by_callback ? p->callback_step : 4096, .fail_at = -1};
    bytes_add(&letter->feed.data, "", 0);
    for (size_t i = 0; i < p->step->more_count && !p->stopped; i++) {
        const struct script_line *line = &p->step->more[i];
        if (letter_content_line(p, line, &letter->feed.data))
            continue;
        if (strcmp(line->word, "source") == 0 ? !source_read(p, &source, line->rest) : !letter_word(p, line))
            return;
    }
    letter_give(p, &source);
    const struct script_step *next = p->step + 1;
    bool asked = next < p->script->steps + p->script->count && strcmp(next->line.word, "built") == 0;
    if (letter->built != ENVOI_OK && !asked)
        player_fail(p, "the message could not be made: %s", envoi_error_name(letter->built));
}
