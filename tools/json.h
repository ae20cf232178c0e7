/* SPDX-License-Identifier: MIT */
/* Values of JSON. They are apart from text.h and fault.h, so that envoi-sendmail does not need jansson. */
#ifndef TOOL_JSON_H
#define TOOL_JSON_H

#include "accounts/fault.h"
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* Returns text_clean() of the text, with its line feeds, or NULL if memory ran out. */
json_t *text_json(const char *text);
/* Returns a time, seconds since 1970, as "2026-01-31T23:59:59Z". A time_t may end in 2038, certificates do not. */
json_t *text_moment(int64_t seconds);
/* Returns a certificate in DER as PEM, or NULL if memory ran out. */
json_t *text_pem(const void *der, size_t len);
/* Returns {"name", "text", "phase", "code", "enhanced"}, or NULL if there is no failure or no memory. */
json_t *fault_json(const struct fault *fault);

#endif
