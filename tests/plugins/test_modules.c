/* SPDX-License-Identifier: MIT */
/* Broken and hostile modules and descriptors: each is reported and passed over, never a crash, and never hides the good
 * ones beside it. */
#include "plugin/registry.h"
#include "tree.h"

#include <criterion/criterion.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static struct registry *r;
static struct registry_transport tls;
static struct registry_mechanism mech;
static struct envoi_errctx fault;
static char said[65536];

static void keep(void *ctx, int level, const char *text)
{
    size_t len = strlen(said);

    (void)ctx;
    (void)snprintf(said + len, sizeof said - len, "%d %s\n", level, text);
}

static void open_registry(void)
{
    struct registry_dirs dirs = {0};

    dirs.vendor = tree_path("vendor");
    dirs.user = tree_path("user");
    dirs.admin = tree_path("admin");
    dirs.modules = tree_path("modules");
    cr_assert_eq(registry_new(&r), ENVOI_OK);
    cr_assert_eq(registry_set_dirs(r, &dirs), ENVOI_OK);
    registry_set_log(r, keep, NULL);
}

static void setup(void)
{
    tree_make();
    tree_dir("vendor");
    tree_dir("user");
    tree_dir("admin");
    tree_dir("modules");
    tree_copy_all(TEST_MODULES, "modules");
    tree_text("vendor/good_auth.plugin", "kind: auth\nprovides: GOOD\nmodule: good_auth.so\nabi: 1\n");
    tree_text("vendor/good_tls.plugin", "kind: transport\nprovides: tls\nmodule: good_tls.so\nabi: 1\n");
    open_registry();
}

static void teardown(void)
{
    registry_free(r);
    tree_remove();
}

TestSuite(modules, .init = setup, .fini = teardown, .timeout = 30);

static void describe(const char *id, const char *kind, const char *module, const char *more)
{
    char name[64], text[1024];

    (void)snprintf(name, sizeof name, "vendor/%s.plugin", id);
    (void)snprintf(text, sizeof text, "kind: %s\nprovides: %s\nmodule: %s\npriority: 9\n%s", kind,
                   strcmp(kind, "auth") == 0 ? "GOOD" : "tls", module, more);
    tree_text(name, text);
}

static const char *value_of(const char *id, const char *key)
{
    for (size_t i = 0; i < registry_count(r); i++)
        if (strcmp(registry_value(r, i, "id"), id) == 0)
            return registry_value(r, i, key);
    return NULL;
}

static void good_ones_are_found(void)
{
    cr_assert_eq(registry_find_mechanism(r, "GOOD", 0, &fault, &mech), ENVOI_OK, "%s", said);
    cr_assert_str_eq(mech.id, "good_auth");
    cr_assert_eq(registry_find_transport(r, NULL, &fault, &tls), ENVOI_OK, "%s", fault.text);
    cr_assert_str_eq(tls.id, "good_tls");
}

/* The plugin stands before the good one, cannot be had, and why is said once. */
static void is_broken(const char *id, const char *kind, const char *why)
{
    char *at;

    good_ones_are_found();
    good_ones_are_found();
    at = strstr(said, why);
    cr_assert_not_null(at, "%s: not said: %s, but:\n%s", id, why, said);
    cr_assert_null(strstr(at + 1, why), "%s: said twice:\n%s", id, said);
    cr_assert_str_eq(value_of(id, "state"), "unusable");
    if (strcmp(kind, "transport") == 0) {
        cr_assert_eq(registry_find_transport(r, id, &fault, &tls), ENVOI_E_PLUGIN);
        cr_assert_not_null(strstr(fault.text, why), "%s", fault.text);
        cr_assert_not_null(strstr(fault.text, id), "%s", fault.text);
    }
}

#define AUTH "auth"
#define TLS  "transport"

/* Modules that were built to be bad, each with what is said of it. */
static const struct {
    const char *id, *kind, *why;
} bad_modules[] = {
    {"wrong_magic", AUTH, "not a plugin of envoi: the magic is 0x12345678"},
    {"wrong_major", AUTH, "made for ABI 2, and this is ABI 1"},
    {"short_plugin", AUTH, "the plugin's struct_size is 16, too short for this ABI"},
    {"no_size", AUTH, "the plugin sets no struct_size: `.struct_size = sizeof(struct envoi_plugin)` is missing"},
    {"short_transport", TLS, "a transport's struct_size is 24, too short for this ABI"},
    {"short_mechanism", AUTH, "a mechanism's struct_size is 24, too short for this ABI"},
    {"null_step", AUTH, "a mechanism has no `step`"},
    {"null_handshake", TLS, "a transport has no `handshake`"},
    {"null_version", AUTH, "the plugin has no `version`"},
    {"null_id", TLS, "the plugin has no `id`"},
    {"null_return", AUTH, "the entry returned NULL"},
    {"other_id", AUTH, "the plugin calls itself `somebody_else`, not `other_id`"},
    {"no_ticket", TLS, "a transport has no `ticket` and says that it can resume"},
    {"nothing", AUTH, "the plugin offers no mechanism"},
    {"init_fails", TLS, "its init failed (ENVOI_E_SYSTEM)"},
    {"probe_fails", TLS, "its TLS library says that it cannot be used here (ENVOI_E_NOT_SUPPORTED)"},
    {"no_symbol", AUTH, "the symbol envoi_plugin_no_symbol is missing"},
    {"undefined_symbol", AUTH, "envoi_there_is_no_such_function"},
};
#define BAD_MODULES (sizeof bad_modules / sizeof bad_modules[0])

/* faults: 69, U6 */
Test(modules, built_to_be_bad)
{
    for (size_t i = 0; i < BAD_MODULES; i++) {
        char module[64];

        (void)snprintf(module, sizeof module, "%s.so", bad_modules[i].id);
        describe(bad_modules[i].id, bad_modules[i].kind, module, "");
        is_broken(bad_modules[i].id, bad_modules[i].kind, bad_modules[i].why);
        registry_free(r);
        said[0] = '\0';
        (void)unlink(tree_path("vendor/%s.plugin", bad_modules[i].id));
        open_registry();
    }
}

/* faults: 69 */
Test(modules, all_bad_ones_together)
{
    for (size_t i = 0; i < BAD_MODULES; i++) {
        char module[64];

        (void)snprintf(module, sizeof module, "%s.so", bad_modules[i].id);
        describe(bad_modules[i].id, bad_modules[i].kind, module, "");
    }
    good_ones_are_found();
    for (size_t i = 0; i < BAD_MODULES; i++) {
        cr_assert_not_null(strstr(said, bad_modules[i].why), "%s:\n%s", bad_modules[i].id, said);
        cr_assert_str_eq(value_of(bad_modules[i].id, "state"), "unusable");
    }
    cr_assert_eq(registry_count(r), BAD_MODULES + 2);
}

/* faults: 69 */
Test(modules, failing_init_says_why)
{
    describe("init_fails", TLS, "init_fails.so", "");
    good_ones_are_found();
    cr_assert_not_null(strstr(said, "0 init_fails: nothing works today\n"), "%s", said);
}

Test(modules, plugin_of_a_newer_minor_is_fine)
{
    describe("newer", AUTH, "newer.so", "");
    cr_assert_eq(registry_find_mechanism(r, "GOOD", 0, &fault, &mech), ENVOI_OK);
    cr_assert_str_eq(mech.id, "newer");
}

Test(modules, id_with_a_hyphen)
{
    tree_text("admin/good-auth.plugin", "priority: 3\n");
    cr_assert_eq(registry_find_mechanism(r, "GOOD", 0, &fault, &mech), ENVOI_OK);
    cr_assert_str_eq(value_of("good_auth", "priority"), "3");
}

/* ---- files that are no modules ---- */

/* faults: 69 */
Test(modules, not_elf)
{
    tree_text("modules/text.so", "This is no program.\n");
    describe("text", AUTH, "text.so", "");
    is_broken("text", AUTH, "/modules/text.so: ");
}

/* faults: 69 */
Test(modules, empty)
{
    tree_text("modules/empty.so", "");
    describe("empty", TLS, "empty.so", "");
    is_broken("empty", TLS, "/modules/empty.so: file too short");
}

static void copy_head(const char *from, const char *name, size_t len)
{
    static char head[4096];
    FILE *file = fopen(tree_path("%s", from), "rb");

    cr_assert_not_null(file);
    cr_assert_eq(fread(head, 1, len, file), len);
    (void)fclose(file);
    tree_write(name, head, len);
}

/* faults: 69 */
Test(modules, cut)
{
    copy_head("modules/good_auth.so", "modules/cut.so", 100);
    describe("cut", AUTH, "cut.so", "");
    is_broken("cut", AUTH, "/modules/cut.so: ");
}

/* A file that is cut within its segments would be a SIGBUS in the dynamic linker. */
/* faults: 69, U7 */
Test(modules, cut_in_its_segments)
{
    static const size_t lengths[] = {1000, 2000, 3000, 4000};

    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        char id[16], module[24], name[40];

        (void)snprintf(id, sizeof id, "cut%zu", lengths[i]);
        (void)snprintf(module, sizeof module, "%s.so", id);
        (void)snprintf(name, sizeof name, "modules/%s", module);
        copy_head("modules/good_auth.so", name, lengths[i]);
        describe(id, AUTH, module, "");
    }
    good_ones_are_found();
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        char why[64];

        (void)snprintf(why, sizeof why, "/modules/cut%zu.so: the file is cut", lengths[i]);
        cr_assert_not_null(strstr(said, why), "%s", said);
    }
}

/* faults: 69 */
Test(modules, missing)
{
    tree_text("admin/missing.plugin", "kind: auth\nprovides: GOOD\nmodule: missing.so\npriority: 9\n");
    is_broken("missing", AUTH, "/modules/missing.so: No such file or directory");
}

/* The descriptor is of another architecture's package. */
/* faults: U11 */
Test(modules, absent)
{
    describe("foreign_auth", AUTH, "foreign_auth.so", "");
    describe("foreign_tls", TLS, "foreign_tls.so", "");
    good_ones_are_found();
    cr_assert_null(strstr(said, "1 plugin"), "%s", said);
    cr_assert_not_null(strstr(said, "2 plugin foreign_tls: not installed for this architecture ("), "%s", said);
    cr_assert_not_null(strstr(said, "2 plugin foreign_auth: not installed for this architecture ("), "%s", said);
    cr_assert_str_eq(value_of("foreign_auth", "state"), "absent");
    cr_assert_str_eq(value_of("foreign_tls", "state"), "absent");
    cr_assert_eq(registry_find_transport(r, "foreign_tls", &fault, &tls), ENVOI_E_PLUGIN);
    cr_assert_not_null(strstr(fault.text, "the TLS plugin foreign_tls: not installed for this architecture ("), "%s",
                       fault.text);
}

/* A path is the same for every architecture. */
Test(modules, missing_at_a_path)
{
    char text[PATH_MAX + 64];

    (void)snprintf(text, sizeof text, "kind: auth\nprovides: GOOD\nmodule: %s\npriority: 9\n",
                   tree_path("elsewhere.so"));
    tree_text("vendor/elsewhere.plugin", text);
    is_broken("elsewhere", AUTH, "/elsewhere.so: No such file or directory");
}

Test(modules, absent_and_critical_is_an_error)
{
    describe("foreign_tls", TLS, "foreign_tls.so", "critical: yes\n");
    cr_assert_eq(registry_find_transport(r, NULL, &fault, &tls), ENVOI_E_PLUGIN);
    cr_assert_not_null(strstr(fault.text, "foreign_tls, which is critical: not installed for this architecture ("),
                       "%s", fault.text);
}

/* faults: 67 */
Test(modules, a_directory)
{
    tree_dir("modules/dir.so");
    describe("dir", AUTH, "dir.so", "");
    is_broken("dir", AUTH, "/modules/dir.so: not a regular file");
}

/* Nothing is searched for: a library that the dynamic linker would find by its name is not one of ours. */
/* faults: 67 */
Test(modules, name_of_a_system_library)
{
    tree_text("admin/libc.plugin", "kind: auth\nprovides: GOOD\nmodule: libc.so.6\npriority: 9\n");
    is_broken("libc", AUTH, "/modules/libc.so.6: No such file or directory");
}

Test(modules, no_directory_of_modules)
{
    struct registry_dirs dirs = {.vendor = tree_path("vendor")};

    cr_assert_eq(registry_set_dirs(r, &dirs), ENVOI_OK);
    cr_assert_eq(registry_find_mechanism(r, "GOOD", 0, &fault, &mech), ENVOI_E_END);
    cr_assert_not_null(strstr(said, "there is no directory of modules to look for good_auth.so in"));
}

/* ---- whose they are ---- */

/* faults: 67 */
Test(modules, writable_by_others)
{
    tree_copy(tree_path("modules/good_auth.so"), "modules/open.so");
    tree_mode("modules/open.so", 0646);
    describe("open", AUTH, "open.so", "");
    is_broken("open", AUTH, "/modules/open.so: the file can be written by its group or by others");
}

/* faults: 67 */
Test(modules, a_link)
{
    cr_assert_eq(symlink("good_auth.so", tree_path("modules/link.so")), 0);
    describe("link", AUTH, "link.so", "");
    is_broken("link", AUTH, "/modules/link.so: a symbolic link is not taken");
}

/* faults: 67 */
Test(modules, directory_writable_by_others)
{
    tree_mode("modules", 0777);
    cr_assert_eq(registry_find_mechanism(r, "GOOD", 0, &fault, &mech), ENVOI_E_END);
    cr_assert_not_null(strstr(said, "/modules: the directory can be written by its group or by others"), "%s", said);
    cr_assert_eq(registry_find_transport(r, NULL, &fault, &tls), ENVOI_E_PLUGIN);
}

/* faults: 67 */
Test(modules, of_somebody_else)
{
    if (geteuid() != 0)
        cr_skip_test("only root can give files away");
    tree_copy(tree_path("modules/good_auth.so"), "modules/his.so");
    cr_assert_eq(chown(tree_path("modules/his.so"), 65534, 0), 0);
    describe("his", AUTH, "his.so", "");
    is_broken("his", AUTH, "/modules/his.so: the file belongs neither to root nor to you");
}

Test(modules, absolute_path)
{
    char text[512];

    tree_dir("opt");
    tree_copy(tree_path("modules/newer.so"), "opt/newer.so");
    (void)snprintf(text, sizeof text, "kind: auth\nprovides: GOOD\npriority: 5\nmodule: %s\n",
                   tree_path("opt/newer.so"));
    tree_text("admin/newer.plugin", text);
    cr_assert_eq(registry_find_mechanism(r, "GOOD", 0, &fault, &mech), ENVOI_OK, "%s", said);
    cr_assert_str_eq(mech.id, "newer", "%s", said);
}

/* faults: 67 */
Test(modules, absolute_path_through_an_open_directory)
{
    tree_dir("opt");
    tree_copy(tree_path("modules/newer.so"), "opt/newer.so");
    tree_mode("opt", 0757);
    describe("newer", AUTH, tree_path("opt/newer.so"), "");
    is_broken("newer", AUTH, "/opt: the directory can be written by its group or by others");
}

/* ---- descriptors ---- */

/* A descriptor beside the good ones, and what is said of it. */
static void descriptor(const char *text, const char *why)
{
    tree_text("vendor/evil.plugin", text);
    is_broken("evil", AUTH, why);
}

/* faults: 67 */
Test(modules, descriptor_with_dots)
{
    descriptor("kind: auth\nprovides: GOOD\npriority: 9\nmodule: ../modules/newer.so\n",
               "/vendor/evil.plugin:4: module: `../modules/newer.so` has a .. in it");
}

Test(modules, descriptor_of_unknown_kind)
{
    descriptor("kind: resolver\nprovides: GOOD\nmodule: newer.so\n",
               "/vendor/evil.plugin:1: kind: `resolver` is neither transport nor auth");
}

/* faults: 69 */
Test(modules, descriptor_of_another_abi_is_not_loaded)
{
    descriptor("kind: auth\nprovides: GOOD\npriority: 9\nmodule: newer.so\nabi: 2\n",
               "/vendor/evil.plugin:5: abi: the plugin is made for ABI 2, and this is ABI 1");
    cr_assert_null(dlopen(tree_path("modules/newer.so"), RTLD_NOW | RTLD_NOLOAD));
}

Test(modules, descriptor_without_module)
{
    descriptor("kind: auth\nprovides: GOOD\npriority: 9\n", "/vendor/evil.plugin: the key `module` is missing");
}

Test(modules, descriptor_of_nothing)
{
    descriptor("", "/vendor/evil.plugin: the key `kind` is missing");
}

/* faults: 67 */
Test(modules, descriptor_that_is_a_link)
{
    tree_text("evil", "kind: auth\nprovides: GOOD\npriority: 9\nmodule: newer.so\n");
    cr_assert_eq(symlink("../evil", tree_path("vendor/evil.plugin")), 0);
    is_broken("evil", AUTH, "/vendor/evil.plugin: a symbolic link is not taken");
}

/* faults: 67 */
Test(modules, descriptor_that_others_can_write)
{
    tree_text("vendor/evil.plugin", "kind: auth\nprovides: GOOD\npriority: 9\nmodule: newer.so\n");
    tree_mode("vendor/evil.plugin", 0666);
    is_broken("evil", AUTH, "/vendor/evil.plugin: the file can be written by its group or by others");
}

/* faults: 67 */
Test(modules, descriptor_that_never_ends)
{
    cr_assert_eq(mkfifo(tree_path("vendor/evil.plugin"), 0644), 0);
    is_broken("evil", AUTH, "/vendor/evil.plugin: not a regular file");
}

Test(modules, descriptor_of_binary)
{
    copy_head("modules/newer.so", "vendor/evil.plugin", 4096);
    is_broken("evil", AUTH, "/vendor/evil.plugin:1: the line ");
}

/* faults: 66, 67 */
Test(modules, descriptor_of_a_user_adds_no_code)
{
    tree_text("user/newer.plugin", "kind: auth\nprovides: GOOD\npriority: 9\nmodule: newer.so\n");
    good_ones_are_found();
    cr_assert_null(value_of("newer", "id"));
    tree_text("user/good_auth.plugin", "module: newer.so\n");
    registry_free(r);
    open_registry();
    good_ones_are_found();
    cr_assert_str_eq(value_of("good_auth", "module"), "good_auth.so");
}

/* The administrator's file cannot be taken: the plugin of its name is not loaded, whatever the package says. */
static void is_disabled(const char *why)
{
    cr_assert_eq(registry_find_mechanism(r, "GOOD", 0, &fault, &mech), ENVOI_E_END, "%s", said);
    cr_assert_not_null(strstr(said, why), "not said: %s, but:\n%s", why, said);
    cr_assert_str_eq(value_of("good_auth", "state"), "disabled");
    cr_assert_null(dlopen(tree_path("modules/good_auth.so"), RTLD_NOW | RTLD_NOLOAD));
    cr_assert_eq(registry_find_transport(r, NULL, &fault, &tls), ENVOI_OK, "%s", fault.text);
}

/* faults: 67 */
Test(modules, admin_file_with_a_bad_value_disables)
{
    tree_text("admin/good_auth.plugin", "enabled: no\nrequire-tls: always\n");
    is_disabled("/admin/good_auth.plugin:2: require-tls: `always` is neither yes nor no");
}

/* faults: 67 */
Test(modules, admin_file_that_others_can_write_disables)
{
    tree_text("admin/good-auth.plugin", "priority: 1\n");
    tree_mode("admin/good-auth.plugin", 0666);
    is_disabled("/admin/good-auth.plugin: the file can be written by its group or by others");
}

/* faults: 67 */
Test(modules, admin_file_that_is_a_link_disables)
{
    tree_text("other", "enabled: no\n");
    cr_assert_eq(symlink("../other", tree_path("admin/good_auth.plugin")), 0);
    is_disabled("/admin/good_auth.plugin: a symbolic link is not taken");
}

/* faults: 67 */
Test(modules, user_file_with_a_bad_value_does_not)
{
    tree_text("user/good_auth.plugin", "priority: nine\n");
    good_ones_are_found();
    cr_assert_not_null(strstr(said, "/user/good_auth.plugin:1: priority: "), "%s", said);
}

/* faults: 67 */
Test(modules, vendor_directory_that_others_can_write)
{
    tree_mode("vendor", 0777);
    cr_assert_eq(registry_count(r), 0);
    cr_assert_eq(registry_warnings(r), 1);
    cr_assert_not_null(
        strstr(registry_warning(r, 0), "/vendor: the directory can be written by its group or by others"));
}

/* Two plugins of packages for one mechanism: the administrator disables the one that names it. The other one serves it
 * if it names it too, not because it offers whatever it has. */
/* faults: 58 */
Test(modules, disabled_mechanism_of_two_plugins)
{
    static const struct {
        const char *provides, *id;
    } cases[] = {{"*", NULL}, {"OTHER *", NULL}, {"GOOD", "newer"}, {"GOOD *", "newer"}};

    tree_text("admin/good_auth.plugin", "enabled: no\n");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[128];
        int rc;

        (void)snprintf(text, sizeof text, "kind: auth\nmodule: newer.so\nprovides: %s\n", cases[i].provides);
        tree_text("vendor/newer.plugin", text);
        rc = registry_find_mechanism(r, "GOOD", 0, &fault, &mech);
        cr_assert_eq(rc, cases[i].id ? ENVOI_OK : ENVOI_E_END, "%s: %d", cases[i].provides, rc);
        if (cases[i].id)
            cr_assert_str_eq(mech.id, cases[i].id);
        registry_free(r);
        open_registry();
    }
}

/* ---- when, and how often ---- */

static bool is_loaded(const char *module)
{
    return dlopen(tree_path("modules/%s", module), RTLD_NOW | RTLD_NOLOAD) != NULL;
}

/* faults: 70 */
Test(modules, loaded_when_needed_and_for_good)
{
    cr_assert_eq(registry_count(r), 2);
    cr_assert_not(is_loaded("good_auth.so"));
    cr_assert_eq(registry_find_mechanism(r, "OTHER", 0, &fault, &mech), ENVOI_E_END);
    cr_assert_not(is_loaded("good_auth.so"));
    cr_assert_eq(registry_find_mechanism(r, "GOOD", 0, &fault, &mech), ENVOI_OK);
    cr_assert(is_loaded("good_auth.so"));
    cr_assert_not(is_loaded("good_tls.so"));
    registry_free(r);
    r = NULL;
    cr_assert(is_loaded("good_auth.so"));
}

/* faults: 70, 76 */
Test(modules, two_library_objects)
{
    struct registry *first = r;
    const struct envoi_mechanism *theirs;

    good_ones_are_found();
    theirs = mech.mechanism;
    open_registry();
    good_ones_are_found();
    cr_assert_eq(mech.mechanism, theirs, "a module is in the process once");
    registry_free(first);
    good_ones_are_found();
}

/* ---- what the machine is short of ---- */

/* The limit below which so many descriptors are free. */
static rlim_t limit_with(unsigned more)
{
    int fd = 0;

    while (more > 0)
        more -= fcntl(fd++, F_GETFD) < 0;
    return (rlim_t)fd;
}

static bool try(void)
{
    int rc = registry_find_mechanism(r, "GOOD", 0, &fault, &mech);

    cr_assert(rc == ENVOI_OK || rc == ENVOI_E_SYSTEM || rc == ENVOI_E_MEMORY, "%d: %s", rc, said);
    if (rc == ENVOI_E_SYSTEM)
        cr_assert_not_null(strstr(fault.text, "Too many open files"), "%s", fault.text);
    return rc == ENVOI_OK;
}

/* With one descriptor more each time, the dlopen() that lacks one among them: no failure is for good. */
/* faults: 79 */
Test(modules, without_descriptors_it_is_tried_again)
{
    unsigned more = 0, failed = 0;
    bool said_of_plugin = false;
    struct rlimit old, low;

    cr_assert_eq(registry_count(r), 2); /* the descriptors are read */
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
    for (bool found = false; !found; more++) {
        cr_assert_lt(more, 10);
        low = (struct rlimit){limit_with(more), old.rlim_max};
        cr_assert_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
        fault = (struct envoi_errctx){0};
        found = try();
        cr_assert_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
        failed += !found;
        said_of_plugin |= strstr(fault.text, "/good_auth.so: Too many open files") != NULL;
        cr_assert_str_eq(value_of("good_auth", "state"), found ? "loaded" : "available");
    }
    cr_assert_geq(failed, 3, "%u", failed);
    cr_assert(said_of_plugin);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifndef SANITIZED /* these need all the room that there is */
static long pages_in_use(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long pages = 0;

    cr_assert_not_null(file);
    cr_assert_eq(fscanf(file, "%ld", &pages), 1);
    (void)fclose(file);
    return pages;
}

/* faults: 75 */
Test(modules, without_room_it_is_tried_again)
{
    struct rlimit old, low;
    unsigned failed = 0;

    cr_assert_eq(registry_count(r), 2);
    cr_assert_eq(getrlimit(RLIMIT_AS, &old), 0);
    for (rlim_t more = 0, found = 0; !found; more++) {
        cr_assert_lt(more, 1000);
        low = (struct rlimit){((rlim_t)pages_in_use() + more) * (rlim_t)sysconf(_SC_PAGESIZE), old.rlim_max};
        cr_assert_eq(setrlimit(RLIMIT_AS, &low), 0);
        found = try();
        cr_assert_eq(setrlimit(RLIMIT_AS, &old), 0);
        failed += !found;
        cr_assert_str_eq(value_of("good_auth", "state"), found ? "loaded" : "available");
    }
    cr_assert_geq(failed, 1);
}
#endif
