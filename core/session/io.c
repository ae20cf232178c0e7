/* SPDX-License-Identifier: MIT */
#include "session/io.h"

#include "portable/socket.h"
#include "session/stream.h"

#include <errno.h>
#include <sys/socket.h>

#define BLOCK      16384
#define PIECES     64
/* The most calls in one round, so that a busy session does not hold up the others of an event loop. */
#define READS_MAX  16
#define WRITES_MAX 64

enum io_end {
    END_NONE,   /* the connection goes on */
    END_CLOSED, /* by the server, in an orderly way */
    END_BROKEN, /* errno says why */
};

/* A read that does not fill the block has emptied the socket, so no further one is needed to learn that. */
static enum io_end io_receive_some(struct envoi_session *s)
{
    char block[BLOCK];

    for (int i = 0; i < READS_MAX && engine_alive(s->engine); i++) {
        ssize_t n = s->pipe_in ? stream_read(s, block, sizeof block) : recv(s->fd, block, sizeof block, 0);

        if (n == 0)
            return END_CLOSED;
        if (n < 0 && errno == EINTR) /* is counted, so that signals cannot put off the deadlines */
            continue;
        if (n < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK ? END_NONE : END_BROKEN;
        engine_feed(s->engine, block, (size_t)n);
        if (n < BLOCK)
            break;
    }
    return END_NONE;
}

void io_receive(struct envoi_session *s)
{
    enum io_end end = io_receive_some(s);

    if (end != END_NONE)
        engine_lost(s->engine, end == END_BROKEN ? errno : 0);
}

/* Sending failed. A reply that the server sent before it closed (a 421, a refusal of the content) may still be in the
 * socket, and is the better reason. */
static void io_broken(struct envoi_session *s, int error)
{
    (void)io_receive_some(s);
    engine_lost(s->engine, error);
}

void io_send(struct envoi_session *s)
{
    for (int i = 0; i < WRITES_MAX && !s->choked; i++) {
        struct iovec pieces[PIECES];
        size_t total = 0, count = engine_drain(s->engine, pieces, PIECES);
        ssize_t n;

        if (!count)
            return;
        for (size_t k = 0; k < count; k++)
            total += pieces[k].iov_len;
        n = s->pipe_out ? stream_write(s, pieces, count) : socket_send(s->out, pieces, count, NULL, 0);
        if (n >= 0) {
            engine_drained(s->engine, (size_t)n);
            s->choked = (size_t)n < total;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            s->choked = true;
        } else if (errno != EINTR) {
            io_broken(s, errno);
            return;
        }
    }
}
