/* SPDX-License-Identifier: MIT */
/* Plugins that were linked in: this program has its own table, made by builtin.cmake, of `plain` and `login`. */
#include "plugin/builtin.h"
#include "plugin/registry.h"
#include "tree.h"

#include <criterion/criterion.h>
#include <string.h>

static struct registry *r;
static struct registry_mechanism mech;
static struct envoi_errctx fault;

static void setup(void)
{
    struct registry_dirs dirs = {0};

    tree_make();
    tree_dir("vendor");
    tree_dir("admin");
    dirs.vendor = tree_path("vendor");
    dirs.admin = tree_path("admin");
    cr_assert_eq(registry_new(&r), ENVOI_OK);
    cr_assert_eq(registry_set_dirs(r, &dirs), ENVOI_OK);
}

static void teardown(void)
{
    registry_free(r);
    tree_remove();
}

TestSuite(builtin, .init = setup, .fini = teardown, .timeout = 20);

/* The value of a plugin's key, or its source. */
static const char *look(const char *id, const char *key, const char *(*what)(struct registry *, size_t, const char *))
{
    for (size_t i = 0; i < registry_count(r); i++)
        if (strcmp(registry_value(r, i, "id"), id) == 0)
            return what(r, i, key);
    cr_assert_fail("no plugin %s", id);
    return NULL;
}

Test(builtin, table)
{
    cr_assert_str_eq(builtin_plugins[0].id, "plain");
    cr_assert_str_eq(builtin_plugins[1].id, "login");
    cr_assert_null(builtin_plugins[2].id);
    cr_assert_null(strstr(builtin_plugins[0].descriptor, "\nmodule"));
    cr_assert_str_eq(builtin_plugins[0].entry()->id, "plain");
}

Test(builtin, described_and_found)
{
    cr_assert_eq(registry_count(r), 2);
    cr_assert_eq(registry_warnings(r), 0, "%s", registry_warning(r, 0));
    cr_assert_str_eq(look("plain", "provides", registry_value), "PLAIN");
    cr_assert_str_eq(look("plain", "provides", registry_source), "built in");
    cr_assert_null(look("plain", "module", registry_value));
    cr_assert_eq(registry_find_mechanism(r, "PLAIN", 0, &fault, &mech), ENVOI_OK, "%s", fault.text);
    cr_assert_str_eq(mech.id, "plain");
    cr_assert_str_eq(look("plain", "state", registry_value), "loaded");
    cr_assert_str_eq(look("plain", "state", registry_source), "built in");
    cr_assert_str_eq(look("login", "state", registry_value), "available");
}

Test(builtin, admin_disables)
{
    tree_text("admin/plain.plugin", "enabled: no\n");
    tree_text("admin/login.plugin", "priority: 4\n");
    cr_assert_eq(registry_find_mechanism(r, "PLAIN", 0, &fault, &mech), ENVOI_E_END);
    cr_assert_eq(registry_find_mechanism(r, "LOGIN", 0, &fault, &mech), ENVOI_OK);
    cr_assert_str_eq(look("plain", "state", registry_value), "disabled");
    cr_assert_str_eq(look("login", "priority", registry_value), "4");
}

Test(builtin, second_copy_is_refused)
{
    tree_text("vendor/plain.plugin", "kind: auth\nprovides: PLAIN\nmodule: plain.so\npriority: 3\n");
    cr_assert_eq(registry_warnings(r), 1);
    cr_assert_not_null(strstr(registry_warning(r, 0), "/vendor/plain.plugin:3: module: ignored: the plugin is in the "
                                                      "program already, and a second copy is refused"));
    cr_assert_str_eq(look("plain", "priority", registry_value), "3");
    cr_assert_eq(registry_find_mechanism(r, "PLAIN", 0, &fault, &mech), ENVOI_OK);
    cr_assert_eq(registry_find_mechanism(r, "PLAIN", 1, &fault, &mech), ENVOI_E_END);
    cr_assert_eq(registry_add_plugin(r, builtin_plugins[0].entry(), "kind: auth\nprovides: PLAIN"), ENVOI_E_PLUGIN);
}

Test(builtin, module_of_another_id)
{
    tree_text("vendor/other.plugin", "kind: auth\nprovides: OTHER\nmodule: other.so\n");
    cr_assert_eq(registry_count(r), 3);
    cr_assert_eq(registry_find_mechanism(r, "OTHER", 0, &fault, &mech), ENVOI_E_END);
    cr_assert_str_eq(look("other", "state", registry_value), "unusable");
    cr_assert_eq(registry_find_mechanism(r, "LOGIN", 0, &fault, &mech), ENVOI_OK);
}
