/* SPDX-License-Identifier: MIT */
/* `prefer` in plugins.d: an organisation's own mechanism comes before stronger ones if its administrator says so,
 * and no other rule is lifted by that. Each server ends the login after the first AUTH, so the name in it is the
 * choice. */
#include "../../support/toy_mech.h"
#include "rig.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(prefer, .timeout = 30);

static char dir[32], path[64];

static void write_file(const char *text)
{
    FILE *file;

    snprintf(dir, sizeof dir, "/tmp/envoi-test-XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/ours.plugin", dir);
    cr_assert_not_null(file = fopen(path, "w"));
    fputs(text, file);
    cr_assert_eq(fclose(file), 0);
    cr_assert_eq(chmod(path, 0644), 0);
}

/* The toys twice: all of them, and as "ours" what this descriptor names. The file is of the given directory: 0 the
 * vendor's, 1 the user's, 2 the administrator's. */
static void begin(const char *const *script, int whose, const char *text, const char *ours)
{
    static struct envoi_plugin other;
    char descriptor[128];

    write_file(text);
    rig_open(script);
    cr_assert_eq(envoi_library_set_descriptor_directories(library, whose == 0 ? dir : NULL, whose == 1 ? dir : NULL,
                                                          whose == 2 ? dir : NULL),
                 ENVOI_OK);
    other = *envoi_plugin_toy();
    other.id = "ours";
    snprintf(descriptor, sizeof descriptor, "kind: auth\nprovides: %s\n", ours);
    cr_assert_eq(envoi_library_add_plugin(library, &other, descriptor), ENVOI_OK);
    cr_assert_eq(envoi_library_add_plugin(library, envoi_plugin_toy(), TOY_MECH_DESCRIPTOR), ENVOI_OK);
    rig_session(ENVOI_TLS_OFF);
    cr_assert_eq(envoi_session_set_password(session, "user", "secret"), ENVOI_OK);
    cr_assert_eq(rig_connect(), ENVOI_OK);
}

static void finish(int want)
{
    cr_expect_eq(envoi_session_login(session), want, "%s", envoi_session_error(session));
    envoi_session_quit(session);
    rig_finish();
    unlink(path);
    rmdir(dir);
}

#define HELLO   "> 220 here", "< EHLO ", "> 250-here", "> 250 AUTH ANONYMOUS SCRAM-SHA-256 X-SLOW"
#define GOODBYE "< QUIT", "> 221 bye", "eof", NULL

static const char *const takes_ours[] = {HELLO, "< AUTH X-SLOW ", "> 454 later", GOODBYE};
static const char *const takes_scram[] = {HELLO, "< AUTH SCRAM-SHA-256 ", "> 454 later", GOODBYE};

/* faults: U13 */
Test(prefer, is_for_the_administrator)
{
    static const struct {
        int whose;
        const char *text, *source;
        const char *const *script;
    } cases[] = {
        {2, "priority: 3\n", NULL, takes_scram},
        {2, "prefer: X-OTHER\n", "ours.plugin:1", takes_scram},
        {2, "prefer: X-SLOW\n", "ours.plugin:1", takes_ours},
        {2, "# first\nprefer: X-SLOW\n", "ours.plugin:2", takes_ours},
        {1, "prefer: X-SLOW\n", NULL, takes_scram},
        {0, "prefer: X-SLOW\n", NULL, takes_scram},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *source = NULL;

        begin(cases[i].script, cases[i].whose, cases[i].text, "X-SLOW");
        for (size_t p = 0; p < envoi_library_plugins(library); p++)
            if (strcmp(envoi_library_plugin_value(library, p, "id"), "ours") == 0)
                source = envoi_library_plugin_source(library, p, "prefer");
        cr_expect(cases[i].source ? source && strstr(source, cases[i].source) : !source, "case %zu: %s", i,
                  source ? source : "no source");
        cr_expect_eq(envoi_library_warnings(library), cases[i].whose < 2, "case %zu", i);
        finish(ENVOI_E_AUTH);
    }
}

/* A program's descriptor in its code is not the administrator's either. */
/* faults: U13 */
Test(prefer, is_not_for_the_program)
{
    begin(takes_scram, 2, "priority: 3\n", "X-SLOW\nprefer: X-SLOW");
    cr_expect_eq(envoi_library_warnings(library), 1);
    cr_expect_not_null(strstr(envoi_library_warning(library, 0), "only the administrator's file"), "%s",
                       envoi_library_warning(library, 0));
    finish(ENVOI_E_AUTH);
}

/* The program's order and its prohibitions win; `*` in its list is the administrator's order. */
/* faults: U13 */
Test(prefer, yields_to_the_program)
{
    static const struct {
        const char *list;
        const char *const *script;
    } cases[] = {
        {"SCRAM-SHA-256 X-SLOW", takes_scram},
        {"SCRAM-SHA-256 *", takes_scram},
        {"!X-SLOW", takes_scram},
        {"* SCRAM-SHA-256", takes_ours},
        {"*", takes_ours},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin(cases[i].script, 2, "prefer: X-SLOW\n", "X-SLOW");
        cr_expect_eq(envoi_session_set_mechanisms(session, cases[i].list), ENVOI_OK);
        finish(ENVOI_E_AUTH);
    }
}

/* A mechanism that needs a name stays so, and what is disabled or may not be used is passed over. */
/* faults: U13 */
Test(prefer, lifts_no_rule)
{
    begin(takes_scram, 2, "prefer: ANONYMOUS\n", "ANONYMOUS");
    finish(ENVOI_E_AUTH);
    begin(takes_scram, 2, "prefer: X-SLOW PLAIN\n", "X-SLOW");
    finish(ENVOI_E_AUTH);
    begin(takes_scram, 2, "prefer: X-SLOW\nrequire-tls: yes\n", "X-SLOW");
    finish(ENVOI_E_AUTH);
    begin(takes_scram, 2, "prefer: X-SLOW\nenabled: no\n", "X-SLOW");
    finish(ENVOI_E_AUTH);
}

/* After 504 the next one is tried; after 535 the bounds on a refused password hold. */
/* faults: U13 */
Test(prefer, is_bounded_like_others)
{
    static const char *const unknown[] = {HELLO,         "< AUTH X-SLOW ", "> 504 what", "< AUTH SCRAM-SHA-256 ",
                                          "> 454 later", GOODBYE};
    static const char *const refused[] = {HELLO, "< AUTH X-SLOW ", "> 334 ", "< cD1zZWNyZXQ=", "> 535 no", GOODBYE};

    begin(unknown, 2, "prefer: X-SLOW\n", "X-SLOW");
    finish(ENVOI_E_AUTH);
    begin(refused, 2, "prefer: X-SLOW\n", "X-SLOW");
    finish(ENVOI_E_AUTH);
}
