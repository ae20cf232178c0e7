/* SPDX-License-Identifier: MIT */
/* A login without an engine: its lines, its judgement of replies, and what it keeps from one connection to the next. */
#include "../../support/blocks.h"
#include "../../support/toy_mech.h"
#include "base/mem.h"
#include "login/login.h"

#include <criterion/criterion.h>
#include <envoi/error.h>
#include <stdio.h>
#include <string.h>

#define HALF_AN_HOUR 1800000

static const struct login_peer safe = {.host = "mx.example", .safe = true}, clear = {.host = "mx.example"};

static struct registry *registry;
static struct settings settings;
static struct envoi_errctx fault;
static struct echo echo;
static struct stack stack;
static struct extensions extensions;
static int64_t now;
static char traced[128];
static struct login login;
static struct buf line;
static char mask[LOGIN_MASK_MAX];

static void trace(void *owner, const char *text)
{
    cr_expect_eq(owner, &login);
    (void)snprintf(traced, sizeof traced, "%s", text);
}

static void refresh_clock(void *owner)
{
    cr_expect_eq(owner, &login);
    now++;
}

static void begin(void)
{
    const struct login_env env = {.settings = &settings,
                                  .fault = &fault,
                                  .echo = &echo,
                                  .stack = &stack,
                                  .extensions = &extensions,
                                  .now = &now,
                                  .refresh_clock = refresh_clock,
                                  .trace = trace,
                                  .owner = &login};
    const struct registry_dirs nowhere = {0};
    struct login_env with_registry = env;

    blocks_install();
    settings_init(&settings);
    cr_assert_eq(refusals_new(&settings.refusals), ENVOI_OK);
    settings.user = mem_strdup("me");
    settings.password = mem_strdup("secret");
    fault_clear(&fault);
    stack_init(&stack, &fault);
    extensions_clear(&extensions);
    cr_assert_eq(registry_new(&registry), ENVOI_OK);
    cr_assert_eq(registry_set_dirs(registry, &nowhere), ENVOI_OK);
    cr_assert_eq(registry_add_plugin(registry, envoi_plugin_toy(), TOY_MECH_DESCRIPTOR), ENVOI_OK);
    with_registry.registry = registry;
    login_init(&login, &with_registry);
    buf_init(&line, 0, true);
}

static void end(void)
{
    login_free(&login);
    buf_free(&line);
    echo_free(&echo);
    stack_clear(&stack);
    extensions_clear(&extensions);
    refusals_free(settings.refusals);
    settings_free(&settings);
    registry_free(registry);
    cr_expect_eq(blocks_alive(), 0u);
}

TestSuite(login, .init = begin, .fini = end, .timeout = 10);

static void announce(const char *mechanisms)
{
    char text[128];

    (void)snprintf(text, sizeof text, "mx.example\nAUTH %s", mechanisms);
    cr_assert_eq(extensions_parse(&extensions, text), ENVOI_OK);
    cr_assert_eq(login_ask(&login, NULL, NULL, NULL, false), ENVOI_OK);
}

static void expect_line(int (*put)(struct login *l, struct buf *to, char *shown), const char *text, const char *shown)
{
    buf_reset(&line);
    cr_assert_eq(put(&login, &line, mask), ENVOI_OK);
    cr_expect(line.len == strlen(text) && memcmp(buf_head(&line), text, line.len) == 0, "%.*s", (int)line.len,
              (const char *)buf_head(&line));
    cr_expect_str_eq(mask, shown);
    cr_expect(line.secret);
}

static void refuse(int code, int expected)
{
    bool decided = login_is_decided(&login, code / 100);

    login_end(&login);
    (void)fault_set(&fault, ENVOI_E_AUTH, ENVOI_PHASE_AUTH, "refused by %s", login.name);
    cr_expect_eq(login_refuse(&login, code, decided), expected);
}

Test(login, one_exchange_to_its_end)
{
    struct envoi_errctx why;
    uint32_t ssf = 1;

    announce("SCRAM-SHA-256");
    cr_assert_eq(login_open(&login, &clear), ENVOI_OK, "%s", fault.text);
    cr_expect_str_eq(traced, "mechanism SCRAM-SHA-256 by plugin toy");
    expect_line(login_put_command, "AUTH SCRAM-SHA-256 biwsbj1tZQ==", "AUTH SCRAM-SHA-256 [12 octets]");
    cr_assert_eq(login_take_challenge(&login, " cj1ub25jZQ== "), ENVOI_OK);
    cr_assert_eq(login_respond(&login), ENVOI_OK, "%s", fault.text);
    expect_line(login_put_response, "cHJvb2Y=", "[8 octets]");
    cr_assert_eq(login_take_challenge(&login, "dj1nb29k"), ENVOI_OK);
    cr_assert_eq(login_respond(&login), ENVOI_OK, "%s", fault.text);
    expect_line(login_put_response, "", "[0 octets]");
    cr_assert_eq(login_accept(&login, &ssf, &why), ENVOI_OK);
    cr_expect_eq(ssf, 0u);
    cr_expect_str_eq(login.plugin, "toy");
}

Test(login, a_235_before_the_servers_proof)
{
    struct envoi_errctx why;
    uint32_t ssf;

    announce("SCRAM-SHA-256");
    cr_assert_eq(login_open(&login, &clear), ENVOI_OK, "%s", fault.text);
    expect_line(login_put_command, "AUTH SCRAM-SHA-256 biwsbj1tZQ==", "AUTH SCRAM-SHA-256 [12 octets]");
    cr_expect_eq(login_accept(&login, &ssf, &why), ENVOI_E_SERVER_PROOF);
    cr_expect_str_eq(why.text, "login by SCRAM-SHA-256: the server says 235 before it has proved itself");
}

Test(login, a_token_is_shown_to_a_safe_peer_alone)
{
    settings.token = mem_strdup("token");
    announce("XOAUTH2");
    cr_expect_eq(login_open(&login, &clear), ENVOI_E_NO_MECHANISM);
    cr_expect(strstr(fault.text, "XOAUTH2: shows the password, and the connection is not verified TLS"), "%s",
              fault.text);
    announce("XOAUTH2");
    cr_assert_eq(login_open(&login, &safe), ENVOI_OK, "%s", fault.text);
    expect_line(login_put_command, "AUTH XOAUTH2 dXNlcj1tZQFhdXRoPUJlYXJlciB0b2tlbgEB", "AUTH XOAUTH2 [36 octets]");
}

/* The record outlives the connection, for half an hour. */
Test(login, a_refused_secret_waits_for_half_an_hour)
{
    announce("X-SLOW");
    cr_assert_eq(login_open(&login, &safe), ENVOI_OK, "%s", fault.text);
    expect_line(login_put_command, "AUTH X-SLOW bj1tZQ==", "AUTH X-SLOW [8 octets]");
    cr_assert_eq(login_take_challenge(&login, ""), ENVOI_OK);
    cr_assert_eq(login_respond(&login), ENVOI_OK, "%s", fault.text);
    refuse(535, ENVOI_OK);
    cr_expect_eq(login_open(&login, &safe), ENVOI_E_AUTH);
    cr_expect_str_eq(fault.text, "refused by X-SLOW");

    login_free(&login);
    now += HALF_AN_HOUR - 10;
    announce("X-SLOW");
    cr_expect_eq(login_open(&login, &safe), ENVOI_E_AUTH);
    cr_expect_eq(fault.detail, ENVOI_DETAIL_REFUSED_BEFORE);

    now += 10;
    announce("X-SLOW");
    cr_expect_eq(login_open(&login, &safe), ENVOI_OK, "%s", fault.text);
}

Test(login, the_reason_of_an_end)
{
    struct envoi_errctx why = {.code = ENVOI_E_DISCONNECTED, .text = "the connection was lost"};

    announce("SCRAM-SHA-256 X-SLOW");
    cr_assert_eq(login_open(&login, &clear), ENVOI_OK, "%s", fault.text);
    login_explain_end(&login, &why);
    cr_expect_str_eq(why.text, "the connection was lost", "nothing was refused so far");
    cr_expect_not(login_is_decided(&login, 4));
    refuse(535, ENVOI_OK);
    cr_expect(login_is_decided(&login, 4));
    cr_expect_not(login_is_decided(&login, 2));
    login_explain_end(&login, &why);
    cr_expect_eq(why.code, ENVOI_E_AUTH);
    cr_expect_str_eq(why.text, "refused by SCRAM-SHA-256; then the connection was lost");
}
