/* SPDX-License-Identifier: MIT */
/* What a library object remembers of servers from one connection to the next. Any thread. */
#ifndef SESSION_SERVERS_H
#define SESSION_SERVERS_H

#include <pthread.h>
#include <stddef.h>

#define SERVERS_MAX 64 /* of the servers that were met last */

struct servers {
    pthread_mutex_t lock;
    struct {
        char *name; /* as it was connected to, with the port */
        int window; /* ENGINE_WINDOW_* */
    } list[SERVERS_MAX];
    size_t next; /* which one gives way */
};

int servers_init(struct servers *s);
void servers_free(struct servers *s);
int servers_window(struct servers *s, const char *name);
/* Without memory nothing is remembered: it is proved again the next time. */
void servers_set_window(struct servers *s, const char *name, int window);

#endif
