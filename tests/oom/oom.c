/* SPDX-License-Identifier: MIT */
/* For every dialogue the n-th allocation fails, for every n, once and for ever: never a crash, never a leak, never a
 * secret in memory that was given back, never a success that the server had not granted by then. All in one process,
 * one test for each dialogue. */
#include "../dialogue/files.h"
#include "../dialogue/play.h"
#include "../support/blocks.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>

/* So many failures in a row that hit nothing end the loop; more allocations than this are not one dialogue's. */
#define ALLOCATIONS_MAX 100000

static const struct play_mode good_mode = {.name = "octet by octet", .cut = PLAY_OCTETS};

static void hide(void *ctx, const char *secret, size_t len)
{
    (void)ctx;
    blocks_add_secret(secret, len);
}

/* Was this claimed in the good play too, with no more of the server's words? A verb is known by its line. */
static bool was_earned(const struct play_claim *claim, const struct play_report *good)
{
    for (size_t i = 0; i < good->claim_count; i++)
        if (good->claims[i].item == claim->item && good->claims[i].spoken <= claim->spoken &&
            (claim->item || good->claims[i].line == claim->line))
            return true;
    return false;
}

/* One play with one failure. False: nothing failed, n is beyond the last allocation. */
static bool play_short_of_memory(const struct script *script, const struct play_report *good, size_t n, bool for_ever)
{
    char name[64];
    struct play_report report;

    (void)snprintf(name, sizeof name, "allocation %zu fails%s", n, for_ever ? ", and all behind it" : "");
    const struct play_mode mode = {.name = name, .cut = PLAY_WHOLE, .lenient = true};
    blocks_fail(n, for_ever);
    bool fine = play(script, &mode, &report);
    bool hit = blocks_asked() >= n;
    blocks_fail(0, false);
    cr_assert(fine, "%s", bytes_text(&report.failure));
    for (size_t i = 0; i < report.claim_count; i++)
        cr_assert(was_earned(&report.claims[i], good), "%s:%d: [%s] claims a success that was not granted (%zu)",
                  script->path, report.claims[i].line, name, report.claims[i].item);
    play_report_free(&report);
    cr_assert_eq(blocks_alive(), 0u, "%s: [%s] %zu blocks were not given back", script->path, name, blocks_alive());
    cr_assert_null(blocks_leaked(), "%s: [%s] memory was given back with \"%s\" in it", script->path, name,
                   blocks_leaked());
    return hit;
}

ParameterizedTestParameters(oom, dialogue)
{
    size_t count;
    struct files_name *names = files_find(&count);

    return cr_make_param_array(struct files_name, names, count, files_release);
}

/* faults: 75, 77 */
ParameterizedTest(struct files_name *name, oom, dialogue, .timeout = 280)
{
    struct script script;
    struct play_report good;

    if (getenv("ENVOI_DIALOGUE_NAMES")) /* says which one it was that crashed */
        fprintf(stderr, "%s\n", name->path);
    cr_assert(script_read(&script, name->path), "%s: %s", name->path, bytes_text(&script.error));
    blocks_install();
    play_secrets(&script, true, hide, NULL);
    cr_assert(play(&script, &good_mode, &good), "%s", bytes_text(&good.failure));
    for (int for_ever = 0; for_ever < 2; for_ever++) {
        size_t n = 1;
        while (n < ALLOCATIONS_MAX && play_short_of_memory(&script, &good, n, for_ever))
            n++;
        cr_assert_gt(n, 1u, "%s: nothing was allocated", name->path);
    }
    play_report_free(&good);
    blocks_forget_secrets();
    script_free(&script);
}
