/* SPDX-License-Identifier: MIT */
/* The steps of the application: the verbs. */
#include "letter.h"
#include "tls.h"

#include <string.h>

void player_began(struct player *p, int rc)
{
    int now = engine_result(p->engine);

    /* A call that fails at once returns its own code; the result of the engine may be an earlier one. */
    if (rc == ENVOI_E_AGAIN && now != ENVOI_E_AGAIN)
        player_break(p, "the verb said AGAIN and its result is %s", envoi_error_name(now));
    p->began = rc;
}

static void verb_connect(struct player *p, const char *rest)
{
    (void)rest;
    if (!engine_alive(p->engine) && !engine_wants_connection(p->engine))
        engine_close(p->engine);
    p->tls->free(p);
    bytes_clear(&p->server.wire);
    bytes_clear(&p->server.sasl);
    p->server.tls = p->server.layer = p->server.hello_seen = p->server.notified = false;
    p->peer.host = bytes_text(&p->host);
    p->peer.tls = p->settings.tls;
    player_began(p, engine_connect(p->engine, &p->peer));
}

/* The verb goes on, over another connection. */
static void verb_reconnect(struct player *p, const char *rest)
{
    if (engine_wants_connection(p->engine))
        verb_connect(p, rest);
    else
        player_fail(p, "the client does not connect again");
}

/* Verbs that take at most one text. */
static const struct {
    const char *word;
    int (*begin)(struct engine *e, const char *text);
} text_verbs[] = {
    {"ehlo", engine_ehlo},
    {"helo", engine_helo},
};

static void verb_of_text(struct player *p, const char *rest)
{
    struct arguments a;

    if (!player_arguments(p, rest, 0, 1, &a))
        return;
    for (size_t i = 0; i < sizeof text_verbs / sizeof text_verbs[0]; i++)
        if (strcmp(text_verbs[i].word, p->step->line.word) == 0)
            player_began(p, text_verbs[i].begin(p->engine, argument(&a, 0)));
    arguments_free(&a);
}

static const struct {
    const char *word;
    int (*begin)(struct engine *e);
} plain_verbs[] = {
    {"hello", engine_hello_if_needed},
    {"starttls", engine_starttls},
    {"rset", engine_rset},
    {"quit", engine_quit},
};

static void verb_plain(struct player *p, const char *rest)
{
    (void)rest;
    for (size_t i = 0; i < sizeof plain_verbs / sizeof plain_verbs[0]; i++)
        if (strcmp(plain_verbs[i].word, p->step->line.word) == 0)
            player_began(p, plain_verbs[i].begin(p->engine));
}

/* Verbs that are a command and its argument: noop, help, verify, expn. */
static const struct {
    const char *word, *command;
    int (*begin)(struct engine *e, const char *verb, const char *text);
} command_verbs[] = {
    {"noop", "NOOP", engine_simple_command},
    {"help", "HELP", engine_simple_command},
    {"verify", "VRFY", engine_lookup},
    {"expn", "EXPN", engine_lookup},
};

static void verb_command(struct player *p, const char *rest)
{
    struct arguments a;

    if (!player_arguments(p, rest, 0, 1, &a))
        return;
    for (size_t i = 0; i < sizeof command_verbs / sizeof command_verbs[0]; i++)
        if (strcmp(command_verbs[i].word, p->step->line.word) == 0)
            player_began(p, command_verbs[i].begin(p->engine, command_verbs[i].command, argument(&a, 0)));
    arguments_free(&a);
}

static void verb_docmd(struct player *p, const char *rest)
{
    struct arguments a;

    if (player_arguments(p, rest, 1, 2, &a))
        player_began(p, engine_command(p->engine, argument(&a, 0), argument(&a, 1)));
    arguments_free(&a);
}

static void verb_mail(struct player *p, const char *rest)
{
    struct arguments a;

    if (player_arguments(p, rest, 1, 2, &a))
        player_began(p, engine_mail(p->engine, argument(&a, 0), argument(&a, 1)));
    arguments_free(&a);
}

static void verb_rcpt(struct player *p, const char *rest)
{
    struct arguments a;

    if (player_arguments(p, rest, 1, 2, &a))
        player_began(p, engine_rcpt(p->engine, argument(&a, 0), argument(&a, 1)));
    arguments_free(&a);
}

static void verb_data(struct player *p, const char *rest)
{
    (void)rest;
    bytes_clear(&p->data);
    if (letter_content(p, &p->data))
        player_began(p, engine_data(p->engine, p->data.data, p->data.len));
}

static void verb_send(struct player *p, const char *rest)
{
    (void)rest;
    p->sends++;
    /* A message that could not be made is refused before the engine sees it. */
    player_began(p, p->letter->message ? engine_send(p->engine, p->letter->message) : p->letter->built);
}

/* All messages of the script, one after the other. */
static void verb_send_all(struct player *p, const char *rest)
{
    struct envoi_message *messages[LETTERS_MAX];

    (void)rest;
    p->sends++;
    for (size_t i = 0; i < p->letter_count; i++)
        if (!(messages[i] = p->letters[i].message)) {
            player_began(p, p->letters[i].built);
            return;
        }
    player_began(p, engine_send_all(p->engine, messages, p->letter_count));
}

/* As envoi_session_sendmail() sends the message that it makes. */
static void verb_sendmail(struct player *p, const char *rest)
{
    if (p->letter->message)
        envoi_message_set_drop_options(p->letter->message, 1);
    verb_send(p, rest);
}

static void verb_close(struct player *p, const char *rest)
{
    (void)rest;
    engine_close(p->engine);
    bytes_clear(&p->server.in);
}

/* "keep not-attempted deferred": the recipients with these verdicts. */
static void verb_keep(struct player *p, const char *rest)
{
    static const char *const names[] = {"not-attempted", "accepted", "deferred", "refused", "unknown"};
    unsigned verdicts = 0;
    struct arguments a;

    if (!player_arguments(p, rest, 0, ARGUMENTS_MAX, &a))
        return;
    for (size_t i = 0; i < a.count; i++)
        for (unsigned k = 0; k < sizeof names / sizeof names[0]; k++)
            verdicts |= (strcmp(names[k], argument(&a, i)) == 0 ? 1u : 0u) << k;
    p->rounds++;
    if (p->letter->message && envoi_message_keep(p->letter->message, verdicts))
        player_break(p, "the recipients cannot be kept");
    arguments_free(&a);
}

static void verb_forget(struct player *p, const char *rest)
{
    (void)rest;
    p->rounds++;
    if (p->letter->message && envoi_message_forget_verdicts(p->letter->message))
        player_break(p, "the verdicts cannot be forgotten");
}

/* ---- logins ---- */

static void verb_login(struct player *p, const char *rest)
{
    (void)rest;
    player_began(p, engine_login(p->engine, NULL, NULL, NULL, false));
}

static void verb_auth(struct player *p, const char *rest)
{
    struct arguments a;

    if (player_arguments(p, rest, 1, 1, &a))
        player_began(p, engine_login(p->engine, argument(&a, 0), NULL, NULL, false));
    arguments_free(&a);
}

static int player_auth_step(void *ctx, const void *challenge, size_t len, const void **response, size_t *response_len,
                            int *done)
{
    struct player *p = ctx;

    (void)len;
    p->now += p->takes;
    if ((p->auth_at == 0) != (challenge == NULL))
        player_break(p, "the application's mechanism was called with%s a challenge", challenge ? "" : "out");
    if (p->auth_at >= p->auth_count)
        return ENVOI_E_AUTH;
    const struct auth_part *part = &p->auth[p->auth_at++];
    if (!part->silent) {
        *response = part->response.data;
        *response_len = part->response.len;
    }
    *done = !part->more;
    return part->result;
}

static void auth_part_read(struct auth_part *part, const char *text, size_t len)
{
    bytes_clear(&part->response);
    bytes_add(&part->response, "", 0);
    part->more = false;
    part->silent = strcmp(text, "-") == 0;
    part->result = strcmp(text, "cancel") == 0   ? ENVOI_E_CANCELLED
                   : strcmp(text, "refuse") == 0 ? ENVOI_E_AUTH
                   : strcmp(text, "proof") == 0  ? ENVOI_E_SERVER_PROOF
                                                 : ENVOI_OK;
    if (!part->silent)
        bytes_add(&part->response, text, len);
}

/* "auth-with NAME safe|plaintext PART...": a part is a response, "-" for none, "cancel", "refuse" or "proof" (the server
 * failed it); "+" after it: there is more to come. */
static void verb_auth_with(struct player *p, const char *rest)
{
    struct arguments a;

    if (!player_arguments(p, rest, 2, ARGUMENTS_MAX, &a))
        return;
    p->auth_at = 0;
    p->auth_count = 0;
    for (size_t i = 2; i < a.count; i++)
        if (strcmp(argument(&a, i), "+") != 0)
            auth_part_read(&p->auth[p->auth_count++], argument(&a, i), a.item[i].len);
        else if (p->auth_count)
            p->auth[p->auth_count - 1].more = true;
    player_began(p,
                 engine_login(p->engine, argument(&a, 0), player_auth_step, p, strcmp(argument(&a, 1), "safe") == 0));
    arguments_free(&a);
}

const struct step_kind steps_verbs[] = {
    {"reconnect", verb_reconnect, 0}, {"message", step_message, 0},   {"connect", verb_connect, 0},
    {"ehlo", verb_of_text, 0},        {"helo", verb_of_text, 0},      {"hello", verb_plain, 0},
    {"starttls", verb_plain, 0},      {"rset", verb_plain, 0},        {"quit", verb_plain, 0},
    {"noop", verb_command, 0},        {"help", verb_command, 0},      {"verify", verb_command, 0},
    {"expn", verb_command, 0},        {"docmd", verb_docmd, 0},       {"mail", verb_mail, 0},
    {"rcpt", verb_rcpt, 0},           {"data", verb_data, 0},         {"send", verb_send, 0},
    {"send-all", verb_send_all, 0},   {"sendmail", verb_sendmail, 0}, {"close", verb_close, 0},
    {"login", verb_login, 0},         {"auth", verb_auth, 0},         {"auth-with", verb_auth_with, 0},
    {"keep", verb_keep, 0},           {"forget", verb_forget, 0},     {NULL, NULL, 0},
};
