/* SPDX-License-Identifier: MIT */
/* What a set-uid program takes from its caller: nothing. */
#include "tree.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(secure, .init = tree_make, .fini = tree_remove, .timeout = 30);

/* Runs the helper, a copy of it that is set-uid or not, and returns what it printed. */
static const char *run(const char *name, const char *argument)
{
    static char out[512];
    char command[1024];
    FILE *pipe;
    size_t len;

    (void)snprintf(command, sizeof command, "'%s' %s 2>&1", tree_path("%s", name), argument);
    pipe = popen(command, "r");
    cr_assert_not_null(pipe);
    len = fread(out, 1, sizeof out - 1, pipe);
    out[len] = '\0';
    (void)pclose(pipe);
    return out;
}

static void install(const char *name, bool set_uid)
{
    tree_copy(TEST_HELPER, name);
    if (set_uid)
        cr_assert_eq(chown(tree_path("%s", name), 65534, 65534), 0);
    tree_mode(name, set_uid ? 04755 : 0755);
}

static void prepare(void)
{
    tree_dir("home");
    tree_dir("home/.config");
    tree_dir("home/.config/envoi");
    tree_dir("home/.config/envoi/plugins.d");
    tree_text("home/.config/envoi/plugins.d/beta.plugin", "priority: 9\n");
    (void)setenv("HOME", tree_path("home"), 1);
    (void)unsetenv("XDG_CONFIG_HOME");
    (void)unsetenv("ENVOI_TLS_BACKEND");
    install("plain", false);
}

static void prepare_set_uid(void)
{
    if (geteuid() != 0)
        cr_skip_test("only root can make a set-uid program of somebody else's");
    install("setuid", true);
    if (!strstr(run("setuid", ""), "secure=1"))
        cr_skip_test("set-uid has no effect on this file system: %s", run("setuid", ""));
}

Test(secure, environment_of_a_plain_program)
{
    prepare();
    (void)setenv("HOME", "/nonexistent", 1);
    cr_assert_str_eq(run("plain", ""), "secure=0 first=alpha\n");
    (void)setenv("ENVOI_TLS_BACKEND", "beta", 1);
    cr_assert_str_eq(run("plain", ""), "secure=0 first=beta\n");
}

Test(secure, user_directory_of_a_plain_program)
{
    prepare();
    cr_assert_str_eq(run("plain", ""), "secure=0 first=beta\n");
    cr_assert_str_eq(run("plain", tree_path("home/.config/envoi/plugins.d")), "secure=0 first=beta\n");
}

Test(secure, environment)
{
    prepare();
    prepare_set_uid();
    (void)setenv("ENVOI_TLS_BACKEND", "beta", 1);
    cr_assert_str_eq(run("setuid", ""), "secure=1 first=alpha\n");
}

Test(secure, user_directory)
{
    prepare();
    prepare_set_uid();
    cr_assert_str_eq(run("setuid", ""), "secure=1 first=alpha\n");
    cr_assert_str_eq(run("setuid", tree_path("home/.config/envoi/plugins.d")), "secure=1 first=alpha\n",
                     "even when the program names it");
}
