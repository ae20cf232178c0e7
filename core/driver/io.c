/* SPDX-License-Identifier: MIT */
#include "driver/io.h"

#include <errno.h>
#include <sys/socket.h>

#define BLOCK      16384
#define PIECES     16
/* So that one busy session cannot keep a loop for itself: the rest comes in the next round. */
#define READS_MAX  16
#define WRITES_MAX 64

/* One read. False: there is no more for now. A read that fills less than the block has emptied the socket, and is not
 * followed by one that only says so. */
static bool receive_block(struct envoi_session *s, int *error)
{
    char block[BLOCK];
    ssize_t n;

    do
        n = recv(s->fd, block, sizeof block, 0);
    while (n < 0 && errno == EINTR);
    if (n > 0) {
        engine_feed(s->engine, block, (size_t)n);
        return n == BLOCK;
    }
    if (n == 0)
        engine_lost(s->engine, 0);
    else if (errno != EAGAIN && errno != EWOULDBLOCK)
        *error = errno;
    return false;
}

void io_receive(struct envoi_session *s)
{
    int error = 0;

    for (int i = 0; i < READS_MAX && engine_alive(s->engine); i++)
        if (!receive_block(s, &error))
            break;
    if (error)
        engine_lost(s->engine, error);
}

/* The socket takes nothing any more. What the server said before it closed (a 421, the refusal of the content) may still be
 * there to be read, and is the better reason. */
static void broken(struct envoi_session *s, int error)
{
    int ignored = 0;

    for (int i = 0; i < READS_MAX && engine_alive(s->engine); i++)
        if (!receive_block(s, &ignored))
            break;
    engine_lost(s->engine, error);
}

void io_send(struct envoi_session *s)
{
    for (int i = 0; i < WRITES_MAX && !s->choked; i++) {
        struct iovec pieces[PIECES];
        struct msghdr message = {.msg_iov = pieces};
        size_t total = 0;
        ssize_t n;

        message.msg_iovlen = engine_drain(s->engine, pieces, PIECES);
        if (!message.msg_iovlen)
            return;
        for (size_t k = 0; k < message.msg_iovlen; k++)
            total += pieces[k].iov_len;
        n = sendmsg(s->fd, &message, MSG_NOSIGNAL);
        if (n >= 0) {
            engine_drained(s->engine, (size_t)n);
            s->choked = (size_t)n < total;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            s->choked = true;
        } else if (errno != EINTR) {
            broken(s, errno);
            return;
        }
    }
}
