/* SPDX-License-Identifier: MIT */
/* Memory that is taken piece by piece and freed as a whole: all texts of a job, or of a message to publish. */
#ifndef WORKER_ROOM_H
#define WORKER_ROOM_H

#include <stddef.h>

/* NULL: an empty one. */
struct room;

/* Each returns NULL if memory ran out. */

/* Octets that are all 0. */
void *room_take(struct room **room, size_t len);
/* A copy, with a NUL behind it. */
char *room_copy(struct room **room, const void *octets, size_t len);
char *room_text(struct room **room, const char *text);
void room_free(struct room *room);

#endif
