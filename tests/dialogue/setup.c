/* SPDX-License-Identifier: MIT */
/* The steps for the application's settings, and the objects that are made before the first verb. */
#include "../support/fake_tls.h"
#include "../support/toy_mech.h"
#include "base/mem.h"
#include "tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct envoi_plugin *envoi_plugin_plain(void);
const struct envoi_plugin *envoi_plugin_login(void);
const struct envoi_plugin *envoi_plugin_cram_md5(void);
const struct envoi_plugin *envoi_plugin_oauth(void);

static const struct {
    const char *id;
    const struct envoi_plugin *(*entry)(void);
    const char *descriptor;
} plugins[] = {
    {"fake", envoi_plugin_fake, FAKE_TLS_DESCRIPTOR},
    {"plain", envoi_plugin_plain, "kind: auth\nprovides: PLAIN\n"},
    {"login", envoi_plugin_login, "kind: auth\nprovides: LOGIN\n"},
    {"cram_md5", envoi_plugin_cram_md5, "kind: auth\nprovides: CRAM-MD5\n"},
    {"oauth", envoi_plugin_oauth, "kind: auth\nprovides: OAUTHBEARER XOAUTH2\n"},
    {"toy", envoi_plugin_toy, TOY_MECH_DESCRIPTOR},
};

/* ---- the environment of the engine ---- */

static int player_tls_context(void *driver, const struct registry_transport *transport, void **ctx)
{
    struct player *p = driver;
    const struct envoi_tls_config config = {.struct_size = sizeof config,
                                            .min_version = ENVOI_TLS_1_2,
                                            .ca_file = p->bad_tls_ctx ? "/none" : p->tls->ca_file};

    if (!p->tls_ctx) {
        int rc = transport->transport->ctx_new(transport->state, &config, &p->fault, &p->tls_ctx);
        if (rc != ENVOI_OK)
            return p->fault.code == rc ? rc : fault_set(&p->fault, rc, ENVOI_PHASE_TLS, "no TLS context");
        p->transport = transport->transport;
    }
    *ctx = p->tls_ctx;
    return ENVOI_OK;
}

static void player_trace(void *driver, int kind, const char *text, size_t len)
{
    static const char *const marks[] = {
        [ENVOI_TRACE_INFO] = "-- ", [ENVOI_TRACE_SENT] = ">> ", [ENVOI_TRACE_RECEIVED] = "<< "};
    struct player *p = driver;

    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 && text[i] != '\t')
            player_break(p, "a trace line has a control character: %.*s", (int)len, text);
    bytes_add_text(&p->trace, marks[kind]);
    bytes_add(&p->trace, text, len);
    bytes_add_text(&p->trace, "\n");
}

static void player_log(void *driver, uint32_t level, const char *text)
{
    static const char *const levels[] = {[ENVOI_LOG_ERROR] = "error: ",
                                         [ENVOI_LOG_WARNING] = "warning: ",
                                         [ENVOI_LOG_INFO] = "info: ",
                                         [ENVOI_LOG_DEBUG] = "debug: "};
    struct player *p = driver;

    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20)
            player_break(p, "a line of the log has a control character: %s", text);
    bytes_add_text(&p->log, levels[level]);
    bytes_add_text(&p->log, text);
    bytes_add_text(&p->log, "\n");
}

static int64_t player_now(void *driver)
{
    return ((struct player *)driver)->now;
}

static int player_window(void *driver)
{
    return ((struct player *)driver)->window;
}

static void player_set_window(void *driver, int window)
{
    ((struct player *)driver)->window = window;
}

static int player_proof(void *driver, const char *said)
{
    struct player *p = driver;

    return !p->said.len || strcmp(bytes_text(&p->said), said) == 0 ? p->proof : ENGINE_PROOF_NONE;
}

static void player_set_proof(void *driver, const char *said, int proof)
{
    struct player *p = driver;

    bytes_clear(&p->said);
    bytes_add_text(&p->said, said);
    p->proof = proof;
}

void player_run_task(struct player *p)
{
    const struct task task = p->task;

    p->task = (struct task){0};
    if (!task.run)
        return;
    task.run(task.ctx);
    task.release(task.ctx);
}

/* A task that was given up ends late, when the next one comes. */
static int player_run_detached(void *driver, const struct task *task)
{
    struct player *p = driver;

    player_run_task(p);
    p->task = *task;
    return ENVOI_OK;
}

static bool player_add_plugins(struct player *p)
{
    char list[256];

    (void)snprintf(list, sizeof list, " %s ",
                   p->plugins.len ? bytes_text(&p->plugins) : "fake plain login cram_md5 oauth toy");
    for (size_t i = 0; i < sizeof plugins / sizeof plugins[0]; i++) {
        char word[32];
        (void)snprintf(word, sizeof word, " %s ", plugins[i].id);
        if (!strstr(list, word))
            continue;
        /* The plugin that scripts call fake is the TLS of the play. */
        int rc = registry_add_plugin(p->registry, i ? plugins[i].entry() : p->tls->plugin(), plugins[i].descriptor);
        if (rc != ENVOI_OK)
            return player_fail(p, "plugin %s: %s", plugins[i].id, envoi_error_name(rc));
    }
    return true;
}

bool player_ready(struct player *p)
{
    const struct registry_dirs nowhere = {0};

    if (p->engine)
        return true;
    if (p->stopped)
        return false;
    if (!p->registry) {
        int rc = registry_new(&p->registry);
        if (rc == ENVOI_OK)
            rc = registry_set_dirs(p->registry, &nowhere);
        if (rc != ENVOI_OK)
            return player_fail(p, "no registry: %s", envoi_error_name(rc));
        if (!player_add_plugins(p))
            return false;
    }
    p->env = (struct engine_env){.registry = p->registry,
                                 .settings = &p->settings,
                                 .fault = &p->fault,
                                 .tls_context = player_tls_context,
                                 .window = player_window,
                                 .set_window = player_set_window,
                                 .proof = player_proof,
                                 .set_proof = player_set_proof,
                                 .run_detached = player_run_detached,
                                 .now = player_now,
                                 .trace = player_trace,
                                 .log = player_log,
                                 .driver = p};
    int rc = engine_new(&p->env, &p->engine);
    if (rc != ENVOI_OK)
        return player_fail(p, "no engine: %s", envoi_error_name(rc));
    engine_set_trace_level(p->engine, p->trace_level);
    return true;
}

/* ---- set ---- */

static int switch_of(const char *text)
{
    return strcmp(text, "on") == 0 ? 1 : strcmp(text, "off") == 0 ? 0 : -1;
}

static const struct {
    const char *name;
    size_t offset;
} text_settings[] =
    {
        {"helo", offsetof(struct settings, helo_name)},
        {"user", offsetof(struct settings, user)},
        {"password", offsetof(struct settings, password)},
        {"token", offsetof(struct settings, token)},
        {"authzid", offsetof(struct settings, authzid)},
        {"mechanisms", offsetof(struct settings, mechanisms)},
        {"tls-backend", offsetof(struct settings, tls_backend)},
        {"tls-name", offsetof(struct settings, tls_name)},
        {"cert", offsetof(struct settings, cert_file)},
        {"cert-pem", offsetof(struct settings, cert_pem)},
        {"ca-pem", offsetof(struct settings, ca_pem)},
        {"sni", offsetof(struct settings, tls_sni)},
        {"without", offsetof(struct settings, ignored_extensions)},
},
  switch_settings[] = {
      {"lmtp", offsetof(struct settings, lmtp)},
      {"verify", offsetof(struct settings, tls_verify)},
      {"ignore-name", offsetof(struct settings, tls_ignore_name)},
      {"pin-trust", offsetof(struct settings, pin_trust)},
      {"cleartext-auth", offsetof(struct settings, cleartext_auth)},
      {"blocking-mechanisms", offsetof(struct settings, blocking_mechanisms)},
      {"nonblocking", offsetof(struct settings, nonblocking)},
      {"unannounced-auth", offsetof(struct settings, unannounced_auth)},
      {"docmd-auth", offsetof(struct settings, docmd_auth)},
};

static bool set_text(struct player *p, const char *name, const char *value)
{
    for (size_t i = 0; i < sizeof text_settings / sizeof text_settings[0]; i++) {
        if (strcmp(text_settings[i].name, name) != 0)
            continue;
        char **slot = (char **)(void *)((char *)&p->settings + text_settings[i].offset);
        mem_free_secret(*slot);
        *slot = NULL;
        if (value && !(*slot = mem_strdup(value)))
            player_fail(p, "out of memory");
        return true;
    }
    return false;
}

static bool set_switch(struct player *p, const char *name, const char *value)
{
    for (size_t i = 0; i < sizeof switch_settings / sizeof switch_settings[0]; i++) {
        if (strcmp(switch_settings[i].name, name) != 0)
            continue;
        int on = value ? switch_of(value) : -1;
        if (on < 0)
            return !player_break(p, "the script: set %s needs on or off", name);
        *(bool *)((char *)&p->settings + switch_settings[i].offset) = on;
        return true;
    }
    return false;
}

static void set_tls(struct player *p, const struct arguments *a)
{
    static const char *const names[] = {[ENVOI_TLS_OFF] = "off",
                                        [ENVOI_TLS_OPPORTUNISTIC] = "opportunistic",
                                        [ENVOI_TLS_REQUIRED] = "required",
                                        [ENVOI_TLS_IMPLICIT] = "implicit"};

    for (int i = ENVOI_TLS_OFF; i <= ENVOI_TLS_IMPLICIT; i++)
        if (strcmp(names[i], argument(a, 1)) == 0) {
            p->settings.tls = i;
            return;
        }
    player_break(p, "the script: set tls needs off, opportunistic, required or implicit");
}

static void set_pin(struct player *p, const struct arguments *a)
{
    p->settings.pins = mem_alloc(sizeof *p->settings.pins);
    if (!p->settings.pins) {
        player_fail(p, "out of memory");
        return;
    }
    p->settings.pin_count = 1;
    memset(p->settings.pins[0], 0, sizeof p->settings.pins[0]);
    if (strcmp(argument(a, 1), "good") == 0)
        p->tls->pin(p->settings.pins[0]);
}

static void set_ssf(struct player *p, const struct arguments *a)
{
    p->settings.min_ssf = (unsigned)script_number(argument(a, 1));
    p->settings.max_ssf = a->count > 2 ? (unsigned)script_number(argument(a, 2)) : p->settings.min_ssf;
}

static void set_timeout(struct player *p, const struct arguments *a)
{
    int phase = player_phase(argument(a, 1));
    int64_t time = a->count > 2 ? script_duration(argument(a, 2)) : -1;

    if (phase < 0 || time < 0 || settings_set_timeout(&p->settings, phase, time) != ENVOI_OK)
        player_break(p, "the script: set timeout needs a phase and a duration");
}

static void set_trace(struct player *p, const struct arguments *a)
{
    p->trace_level = (int)script_number(argument(a, 1));
    if (p->engine)
        engine_set_trace_level(p->engine, p->trace_level);
}

static void set_host(struct player *p, const struct arguments *a)
{
    bytes_clear(&p->host);
    bytes_add_text(&p->host, argument(a, 1));
}

static void set_plugins(struct player *p, const struct arguments *a)
{
    for (size_t i = 1; i < a->count; i++) {
        bytes_add_text(&p->plugins, " ");
        bytes_add_text(&p->plugins, argument(a, i));
    }
}

static void set_ip(struct player *p, const struct arguments *a)
{
    p->peer.host_is_ip = switch_of(argument(a, 1)) == 1;
}

static void set_unix(struct player *p, const struct arguments *a)
{
    p->peer.unix_socket = switch_of(argument(a, 1)) == 1;
}

static void set_password_tries(struct player *p, const struct arguments *a)
{
    p->settings.password_tries = (unsigned)script_number(argument(a, 1));
}

/* "set chunk 512 [wait]" */
static void set_chunk(struct player *p, const struct arguments *a)
{
    p->settings.chunk_size = (size_t)script_number(argument(a, 1));
    p->settings.chunk_waits = a->count > 2 && strcmp(argument(a, 2), "wait") == 0;
}

static void set_callback_step(struct player *p, const struct arguments *a)
{
    p->callback_step = (size_t)script_number(argument(a, 1));
}

/* "set login-callback-takes 5m" */
static void set_takes(struct player *p, const struct arguments *a)
{
    p->takes = script_duration(argument(a, 1));
    if (p->takes < 0)
        player_break(p, "the script: set login-callback-takes needs a duration");
}

/* "set window open": as earlier connections found it. */
static void set_window(struct player *p, const struct arguments *a)
{
    p->window = strcmp(argument(a, 1), "open") == 0     ? ENGINE_WINDOW_OPEN
                : strcmp(argument(a, 1), "closed") == 0 ? ENGINE_WINDOW_CLOSED
                                                        : ENGINE_WINDOW_UNPROVED;
}

/* "set proved yes": an earlier connection found that the server discards the chunk of a BDAT that it refuses. */
static void set_proved(struct player *p, const struct arguments *a)
{
    bytes_clear(&p->said);
    p->proof = strcmp(argument(a, 1), "yes") == 0  ? ENGINE_PROOF_PASSED
               : strcmp(argument(a, 1), "no") == 0 ? ENGINE_PROOF_FAILED
                                                   : ENGINE_PROOF_NONE;
}

static void set_once(struct player *p, const struct arguments *a)
{
    p->peer.repeatable = switch_of(argument(a, 1)) != 1;
}

static void set_bad_context(struct player *p, const struct arguments *a)
{
    p->bad_tls_ctx = switch_of(argument(a, 1)) == 1;
}

static void set_tasks(struct player *p, const struct arguments *a)
{
    p->tasks_wait = strcmp(argument(a, 1), "wait") == 0;
}

static const struct {
    const char *name;
    void (*set)(struct player *p, const struct arguments *a);
} other_settings[] = {
    {"tls", set_tls},
    {"pin", set_pin},
    {"ssf", set_ssf},
    {"timeout", set_timeout},
    {"trace", set_trace},
    {"host", set_host},
    {"plugins", set_plugins},
    {"ip", set_ip},
    {"unix", set_unix},
    {"bad-tls-context", set_bad_context},
    {"chunk", set_chunk},
    {"password-tries", set_password_tries},
    {"window", set_window},
    {"proved", set_proved},
    {"connects-once", set_once},
    {"callback-step", set_callback_step},
    {"tasks", set_tasks},
    {"login-callback-takes", set_takes},
};

static void step_set(struct player *p, const char *rest)
{
    struct arguments a;
    bool known = false;

    if (!player_arguments(p, rest, 1, ARGUMENTS_MAX, &a))
        return;
    known = set_text(p, argument(&a, 0), argument(&a, 1)) || set_switch(p, argument(&a, 0), argument(&a, 1));
    for (size_t i = 0; i < sizeof other_settings / sizeof other_settings[0] && !known; i++)
        if (strcmp(other_settings[i].name, argument(&a, 0)) == 0 && a.count > 1) {
            other_settings[i].set(p, &a);
            known = true;
        }
    if (!known)
        player_break(p, "the script: there is no setting \"%s\", or it needs a value", argument(&a, 0));
    arguments_free(&a);
}

/* ---- credential ---- */

static int player_credential(void *ctx, unsigned credential, const char *mechanism, const char **data, size_t *len)
{
    struct player *p = ctx;

    (void)mechanism;
    p->now += p->takes;
    for (size_t i = 0; i < p->answer_count; i++) {
        if (p->answers[i].id != credential)
            continue;
        *data = bytes_text(&p->answers[i].value);
        *len = p->answers[i].value.len;
        return p->answers[i].result;
    }
    return ENVOI_E_CANCELLED;
}

static void credential_set(struct player *p, unsigned id, const char *value, size_t len)
{
    size_t i = 0;

    while (i < p->answer_count && p->answers[i].id != id)
        i++;
    if (i == p->answer_count)
        p->answer_count++;
    struct answer *answer = &p->answers[i];
    answer->id = id;
    answer->result = strcmp(value, "later") == 0  ? ENVOI_E_AGAIN
                     : strcmp(value, "none") == 0 ? ENVOI_E_CANCELLED
                                                  : ENVOI_OK;
    bytes_clear(&answer->value);
    bytes_add(&answer->value, value, len);
    p->settings.credential = player_credential;
    p->settings.credential_ctx = p;
}

/* "credential password later": the answer of the application's callback from now on. */
static void step_credential(struct player *p, const char *rest)
{
    static const struct {
        const char *name;
        unsigned id;
    } names[] = {{"user", ENVOI_CRED_AUTHID},
                 {"authzid", ENVOI_CRED_AUTHZID},
                 {"password", ENVOI_CRED_PASSWORD},
                 {"token", ENVOI_CRED_TOKEN},
                 {"realm", ENVOI_CRED_REALM}};
    struct arguments a;

    if (!player_arguments(p, rest, 2, 2, &a))
        return;
    size_t i = 0;
    while (i < sizeof names / sizeof names[0] && strcmp(names[i].name, argument(&a, 0)) != 0)
        i++;
    if (i < sizeof names / sizeof names[0])
        credential_set(p, names[i].id, argument(&a, 1), a.item[1].len);
    else
        player_break(p, "the script: there is no credential \"%s\"", argument(&a, 0));
    arguments_free(&a);
}

/* "task": runs the task that waits. */
static void step_task(struct player *p, const char *rest)
{
    (void)rest;
    if (!p->task.run)
        player_fail(p, "no task waits");
    player_run_task(p);
}

const struct step_kind steps_setup[] = {
    {"set", step_set, STEP_EARLY},
    {"credential", step_credential, 0},
    {"task", step_task, 0},
    {NULL, NULL, 0},
};
