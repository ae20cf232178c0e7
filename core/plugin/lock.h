/* SPDX-License-Identifier: MIT */
/* The locks of the process. They are recursive, and POSIX has no initialiser for that. */
#ifndef PLUGIN_LOCK_H
#define PLUGIN_LOCK_H

enum lock {
    /* Lets only one init or fini run at a time, of all plugins and library objects, because TLS libraries have global
     * state. Recursive, so that a log function that calls envoi does not deadlock. */
    LOCK_INIT,
    /* A worker may outlive all objects of the application, and with them the place where the log function writes. So it
     * calls the function under this lock. Recursive, because the function may free the last object and so get to
     * host_silence(). */
    LOCK_LOG,
    LOCKS
};

void lock_take(enum lock lock);
void lock_give(enum lock lock);

#endif
