/* SPDX-License-Identifier: MIT */
/* The three directories in merge/ put together, compared with merge/expected line by line. */
#include "plugin/registry.h"
#include "tree.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct registry *r;

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
    static const char *const keys[] = {"kind",     "provides", "module",      "abi",  "enabled",
                                       "priority", "critical", "require-tls", "state"};
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
