/* SPDX-License-Identifier: MIT */
/* For every dialogue the connection ends after every single octet, of either side. There must be no crash, no leak, and
 * no success that the server did not report. A message's verdict must be: not attempted until the end of the content
 * has left; unknown from there until the reply is read; then the server's. */
#include "../support/blocks.h"
#include "files.h"
#include "play.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <envoi/message.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In dialogues with more octets than this only some of the places are tried. Fewer if each octet is costly. */
#if defined(__SANITIZE_ADDRESS__)
#define PLACES_MAX 60
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PLACES_MAX 60
#endif
#endif
#ifndef PLACES_MAX
#define PLACES_MAX 600
#endif

static const struct play_mode good_mode = {.name = "octet by octet", .cut = PLAY_OCTETS};

/* The claim of the good play that matches; NULL: it was not made, or only after more octets of the server. */
static const struct play_claim *earned(const struct play_claim *claim, const struct play_report *good)
{
    for (size_t i = 0; i < good->claim_count; i++)
        if (good->claims[i].item == claim->item && good->claims[i].spoken <= claim->spoken &&
            (claim->item || good->claims[i].line == claim->line))
            return &good->claims[i];
    return NULL;
}

static void check_claims(const struct script *script, const struct play_report *cut, const struct play_report *good,
                         const char *name)
{
    for (size_t i = 0; i < cut->claim_count; i++)
        cr_assert(earned(&cut->claims[i], good), "%s:%d: [%s] claims a success that was not granted (%zu)",
                  script->path, cut->claims[i].line, name, cut->claims[i].item);
}

/* Is this a possible verdict of a recipient that a good play gets accepted, in a dialogue of one message? */
static bool verdict_is_right(int verdict, const struct play_report *cut, const struct play_report *good, bool layers)
{
    if (verdict == ENVOI_VERDICT_ACCEPTED)
        return cut->claim_count > 0;                            /* check_claims() has looked at these */
    if (good->contents > 1 && verdict != ENVOI_VERDICT_UNKNOWN) /* in parts: it was too many for an earlier one */
        return verdict == ENVOI_VERDICT_NOT_ATTEMPTED || verdict == ENVOI_VERDICT_DEFERRED;
    if (cut->carried < good->content_end) /* below layers the last octets may be in a record that is not sent yet */
        return verdict == ENVOI_VERDICT_NOT_ATTEMPTED || (layers && verdict == ENVOI_VERDICT_UNKNOWN);
    return verdict == ENVOI_VERDICT_UNKNOWN;
}

static void check_verdicts(const struct script *script, const struct play_report *cut, const struct play_report *good,
                           bool layers, const char *name)
{
    if (good->messages != 1 || good->sends != 1 || cut->sends != 1 || !good->content_end ||
        cut->verdict_count != good->verdict_count)
        return;
    for (size_t i = 0; i < good->verdict_count; i++)
        if (good->verdicts[i] == ENVOI_VERDICT_ACCEPTED)
            cr_assert(verdict_is_right(cut->verdicts[i], cut, good, layers),
                      "%s: [%s] recipient %zu is said to be %s; %" PRIu64
                      " octets were sent, the content ends with %" PRIu64,
                      script->path, name, i + 1, envoi_verdict_name(cut->verdicts[i]), cut->carried, good->content_end);
}

static void play_cut(const struct script *script, const struct play_report *good, enum play_side side, uint64_t at,
                     bool layers)
{
    char name[80];
    struct play_report cut;

    (void)snprintf(name, sizeof name, "ends after %" PRIu64 " octets of the %s", at,
                   side == PLAY_SERVER ? "server" : "client");
    const struct play_mode mode = {.name = name, .cut = PLAY_WHOLE, .lenient = true, .loses = side, .lose_at = at};
    bool fine = play(script, &mode, &cut);
    cr_assert(fine, "%s", bytes_text(&cut.failure));
    check_claims(script, &cut, good, name);
    check_verdicts(script, &cut, good, layers, name);
    play_report_free(&cut);
    cr_assert_eq(blocks_alive(), 0u, "%s: [%s] %zu blocks were not given back", script->path, name, blocks_alive());
    cr_assert_null(blocks_leaked(), "%s: [%s] memory was given back with \"%s\" in it", script->path, name,
                   blocks_leaked());
}

static void play_cuts(const struct script *script, const struct play_report *good, enum play_side side, uint64_t octets,
                      bool layers)
{
    uint64_t step = 1 + octets / PLACES_MAX;

    for (uint64_t at = 0; at <= octets; at += step)
        play_cut(script, good, side, at, layers);
}

static void hide(void *ctx, const char *secret, size_t len)
{
    (void)ctx;
    blocks_add_secret(secret, len);
}

static bool has_layers(const struct script *script)
{
    for (size_t i = 0; i < script->count; i++)
        if (strcmp(script->steps[i].line.word, "tls") == 0 || strcmp(script->steps[i].line.word, "layer") == 0)
            return true;
    return false;
}

ParameterizedTestParameters(cut, dialogue)
{
    size_t count;
    struct files_name *names = files_find(&count);

    return cr_make_param_array(struct files_name, names, count, files_release);
}

/* faults: 37, 40, 77 */
ParameterizedTest(struct files_name *name, cut, dialogue, .timeout = 280)
{
    struct script script;
    struct play_report good;

    if (getenv("ENVOI_DIALOGUE_NAMES")) /* says which one it was that crashed */
        fprintf(stderr, "%s\n", name->path);
    cr_assert(script_read(&script, name->path), "%s: %s", name->path, bytes_text(&script.error));
    blocks_install();
    play_secrets(&script, true, hide, NULL);
    cr_assert(play(&script, &good_mode, &good), "%s", bytes_text(&good.failure));
    play_cuts(&script, &good, PLAY_SERVER, good.spoken, has_layers(&script));
    play_cuts(&script, &good, PLAY_CLIENT, good.carried, has_layers(&script));
    play_report_free(&good);
    blocks_forget_secrets();
    script_free(&script);
}
