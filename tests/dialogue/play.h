/* SPDX-License-Identifier: MIT */
/* Plays a dialogue: the real engine, in memory, against the server and the application of a script. */
#ifndef DIALOGUE_PLAY_H
#define DIALOGUE_PLAY_H

#include "script.h"

#include <stdbool.h>
#include <stdint.h>

/* How the octets travel. */
enum play_cut {
    PLAY_WHOLE,  /* as large as can be, both ways */
    PLAY_OCTETS, /* one by one, both ways */
    PLAY_RANDOM, /* cut anywhere, by the seed */
};

enum play_side { PLAY_NOBODY, PLAY_SERVER, PLAY_CLIENT };

struct play_mode {
    const char *name;
    enum play_cut cut;
    uint64_t seed;
    bool by_callback;     /* the contents come from callbacks, a few octets at a time */
    bool lenient;         /* something is made to fail: to leave the script is no failure, it only ends the play */
    enum play_side loses; /* the connection ends when lose_at octets of this side have passed */
    uint64_t lose_at;
    const struct play_tls *tls; /* tls.h; NULL: the one without cryptography */
};

/* Something good that was claimed, and how much the server had said by then. In a play where something is made to fail
 * nothing may be claimed that was not claimed in a good one, nor earlier. */
struct play_claim {
    int line;        /* of the script, where it was claimed */
    size_t item;     /* 0: the verb succeeded; else a number for the recipient that was accepted */
    uint64_t spoken; /* octets of the server until then */
};

struct play_report {
    struct bytes failure; /* what went wrong, "" if nothing; begins with file and line */
    struct play_claim *claims;
    size_t claim_count;
    /* What passed over the wire, and how much of the client's when the first content had ended; 0: it never did. */
    uint64_t spoken, carried, content_end;
    /* The verdicts at the end of the play, of the message at hand. */
    int *verdicts;
    size_t verdict_count;
    size_t messages, sends; /* how many there are, and how often one or all were sent */
};

/* True when all went as the script says (lenient: when nothing went wrong that must not). */
bool play(const struct script *script, const struct play_mode *mode, struct play_report *report);
void play_report_free(struct play_report *report);

/* What must show nowhere: the passwords and tokens of a script, and whatever either side says during AUTH. client_only:
 * without the server's challenges. Calls tell for each. */
void play_secrets(const struct script *script, bool client_only,
                  void (*tell)(void *ctx, const char *secret, size_t len), void *ctx);

#endif
