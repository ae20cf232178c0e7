/* SPDX-License-Identifier: MIT */
/* The files of the tests, in place of those of the machine. */
#include "places.h"

const struct places places = {.conf = TEST_CONF, .modules = TEST_MODULES, .descriptors = TEST_DESCRIPTORS};
