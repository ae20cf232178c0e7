/* SPDX-License-Identifier: MIT */
/* What the administrator's file says of a plugin holds for the mechanisms that the plugin names, whoever serves
 * them. */
#include "fakes.h"
#include "plugin/registry.h"
#include "tree.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct registry *r;
static struct envoi_errctx fault;
static struct registry_mechanism mech;

static void setup(void)
{
    struct registry_dirs dirs = {0};

    tree_make();
    tree_dir("vendor");
    tree_dir("user");
    tree_dir("admin");
    dirs.vendor = tree_path("vendor");
    dirs.user = tree_path("user");
    dirs.admin = tree_path("admin");
    cr_assert_eq(registry_new(&r), ENVOI_OK);
    cr_assert_eq(registry_set_dirs(r, &dirs), ENVOI_OK);
    fake_world.names[0] = "CRAM-MD5";
    fake_world.names[1] = "PLAIN";
}

static void teardown(void)
{
    registry_free(r);
    tree_remove();
}

TestSuite(rules, .init = setup, .fini = teardown, .timeout = 20);

/* All plugins here are brought by the program; those of packages are in tests/plugins/test_modules.c. */
static void add(const char *id, const char *provides)
{
    char text[256];

    (void)snprintf(text, sizeof text, "kind: auth\nprovides: %s\n", provides);
    cr_assert_eq(registry_add_plugin(r, &fake_auth(id)->plugin, text), ENVOI_OK);
}

static void is(const char *name, size_t nth, const char *id)
{
    int rc = registry_find_mechanism(r, name, nth, &fault, &mech);

    cr_assert_eq(rc, id ? ENVOI_OK : ENVOI_E_END, "%s %zu: %d", name, nth, rc);
    if (id)
        cr_assert_str_eq(mech.id, id);
}

/* Is that what is said of the name? The files are those below admin/. */
static void rule_is(const char *name, const char *forbidden, const char *needs_tls)
{
    struct registry_rule rule;

    cr_assert_eq(registry_find_rule(r, name, &fault, &rule), ENVOI_OK, "%s", fault.text);
    cr_assert_eq(rule.forbidden != NULL, forbidden != NULL, "%s", name);
    cr_assert_eq(rule.needs_tls != NULL, needs_tls != NULL, "%s", name);
    cr_assert(!forbidden || strcmp(rule.forbidden, tree_path("admin/%s", forbidden)) == 0, "%s", rule.forbidden);
    cr_assert(!needs_tls || strcmp(rule.needs_tls, tree_path("admin/%s", needs_tls)) == 0, "%s", rule.needs_tls);
}

static void again(void)
{
    teardown();
    setup();
}

/* faults: 58 */
Test(rules, require_tls_binds_the_one_that_is_asked)
{
    tree_text("admin/cram.plugin", "# no clear text\nrequire-tls: yes\n");
    add("cram", "CRAM-MD5");
    add("star", "*");
    for (size_t i = 0; i < 2; i++) {
        is("CRAM-MD5", i, i ? "star" : "cram");
        cr_assert_str_eq(mech.needs_tls, tree_path("admin/cram.plugin:2"));
        cr_assert(mech.locked);
    }
    is("cram-md5", 1, "star");
    cr_assert(mech.locked);
    is("PLAIN", 0, "star");
    cr_assert_null(mech.needs_tls);
    cr_assert_not(mech.locked);
    rule_is("CRAM-MD5", NULL, "cram.plugin:2");
    rule_is("PLAIN", NULL, NULL);
}

/* Neither by a file of its own, of whoever, nor by not being there. */
/* faults: 58 */
Test(rules, require_tls_binds_others_that_name_it)
{
    tree_text("vendor/cram.plugin", "kind: auth\nprovides: CRAM-MD5\nmodule: gone.so\n");
    tree_text("admin/cram.plugin", "require-tls: yes\n");
    tree_text("admin/other.plugin", "require-tls: no\npriority: 9\n");
    add("other", "CRAM-MD5 PLAIN");
    is("CRAM-MD5", 0, "other");
    cr_assert_str_eq(mech.needs_tls, tree_path("admin/cram.plugin:1"));
    cr_assert(mech.locked);
    is("CRAM-MD5", 1, NULL);
    is("PLAIN", 0, "other");
    cr_assert_null(mech.needs_tls);
}

/* It is also still there when the plugin is switched off. */
Test(rules, both_words)
{
    tree_text("admin/cram.plugin", "require-tls: yes\nenabled: no\n");
    add("cram", "CRAM-MD5");
    rule_is("CRAM-MD5", "cram.plugin:2", "cram.plugin:1");
}

/* faults: 58 */
Test(rules, disabled_is_not_served_by_the_one_that_is_asked)
{
    tree_text("admin/cram.plugin", "enabled: no\n");
    add("cram", "CRAM-MD5");
    add("star", "*");
    is("CRAM-MD5", 0, NULL);
    is("PLAIN", 0, "star");
    is("PLAIN", 1, NULL);
    rule_is("CRAM-MD5", "cram.plugin:1", NULL);
    cr_assert_null(registry_mechanism_provider(r, "CRAM-MD5"));
}

/* That it names it is the program's word. */
/* faults: 58 */
Test(rules, disabled_is_not_served_by_the_programs_own)
{
    tree_text("admin/cram.plugin", "provides: CRAM-MD5\nenabled: no\n");
    add("mine", "CRAM-MD5 PLAIN *");
    is("CRAM-MD5", 0, NULL);
    is("PLAIN", 0, "mine");
}

/* faults: 58 */
Test(rules, plugin_that_comes_later)
{
    tree_text("admin/cram.plugin", "enabled: no\n");
    add("star", "*");
    is("CRAM-MD5", 0, "star"); /* nobody said yet what the plugin cram is */
    add("cram", "CRAM-MD5");
    is("CRAM-MD5", 0, NULL);
}

/* Only the administrator speaks of more than the plugin. */
Test(rules, others_disable_the_plugin_alone)
{
    static const char *const files[] = {"user/cram.plugin", "vendor/cram.plugin"};

    for (size_t i = 0; i < 2; i++) {
        tree_text(files[i], "enabled: no\n");
        add("cram", "CRAM-MD5");
        add("star", "*");
        is("CRAM-MD5", 0, "star");
        rule_is("CRAM-MD5", NULL, NULL);
        again();
    }
    tree_text("vendor/cram.plugin", "require-tls: yes\n");
    add("cram", "CRAM-MD5");
    add("star", "*");
    is("CRAM-MD5", 0, "cram");
    cr_assert_str_eq(mech.needs_tls, tree_path("vendor/cram.plugin:1"));
    cr_assert_not(mech.locked);
    is("CRAM-MD5", 1, "star");
    cr_assert_null(mech.needs_tls);
}

/* The plugin need not be there at all. */
/* faults: 58 */
Test(rules, file_that_only_names)
{
    tree_text("admin/never.plugin", "provides: CRAM-MD5 DIGEST-MD5\nenabled: no\n");
    tree_text("admin/site.plugin", "provides: PLAIN\nrequire-tls: yes\n");
    add("star", "*");
    is("CRAM-MD5", 0, NULL);
    is("PLAIN", 0, "star");
    cr_assert_str_eq(mech.needs_tls, tree_path("admin/site.plugin:2"));
    rule_is("DIGEST-MD5", "never.plugin:2", NULL);
}

/* It may have said `enabled: no`. */
/* faults: 58, 67 */
Test(rules, file_that_is_spoilt_forbids)
{
    static const struct {
        const char *admin, *why;
    } cases[] = {
        {"enabled: never\n", "cram.plugin:1: enabled: `never` is neither yes nor no"},
        {"provides: PLAIN\nenabled: never\n", "cram.plugin:2: enabled: `never` is neither yes nor no"},
    };

    for (size_t i = 0; i < 2; i++) {
        tree_text("admin/cram.plugin", cases[i].admin);
        add("cram", "CRAM-MD5");
        add("star", "*");
        is("CRAM-MD5", 0, NULL);
        rule_is("CRAM-MD5", cases[i].why, NULL);
        is("PLAIN", 0, i ? NULL : "star");
        again();
    }
    tree_text("admin/cram.plugin", "enabled: no\n");
    tree_mode("admin/cram.plugin", 0666);
    add("cram", "CRAM-MD5");
    add("star", "*");
    is("CRAM-MD5", 0, NULL);
    rule_is("CRAM-MD5", "cram.plugin: the file can be written by its group or by others", NULL);
}

/* faults: 58 */
Test(rules, plus)
{
    fake_world.names[0] = "SCRAM-SHA-1";
    fake_world.flags = ENVOI_MECH_CHANNEL_BINDING;
    tree_text("admin/scram.plugin", "enabled: no\n");
    tree_text("admin/plus.plugin", "provides: SCRAM-SHA-256-PLUS\nrequire-tls: yes\n");
    add("scram", "SCRAM-SHA-1");
    add("star", "*");
    is("SCRAM-SHA-1", 0, NULL);
    is("SCRAM-SHA-1-PLUS", 0, NULL);
    rule_is("SCRAM-SHA-1-PLUS", "scram.plugin:1", NULL);
    rule_is("SCRAM-SHA-256-PLUS", NULL, "plus.plugin:2");
    rule_is("SCRAM-SHA-256", NULL, NULL);
    fake_world.flags = 0;
}

/* What is said of a plugin that has to be asked is said of no name, and what transports provide is none. */
Test(rules, files_that_name_nothing)
{
    tree_text("admin/star.plugin", "require-tls: yes\n");
    tree_text("admin/other.plugin", "enabled: no\n");
    tree_text("admin/tls.plugin", "kind: transport\nprovides: tls PLAIN\nenabled: no\n");
    add("cram", "CRAM-MD5");
    add("star", "*");
    add("other", "*");
    is("CRAM-MD5", 0, "cram");
    cr_assert_null(mech.needs_tls);
    is("CRAM-MD5", 1, "star");
    cr_assert_str_eq(mech.needs_tls, tree_path("admin/star.plugin:1"));
    cr_assert(mech.locked);
    is("CRAM-MD5", 2, NULL);
    rule_is("CRAM-MD5", NULL, NULL);
    rule_is("PLAIN", NULL, NULL);
    rule_is("TLS", NULL, NULL);
    rule_is("", NULL, NULL);
    rule_is("*", "other.plugin:1", "star.plugin:1"); /* which is no name, and never asked for */
}

static bool is_preferred(const char *name)
{
    struct registry_rule rule;

    cr_assert_eq(registry_find_rule(r, name, &fault, &rule), ENVOI_OK, "%s", fault.text);
    return rule.preferred;
}

/* The name, and the one with -PLUS; neither what is only asked for nor what cannot be served by the plugin. */
/* faults: U13 */
Test(rules, prefer)
{
    tree_text("vendor/gone.plugin", "kind: auth\nprovides: X-GONE\nmodule: gone.so\nprefer: X-GONE\n");
    tree_text("user/gone.plugin", "prefer: X-GONE\n");
    tree_text("admin/cram.plugin", "prefer: CRAM-MD5 X-NAMED\n");
    tree_text("admin/off.plugin", "prefer: X-OFF\nenabled: no\n");
    tree_text("admin/bad.plugin", "prefer: X-BAD\nenabled: never\n");
    tree_text("admin/alone.plugin", "prefer: X-ALONE\n");
    add("star", "*");
    add("cram", "CRAM-MD5 DIGEST-MD5");
    add("off", "X-OFF");
    add("bad", "X-BAD");
    cr_assert(is_preferred("CRAM-MD5"));
    cr_assert(is_preferred("CRAM-MD5-PLUS"));
    cr_assert(is_preferred("X-NAMED"));
    cr_assert(is_preferred("X-ALONE"));
    cr_assert_not(is_preferred("X-GONE"));
    cr_assert_not(is_preferred("DIGEST-MD5"));
    cr_assert_not(is_preferred("X-OFF"));
    cr_assert_not(is_preferred("X-BAD"));
}

/* A package cannot widen the administrator's word: it may name more mechanisms, and none of them is put first. */
/* faults: U13 */
Test(rules, prefer_is_not_widened_by_the_vendor)
{
    tree_text("vendor/ours.plugin", "kind: auth\nprovides: X-OURS X-THEIRS\nmodule: ours.so\nprefer: X-THEIRS\n");
    tree_text("user/ours.plugin", "prefer: X-THEIRS\npriority: 1000000\n");
    tree_text("admin/ours.plugin", "prefer: X-OURS\n");
    cr_assert(is_preferred("X-OURS"));
    cr_assert_not(is_preferred("X-THEIRS"));
}

/* It need not be the administrator who requires TLS; then the program may lift it. */
Test(rules, require_tls_of_the_plugin_itself)
{
    static const char *const want[] = {NULL, NULL, "added by the program"};

    tree_text("admin/b.plugin", "require-tls: no\n");
    tree_text("admin/c.plugin", "priority: -9\n");
    add("a", "PLAIN");
    add("b", "PLAIN\nrequire-tls: yes");
    add("c", "PLAIN\nrequire-tls: yes");
    for (size_t i = 0; i < 3; i++) {
        const char id[] = {(char)('a' + i), 0};

        is("PLAIN", i, id);
        cr_assert_eq(mech.needs_tls != NULL, want[i] != NULL, "%s", id);
        cr_assert(!want[i] || strcmp(mech.needs_tls, want[i]) == 0, "%s", id);
        cr_assert_not(mech.locked, "%s", id);
    }
}
