/* SPDX-License-Identifier: MIT */
/* The dialogues with TLS in them, once more with the real plugins: OpenSSL and GnuTLS against servers of both, TLS 1.2
 * and 1.3, whole, octet by octet and cut at random. Whatever the backend, the outcome is the one of the script. */
#include "../support/blocks.h"
#include "files.h"
#include "tls.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    enum play_cut cut;
    uint64_t seed;
} modes[] = {{"whole", PLAY_WHOLE, 0}, {"octet by octet", PLAY_OCTETS, 0}, {"cut by seed 5", PLAY_RANDOM, 5}};

static void hide(void *ctx, const char *secret, size_t len)
{
    (void)ctx;
    blocks_add_secret(secret, len);
}

/* Does the script begin a TLS handshake, perhaps, and contain no records of the plugin without cryptography? */
static bool is_ours(const struct script *script)
{
    bool has = false;

    for (size_t i = 0; i < script->count; i++) {
        const char *word = script->steps[i].line.word;
        if (strcmp(word, "only") == 0)
            return false;
        has |= strcmp(word, "tls") == 0 || strcmp(word, "C-hello") == 0;
    }
    return has;
}

ParameterizedTestParameters(dialogue, with_libraries)
{
    size_t count, kept = 0;
    struct files_name *names = files_find(&count);

    for (size_t i = 0; i < count; i++) {
        struct script script;
        if (script_read(&script, names[i].path) && is_ours(&script))
            names[kept++] = names[i];
        script_free(&script);
    }
    return cr_make_param_array(struct files_name, names, kept, files_release);
}

static void play_with(const struct script *script, size_t plugin, size_t peer, unsigned version)
{
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        char name[96];
        struct play_report report;
        const struct play_mode mode = {
            .name = name, .cut = modes[i].cut, .seed = modes[i].seed, .tls = play_tls_library(plugin, peer, version)};

        (void)snprintf(name, sizeof name, "%s against %s, TLS 1.%u, %s", mode.tls->id, peer ? "gnutls" : "openssl",
                       version - 0x0301, modes[i].name);
        cr_expect(play(script, &mode, &report), "%s", bytes_text(&report.failure));
        cr_expect_eq(blocks_alive(), 0u, "%s: [%s] %zu blocks were not given back", script->path, name, blocks_alive());
        cr_expect_null(blocks_leaked(), "%s: [%s] memory was given back with \"%s\" in it", script->path, name,
                       blocks_leaked());
        play_report_free(&report);
    }
}

ParameterizedTest(struct files_name *name, dialogue, with_libraries, .timeout = 120)
{
    struct script script;

    if (getenv("ENVOI_DIALOGUE_NAMES")) /* says which one it was that crashed */
        fprintf(stderr, "%s\n", name->path);
    cr_assert(script_read(&script, name->path), "%s: %s", name->path, bytes_text(&script.error));
    blocks_install();
    play_secrets(&script, true, hide, NULL);
    for (unsigned i = 0; i < 8; i++)
        play_with(&script, i & 1, i >> 1 & 1, i & 4 ? ENVOI_TLS_1_2 : ENVOI_TLS_1_3);
#ifdef MODULE_MBEDTLS
    for (unsigned version = ENVOI_TLS_1_2; version <= MBEDTLS_NEWEST; version++)
        play_with(&script, 2, version & 1, version);
#endif
    blocks_forget_secrets();
    script_free(&script);
}
