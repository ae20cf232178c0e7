/* SPDX-License-Identifier: MIT */
/* Secrets that the other side may repeat, then or later: they are replaced by stars in texts.
 *
 * A server may repeat a password whole or in parts, in capitals, in hexadecimal or base64, or spread over several
 * lines. So each piece of a secret that is WINDOW octets long is remembered, without regard to case and blanks. No
 * secret stays in memory for that: only keyed hashes of the pieces are kept. */
#ifndef BASE_ECHO_H
#define BASE_ECHO_H

#include "base/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct echo_secret {
    size_t window; /* octets of a piece */
    size_t count;
    uint64_t *pieces; /* in rising order */
};

struct echo {
    struct hash_key key;
    size_t count;
    struct echo_secret *list;
};

/* Remembers a secret in the form in which it was sent. ENVOI_OK or ENVOI_E_MEMORY. */
int echo_remember(struct echo *echo, const void *secret, size_t len);
/* The same for a password or token, and also in base64 and in hexadecimal. */
int echo_remember_all(struct echo *echo, const void *secret, size_t len);
/* The same for the parts of a response between its control octets, which part its fields in most mechanisms. */
int echo_remember_words(struct echo *echo, const uint8_t *response, size_t len);
/* Replaces all secrets in the text, and pieces of them, by stars. Very short ones stay: they occur by chance. */
void echo_redact(const struct echo *echo, char *text, size_t len);
void echo_free(struct echo *echo);
/* `to` has to be empty, and `from` is then. */
void echo_move(struct echo *to, struct echo *from);

#endif
