/* SPDX-License-Identifier: MIT */
/* The system's CAs are parsed when they are needed, those of a CA file at once. Both ways have to say the same, of every
 * set of CAs and every server, in the same words. */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define REFUSED                                                                                                        \
    {                                                                                                                  \
        ENVOI_E_CERTIFICATE, ENVOI_E_CERTIFICATE                                                                       \
    }
#define NO_FILE                                                                                                        \
    {                                                                                                                  \
        ENVOI_E_TLS, ENVOI_E_TLS                                                                                       \
    }

/* One file is made of these, in this order. */
static const struct {
    const char *files[4];
    const char *before, *between; /* texts in the file */
    const char *server;
    int32_t expect[LANGUAGES]; /* by OpenSSL, by GnuTLS */
} sets[] = {
    /* good, and an unknown issuer */
    {.files = {"ca"}, .server = "good"},
    {.files = {"stranger", "ca", "oldroot"}, .server = "good"},
    {.files = {"ca", "ca"}, .server = "good"},
    {.files = {"stranger", "oldroot"}, .server = "good", .expect = REFUSED},
    {.files = {"stranger"}, .server = "unknownca"},
    {.files = {"ca"}, .server = "selfsigned", .expect = REFUSED},
    {.files = {"ca", "selfsigned"}, .server = "selfsigned"},
    {.files = {"good"}, .server = "good", .expect = REFUSED},
    {.files = {"good", "ca"}, .server = "good", .expect = {ENVOI_OK, ENVOI_E_CERTIFICATE}},
    /* expired, not yet valid */
    {.files = {"stranger", "ca"}, .server = "expired", .expect = REFUSED},
    {.files = {"stranger", "ca"}, .server = "notyet", .expect = REFUSED},
    {.files = {"oldroot"}, .server = "viacross", .expect = REFUSED},
    /* cross-signed */
    {.files = {"ca"}, .server = "viacross"},
    {.files = {"oldroot", "ca"}, .server = "viacross"},
    {.files = {"ca", "oldroot"}, .server = "viacross"},
    {.files = {"crossed"}, .server = "good"},
    {.files = {"crossed", "ca"}, .server = "good"},
    {.files = {"crossed", "oldroot"}, .server = "good"},
    {.files = {"stranger", "crossed"}, .server = "viacross"},
    /* an intermediate is missing */
    {.files = {"stranger", "ca"}, .server = "bare", .expect = REFUSED},
    {.files = {"stranger", "inter"}, .server = "bare"},
    {.files = {"inter", "ca"}, .server = "bare"},
    {.files = {"forger"}, .server = "bare", .expect = REFUSED},
    {.files = {"forger", "ca"}, .server = "good"},
    /* the same subject with another key */
    {.files = {"twin"}, .server = "good", .expect = REFUSED},
    {.files = {"twin", "ca"}, .server = "good"},
    {.files = {"ca", "twin"}, .server = "good"},
    {.files = {"stranger", "twin", "ca"}, .server = "bytwin"},
    {.files = {"ca"}, .server = "bytwin", .expect = REFUSED},
    {.files = {"forger", "inter"}, .server = "bare"},
    {.files = {"inter", "forger"}, .server = "bare"},
    /* the same subject in other letters is the same for OpenSSL only */
    {.files = {"recasedca"}, .server = "good", .expect = {ENVOI_OK, ENVOI_E_CERTIFICATE}},
    {.files = {"twin", "recasedca"}, .server = "good", .expect = {ENVOI_OK, ENVOI_E_CERTIFICATE}},
    {.files = {"recasedca", "twin", "stranger"}, .server = "good", .expect = {ENVOI_OK, ENVOI_E_CERTIFICATE}},
    {.files = {"recasedca", "twin"}, .server = "bytwin"},
    /* trusted, and not fit to issue */
    {.files = {"nobasic", "ca"}, .server = "bynobasic", .expect = REFUSED},
    {.files = {"version1"}, .server = "byversion1", .expect = REFUSED},
    {.files = {"mailroot", "stranger"}, .server = "bymailroot", .expect = REFUSED},
    {.files = {"mixedroot", "stranger"}, .server = "bymixedroot"},
    {.files = {"crlroot"}, .server = "bycrlroot", .expect = REFUSED},
    {.files = {"anyinter", "ca"}, .server = "byanyinter", .expect = REFUSED},
    {.files = {"sha1inter", "ca"}, .server = "bysha1inter"},
    {.files = {"ca"}, .server = "bysha1inter", .expect = REFUSED},
    /* as p11-kit writes distrust and trust for OpenSSL; GnuTLS reads neither */
    {.files = {"distrusted"}, .server = "good", .expect = {ENVOI_E_CERTIFICATE, ENVOI_E_TLS}},
    {.files = {"distrusted", "ca"}, .server = "good", .expect = {ENVOI_E_CERTIFICATE, ENVOI_OK}},
    {.files = {"stranger", "distrusted"}, .server = "good", .expect = REFUSED},
    {.files = {"stranger", "trusted"}, .server = "good", .expect = {ENVOI_OK, ENVOI_E_CERTIFICATE}},
    /* other things in the file, and other forms of it */
    {.files = {"stranger", "ca"}, .before = "# all of them\n", .between = "# and\n\n", .server = "good"},
    {.files = {"crl-inter", "ca"}, .server = "good"},
    {.files = {"stranger", "ca"},
     .between = "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
     .server = "good",
     .expect = {ENVOI_E_TLS, ENVOI_OK}},
    {.files = {"ca", "good.key"}, .server = "good"},
    {.files = {"stranger", "ca"},
     .between = "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n",
     .server = "good",
     .expect = NO_FILE},
    {.files = {"stranger", "ca"},
     .between = "-----BEGIN CERTIFICATE-----\nMIIB\n",
     .server = "good",
     .expect = NO_FILE},
    {.files = {"stranger", "ca"}, .before = "\357\273\277", .server = "good"},
    {.files = {"garbage"}, .server = "good", .expect = NO_FILE},
};

static void append(FILE *out, const char *name)
{
    char path[512], buf[4096];
    size_t n;
    FILE *in;

    snprintf(path, sizeof path, "%s/%s%s", PKI_DIR, name, strchr(name, '.') ? "" : ".pem");
    in = fopen(path, "r");
    check_not_null(in, "%s", path);
    while ((n = fread(buf, 1, sizeof buf, in)) > 0)
        fwrite(buf, 1, n, out);
    fclose(in);
}

/* Overwrites the file, which is one in memory: a disk takes seconds for so many. */
static void write_set(const char *path, size_t row)
{
    FILE *out = fopen(path, "w");

    check_not_null(out, "%s", path);
    if (sets[row].before)
        fputs(sets[row].before, out);
    for (size_t i = 0; i < COUNT(sets[row].files) && sets[row].files[i]; i++) {
        if (i > 0 && sets[row].between)
            fputs(sets[row].between, out);
        append(out, sets[row].files[i]);
    }
    check_eq(fclose(out), 0);
}

static const char *temporary(void)
{
    static char path[64];
    int fd = memfd_create("CAs", MFD_CLOEXEC);

    check_geq(fd, 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return path;
}

/* What a way says of a file, of a connection, and of a second one. */
struct word {
    int32_t rc[3];
    char text[3][1024];
};

static void ask(struct word *word, struct combo combo, const struct envoi_tls_config *config, const char *server,
                void (*meanwhile)(void *arg), void *arg)
{
    struct envoi_conn_params params = rig_params();
    struct rig rig;

    *word = (struct word){.rc = {0}};
    rig_open(&rig, combo);
    word->rc[0] = rig_context(&rig, config);
    snprintf(word->text[0], sizeof word->text[0], "%s", rig.error_text);
    if (meanwhile)
        meanwhile(arg);
    for (int i = 1; i < 3 && !word->rc[0]; i++) {
        rig.error_text[0] = '\0';
        rig_serve(&rig, server, NULL);
        check_eq(rig_connect(&rig, &params), ENVOI_OK);
        word->rc[i] = rig_handshake(&rig);
        snprintf(word->text[i], sizeof word->text[i], "%s", rig.error_text);
    }
    rig_close(&rig);
}

static void compare(struct combo combo, size_t row, const char *path)
{
    struct envoi_tls_config at_once = rig_config(), when_needed = at_once;
    const char *server = sets[row].server;
    const int32_t *libraries = sets[row].expect, both = libraries[combo.language % LANGUAGES];
    struct word eager, lazy;

    at_once.ca_file = path;
    when_needed.ca_file = NULL;
    when_needed.system_trust = 1;
    when_needed.system_ca_file = path;
    ask(&eager, combo, &at_once, server, NULL, NULL);
    ask(&lazy, combo, &when_needed, server, NULL, NULL);
    for (int i = 0; i < 3; i++) {
        check_eq(lazy.rc[i], eager.rc[i], "row %zu, %s, %d: %d and %d", row, server, i, lazy.rc[i], eager.rc[i]);
        check_str_eq(lazy.text[i], eager.text[i]);
    }
    int32_t rc = lazy.rc[0] ? lazy.rc[0] : lazy.rc[1];
    /* Another library is free where the two differ, and where a file cannot be read: it may pass over a part of it. */
    if (combo.language < LANGUAGES || (libraries[0] == libraries[1] && both != ENVOI_E_TLS))
        check(rc == both, "row %zu, %s: %s (%s%s), not %s", row, server, check_result(rc), lazy.text[0], lazy.text[1],
              check_result(both));
}

MATRIX(trust, both_ways_agree, COMBO_ONE, CHECK_SYSTEM_CA, "CAs that are parsed at once and when needed are the same")
{
    const char *path = temporary();

    for (size_t row = 0; row < COUNT(sets); row++) {
        write_set(path, row);
        compare(combo, row, path);
    }
    close(atoi(strrchr(path, '/') + 1));
}

/* ---- all at once ---- */

static void remove_all(void *command)
{
    check_eq(system(command), 0);
}

/* With read_all the context needs the files no more, and says what it says otherwise. */
MATRIX(trust, all_at_once, COMBO_ONE, CHECK_SYSTEM_CA | CHECK_READ_ALL,
       "with read_all no file is needed after ctx_new()")
{
    static const struct {
        const char *file, *dir, *ca_file;
        int32_t expect;
    } rows[] = {
        {"ca", NULL, NULL, ENVOI_OK},
        {"stranger", NULL, NULL, ENVOI_E_CERTIFICATE},
        {NULL, "hashed", NULL, ENVOI_OK},
        {NULL, "nowhere:DIR/hashed", NULL, ENVOI_OK},
        {"stranger", "hashed", NULL, ENVOI_OK},
        {"stranger", "nowhere", NULL, ENVOI_E_CERTIFICATE},
        {NULL, "hashed", PKI("stranger.pem"), ENVOI_OK},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        for (uint32_t now = 0; now < 2; now++) {
            char root[] = "/tmp/envoi-trust-XXXXXX", file[64], dir[128], command[512];
            struct envoi_tls_config config = rig_config();
            struct word word;

            check_not_null(mkdtemp(root));
            snprintf(command, sizeof command, "cp -r %s/hashed %s/%s.pem %s", PKI_DIR, PKI_DIR,
                     rows[i].file ? rows[i].file : "ca", root);
            check_eq(system(command), 0);
            snprintf(file, sizeof file, "%s/%s.pem", root, rows[i].file ? rows[i].file : "ca");
            snprintf(dir, sizeof dir, "%s/%s", root, rows[i].dir ? rows[i].dir : "");
            if (rows[i].dir && strchr(rows[i].dir, ':'))
                snprintf(dir, sizeof dir, "%s/nowhere:%s/hashed", root, root);
            snprintf(command, sizeof command, "rm -r %s", root);
            config.ca_file = rows[i].ca_file;
            config.system_trust = 1;
            config.system_ca_file = rows[i].file ? file : NULL;
            config.system_ca_dir = rows[i].dir ? dir : NULL;
            config.read_all = now;
            ask(&word, combo, &config, "good", now ? remove_all : NULL, command);
            check_eq(word.rc[1], rows[i].expect, "row %zu, %u: %d: %s", i, now, word.rc[1], word.text[1]);
            if (!now)
                remove_all(command);
        }
    }
}

/* ---- the file changes ---- */

struct change {
    const char *path;
    size_t to; /* row */
};

static void make_change(void *arg)
{
    const struct change *change = arg;

    write_set(change->path, change->to);
}

/* A context is what the file was, by both ways: neither a CA that is added later counts, nor the removal of one. The core
 * makes a new one (tests/unit/session/test_trust.c). */
MATRIX(trust, a_change_counts_for_the_next_context, COMBO_ONE, CHECK_SYSTEM_CA, "a context is what its files were")
{
    static const struct {
        size_t from, to;
        int32_t before, after;
    } rows[] = {{1, 3, ENVOI_OK, ENVOI_E_CERTIFICATE}, {3, 1, ENVOI_E_CERTIFICATE, ENVOI_OK}};
    struct change change = {.path = temporary()};

    for (size_t i = 0; i < COUNT(rows); i++) {
        for (int lazily = 0; lazily < 2; lazily++) {
            struct envoi_tls_config config = rig_config();
            struct word word;

            config.ca_file = lazily ? NULL : change.path;
            config.system_trust = (uint32_t)lazily;
            config.system_ca_file = change.path;
            change.to = rows[i].to;
            write_set(change.path, rows[i].from);
            ask(&word, combo, &config, "good", make_change, &change);
            check_eq(word.rc[1], rows[i].before, "%zu %d: %d %s", i, lazily, word.rc[1], word.text[1]);
            check_eq(word.rc[2], rows[i].before);
            ask(&word, combo, &config, "good", NULL, NULL);
            check_eq(word.rc[1], rows[i].after, "%zu %d: %d %s", i, lazily, word.rc[1], word.text[1]);
        }
    }
    close(atoi(strrchr(change.path, '/') + 1));
}
