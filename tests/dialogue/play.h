/* SPDX-License-Identifier: MIT */
/* Plays a dialogue: the real engine, in memory, against the server and the application of a script. */
#ifndef DIALOGUE_PLAY_H
#define DIALOGUE_PLAY_H

#include "script.h"

#include <stdbool.h>
#include <stdint.h>

/* How the octets travel. */
enum play_cut {
    PLAY_WHOLE,  /* in pieces as large as possible, both ways */
    PLAY_OCTETS, /* one by one, both ways */
    PLAY_RANDOM, /* cut anywhere, by the seed */
};

enum play_side { PLAY_NOBODY, PLAY_SERVER, PLAY_CLIENT };

struct play_mode {
    const char *name;
    enum play_cut cut;
    uint64_t seed;
    bool by_callback;     /* the contents come from callbacks, a few octets at a time */
    bool lenient;         /* something is made to fail: leaving the script is no failure, but ends the play */
    enum play_side loses; /* the connection ends when lose_at octets of this side have passed */
    uint64_t lose_at;
    const struct play_tls *tls; /* tls.h; NULL: the one without cryptography */
};

/* A success that the engine claimed, and how many octets the server had sent by then. If something is made to fail, the
 * engine may claim only successes that it claims in a good play, and no earlier than there. */
struct play_claim {
    int line;        /* of the script, where it was claimed */
    size_t item;     /* 0: the verb succeeded; else a number for the recipient that was accepted */
    uint64_t spoken; /* octets of the server until then */
};

struct play_report {
    struct bytes failure; /* begins with file and line; "": none */
    struct play_claim *claims;
    size_t claim_count;
    /* Octets of the server and of the client that passed over the wire; octets of the client when the first content had
     * ended, 0: it did not. */
    uint64_t spoken, carried, content_end;
    size_t contents; /* how many ended in a dot; content_end is of the first */
    /* The verdicts of the current message at the end of the play. */
    int *verdicts;
    size_t verdict_count;
    size_t messages, sends; /* how many there are, and how often one or all were sent */
};

/* True if all went as the script says (lenient: if no rule was broken). */
bool play(const struct script *script, const struct play_mode *mode, struct play_report *report);
void play_report_free(struct play_report *report);

/* Calls tell for each secret of a script: its passwords and tokens, and everything that either side sends during AUTH.
 * client_only: without the server's challenges. */
void play_secrets(const struct script *script, bool client_only,
                  void (*tell)(void *ctx, const char *secret, size_t len), void *ctx);

#endif
