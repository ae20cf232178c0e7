/* SPDX-License-Identifier: MIT */
/* `require-tls: yes` in plugins.d: what the admin wrote cannot be lifted by the program, what the plugin's own descriptor says
 * can. The mechanism shows no password, so nothing else forbids it here. */
#include "../../support/toy_mech.h"
#include "server.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(require_tls, .timeout = 30);

static struct envoi_library *library;
static struct envoi_session *session;
static struct server *server;

static void begin(const char *const *script, const char *admin, const char *descriptor)
{
    server = server_start(script);
    cr_assert_eq(envoi_library_new(&library), ENVOI_OK);
    cr_assert_eq(envoi_library_set_descriptor_directories(library, NULL, NULL, admin), ENVOI_OK);
    cr_assert_eq(envoi_library_add_plugin(library, envoi_plugin_toy(), descriptor), ENVOI_OK);
    cr_assert_eq(envoi_session_new(library, &session), ENVOI_OK);
    cr_assert_eq(envoi_session_set_tls(session, ENVOI_TLS_OFF), ENVOI_OK);
    cr_assert_eq(envoi_session_set_mechanisms(session, "EXTERNAL"), ENVOI_OK);
    cr_assert_eq(envoi_session_connect(session, server_where(server)), ENVOI_OK);
}

static void finish(void)
{
    const char *wrong;

    cr_expect_eq(envoi_session_quit(session), ENVOI_OK);
    envoi_session_free(session);
    envoi_library_free(library);
    wrong = server_stop(server);
    cr_expect_null(wrong, "%s", wrong ? wrong : "");
}

static void is_refused(void)
{
    cr_expect_eq(envoi_session_login(session), ENVOI_E_NO_MECHANISM);
    cr_expect_not_null(strstr(envoi_session_error(session), "requires verified TLS"), "%s",
                       envoi_session_error(session));
}

static const char *const nothing[] = {
    "> 220 here", "< EHLO ", "> 250-here", "> 250 AUTH EXTERNAL", "< QUIT", "> 221 bye", "eof", NULL,
};

/* faults: 58 */
Test(require_tls, by_the_admin)
{
    char dir[] = "/tmp/envoi-test-XXXXXX", path[64];
    FILE *file;

    cr_assert_not_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/toy.plugin", dir);
    cr_assert_not_null(file = fopen(path, "w"));
    fputs("require-tls: yes\n", file);
    cr_assert_eq(fclose(file), 0);
    cr_assert_eq(chmod(path, 0644), 0);
    begin(nothing, dir, TOY_MECH_DESCRIPTOR);
    is_refused();
    cr_expect_eq(envoi_session_allow_cleartext_auth(session, 1), ENVOI_OK);
    is_refused();
    finish();
    unlink(path);
    rmdir(dir);
}

static const char *const logged_in[] = {
    "> 220 here", "< EHLO ", "> 250-here", "> 250 AUTH EXTERNAL", "< AUTH EXTERNAL =", "> 235 in", "< QUIT",
    "> 221 bye",  "eof",     NULL,
};

/* faults: 58 */
Test(require_tls, by_the_descriptor)
{
    begin(logged_in, NULL, TOY_MECH_DESCRIPTOR "require-tls: yes\n");
    is_refused();
    cr_expect_eq(envoi_session_allow_cleartext_auth(session, 1), ENVOI_OK);
    cr_expect_eq(envoi_session_login(session), ENVOI_OK, "%s", envoi_session_error(session));
    finish();
}
