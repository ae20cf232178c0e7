/* SPDX-License-Identifier: MIT */
/* The three directories in merge/ put together, compared with merge/expected line by line; which directory is the
 * user's; and that what the administrator says of a plugin holds. */
#include "fakes.h"
#include "plugin/registry.h"
#include "tree.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct registry *r;
static struct envoi_errctx fault;
static struct registry_transport tls;
static char said[8192];

static void keep(void *ctx, int level, const char *text)
{
    size_t len = strlen(said);

    (void)ctx;
    (void)snprintf(said + len, sizeof said - len, "%d %s\n", level, text);
}

static void setup(void)
{
    static const char *const layers[] = {"vendor", "user", "admin"};

    tree_make();
    for (int i = 0; i < 3; i++) {
        char from[512];

        tree_dir(layers[i]);
        (void)snprintf(from, sizeof from, "%s/merge/%s", TEST_DATA, layers[i]);
        tree_copy_all(from, layers[i]);
    }
    cr_assert_eq(registry_new(&r), ENVOI_OK);
}

static void teardown(void)
{
    registry_free(r);
    tree_remove();
}

/* Only a directory of the administrator, which is empty. */
static void setup_empty(void)
{
    struct registry_dirs dirs = {0};

    (void)unsetenv("ENVOI_TLS_BACKEND");
    tree_make();
    tree_dir("admin");
    dirs.admin = tree_path("admin");
    said[0] = '\0';
    cr_assert_eq(registry_new(&r), ENVOI_OK);
    cr_assert_eq(registry_set_dirs(r, &dirs), ENVOI_OK);
    registry_set_log(r, keep, NULL);
}

TestSuite(admin, .init = setup_empty, .fini = teardown, .timeout = 20);
TestSuite(user, .init = setup_empty, .fini = teardown, .timeout = 120);
TestSuite(merge, .init = setup, .fini = teardown, .timeout = 20);

static void use(const char *vendor, const char *user, const char *admin)
{
    struct registry_dirs dirs = {vendor, user, admin, NULL};

    cr_assert_eq(registry_set_dirs(r, &dirs), ENVOI_OK);
}

/* Without the directory, whose name changes. */
static const char *shorten(char *out, size_t size, const char *text)
{
    const char *root = tree_path("%s", "");
    size_t used = 0;

    while (*text && used + 1 < size) {
        if (strncmp(text, root, strlen(root)) == 0)
            text += strlen(root);
        else
            out[used++] = *text++;
    }
    out[used] = '\0';
    return out;
}

static void render(FILE *out)
{
    static const char *const keys[] = {"kind",     "provides", "module",      "abi",    "enabled",
                                       "priority", "critical", "require-tls", "prefer", "state"};
    char text[1024];

    for (size_t i = 0; i < registry_count(r); i++) {
        (void)fprintf(out, "%s (%s)\n", registry_value(r, i, "id"),
                      shorten(text, sizeof text, registry_source(r, i, "id")));
        for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
            const char *value = registry_value(r, i, keys[k]), *source = registry_source(r, i, keys[k]);

            cr_assert_eq(value == NULL, source == NULL);
            if (value && strcmp(source, "default") != 0)
                (void)fprintf(out, "  %s: %s (%s)\n", keys[k], value, shorten(text, sizeof text, source));
        }
    }
    for (size_t i = 0; i < registry_warnings(r); i++)
        (void)fprintf(out, "warning: %s\n", shorten(text, sizeof text, registry_warning(r, i)));
}

Test(merge, as_expected)
{
    static char got[32768], want[32768];
    FILE *out = fmemopen(got, sizeof got, "w"), *in = fopen(TEST_DATA "/merge/expected", "r");

    use(tree_path("vendor"), tree_path("user"), tree_path("admin"));
    render(out);
    (void)fclose(out);
    cr_assert_not_null(in);
    cr_assert_lt(fread(want, 1, sizeof want, in), sizeof want);
    (void)fclose(in);
    cr_assert_str_eq(got, want, "got:\n%s", got);
}

static const char *value_of(const char *id, const char *key)
{
    for (size_t i = 0; i < registry_count(r); i++)
        if (strcmp(registry_value(r, i, "id"), id) == 0)
            return registry_value(r, i, key);
    return NULL;
}

Test(merge, without_the_user)
{
    use(tree_path("vendor"), NULL, tree_path("admin"));
    cr_assert_str_eq(value_of("alpha", "priority"), "0");
    cr_assert_str_eq(value_of("gamma", "enabled"), "yes");
}

Test(merge, without_the_admin)
{
    use(tree_path("vendor"), tree_path("user"), NULL);
    cr_assert_str_eq(value_of("alpha", "enabled"), "no");
    cr_assert_str_eq(value_of("alpha", "state"), "disabled");
    cr_assert_null(value_of("kappa", "id"));
}

Test(merge, directories_that_are_not_there)
{
    use(tree_path("none"), tree_path("none/below"), tree_path("vendor/alpha.plugin/x"));
    cr_assert_eq(registry_count(r), 0);
    cr_assert_eq(registry_warnings(r), 1);
    cr_assert_not_null(strstr(registry_warning(r, 0), "vendor/alpha.plugin: not a directory"));
    cr_assert_null(strstr(registry_warning(r, 0), "chown"), "%s", registry_warning(r, 0));
    cr_assert_null(registry_value(r, 0, "id"));
    cr_assert_null(registry_source(r, 0, "id"));
    cr_assert_null(registry_warning(r, 1));
}

Test(merge, keys_that_are_none)
{
    use(tree_path("vendor"), NULL, NULL);
    cr_assert_gt(registry_count(r), 0);
    cr_assert_null(registry_value(r, 0, "colour"));
    cr_assert_null(registry_source(r, 0, "colour"));
    cr_assert_null(registry_value(r, 0, NULL));
    cr_assert_null(registry_value(r, registry_count(r), "id"));
}

/* ---- what the administrator says of a plugin ---- */

static void add_tls(const char *id, const char *more)
{
    char text[256];

    (void)snprintf(text, sizeof text, "kind: transport\nprovides: tls\n%s", more);
    cr_assert_eq(registry_add_plugin(r, &fake_tls(id)->plugin, text), ENVOI_OK, "%s", said);
}

static void tls_is(const char *wish, const char *id)
{
    cr_assert_eq(registry_find_transport(r, wish, &fault, &tls), ENVOI_OK, "%s", fault.text);
    cr_assert_str_eq(tls.id, id);
}

static void tls_fails(const char *wish, const char *text)
{
    fault.text[0] = '\0';
    cr_assert_eq(registry_find_transport(r, wish, &fault, &tls), ENVOI_E_PLUGIN);
    cr_assert_eq(fault.code, ENVOI_E_PLUGIN);
    cr_assert_str_eq(fault.text, text);
}

Test(admin, decides)
{
    char text[128];

    tree_text("admin/alpha.plugin", "priority: -1\n");
    tree_text("admin/gamma.plugin", "# no\nenabled: no\n");
    add_tls("alpha", "");
    add_tls("beta", "");
    add_tls("gamma", "priority: 9");
    tls_is(NULL, "beta");
    (void)snprintf(text, sizeof text, "the TLS plugin gamma: it is disabled (%s:2)", tree_path("admin/gamma.plugin"));
    tls_fails("gamma", text);
}

/* What the administrator wrote cannot be read, and it may have been `enabled: no`. */
/* faults: 67 */
Test(admin, file_that_is_spoilt_disables)
{
    static const char *const files[] = {"enabled: no\npriority: high\n", "enabled: false\n", "enabled no\n",
                                        "priority: 3\nenabled:\n", " enabled: no\n"};
    char text[256];

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        tree_text("admin/alpha.plugin", files[i]);
        add_tls("alpha", "priority: 9");
        add_tls("beta", "");
        tls_is(NULL, "beta");
        (void)snprintf(text, sizeof text, "the TLS plugin alpha: it is disabled (%s:", tree_path("admin/alpha.plugin"));
        cr_assert_eq(registry_find_transport(r, "alpha", &fault, &tls), ENVOI_E_PLUGIN, "%s was passed over", files[i]);
        cr_assert_eq(strncmp(fault.text, text, strlen(text)), 0, "%s", fault.text);
        cr_assert_str_eq(registry_value(r, 0, "state"), "disabled");
        cr_assert_not_null(strstr(registry_source(r, 0, "state"), "/admin/alpha.plugin:"));
        cr_assert_eq(registry_warnings(r), 1);
        teardown();
        setup_empty();
    }
}

/* faults: 67 */
Test(admin, two_files_of_one_plugin_disable)
{
    tree_text("admin/al-pha.plugin", "priority: 3\n");
    tree_text("admin/al_pha.plugin", "enabled: no\n");
    add_tls("al_pha", "priority: 9");
    add_tls("beta", "");
    tls_is(NULL, "beta");
    cr_assert_not_null(strstr(said, "/admin/al_pha.plugin: ignored: "), "%s", said);
    cr_assert_not_null(strstr(registry_source(r, 0, "state"), "is the same plugin"));
}

/* A plugin that is added when the files were read already. */
/* faults: 67 */
Test(admin, file_that_is_spoilt_disables_what_comes_later)
{
    tree_text("admin/alpha.plugin", "enabled: no\nenabled: yes\n");
    add_tls("beta", "");
    tls_is(NULL, "beta");
    add_tls("alpha", "priority: 9");
    tls_is(NULL, "beta");
}

Test(admin, second_copy_is_refused)
{
    char want[256];

    tree_text("admin/alpha.plugin", "module: /tmp/alpha.so\npriority: 3\n");
    add_tls("alpha", "");
    tls_is(NULL, "alpha");
    (void)snprintf(want, sizeof want,
                   "%s:1: module: ignored: the plugin is in the program already, and a second copy is refused",
                   tree_path("admin/alpha.plugin"));
    cr_assert_eq(registry_warnings(r), 1);
    cr_assert_str_eq(registry_warning(r, 0), want);
    cr_assert_str_eq(registry_value(r, 0, "priority"), "3");
    cr_assert_null(registry_value(r, 0, "module"));
}

/* ---- the administrator's directory as a whole ---- */

/* What is read says that alpha is disabled; while it cannot be read no plugin is used at all. */
static void is_refused(const char *culprit, const char *why)
{
    struct registry_mechanism mech;
    struct registry_rule rule;
    char want[512];

    (void)snprintf(want, sizeof want,
                   "what the administrator says of plugins cannot be taken from %s, so no plugin is used (root has to "
                   "own it, and others must not write to it: chown root, chmod go-w): %s: %s",
                   tree_path("admin"), tree_path("%s", culprit), why);
    said[0] = '\0';
    for (int i = 0; i < 2; i++) {
        tls_fails(NULL, want);
        tls_fails("beta", want);
        cr_assert_eq(registry_find_mechanism(r, "PLAIN", 0, &fault, &mech), ENVOI_E_PLUGIN);
        cr_assert_eq(registry_find_rule(r, "PLAIN", &fault, &rule), ENVOI_E_PLUGIN);
        cr_assert_eq(registry_count(r), 0);
        cr_assert_eq(registry_warnings(r), 1);
        cr_assert_str_eq(registry_warning(r, 0), want);
        cr_assert_null(registry_warning(r, 1));
    }
    cr_assert_not_null(strstr(said, want), "%s", said);
}

static void is_taken(void)
{
    tls_is(NULL, "beta");
    cr_assert_eq(registry_count(r), 2);
    cr_assert_eq(registry_warnings(r), 0);
    cr_assert_str_eq(registry_value(r, 0, "state"), "disabled");
}

static void describe_two(void)
{
    tree_text("admin/alpha.plugin", "enabled: no\n");
    add_tls("alpha", "priority: 9");
    add_tls("beta", "");
}

/* faults: 67 */
Test(admin, directory_that_others_can_write_to)
{
    static const mode_t modes[] = {0775, 0757, 0777, 01777};

    describe_two();
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        tree_mode("admin", modes[i]);
        is_refused("admin", "the directory can be written by its group or by others");
    }
    tree_mode("admin", 0755);
    is_taken();
}

/* faults: 67 */
Test(admin, directory_of_somebody_else)
{
    if (geteuid() != 0)
        cr_skip_test("only root can give directories away");
    describe_two();
    cr_assert_eq(chown(tree_path("admin"), 65534, 0), 0);
    is_refused("admin", "the directory belongs neither to root nor to you");
    cr_assert_eq(chown(tree_path("admin"), 0, 0), 0);
    is_taken();
}

/* faults: 67 */
Test(admin, directory_below_one_that_others_can_write_to)
{
    describe_two();
    tree_mode(".", 0777);
    is_refused("", "the directory can be written by its group or by others");
    tree_mode(".", 0755);
    is_taken();
}

Test(admin, directory_that_may_not_be_read)
{
    if (geteuid() == 0)
        cr_skip_test("root may read everything");
    describe_two();
    tree_mode("admin", 0000);
    is_refused("admin", "Permission denied");
    tree_mode("admin", 0755);
    is_taken();
}

static unsigned calls;

static void call_back(void *ctx, int level, const char *text)
{
    struct registry_transport other;

    (void)ctx, (void)level, (void)text;
    calls++;
    cr_assert_eq(registry_find_transport(r, "beta", &fault, &other), ENVOI_E_PLUGIN);
    cr_assert_not_null(strstr(fault.text, "so no plugin is used"), "%s", fault.text);
    cr_assert_eq(registry_warnings(r), 1);
    cr_assert_eq(registry_count(r), 0);
}

/* faults: 78 */
Test(admin, log_function_that_calls_back)
{
    describe_two();
    tree_mode("admin", 0777);
    registry_set_log(r, call_back, NULL);
    cr_assert_eq(registry_find_transport(r, "beta", &fault, &tls), ENVOI_E_PLUGIN);
    cr_assert_eq(calls, 1);
}

Test(admin, directory_that_is_a_file)
{
    cr_assert_eq(rmdir(tree_path("admin")), 0);
    tree_text("admin", "enabled: no\n");
    add_tls("beta", "");
    is_refused("admin", "not a directory");
}

/* A link whose end is missing is no missing directory: there may be prohibitions behind it. */
/* faults: 67 */
Test(admin, directory_that_is_a_link_to_nowhere)
{
    add_tls("beta", "");
    cr_assert_eq(rmdir(tree_path("admin")), 0);
    cr_assert_eq(symlink("elsewhere", tree_path("admin")), 0);
    is_refused("elsewhere", "No such file or directory");
    tree_dir("elsewhere");
    tls_is(NULL, "beta");
}

/* Who is not there has said nothing; what is on the way is told of. */
Test(admin, directory_that_is_missing_below_one_that_others_can_write_to)
{
    add_tls("beta", "");
    cr_assert_eq(rmdir(tree_path("admin")), 0);
    tree_mode(".", 0777);
    tls_is(NULL, "beta");
    cr_assert_eq(registry_warnings(r), 1);
    cr_assert_not_null(strstr(registry_warning(r, 0), "can be written by its group or by others"));
}

/* What packages and the user say is passed over, as nothing is forbidden there that does not stay so. */
Test(admin, directories_of_others_are_passed_over)
{
    static const char *const layers[] = {"vendor", "user"};

    describe_two();
    for (size_t i = 0; i < 2; i++) {
        tree_dir(layers[i]);
        tree_mode(layers[i], 0777);
    }
    use(tree_path("vendor"), tree_path("user"), tree_path("admin"));
    tls_is(NULL, "beta");
    cr_assert_eq(registry_warnings(r), 2);
}

/* ---- the user's directory ---- */

static void user_file(const char *dir)
{
    char name[128];

    tree_dir(dir);
    (void)snprintf(name, sizeof name, "%s/envoi", dir);
    tree_dir(name);
    (void)snprintf(name, sizeof name, "%s/envoi/plugins.d", dir);
    tree_dir(name);
    (void)snprintf(name, sizeof name, "%s/envoi/plugins.d/beta.plugin", dir);
    tree_text(name, "priority: 5\n");
}

Test(user, directory_by_the_environment)
{
    static const struct {
        const char *xdg, *home, *first;
    } cases[] = {{"xdg", "none", "beta"}, {NULL, "home", "beta"}, {"none", "home", "alpha"}, {NULL, NULL, "alpha"}};
    struct registry_dirs none = {0};

    user_file("xdg");
    tree_dir("home");
    user_file("home/.config");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        registry_free(r);
        cr_assert_eq(registry_new(&r), ENVOI_OK);
        cr_assert_eq(registry_set_dirs(r, &none), ENVOI_OK);
        (void)setenv("XDG_CONFIG_HOME", cases[i].xdg ? tree_path("%s", cases[i].xdg) : "relative/is/ignored", 1);
        (void)setenv("HOME", cases[i].home ? tree_path("%s", cases[i].home) : "", 1);
        cr_assert_eq(registry_use_user_dir(r), ENVOI_OK);
        add_tls("alpha", "");
        add_tls("beta", "");
        tls_is(NULL, cases[i].first);
    }
}
