/* SPDX-License-Identifier: MIT */
/* Choosing among plugins that are in the process; modules are the business of tests/plugins. */
#include "fakes.h"
#include "plugin/registry.h"
#include "tree.h"

#include <criterion/criterion.h>
#include <envoi/library.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct registry *r;
static struct envoi_errctx fault;
static struct registry_transport tls;
static struct registry_mechanism mech;
static char said[8192];

static void keep(void *ctx, int level, const char *text)
{
    size_t len = strlen(said);

    (void)ctx;
    (void)snprintf(said + len, sizeof said - len, "%d %s\n", level, text);
}

static void setup(void)
{
    struct registry_dirs dirs = {0};

    (void)unsetenv("ENVOI_TLS_BACKEND");
    tree_make();
    tree_dir("admin");
    dirs.admin = tree_path("admin");
    cr_assert_eq(registry_new(&r), ENVOI_OK);
    cr_assert_eq(registry_set_dirs(r, &dirs), ENVOI_OK);
    registry_set_log(r, keep, NULL);
}

static void teardown(void)
{
    registry_free(r);
    tree_remove();
}

TestSuite(registry, .init = setup, .fini = teardown, .timeout = 120);

static void add_tls(const char *id, const char *more)
{
    char text[256];

    (void)snprintf(text, sizeof text, "kind: transport\nprovides: tls\n%s", more);
    cr_assert_eq(registry_add_plugin(r, &fake_tls(id)->plugin, text), ENVOI_OK, "%s", said);
}

static void add_auth(const char *id, const char *provides, const char *more)
{
    char text[256];

    (void)snprintf(text, sizeof text, "kind: auth\nprovides: %s\n%s", provides, more);
    cr_assert_eq(registry_add_plugin(r, &fake_auth(id)->plugin, text), ENVOI_OK, "%s", said);
}

static void tls_is(const char *wish, const char *id)
{
    cr_assert_eq(registry_find_transport(r, wish, &fault, &tls), ENVOI_OK, "%s", fault.text);
    cr_assert_str_eq(tls.id, id);
    cr_assert_not_null(tls.transport);
    cr_assert_eq(tls.state, &fake_world);
}

static void tls_fails(const char *wish, const char *text)
{
    fault_clear(&fault);
    cr_assert_eq(registry_find_transport(r, wish, &fault, &tls), ENVOI_E_PLUGIN);
    cr_assert_eq(fault.code, ENVOI_E_PLUGIN);
    cr_assert_str_eq(fault.text, text);
    cr_assert_null(tls.transport);
}

static void mech_is(const char *name, size_t nth, const char *id)
{
    int rc = registry_find_mechanism(r, name, nth, &fault, &mech);

    if (!id) {
        cr_assert_eq(rc, ENVOI_E_END, "%s %zu: %d", name, nth, rc);
        cr_assert_null(mech.mechanism);
        return;
    }
    cr_assert_eq(rc, ENVOI_OK, "%s %zu: %s", name, nth, fault.text);
    cr_assert_str_eq(mech.id, id);
    cr_assert_not_null(mech.mechanism);
}

/* ---- transports ---- */

Test(registry, transport_by_priority_then_id)
{
    add_tls("zeta", "priority: 1");
    add_tls("beta", "");
    add_tls("alpha", "");
    tls_is(NULL, "zeta");
    tls_is("beta", "beta");
    tls_is("alpha", "alpha");
    cr_assert_eq(fake_world.inits, 3);
    tls_is("beta", "beta");
    cr_assert_eq(fake_world.inits, 3);
    cr_assert_eq(fake_world.probes, 3);
    registry_free(r);
    r = NULL;
    cr_assert_eq(fake_world.finis, 3);
}

Test(registry, only_what_is_needed_is_started)
{
    add_tls("alpha", "");
    add_tls("beta", "");
    add_auth("plain", "PLAIN", "");
    tls_is(NULL, "alpha");
    cr_assert_eq(fake_world.inits, 1);
    cr_assert_eq(registry_count(r), 3);
    cr_assert_str_eq(registry_value(r, 0, "state"), "loaded");
    cr_assert_str_eq(registry_value(r, 1, "state"), "available");
}

Test(registry, transport_that_is_none)
{
    tls_fails(NULL, "there is no TLS plugin that can be used");
    tls_fails("openssl", "the TLS plugin openssl: there is none of this name");
    add_auth("plain", "PLAIN", "");
    tls_fails("plain", "the TLS plugin plain: it is not one for TLS");
}

Test(registry, environment_chooses_among_the_enabled)
{
    tree_text("admin/gamma.plugin", "enabled: no\n");
    add_tls("alpha", "");
    add_tls("beta", "");
    add_tls("gamma", "");
    (void)setenv("ENVOI_TLS_BACKEND", "beta", 1);
    tls_is(NULL, "beta");
    tls_is("alpha", "alpha"); /* what the program says beats it */
    (void)setenv("ENVOI_TLS_BACKEND", "", 1);
    tls_is(NULL, "alpha");
    (void)setenv("ENVOI_TLS_BACKEND", "none", 1);
    tls_fails(NULL, "ENVOI_TLS_BACKEND: the TLS plugin none: there is none of this name");
    (void)setenv("ENVOI_TLS_BACKEND", "gamma", 1);
    cr_assert_eq(registry_find_transport(r, NULL, &fault, &tls), ENVOI_E_PLUGIN);
    cr_assert_not_null(strstr(fault.text, "it is disabled"), "%s", fault.text);
}

Test(registry, broken_transport_is_passed_over_once_said)
{
    struct fake *liar = fake_tls("alpha");

    liar->plugin.init = NULL;
    liar->plugin.fini = NULL;
    liar->transports[0] = NULL;
    cr_assert_eq(registry_add_plugin(r, &liar->plugin, "kind: transport\nprovides: tls"), ENVOI_OK);
    add_tls("beta", "");
    tls_is(NULL, "beta");
    tls_is(NULL, "beta");
    cr_assert_str_eq(said,
                     "1 plugin alpha: added by the program: the plugin offers no transport\n3 plugin beta: loaded\n");
    tls_fails("alpha", "the TLS plugin alpha: added by the program: the plugin offers no transport");
    cr_assert_str_eq(registry_value(r, 0, "state"), "unusable");
    cr_assert_str_eq(registry_source(r, 0, "state"), "added by the program: the plugin offers no transport");
}

Test(registry, probe_says_no)
{
    add_tls("alpha", "");
    fake_world.probe_result = ENVOI_E_NOT_SUPPORTED;
    tls_fails(NULL, "there is no TLS plugin that can be used; alpha: its TLS library says that it cannot be used here "
                    "(ENVOI_E_NOT_SUPPORTED)");
    tls_fails("alpha",
              "the TLS plugin alpha: its TLS library says that it cannot be used here (ENVOI_E_NOT_SUPPORTED)");
    cr_assert_eq(fake_world.probes, 1);
    registry_free(r);
    r = NULL;
    cr_assert_eq(fake_world.finis, 1, "what was started is ended");
}

/* faults: 69 */
Test(registry, init_fails)
{
    add_tls("alpha", "");
    add_auth("plain", "PLAIN", "");
    fake_world.init_result = ENVOI_E_SYSTEM;
    tls_fails("alpha", "the TLS plugin alpha: its init failed (ENVOI_E_SYSTEM)");
    mech_is("PLAIN", 0, NULL);
    registry_free(r);
    r = NULL;
    cr_assert_eq(fake_world.inits, 2);
    cr_assert_eq(fake_world.finis, 0, "what was not started is not ended");
}

Test(registry, init_without_memory_is_tried_again)
{
    add_tls("alpha", "");
    fake_world.init_result = ENVOI_E_MEMORY;
    cr_assert_eq(registry_find_transport(r, NULL, &fault, &tls), ENVOI_E_MEMORY);
    fake_world.init_result = ENVOI_OK;
    tls_is(NULL, "alpha");
}

Test(registry, critical_transport_is_an_error)
{
    struct fake *liar = fake_tls("alpha");

    liar->transports[0] = NULL;
    cr_assert_eq(registry_add_plugin(r, &liar->plugin, "kind: transport\nprovides: tls\ncritical: yes"), ENVOI_OK);
    add_tls("beta", "");
    tls_fails(NULL, "the TLS plugin alpha, which is critical: added by the program: the plugin offers no transport");
    tls_is("beta", "beta");
}

Test(registry, critical_and_disabled_is_not)
{
    tree_text("admin/alpha.plugin", "enabled: no\ncritical: yes\npriority: 9\n");
    add_tls("alpha", "");
    add_tls("beta", "");
    tls_is(NULL, "beta");
}

/* ---- mechanisms ---- */

Test(registry, mechanism_named_first_then_asked)
{
    fake_world.names[0] = "PLAIN";
    fake_world.names[1] = "LOGIN";
    add_auth("star", "*", "priority: 100");
    add_auth("low", "PLAIN", "");
    add_auth("high", "LOGIN PLAIN", "priority: 1");
    mech_is("PLAIN", 0, "high");
    mech_is("PLAIN", 1, "low");
    cr_assert_eq(fake_world.inits, 2, "the one to be asked is not loaded while there are named ones");
    mech_is("PLAIN", 2, "star");
    cr_assert_eq(fake_world.inits, 3);
    mech_is("PLAIN", 3, NULL);
    mech_is("LOGIN", 1, "star");
    mech_is("plain", 0, "high");
    cr_assert_str_eq(mech.info.name, "PLAIN");
    cr_assert_str_eq(registry_mechanism_provider(r, "LOGIN"), "high");
    cr_assert_null(registry_mechanism_provider(r, "GSSAPI"));
}

Test(registry, named_and_star_counts_once)
{
    add_auth("both", "PLAIN *", "");
    mech_is("PLAIN", 0, "both");
    mech_is("PLAIN", 1, NULL);
}

/* Words of a server: compared, and never more. */
/* faults: 68 */
Test(registry, names_that_are_none)
{
    static const char *const names[] = {"*",      "",     " ",      "../PLAIN", "PLAIN LOGIN",
                                        "/tmp/x", "PLAI", "PLAINX", "-PLUS",    "%s"};

    fake_world.names[0] = "PLAIN";
    add_auth("plain", "PLAIN", "");
    add_auth("star", "*", "");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        mech_is(names[i], 0, NULL);
}

Test(registry, plus_needs_binding)
{
    fake_world.names[0] = "SCRAM-SHA-256";
    add_auth("scram", "SCRAM-SHA-256", "");
    add_auth("star", "*", "");
    mech_is("SCRAM-SHA-256", 0, "scram");
    mech_is("SCRAM-SHA-256-PLUS", 0, NULL);
    fake_world.flags = ENVOI_MECH_CHANNEL_BINDING;
    mech_is("SCRAM-SHA-256-PLUS", 0, "scram");
    mech_is("SCRAM-SHA-256-PLUS", 1, "star");
    mech_is("SCRAM-SHA-256-PLUS", 2, NULL);
    mech_is("SCRAM-SHA-1-PLUS", 0, NULL);
    fake_world.flags = 0;
    fake_world.names[1] = "SCRAM-SHA-256-PLUS"; /* a provider that has the name itself */
    mech_is("SCRAM-SHA-256-PLUS", 0, "scram");
    cr_assert_str_eq(mech.info.name, "SCRAM-SHA-256-PLUS");
    cr_assert_null(strstr(said, "does not"), "%s", said);
}

Test(registry, mechanism_that_is_promised_and_not_there)
{
    add_auth("liar", "LOGIN", "");
    mech_is("LOGIN", 0, NULL);
    mech_is("LOGIN", 0, NULL);
    cr_assert_str_eq(said, "3 plugin liar: loaded\n"
                           "1 plugin liar: its descriptor says that it provides LOGIN, and it does not\n");
}

static int32_t endless(void *state, size_t index, struct envoi_mech_info *out)
{
    (void)state;
    (void)index;
    out->name = "X";
    return ENVOI_OK;
}

Test(registry, list_without_end)
{
    struct fake *fake = fake_auth("endless");

    fake->mechanism.mech_at = endless;
    cr_assert_eq(registry_add_plugin(r, &fake->plugin, "kind: auth\nprovides: *"), ENVOI_OK);
    mech_is("PLAIN", 0, NULL);
    mech_is("X", 0, "endless");
}

Test(registry, critical_mechanism)
{
    struct fake *liar = fake_auth("liar");

    liar->mechanisms[0] = NULL;
    cr_assert_eq(registry_add_plugin(r, &liar->plugin, "kind: auth\nprovides: PLAIN\ncritical: yes\npriority: 1"),
                 ENVOI_OK);
    fake_world.names[1] = "LOGIN";
    add_auth("good", "PLAIN LOGIN", "");
    cr_assert_eq(registry_find_mechanism(r, "PLAIN", 0, &fault, &mech), ENVOI_E_PLUGIN);
    cr_assert_str_eq(
        fault.text,
        "the plugin liar for PLAIN, which is critical: added by the program: the plugin offers no mechanism");
    mech_is("LOGIN", 0, "good");
    cr_assert_null(registry_mechanism_provider(r, "PLAIN"));
}

/* ---- adding ---- */

Test(registry, adding_what_cannot_be)
{
    struct fake *fake = fake_auth("x"), *odd = fake_auth("No-Id");

    static const struct {
        const char *text, *why;
    } useless[] = {
        {"kind: nonsense", "added by the program, line 1: kind: `nonsense` is neither transport nor auth"},
        {"kind: auth\nprovides: X\nmodule: x.so", "added by the program: a plugin in the program has no `module`"},
        {"", "added by the program: the key `kind` is missing"},
        {"provides: X", "added by the program: the key `kind` is missing"},
        {"kind: auth\npriority: 3", "added by the program: the key `provides` is missing"},
        {"kind: transport\nprovides: *", "added by the program: provides: a transport provides tls"},
    };

    for (size_t i = 0; i < sizeof useless / sizeof useless[0]; i++) {
        said[0] = '\0';
        cr_assert_eq(registry_add_plugin(r, &fake->plugin, useless[i].text), ENVOI_E_USAGE, "%s", useless[i].text);
        cr_assert_not_null(strstr(said, useless[i].why), "%s", said);
        cr_assert_eq(registry_count(r), 0);
        cr_assert_eq(registry_warnings(r), i + 1);
    }
    cr_assert_eq(registry_add_plugin(r, &odd->plugin, "kind: auth\nprovides: X"), ENVOI_E_PLUGIN);
    cr_assert_eq(registry_add_plugin(r, NULL, "kind: auth\nprovides: X"), ENVOI_E_PLUGIN);
    fake->plugin.abi_major = 2;
    cr_assert_eq(registry_add_plugin(r, &fake->plugin, "kind: auth\nprovides: X"), ENVOI_E_PLUGIN);
    fake->plugin.abi_major = 1;
    fake->mechanism.step = NULL;
    cr_assert_eq(registry_add_plugin(r, &fake->plugin, "kind: auth\nprovides: X"), ENVOI_E_PLUGIN);
    cr_assert_not_null(strstr(said, "a mechanism has no `step`"), "%s", said);
    cr_assert_eq(registry_count(r), 0);
}

Test(registry, id_is_taken)
{
    tree_text("admin/there.plugin", "kind: auth\nprovides: X\nmodule: there.so\n");
    tree_text("admin/late.plugin", "priority: 5\n");
    add_auth("x", "X", "");
    cr_assert_eq(registry_add_plugin(r, &fake_auth("x")->plugin, "kind: auth\nprovides: X"), ENVOI_E_PLUGIN);
    cr_assert_eq(registry_count(r), 3);
    cr_assert_eq(registry_add_plugin(r, &fake_auth("there")->plugin, "kind: auth\nprovides: X"), ENVOI_E_PLUGIN);
    /* One that only a file without module speaks of can still come. */
    fake_world.names[0] = "X";
    add_auth("late", "X", "");
    mech_is("X", 0, "late");
    mech_is("X", 1, "x");
}

Test(registry, directories_are_absolute_and_early)
{
    struct registry_dirs bad = {.vendor = "plugins.d"}, good = {.vendor = "/nowhere"};

    cr_assert_eq(registry_set_dirs(r, &bad), ENVOI_E_USAGE);
    bad = (struct registry_dirs){.modules = "."};
    cr_assert_eq(registry_set_dirs(r, &bad), ENVOI_E_USAGE);
    cr_assert_eq(registry_set_dirs(r, &good), ENVOI_OK);
    tls_fails(NULL, "there is no TLS plugin that can be used; /nowhere: none is described there: install one, such as "
                    "openssl or gnutls");
    cr_assert_eq(registry_set_dirs(r, &good), ENVOI_E_USAGE);
    cr_assert_eq(registry_use_user_dir(r), ENVOI_E_USAGE);
}

/* ---- the host ---- */

Test(registry, host_reaches_the_log)
{
    struct envoi_errctx errctx = {.phase = 7};
    const struct envoi_host *host;

    add_auth("plain", "PLAIN", "");
    mech_is("PLAIN", 0, "plain");
    host = fake_world.host;
    said[0] = '\0';
    host->log(host, ENVOI_LOG_INFO, "hello\033[2J\nworld");
    host->log(host, 99, NULL);
    host->set_error(host, NULL, ENVOI_E_SYSTEM, 0, "lost");
    cr_assert_str_eq(said, "2 plain: hello?[2J?world\n3 plain: \n0 plain: lost\n");
    host->set_error(host, &errctx, ENVOI_E_TLS, 42, "bad\r\nthing");
    cr_assert_eq(errctx.code, ENVOI_E_TLS);
    cr_assert_eq(errctx.library_code, 42);
    cr_assert_eq(errctx.phase, 7);
    cr_assert_str_eq(errctx.text, "bad??thing");
    host->set_error(host, &errctx, ENVOI_E_TLS, 0, NULL);
    cr_assert_str_eq(errctx.text, envoi_error_text(ENVOI_E_TLS));
    char *memory = host->realloc(host->alloc(4), 8);
    memset(memory, 'x', 8);
    host->wipe(memory, 8);
    cr_assert_eq(memory[7], 0);
    host->free(memory);
    host->free(NULL);
}

/* A log function that calls back gets an answer. */
static size_t seen;

static void call_back(void *ctx, int level, const char *text)
{
    struct registry_transport other;

    (void)level;
    (void)text;
    seen = registry_count(ctx);
    (void)registry_find_transport(ctx, NULL, NULL, &other);
}

static int32_t noisy_init(const struct envoi_host *host, void **state)
{
    host->log(host, ENVOI_LOG_INFO, "starting");
    *state = &fake_world;
    return ENVOI_OK;
}

/* faults: 78 */
Test(registry, log_function_that_calls_back)
{
    struct fake *fake = fake_tls("alpha");

    fake->plugin.init = noisy_init;
    registry_set_log(r, call_back, r);
    cr_assert_eq(registry_add_plugin(r, &fake->plugin, "kind: transport\nprovides: tls\ncolour: red"), ENVOI_OK);
    tls_is(NULL, "alpha");
    cr_assert_eq(seen, 1);
}

/* ---- threads ---- */

static void *look(void *ctx)
{
    (void)ctx;
    for (int i = 0; i < 200; i++) {
        struct registry_transport t;
        struct registry_mechanism m;
        struct envoi_errctx e;

        if (registry_find_transport(r, NULL, &e, &t) != ENVOI_OK || registry_count(r) != 3 ||
            registry_find_mechanism(r, "PLAIN", 0, &e, &m) != ENVOI_OK)
            return NULL;
    }
    return r;
}

/* faults: 76 */
Test(registry, many_threads)
{
    pthread_t threads[8];

    add_tls("alpha", "");
    add_auth("plain", "PLAIN", "");
    add_auth("star", "*", "");
    for (size_t i = 0; i < 8; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, look, NULL), 0);
    for (size_t i = 0; i < 8; i++) {
        void *result;

        cr_assert_eq(pthread_join(threads[i], &result), 0);
        cr_assert_eq(result, r);
    }
    cr_assert_eq(fake_world.inits, 2);
}

/* ---- memory ---- */

static struct {
    long left; /* allocations that still succeed; negative: all */
    long live;
    bool once;
} memory;

static void *allocate(void *ctx, void *ptr, size_t size)
{
    (void)ctx;
    if (size == 0) {
        memory.live -= ptr != NULL;
        free(ptr);
        return NULL;
    }
    if (memory.left == 0) {
        if (memory.once)
            memory.left = -1;
        return NULL;
    }
    if (memory.left > 0)
        memory.left--;
    void *fresh = realloc(ptr, size);
    memory.live += fresh && !ptr;
    return fresh;
}

/* All that a program does with the registry; the first result that is not OK. */
static int whole_life(struct registry **out)
{
    struct registry_dirs dirs = {.vendor = tree_path("vendor"), .admin = tree_path("admin"), .modules = tree_path("m")};
    static struct fake *tls_fake, *auth_fake;
    struct registry_transport t;
    struct registry_mechanism m;
    int rc;

    if (!tls_fake) {
        tls_fake = fake_tls("alpha");
        auth_fake = fake_auth("plain");
    }
    if ((rc = registry_new(out)) != ENVOI_OK)
        return rc;
    if ((rc = registry_set_dirs(*out, &dirs)) == ENVOI_OK &&
        (rc = registry_add_plugin(*out, &tls_fake->plugin, "kind: transport\nprovides: tls")) == ENVOI_OK &&
        (rc = registry_add_plugin(*out, &auth_fake->plugin, "kind: auth\nprovides: PLAIN")) == ENVOI_OK &&
        (rc = registry_find_transport(*out, NULL, &fault, &t)) == ENVOI_OK)
        rc = registry_find_mechanism(*out, "PLAIN", 0, &fault, &m);
    return rc;
}

/* faults: 75 */
Test(registry, every_allocation_fails_once_and_for_good)
{
    int rc = ENVOI_E_MEMORY;
    long n;

    tree_dir("vendor");
    tree_text("vendor/gone.plugin", "kind: auth\nprovides: PLAIN\nmodule: gone.so\npriority: 5\ncolour: red\n");
    tree_text("vendor/bad.plugin", "kind: auth\nprovides: ../x\n");
    tree_text("vendor/Bad.plugin", "");
    tree_text("admin/alpha.plugin", "priority: 3\nmodule: no.so\n");
    for (int once = 0; once < 2; once++) {
        for (n = 0; n < 2000; n++) {
            struct registry *mine = NULL;

            memory.left = n;
            memory.once = once;
            memory.live = 0;
            envoi_set_allocator(allocate, NULL);
            rc = whole_life(&mine);
            if (rc == ENVOI_E_MEMORY && once) {
                /* What failed for want of memory works when there is some again. */
                struct registry_transport t;

                if (mine && registry_count(mine) >= 4)
                    cr_assert_eq(registry_find_transport(mine, NULL, &fault, &t) == ENVOI_OK,
                                 registry_value(mine, 0, "kind") &&
                                     strcmp(registry_value(mine, 0, "kind"), "transport") == 0);
            }
            registry_free(mine);
            bool hit = memory.left == 0 || (once && memory.left < 0);
            envoi_set_allocator(NULL, NULL);
            cr_assert_eq(memory.live, 0, "allocation %ld: %ld are left", n, memory.live);
            cr_assert(rc == ENVOI_OK || rc == ENVOI_E_MEMORY, "allocation %ld: %d", n, rc);
            if (!hit)
                break;
        }
        cr_assert_eq(rc, ENVOI_OK);
        cr_assert_gt(n, 20);
        cr_assert_lt(n, 2000);
    }
}
