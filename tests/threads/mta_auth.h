/* SPDX-License-Identifier: MIT */
/* The server's side of the mechanisms. Everything is text; base64 is the caller's. */
#ifndef TEST_MTA_AUTH_H
#define TEST_MTA_AUTH_H

#include <stdbool.h>
#include <stddef.h>

#define MTA_MECHANISMS "SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN X-RESIDENT X-BROKEN"
#define MTA_TEXT_MAX   1024

enum mta_auth_result {
    MTA_AUTH_CHALLENGE, /* the challenge is in out */
    MTA_AUTH_GOOD,
    MTA_AUTH_BAD,
};

/* One login. */
struct mta_auth {
    char mechanism[32];
    int step;
    char challenge[MTA_TEXT_MAX]; /* of CRAM-MD5; of SCRAM: what is signed */
    char proof[128];              /* of SCRAM: v=... */
};

/* Takes an answer ("" with the first step when there is no initial response) and says how it goes on. */
enum mta_auth_result mta_auth_step(struct mta_auth *a, const char *answer, size_t len, char out[MTA_TEXT_MAX]);

/* base64 into text of at most MTA_TEXT_MAX octets, with a NUL behind. -1: not base64. */
int mta_decode(const char *base64, char out[MTA_TEXT_MAX]);
void mta_encode(const char *text, size_t len, char out[2 * MTA_TEXT_MAX]);

#endif
