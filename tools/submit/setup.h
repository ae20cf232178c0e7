/* SPDX-License-Identifier: MIT */
/* What the administrator has set on the command line of envoi-submit. */
#ifndef SUBMIT_SETUP_H
#define SUBMIT_SETUP_H

#include <stdint.h>

struct setup {
    const char *accounts_file;
    const char *plugins_d, *module_dir; /* NULL: those of the library */
    uint64_t size_max;                  /* octets of a message */
    unsigned clients_max, per_user_max; /* connections at the same time */
    int idle_ms;
    int is_verbose; /* 1: the log goes to standard error, too */
};

#endif
