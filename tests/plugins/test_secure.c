/* SPDX-License-Identifier: MIT */
/* What a set-uid program takes from its caller: nothing. */
#include "tree.h"

#include <criterion/criterion.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

TestSuite(secure, .init = tree_make, .fini = tree_remove, .timeout = 30);

/* Before the command: runs it as nobody. A program with file capabilities gains nothing when root runs it. */
static const char *as = "";

/* Runs the helper, a copy of it that is set-uid or not, and returns what it printed. */
static const char *run(const char *name, const char *argument)
{
    static char out[512];
    char command[1024];
    FILE *pipe;
    size_t len;

    (void)snprintf(command, sizeof command, "%s '%s' %s 2>&1", as, tree_path("%s", name), argument);
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

/* faults: 66 */
Test(secure, environment)
{
    prepare();
    prepare_set_uid();
    (void)setenv("ENVOI_TLS_BACKEND", "beta", 1);
    cr_assert_str_eq(run("setuid", ""), "secure=1 first=alpha\n");
}

/* faults: 66 */
Test(secure, user_directory)
{
    prepare();
    prepare_set_uid();
    cr_assert_str_eq(run("setuid", ""), "secure=1 first=alpha\n");
    cr_assert_str_eq(run("setuid", tree_path("home/.config/envoi/plugins.d")), "secure=1 first=alpha\n",
                     "even when the program names it");
}

/* Who runs a program with capabilities of its file is not trusted with them either. */
static void prepare_capable(void)
{
    const struct vfs_cap_data caps = {.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
                                      .data[0].permitted = 1u << CAP_NET_BIND_SERVICE};

#ifdef ENVOI_PORTABLE
    cr_skip_test("only the auxiliary vector tells of capabilities");
#endif
    if (geteuid() != 0)
        cr_skip_test("only root can give a file capabilities");
    install("capable", false);
    if (setxattr(tree_path("capable"), "security.capability", &caps, sizeof caps, 0) != 0)
        cr_skip_test("this file system has no capabilities");
    as = "setpriv --reuid 65534 --regid 65534 --clear-groups";
    if (!strstr(run("capable", ""), "secure=1"))
        cr_skip_test("capabilities of a file have no effect here: %s", run("capable", ""));
}

/* faults: 66 */
Test(secure, environment_with_capabilities)
{
    prepare();
    prepare_capable();
    (void)setenv("HOME", "/nonexistent", 1);
    (void)setenv("ENVOI_TLS_BACKEND", "beta", 1);
    cr_assert_str_eq(run("plain", ""), "secure=0 first=beta\n", "without capabilities it counts");
    cr_assert_str_eq(run("capable", ""), "secure=1 first=alpha\n");
}

/* The file is the caller's own. */
/* faults: 66 */
Test(secure, user_directory_with_capabilities)
{
    static const char *const own[] = {"home", "home/.config", "home/.config/envoi", "home/.config/envoi/plugins.d",
                                      "home/.config/envoi/plugins.d/beta.plugin"};

    prepare();
    prepare_capable();
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        cr_assert_eq(chown(tree_path("%s", own[i]), 65534, 65534), 0);
    cr_assert_str_eq(run("plain", ""), "secure=0 first=beta\n", "without capabilities it counts");
    cr_assert_str_eq(run("capable", ""), "secure=1 first=alpha\n");
}

/* ---- the modules of Cyrus SASL ---- */

#ifdef TEST_SASL
/* Runs a copy of the other helper, with SASL_PATH naming a directory of the caller's. */
static const char *run_sasl(const char *name, const char *argument)
{
    char arguments[512];

    (void)snprintf(arguments, sizeof arguments, "'%s' '%s' %s", tree_path("modules"), tree_path("descriptors"),
                   argument);
    return run(name, arguments);
}

static void prepare_sasl(void)
{
    tree_dir("modules");
    tree_copy(TEST_SASL, "modules/sasl.so");
    tree_dir("descriptors");
    tree_text("descriptors/sasl.plugin", "kind: auth\nprovides: *\nmodule: sasl.so\nabi: 1\n");
    tree_dir("evil");
    tree_copy(TEST_EVIL, "evil/libevil.so");
    (void)setenv("SASL_PATH", tree_path("evil"), 1);
    (void)setenv("SASL_CONF_PATH", tree_path("evil"), 1);
    tree_copy(TEST_SASL_HELPER, "sasl");
    tree_mode("sasl", 0755);
    if (!strstr(run_sasl("sasl", ""), "loaded"))
        cr_skip_test("Cyrus does not load it at all: %s", run_sasl("sasl", ""));
}

/* faults: 66, S1 */
Test(secure, modules_of_cyrus_when_the_ids_are_settled)
{
    prepare();
    prepare_set_uid();
    prepare_sasl();
    tree_copy(TEST_SASL_HELPER, "sasl_setuid");
    cr_assert_eq(chown(tree_path("sasl_setuid"), 65534, 65534), 0);
    tree_mode("sasl_setuid", 06755);
    cr_assert_str_eq(run_sasl("sasl_setuid", ""), "secure=1 mechanism=SCRAM-SHA-256\n");
#ifndef ENVOI_PORTABLE /* only the auxiliary vector or issetugid() remembers it */
    cr_assert_str_eq(run_sasl("sasl_setuid", "settle"), "secure=1 mechanism=SCRAM-SHA-256\n");
#endif
}

/* faults: 66, S1 */
Test(secure, modules_of_cyrus_with_capabilities)
{
    const struct vfs_cap_data caps = {.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
                                      .data[0].permitted = 1u << CAP_NET_BIND_SERVICE};

    prepare();
    prepare_capable();
    prepare_sasl();
    tree_copy(TEST_SASL_HELPER, "sasl_capable");
    tree_mode("sasl_capable", 0755);
    cr_assert_eq(setxattr(tree_path("sasl_capable"), "security.capability", &caps, sizeof caps, 0), 0);
    cr_assert_str_eq(run_sasl("sasl_capable", ""), "secure=1 mechanism=SCRAM-SHA-256\n");
}
#endif
