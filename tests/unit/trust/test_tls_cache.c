/* SPDX-License-Identifier: MIT */
/* With a transport that only counts. */
#include "trust/tls_cache.h"

#include <criterion/criterion.h>
#include <envoi/session.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(tls_cache, .timeout = 20);

static int made, freed, fail_with;
static char passphrase[32];
static uint32_t read_all;
static int64_t now;
/* What a log function of the program might do. */
static void (*log_to)(void);

static int32_t ctx_new(void *state, const struct envoi_tls_config *config, struct envoi_errctx *errctx, void **ctx)
{
    size_t len = 0;

    (void)state;
    (void)errctx;
    if (log_to)
        log_to();
    if (fail_with)
        return fail_with;
    if (config->passphrase && config->passphrase(config->passphrase_ctx, passphrase, sizeof passphrase - 1, &len) == 0)
        passphrase[len] = '\0';
    read_all = config->read_all;
    *ctx = malloc(1);
    made++;
    return ENVOI_OK;
}

static void ctx_free(void *ctx)
{
    if (log_to)
        log_to();
    free(ctx);
    freed++;
}

static const struct envoi_transport counting = {
    .struct_size = sizeof counting,
    .caps = ENVOI_CAP_SYSTEM_CA | ENVOI_CAP_READ_ALL,
    .name = "counting",
    .ctx_new = ctx_new,
    .ctx_free = ctx_free,
};

static const struct registry_transport transport = {&counting, NULL, "counting"};

static struct tls_context *get(struct tls_cache *c, const struct tls_trust *trust, const struct tls_identity *identity)
{
    struct envoi_errctx fault = {0};
    struct tls_context *t;

    cr_assert_eq(tls_cache_get(c, now, &transport, trust, identity, &fault, &t), ENVOI_OK, "%s", fault.text);
    cr_assert_not_null(tls_context_handle(t));
    return t;
}

Test(tls_cache, the_same_wish_gets_the_same_context)
{
    struct tls_trust trust = {.system_trust = -1, .min_version = 0x0303}, other = trust;
    struct tls_identity none = {0}, with_cert = {.cert_file = "/nonexistent/cert.pem"};
    struct tls_context *a, *b, *d;
    struct tls_cache c;

    cr_assert_eq(tls_cache_init(&c), ENVOI_OK);
    a = get(&c, &trust, &none);
    cr_expect_eq(get(&c, &trust, &none), a);
    cr_expect_eq(made, 1);
    tls_cache_release(&c, a);
    tls_cache_release(&c, a);
    cr_expect_eq(get(&c, &trust, &none), a, "kept while nobody has it");
    other.min_version = 0x0304;
    b = get(&c, &other, &none);
    cr_expect_neq(b, a);
    other.min_version = 0x0303;
    other.system_trust = 0;
    cr_expect_neq((d = get(&c, &other, &none)), a);
    tls_cache_release(&c, d);
    other.system_trust = 1;
    cr_expect_eq((d = get(&c, &other, &none)), a, "yes is the default");
    tls_cache_release(&c, d);
    cr_expect_neq((d = get(&c, &trust, &with_cert)), a);
    tls_cache_release(&c, d);
    tls_cache_release(&c, b);
    tls_cache_release(&c, a);
    tls_cache_free(&c);
    cr_expect_eq(made, freed);
}

Test(tls_cache, who_has_another_passphrase_gets_another_context)
{
    struct tls_trust trust = {.system_trust = 1, .min_version = 0x0303};
    struct tls_context *a, *b;
    struct tls_identity identity = {.cert_file = "/nonexistent/cert.pem", .passphrase = "right"};
    struct tls_cache c;

    cr_assert_eq(tls_cache_init(&c), ENVOI_OK);
    a = get(&c, &trust, &identity);
    cr_expect_str_eq(passphrase, "right");
    identity.passphrase = "wrong";
    b = get(&c, &trust, &identity);
    cr_expect_neq(a, b);
    cr_expect_str_eq(passphrase, "wrong");
    tls_cache_release(&c, a);
    tls_cache_release(&c, b);
    tls_cache_free(&c);
}

Test(tls_cache, a_changed_file_is_read_again)
{
    char path[] = "/tmp/envoi-test-XXXXXX";
    int fd = mkstemp(path);
    struct tls_trust trust = {.system_trust = -1, .min_version = 0x0303, .ca_file = path};
    struct tls_context *a, *b;
    struct tls_identity none = {0};
    struct tls_cache c;

    cr_assert_eq(tls_cache_init(&c), ENVOI_OK);
    a = get(&c, &trust, &none);
    cr_expect_eq(get(&c, &trust, &none), a);
    cr_assert_eq(write(fd, "x", 1), 1);
    b = get(&c, &trust, &none);
    cr_expect_neq(a, b);
    tls_cache_release(&c, a);
    tls_cache_release(&c, a);
    tls_cache_release(&c, b);
    tls_cache_free(&c);
    close(fd);
    unlink(path);
}

Test(tls_cache, few_are_kept_that_nobody_uses)
{
    struct tls_trust trust = {.system_trust = 1, .min_version = 0x0303};
    struct tls_context *all[20];
    struct tls_identity none = {0};
    struct tls_cache c;
    char name[32];

    cr_assert_eq(tls_cache_init(&c), ENVOI_OK);
    trust.ciphers = name;
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "CIPHER-%d", i);
        all[i] = get(&c, &trust, &none);
    }
    cr_expect_eq(freed, 0, "those in use stay");
    for (int i = 0; i < 20; i++)
        tls_cache_release(&c, all[i]);
    cr_expect_geq(freed, 15);
    cr_expect_lt(freed, 20);
    tls_cache_free(&c);
    cr_expect_eq(freed, 20);
}

/* Bundles of the system change, and only the TLS library knows where they are. */
Test(tls_cache, the_trust_of_the_system_is_read_again_once_a_day)
{
    const int64_t day = (int64_t)24 * 3600 * 1000;
    struct tls_trust trust = {.system_trust = 1, .min_version = 0x0303};
    struct tls_trust own = {.system_trust = 0, .ca_file = (char[]){"/nonexistent/ca.pem"}, .min_version = 0x0303};
    struct tls_context *a, *b, *other;
    struct tls_identity none = {0};
    struct tls_cache c;

    cr_assert_eq(tls_cache_init(&c), ENVOI_OK);
    now = 1000;
    a = get(&c, &trust, &none);
    other = get(&c, &own, &none);
    now += day - 1;
    cr_expect_eq(get(&c, &trust, &none), a);
    tls_cache_release(&c, a);
    now++;
    b = get(&c, &trust, &none);
    cr_expect_neq(b, a);
    cr_expect_eq(get(&c, &trust, &none), b, "one new one for all");
    tls_cache_release(&c, b);
    cr_expect_eq(get(&c, &own, &none), other, "what the program trusts is known by its files");
    tls_cache_release(&c, other);
    cr_expect_eq(freed, 0, "who has the old one keeps it");
    tls_cache_release(&c, a);
    tls_cache_release(&c, b);
    now += day;
    cr_expect_eq(made, 3);
    b = get(&c, &trust, &none);
    cr_expect_eq(made, 4, "nobody has it, and it is too old all the same");
    cr_expect_eq(freed, 2, "and freed, both of them");
    tls_cache_release(&c, b);
    tls_cache_release(&c, other);
    tls_cache_free(&c);
    cr_expect_eq(made, freed);
}

/* One that was loaded neither ages nor follows its files, until the next is loaded. */
Test(tls_cache, loaded_for_good)
{
    const int64_t day = (int64_t)24 * 3600 * 1000;
    char path[] = "/tmp/envoi-test-XXXXXX", name[32];
    struct tls_trust trust = {.system_trust = 1, .min_version = 0x0303, .ca_file = path}, other = trust;
    struct envoi_errctx fault = {0};
    struct tls_context *before, *a, *b;
    struct tls_identity none = {0};
    struct tls_cache c;
    int fd = mkstemp(path);

    now = 1000;
    cr_assert_eq(tls_cache_init(&c), ENVOI_OK);
    before = get(&c, &trust, &none);
    cr_expect_eq(read_all, 0);
    cr_assert_eq(tls_cache_load(&c, now, &transport, &trust, &none, &fault), ENVOI_OK);
    cr_expect_eq(read_all, 1);
    a = get(&c, &trust, &none);
    cr_expect_neq(a, before);
    tls_cache_release(&c, a);
    tls_cache_release(&c, before);
    for (int i = 0; i < 10; i++) {
        snprintf(name, sizeof name, "CIPHER-%d", i);
        other.ciphers = name;
        tls_cache_release(&c, get(&c, &other, &none));
    }
    now += 2 * day;
    cr_assert_eq(write(fd, "x", 1), 1);
    close(fd);
    unlink(path);
    cr_expect_eq(get(&c, &trust, &none), a, "the file is another one, and gone");
    tls_cache_release(&c, a);
    fail_with = ENVOI_E_TLS;
    cr_expect_eq(tls_cache_load(&c, now, &transport, &trust, &none, &fault), ENVOI_E_TLS);
    fail_with = 0;
    cr_expect_eq(get(&c, &trust, &none), a, "a failure changes nothing");
    cr_assert_eq(tls_cache_load(&c, now, &transport, &trust, &none, &fault), ENVOI_OK);
    b = get(&c, &trust, &none);
    cr_expect_neq(b, a);
    tls_cache_release(&c, a);
    tls_cache_release(&c, b);
    tls_cache_free(&c);
    cr_expect_eq(made, freed);
}

static struct tls_cache cache;
static struct tls_context *held[8];
static size_t held_count, logged;

/* Frees another session, as it were. */
static void let_go(void)
{
    logged++;
    if (held_count)
        tls_cache_release(&cache, held[--held_count]);
}

/* Each context that is made or freed lets go of another one; nobody waits for itself, and the list stays whole. */
Test(tls_cache, a_transport_that_logs_while_it_works)
{
    struct tls_trust trust = {.system_trust = 1, .min_version = 0x0303};
    struct tls_context *more[8];
    struct tls_identity none = {0};
    char name[32];

    trust.ciphers = name;
    cr_assert_eq(tls_cache_init(&cache), ENVOI_OK);
    for (size_t i = 0; i < 8; i++) {
        snprintf(name, sizeof name, "HELD-%zu", i);
        held[i] = get(&cache, &trust, &none);
    }
    for (size_t i = 0; i < 8; i++) {
        snprintf(name, sizeof name, "MORE-%zu", i);
        more[i] = get(&cache, &trust, &none);
    }
    held_count = 8;
    log_to = let_go;
    snprintf(name, sizeof name, "LAST");
    tls_cache_release(&cache, get(&cache, &trust, &none));
    for (size_t i = 0; i < 8; i++)
        tls_cache_release(&cache, more[i]);
    cr_expect_eq(held_count, 0);
    cr_expect_geq(logged, 8);
    log_to = NULL;
    tls_cache_free(&cache);
    cr_expect_eq(made, 17);
    cr_expect_eq(freed, 17);
}

Test(tls_cache, failures_are_told)
{
    struct tls_trust trust = {.system_trust = 1, .min_version = 0x0303};
    static const int codes[] = {ENVOI_E_TLS, ENVOI_E_CANCELLED, ENVOI_E_MEMORY};
    struct envoi_errctx fault = {0};
    struct tls_context *t;
    struct tls_identity none = {0};
    struct tls_cache c;

    cr_assert_eq(tls_cache_init(&c), ENVOI_OK);
    for (int i = 0; i < 3; i++) {
        fail_with = codes[i];
        cr_expect_eq(tls_cache_get(&c, now, &transport, &trust, &none, &fault, &t), codes[i]);
        cr_expect_null(t);
        cr_expect_eq(fault.code, codes[i]);
        cr_expect_eq(fault.phase, ENVOI_PHASE_TLS);
        cr_expect_not_null(strstr(fault.text, "counting"));
    }
    tls_cache_free(&c);
    cr_expect_eq(made, 0);
}
