/* SPDX-License-Identifier: MIT */
/* Every *.dialogue below the directory of cases is one test: played whole, one octet at a time, cut at random by some
 * seeds, and with its contents coming from callbacks; with the same outcome each time, nothing left allocated, and no
 * secret in memory that was freed. ENVOI_DIALOGUES names another directory, or one file. */
#include "../support/blocks.h"
#include "files.h"
#include "play.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>

static const struct play_mode modes[] = {
    {.name = "whole", .cut = PLAY_WHOLE},
    {.name = "octet by octet", .cut = PLAY_OCTETS},
    {.name = "cut by seed 1", .cut = PLAY_RANDOM, .seed = 1},
    {.name = "cut by seed 2", .cut = PLAY_RANDOM, .seed = 2},
    {.name = "cut by seed 3", .cut = PLAY_RANDOM, .seed = 3},
    {.name = "cut by seed 4", .cut = PLAY_RANDOM, .seed = 4},
    {.name = "content from a callback", .cut = PLAY_WHOLE, .by_callback = true},
};

static void hide(void *ctx, const char *secret, size_t len)
{
    (void)ctx;
    blocks_add_secret(secret, len);
}

ParameterizedTestParameters(dialogue, replay)
{
    size_t count;
    struct files_name *names = files_find(&count);

    return cr_make_param_array(struct files_name, names, count, files_release);
}

/* faults: 65, 77 */
ParameterizedTest(struct files_name *name, dialogue, replay, .timeout = 60)
{
    struct script script;
    bool good = script_read(&script, name->path);

    if (getenv("ENVOI_DIALOGUE_NAMES")) /* says which one it was that crashed */
        fprintf(stderr, "%s\n", name->path);
    cr_assert(good, "%s: %s", name->path, bytes_text(&script.error));
    blocks_install();
    play_secrets(&script, true, hide, NULL);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        struct play_report report;
        good = play(&script, &modes[i], &report);
        cr_expect(good, "%s", bytes_text(&report.failure));
        cr_expect_eq(blocks_alive(), 0u, "%s: [%s] %zu blocks were not given back", name->path, modes[i].name,
                     blocks_alive());
        cr_expect_null(blocks_leaked(), "%s: [%s] memory was given back with \"%s\" in it", name->path, modes[i].name,
                       blocks_leaked());
        play_report_free(&report);
        if (!good)
            break;
    }
    blocks_forget_secrets();
    script_free(&script);
}
