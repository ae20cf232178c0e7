/* SPDX-License-Identifier: MIT */
/* `require-tls: yes` and `enabled: no` in plugins.d: what the admin wrote cannot be lifted by the program, nor by a
 * plugin or a mechanism of its own under the same name; what the plugin's own descriptor says can. The mechanism shows
 * no password, so nothing else forbids it here. */
#include "../../support/toy_mech.h"
#include "rig.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(require_tls, .timeout = 30);

static void begin(const char *const *script, const char *admin, const char *descriptor)
{
    rig_open(script);
    cr_assert_eq(envoi_library_set_descriptor_directories(library, NULL, NULL, admin), ENVOI_OK);
    cr_assert_eq(envoi_library_add_plugin(library, envoi_plugin_toy(), descriptor), ENVOI_OK);
    rig_session(ENVOI_TLS_OFF);
    cr_assert_eq(envoi_session_set_mechanisms(session, "EXTERNAL"), ENVOI_OK);
    cr_assert_eq(rig_connect(), ENVOI_OK);
}

static void finish(void)
{
    cr_expect_eq(envoi_session_quit(session), ENVOI_OK);
    rig_finish();
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

/* A directory of the admin with one file, toy.plugin. */
static char dir[32], path[64];

static void admin_says(const char *text)
{
    FILE *file;

    snprintf(dir, sizeof dir, "/tmp/envoi-test-XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/toy.plugin", dir);
    cr_assert_not_null(file = fopen(path, "w"));
    fputs(text, file);
    cr_assert_eq(fclose(file), 0);
    cr_assert_eq(chmod(path, 0644), 0);
}

static void admin_is_gone(void)
{
    unlink(path);
    rmdir(dir);
}

/* faults: 58 */
Test(require_tls, by_the_admin)
{
    admin_says("require-tls: yes\n");
    begin(nothing, dir, TOY_MECH_DESCRIPTOR);
    is_refused();
    cr_expect_eq(envoi_session_allow_cleartext_auth(session, 1), ENVOI_OK);
    is_refused();
    finish();
    admin_is_gone();
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

/* ---- the name, whoever serves it ---- */

/* The plugin of the toys once more, under another id: as one that is asked what it has. */
static void add_another(const char *descriptor)
{
    static struct envoi_plugin other;

    other = *envoi_plugin_toy();
    other.id = "other";
    cr_assert_eq(envoi_library_add_plugin(library, &other, descriptor), ENVOI_OK);
}

static int ours(void *ctx, const void *challenge, size_t len, const void **response, size_t *response_len, int *done)
{
    (void)challenge, (void)len, (void)done;
    ++*(int *)ctx;
    *response = "";
    *response_len = 0;
    return ENVOI_OK;
}

/* All that a program has: the plugin that is asked, by policy and by name, and a mechanism of its own. */
static void is_refused_every_way(const char *why)
{
    char want[128];
    int asked = 0;

    snprintf(want, sizeof want, "passed over: EXTERNAL: plugins.d %s (%s:", why, path);
    cr_expect_eq(envoi_session_allow_cleartext_auth(session, 1), ENVOI_OK);
    for (int way = 0; way < 4; way++) {
        int rc = way == 0   ? envoi_session_login(session)
                 : way == 1 ? envoi_session_auth(session, "EXTERNAL")
                            : envoi_session_auth_with(session, "external", way == 3, ours, &asked);

        cr_expect_eq(rc, ENVOI_E_NO_MECHANISM, "way %d: %d", way, rc);
        cr_expect_not_null(strstr(envoi_session_error(session), want), "%s", envoi_session_error(session));
    }
    cr_expect_eq(asked, 0);
}

/* faults: 58 */
Test(require_tls, by_the_admin_for_the_name)
{
    admin_says("provides: EXTERNAL\nrequire-tls: yes\n");
    begin(nothing, dir, TOY_MECH_DESCRIPTOR);
    add_another("kind: auth\nprovides: *\npriority: 9\n");
    is_refused_every_way("requires verified TLS for it");
    finish();
    admin_is_gone();
}

/* faults: 58 */
Test(require_tls, disabled_by_the_admin_for_the_name)
{
    admin_says("enabled: no\n");
    begin(nothing, dir, TOY_MECH_DESCRIPTOR);
    add_another("kind: auth\nprovides: *\npriority: 9\n");
    is_refused_every_way("forbids it");
    cr_expect_null(envoi_session_mechanism_provider(session, "EXTERNAL"));
    finish();
    admin_is_gone();
}

/* The application's own mechanism needs no plugin, but it does need to know what the admin says. */
Test(require_tls, when_what_the_admin_says_cannot_be_read)
{
    int asked = 0;

    admin_says("priority: 1\n");
    begin(nothing, dir, TOY_MECH_DESCRIPTOR);
    cr_assert_eq(chmod(dir, 0777), 0);
    cr_expect_eq(envoi_session_auth_with(session, "EXTERNAL", 1, ours, &asked), ENVOI_E_PLUGIN);
    cr_expect_not_null(strstr(envoi_session_error(session), "what the administrator says of plugins"), "%s",
                       envoi_session_error(session));
    cr_expect_eq(envoi_session_error_phase(session), ENVOI_PHASE_AUTH);
    cr_expect_eq(envoi_session_login(session), ENVOI_E_PLUGIN);
    cr_expect_eq(asked, 0);
    finish();
    admin_is_gone();
}

Test(require_tls, names_that_the_admin_does_not_speak_of)
{
    int asked = 0;

    admin_says("provides: X-OTHER\nenabled: no\n");
    begin(logged_in, dir, TOY_MECH_DESCRIPTOR);
    cr_expect_eq(envoi_session_auth_with(session, "EXTERNAL", 1, ours, &asked), ENVOI_OK, "%s",
                 envoi_session_error(session));
    cr_expect_eq(asked, 1);
    finish();
    admin_is_gone();
}
