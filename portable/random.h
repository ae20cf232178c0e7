/* SPDX-License-Identifier: MIT */
#ifndef PORTABLE_RANDOM_H
#define PORTABLE_RANDOM_H

#include <stdbool.h>
#include <stddef.h>

#define RANDOM_MOST 256

/* Fills up to RANDOM_MOST octets. False: the system has none, and the octets are what they were. */
bool random_draw(void *data, size_t len);

#endif
