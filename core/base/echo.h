/* SPDX-License-Identifier: MIT */
/* Secrets that the other side may repeat: they are remembered during an exchange, and replaced by stars in texts. */
#ifndef BASE_ECHO_H
#define BASE_ECHO_H

#include "base/buf.h"

/* Remembers a secret, in the form in which the other side may repeat it. ENVOI_OK or ENVOI_E_MEMORY. */
int echo_remember(struct buf *said, const void *secret, size_t len);
/* Replaces all secrets in the text, and fragments of them, by stars. Very short ones stay: they occur by chance. */
void echo_redact(const struct buf *said, char *text, size_t len);

#endif
