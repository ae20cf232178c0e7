/* SPDX-License-Identifier: MIT */
#include "places.h"

#include <stddef.h>

const struct places places = {.conf = LIBESMTP_CONF, .modules = NULL, .descriptors = NULL};
