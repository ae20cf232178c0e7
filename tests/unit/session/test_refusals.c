/* SPDX-License-Identifier: MIT */
/* A password that a server has refused is not presented again: not by another session, nor to another host. */
#include "rig.h"

#include <criterion/criterion.h>
#include <string.h>

const struct envoi_plugin *envoi_plugin_plain(void);

TestSuite(refusals, .timeout = 60);

#define GREETING "> 220 x", "< EHLO", "> 250-x", "> 250 AUTH PLAIN"
/* me and secret; me and other */
#define SECRET   "< AUTH PLAIN AG1lAHNlY3JldA=="
#define OTHER    "< AUTH PLAIN AG1lAG90aGVy"

/* Begins with the session of the account, and a first server that refuses its password. */
static struct server *begin(void)
{
    static const char *const refuses[] = {GREETING, SECRET, "> 535 5.7.8 wrong", "gone", NULL};
    rig_open(refuses);
    struct server *first = server;
    cr_assert_eq(envoi_library_add_plugin(library, envoi_plugin_plain(), "kind: auth\nprovides: PLAIN\n"), ENVOI_OK);
    return first;
}

static void new_session(const char *password)
{
    envoi_session_free(session);
    rig_session(ENVOI_TLS_OFF);
    cr_assert_eq(envoi_session_allow_cleartext_auth(session, 1), ENVOI_OK);
    cr_assert_eq(envoi_session_set_password(session, "me", password), ENVOI_OK);
}

static int login_at(const struct server *where)
{
    cr_assert_eq(envoi_session_connect(session, server_where(where)), ENVOI_OK);
    int rc = envoi_session_login(session);
    envoi_session_close(session);
    return rc;
}

static void end(struct server *first, struct server *second)
{
    const char *wrong;
    server = first;
    wrong = rig_end();
    cr_expect_null(wrong, "the first server: %s", wrong);
    wrong = server_stop(second);
    cr_expect_null(wrong, "the second server: %s", wrong);
}

/* Two servers of one account: the second does not see the password that the first has refused, but another one. */
Test(refusals, another_host)
{
    static const char *const script[] = {GREETING, "gone", "accept", GREETING, OTHER, "> 235 ok", "gone", NULL};
    struct server *first = begin(), *second = server_start(script);
    new_session("secret");
    cr_expect_eq(login_at(first), ENVOI_E_AUTH);
    cr_expect_eq(login_at(second), ENVOI_E_AUTH);
    cr_expect_eq(envoi_session_error_detail(session), ENVOI_DETAIL_REFUSED_BEFORE);
    cr_expect(strstr(envoi_session_error(session), "not tried again with what was refused 0 s ago") &&
                  strstr(envoi_session_error(session), "127.0.0.1: login by PLAIN is refused: 535 5.7.8 wrong"),
              "%s", envoi_session_error(session));
    cr_assert_eq(envoi_session_set_password(session, "me", "other"), ENVOI_OK);
    cr_expect_eq(login_at(second), ENVOI_OK);
    end(first, second);
}

/* Nor by another session of the library object; but the application may say that it has a reason. */
Test(refusals, another_session)
{
    static const char *const script[] = {GREETING, "gone", "accept", GREETING, SECRET, "> 235 ok", "gone", NULL};
    struct server *first = begin(), *second = server_start(script);
    new_session("secret");
    cr_expect_eq(login_at(first), ENVOI_E_AUTH);
    new_session("secret");
    cr_expect_eq(login_at(second), ENVOI_E_AUTH);
    cr_expect_eq(envoi_session_error_detail(session), ENVOI_DETAIL_REFUSED_BEFORE);
    envoi_library_forget_refusals(NULL);
    envoi_library_forget_refusals(library);
    cr_expect_eq(login_at(second), ENVOI_OK);
    end(first, second);
}

/* The same password of somebody else is another secret. */
Test(refusals, another_user)
{
    static const char *const script[] = {GREETING, "< AUTH PLAIN AHlvdQBzZWNyZXQ=", "> 235 ok", "gone", NULL};
    struct server *first = begin(), *second = server_start(script);
    new_session("secret");
    cr_expect_eq(login_at(first), ENVOI_E_AUTH);
    cr_assert_eq(envoi_session_set_password(session, "you", "secret"), ENVOI_OK);
    cr_expect_eq(login_at(second), ENVOI_OK);
    end(first, second);
}
