/* SPDX-License-Identifier: MIT */
/* The steps that check results. */
#include "reply/extensions.h"
#include "tls.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

int player_phase(const char *name)
{
    for (int i = ENVOI_PHASE_NONE; i < ENVOI_PHASES; i++)
        if (strcasecmp(envoi_phase_name(i), name) == 0)
            return i;
    return -1;
}

/* A failure must be reported, with its own code and a text. */
static void player_check_fault(struct player *p, int rc)
{
    if (rc == ENVOI_OK || rc == ENVOI_E_AGAIN || rc == ENVOI_E_BUSY) /* BUSY: the error is the other verb's */
        return;
    if (p->fault.code != rc)
        player_fail(p, "the result is %s and the error says %s (%s)", envoi_error_name(rc),
                    envoi_error_name(p->fault.code), p->fault.text);
    else if (!p->fault.text[0])
        player_fail(p, "%s has no text", envoi_error_name(rc));
}

/* Is the name in "THIS|THAT"? */
static bool one_of(const char *names, const char *name)
{
    size_t len = strlen(name);

    for (const char *at = names; (at = strstr(at, name)); at++)
        if ((at == names || at[-1] == '|') && (at[len] == '|' || !at[len]))
            return true;
    return false;
}

/* "=> ok", "=> TIMEOUT", "=> TLS|PROTOCOL": the result of the verb. */
static void check_result_of_verb(struct player *p, const char *rest)
{
    int rc = p->began == ENVOI_E_AGAIN ? engine_result(p->engine) : p->began;
    const char *name = envoi_error_name(rc);

    name = rc == ENVOI_OK ? "ok" : name + strlen("ENVOI_E_");
    if (rc == ENVOI_OK)
        player_claim(p, 0);
    player_claim_accepted(p);
    player_check_fault(p, rc);
    if (!one_of(rest, name))
        player_fail(p, "the result should be %s and is %s%s%s", rest, name, p->fault.text[0] ? ": " : "",
                    p->fault.text);
}

static void check_built(struct player *p, const char *rest)
{
    const char *name = envoi_error_name(p->letter->built);

    name = p->letter->built == ENVOI_OK ? "ok" : name + strlen("ENVOI_E_");
    if (strcmp(name, rest) != 0)
        player_fail(p, "making the message should give %s and gives %s", rest, name);
}

static void same_text(struct player *p, const char *what, const char *should, const char *is)
{
    if (!is || strcmp(should, is) != 0)
        player_fail(p, "%s should be \"%s\" and is \"%s\"", what, should, is ? is : "(none)");
}

static void has_text(struct player *p, const char *what, const char *part, const char *all)
{
    if (!all || !strstr(all, part))
        player_fail(p, "%s should have \"%s\" in it and is \"%s\"", what, part, all ? all : "(none)");
}

static void same_number(struct player *p, const char *what, int64_t should, int64_t is)
{
    if (should != is)
        player_fail(p, "%s should be %lld and is %lld", what, (long long)should, (long long)is);
}

/* ---- the message ---- */

static void check_result(struct player *p, const char *rest)
{
    same_text(p, "the result of the message", rest, envoi_result_name(envoi_message_result(p->letter->message)));
}

/* "of 2": the checks that follow are of the second message. */
static void check_of(struct player *p, const char *rest)
{
    int64_t number = script_number(rest);

    if (number < 1 || (size_t)number > p->letter_count)
        player_break(p, "the script: there is no message %s", rest);
    else
        p->letter = &p->letters[number - 1];
}

static void check_dropped(struct player *p, const char *rest)
{
    same_text(p, "what was left out", rest, envoi_message_dropped_options(p->letter->message));
}

/* A part of a verdict after "ADDRESS VERDICT": the code, the enhanced code, "in PHASE", a part of the reason. */
static void verdict_part(struct player *p, size_t index, const struct arguments *a, size_t *at)
{
    const char *word = argument(a, *at);

    if (strcmp(word, "in") == 0 && *at + 1 < a->count) {
        const char *phase = envoi_phase_name(envoi_message_verdict_phase(p->letter->message, index));
        word = argument(a, ++*at);
        if (strcasecmp(word, phase) != 0)
            player_fail(p, "the verdict should be of phase %s and is of %s", word, phase);
    } else if (script_number(word) > 0) {
        same_number(p, "the code of the verdict", script_number(word),
                    envoi_message_verdict_code(p->letter->message, index));
    } else if (strlen(word) < 10 && word[1] == '.' && strspn(word, "0123456789.") == strlen(word)) {
        same_text(p, "the enhanced code", word, envoi_message_verdict_enhanced(p->letter->message, index));
    } else {
        has_text(p, "the reason", word, envoi_message_verdict_reason(p->letter->message, index));
    }
}

static void verdict_check(struct player *p, size_t index, const struct arguments *a)
{
    char verdict[32];
    size_t at = 2;

    (void)snprintf(verdict, sizeof verdict, "%s", argument(a, 1));
    if (strcmp(verdict, "not") == 0 && at < a->count)
        (void)snprintf(verdict, sizeof verdict, "not %s", argument(a, at++));
    same_text(p, "the verdict", verdict, envoi_verdict_name(envoi_message_verdict(p->letter->message, index)));
    for (; at < a->count && !p->stopped; at++)
        verdict_part(p, index, a, &at);
    const char *text = envoi_message_verdict_text(p->letter->message, index);
    has_text(p, "the text of the verdict", argument(a, 0), text);
}

/* "verdict ADDRESS refused 550 5.1.1 in RCPT "no such user""; ADDRESS may be "#2" for the second recipient. */
static void check_verdict(struct player *p, const char *rest)
{
    struct arguments a;
    size_t count = envoi_message_recipients(p->letter->message), index = 0;

    if (!player_arguments(p, rest, 2, ARGUMENTS_MAX, &a))
        return;
    const char *who = argument(&a, 0);
    if (*who == '#') {
        index = (size_t)script_number(who + 1) - 1;
        bytes_clear(&a.item[0]);
    } else
        while (index < count && strcmp(envoi_message_recipient(p->letter->message, index), who) != 0)
            index++;
    if (index < count)
        verdict_check(p, index, &a);
    else
        player_fail(p, "there is no recipient %s", who);
    arguments_free(&a);
}

/* ---- replies and errors ---- */

static void reply_check(struct player *p, const char *what, const struct envoi_reply *reply, const char *rest)
{
    struct arguments a;

    if (!player_arguments(p, rest, 1, 2, &a))
        return;
    same_number(p, what, strcmp(argument(&a, 0), "PROTOCOL") == 0 ? ENVOI_E_PROTOCOL : script_number(argument(&a, 0)),
                envoi_reply_code(reply));
    if (argument(&a, 1) && !p->stopped)
        same_text(p, what, argument(&a, 1), envoi_reply_text(reply));
    arguments_free(&a);
}

static void check_reply(struct player *p, const char *rest)
{
    reply_check(p, "the reply", engine_reply(p->engine), rest);
}

static void check_greeting(struct player *p, const char *rest)
{
    reply_check(p, "the greeting", engine_greeting(p->engine), rest);
}

static void check_hello_reply(struct player *p, const char *rest)
{
    reply_check(p, "the reply to the hello", engine_hello_reply(p->engine), rest);
}

static void check_lines(struct player *p, const char *rest)
{
    same_number(p, "the number of lines", script_number(rest), (int64_t)envoi_reply_lines(engine_reply(p->engine)));
}

/* "line 2 "octets"": a line of the reply as it came, from 1. */
static void check_line(struct player *p, const char *rest)
{
    struct arguments a;
    size_t len;

    if (!player_arguments(p, rest, 2, 2, &a))
        return;
    const char *is = envoi_reply_line(engine_reply(p->engine), (size_t)script_number(argument(&a, 0)) - 1, &len);
    if (!is)
        player_fail(p, "the reply has no line %s", argument(&a, 0));
    else if (len != a.item[1].len || memcmp(is, a.item[1].data, len) != 0)
        player_fail(p, "line %s should be \"%s\" and is \"%s\" (%zu octets)", argument(&a, 0), argument(&a, 1), is,
                    len);
    else if (is[len])
        player_fail(p, "no NUL follows line %s", argument(&a, 0));
    arguments_free(&a);
}

/* Checks of one text: its name and its place. */
static const char *get_reply_text(struct player *p)
{
    return envoi_reply_text(engine_reply(p->engine));
}

static const char *get_enhanced(struct player *p)
{
    return envoi_reply_enhanced(engine_reply(p->engine));
}

static const char *get_hello(struct player *p)
{
    static const char *const names[] = {[ENVOI_HELLO_NONE] = "none",
                                        [ENVOI_HELLO_EHLO] = "EHLO",
                                        [ENVOI_HELLO_LHLO] = "LHLO",
                                        [ENVOI_HELLO_HELO] = "HELO"};

    return names[engine_hello(p->engine)];
}

static const char *get_helo_name(struct player *p)
{
    return engine_helo_name(p->engine);
}

static const char *get_error(struct player *p)
{
    return p->fault.text;
}

static const char *get_error_detail(struct player *p)
{
    return envoi_error_detail_name(p->fault.detail) + strlen("ENVOI_DETAIL_");
}

static const char *get_error_phase(struct player *p)
{
    return envoi_phase_name(p->fault.phase);
}

static const char *get_mechanism(struct player *p)
{
    return engine_mechanism(p->engine);
}

static const char *get_mechanism_plugin(struct player *p)
{
    return engine_mechanism_plugin(p->engine);
}

static const char *get_backend(struct player *p)
{
    const char *id = engine_tls_backend(p->engine);

    return strcmp(id, p->tls->id) == 0 ? play_tls_fake.id : id;
}

static const char *get_log(struct player *p)
{
    return bytes_text(&p->log);
}

static const char *get_trace(struct player *p)
{
    return bytes_text(&p->trace);
}

static const struct {
    const char *word, *what;
    const char *(*get)(struct player *p);
    enum { SAME, HAS, LACKS } how;
} text_checks[] = {
    {"reply-has", "the reply", get_reply_text, HAS},
    {"reply-lacks", "the reply", get_reply_text, LACKS},
    {"enhanced", "the enhanced code", get_enhanced, SAME},
    {"accepted-hello", "the hello", get_hello, SAME},
    {"helo-name", "the name that was sent", get_helo_name, SAME},
    {"error-has", "the error", get_error, HAS},
    {"error-lacks", "the error", get_error, LACKS},
    {"error-phase", "the phase of the error", get_error_phase, SAME},
    {"error-detail", "the detail of the error", get_error_detail, SAME},
    {"mechanism", "the mechanism", get_mechanism, SAME},
    {"mechanism-plugin", "the plugin", get_mechanism_plugin, SAME},
    {"tls-backend", "the TLS backend", get_backend, SAME},
    {"trace-has", "the trace", get_trace, HAS},
    {"trace-lacks", "the trace", get_trace, LACKS},
    {"log-has", "the log", get_log, HAS},
    {"log-lacks", "the log", get_log, LACKS},
};

static void check_text(struct player *p, const char *rest)
{
    struct arguments a;

    if (!player_arguments(p, rest, 1, 1, &a))
        return;
    for (size_t i = 0; i < sizeof text_checks / sizeof text_checks[0]; i++) {
        if (strcmp(text_checks[i].word, p->step->line.word) != 0)
            continue;
        const char *is = text_checks[i].get(p);
        if (text_checks[i].how == SAME)
            same_text(p, text_checks[i].what, argument(&a, 0), is);
        else if (text_checks[i].how == HAS)
            has_text(p, text_checks[i].what, argument(&a, 0), is);
        else if (strstr(is, argument(&a, 0)))
            player_fail(p, "%s should not have \"%s\" in it", text_checks[i].what, argument(&a, 0));
    }
    arguments_free(&a);
}

/* ---- the session ---- */

static void check_extension(struct player *p, const char *rest)
{
    struct arguments a;

    if (!player_arguments(p, rest, 1, 2, &a))
        return;
    const char *is = extensions_get(engine_extensions(p->engine), argument(&a, 0));
    if (!is)
        player_fail(p, "the extension %s should be known", argument(&a, 0));
    else if (argument(&a, 1))
        same_text(p, "the parameters", argument(&a, 1), is);
    arguments_free(&a);
}

static void check_no_extension(struct player *p, const char *rest)
{
    if (extensions_get(engine_extensions(p->engine), rest))
        player_fail(p, "the extension %s should not be known", rest);
}

static void check_extensions(struct player *p, const char *rest)
{
    same_number(p, "the number of extensions", script_number(rest), (int64_t)engine_extensions(p->engine)->count);
}

static void check_authenticated(struct player *p, const char *rest)
{
    same_text(p, "logged in", rest, engine_authenticated(p->engine) ? "yes" : "no");
}

static void check_verified(struct player *p, const char *rest)
{
    struct envoi_tls_info info = {.struct_size = sizeof info};
    int rc = engine_tls_info(p->engine, &info);

    same_text(p, "verified", rest, rc != ENVOI_OK ? "without TLS" : engine_tls_verified(p->engine) ? "yes" : "no");
}

static void check_alive(struct player *p, const char *rest)
{
    (void)rest;
    if (!engine_alive(p->engine))
        player_fail(p, "the connection should still be there: %s", p->fault.text);
}

static void check_closed(struct player *p, const char *rest)
{
    (void)rest;
    if (engine_alive(p->engine))
        player_fail(p, "the connection should be closed");
}

/* The client sent the closing alert of TLS. */
static void check_notified(struct player *p, const char *rest)
{
    (void)rest;
    if (!p->server.notified)
        player_fail(p, "the client should have sent the closing alert of TLS");
}

/* "deadline 300s": this much time is left now. */
static void check_deadline(struct player *p, const char *rest)
{
    int64_t is = engine_deadline(p->engine);

    if (strcmp(rest, "none") == 0)
        same_number(p, "the deadline", -1, is);
    else
        same_number(p, "the time left", script_duration(rest), is < 0 ? is : is - p->now);
}

static void check_want(struct player *p, const char *rest)
{
    static const struct {
        const char *name;
        unsigned bit;
    } names[] = {{"read", ENGINE_WANT_READ},       {"write", ENGINE_WANT_WRITE}, {"credential", ENGINE_WANT_CREDENTIAL},
                 {"content", ENGINE_WANT_CONTENT}, {"done", ENGINE_WANT_DONE},   {"step", ENGINE_WANT_STEP}};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i].name, rest) == 0) {
            if (!(engine_want(p->engine) & names[i].bit))
                player_fail(p, "the engine should want %s; want() is %#x", rest, engine_want(p->engine));
            return;
        }
    player_break(p, "the script: there is no want \"%s\"", rest);
}

const struct step_kind steps_checks[] = {
    {"=>", check_result_of_verb, 0},
    {"built", check_built, STEP_EARLY},
    {"of", check_of, STEP_EARLY},
    {"result", check_result, 0},
    {"dropped", check_dropped, 0},
    {"verdict", check_verdict, 0},
    {"reply", check_reply, 0},
    {"greeting", check_greeting, 0},
    {"reply-has", check_text, 0},
    {"reply-lacks", check_text, 0},
    {"enhanced", check_text, 0},
    {"lines", check_lines, 0},
    {"line", check_line, 0},
    {"hello-reply", check_hello_reply, 0},
    {"accepted-hello", check_text, 0},
    {"helo-name", check_text, 0},
    {"error-has", check_text, 0},
    {"error-lacks", check_text, 0},
    {"error-phase", check_text, 0},
    {"error-detail", check_text, 0},
    {"mechanism", check_text, 0},
    {"mechanism-plugin", check_text, 0},
    {"tls-backend", check_text, 0},
    {"trace-has", check_text, 0},
    {"trace-lacks", check_text, 0},
    {"log-has", check_text, 0},
    {"log-lacks", check_text, 0},
    {"extension", check_extension, 0},
    {"no-extension", check_no_extension, 0},
    {"extensions", check_extensions, 0},
    {"authenticated", check_authenticated, 0},
    {"verified", check_verified, 0},
    {"alive", check_alive, 0},
    {"closed", check_closed, 0},
    {"notified", check_notified, 0},
    {"deadline", check_deadline, 0},
    {"want", check_want, 0},
    {NULL, NULL, 0},
};
