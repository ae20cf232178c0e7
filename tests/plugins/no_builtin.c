/* SPDX-License-Identifier: MIT */
/* An empty table of linked-in plugins: what these tests count does not depend on how envoi was configured. */
#include "plugin/builtin.h"

#include <stddef.h>

const struct builtin_plugin builtin_plugins[] = {{NULL, NULL, NULL}};
