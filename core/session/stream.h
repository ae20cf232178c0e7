/* SPDX-License-Identifier: MIT */
/* The descriptors of a connection that the application made: a socket, or a pipe for each direction. */
#ifndef SESSION_STREAM_H
#define SESSION_STREAM_H

#include "session/session.h"

#include <sys/uio.h>

/* Makes the two descriptors the connection of s, which has none; out -1: the same as in. They become non-blocking, and
 * closed on exec. Sets s->peer. ENVOI_OK; after an error, which is reported in s->fault, they are closed. */
int stream_adopt(struct envoi_session *s, int in, int out);
/* Closes two descriptors that were not adopted. Those of the connection itself are left alone. errno is kept. */
void stream_refuse(const struct envoi_session *s, int in, int out);

/* As read(2) and writev(2), for pipes. Writing raises no SIGPIPE. */
ssize_t stream_read(const struct envoi_session *s, void *block, size_t size);
ssize_t stream_write(const struct envoi_session *s, const struct iovec *pieces, size_t count);

#endif
