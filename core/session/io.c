/* SPDX-License-Identifier: MIT */
#include "session/io.h"

#include <errno.h>
#include <sys/socket.h>

#define BLOCK      16384
#define PIECES     64
/* So that one busy session cannot keep a loop for itself: the rest comes in the next round. */
#define READS_MAX  16
#define WRITES_MAX 64

/* How the connection ended, as far as reading can tell. */
enum end {
    END_NOT,
    END_CLOSED, /* in good order */
    END_BROKEN, /* with an errno */
};

/* Reads what there is. A read that fills less than the block has emptied the socket, and is not followed by one that only
 * says so. */
static enum end receive(struct envoi_session *s)
{
    char block[BLOCK];

    for (int i = 0; i < READS_MAX && engine_alive(s->engine); i++) {
        ssize_t n = recv(s->fd, block, sizeof block, 0);

        if (n == 0)
            return END_CLOSED;
        if (n < 0 && errno == EINTR) /* it counts: the deadline is looked at between the rounds */
            continue;
        if (n < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK ? END_NOT : END_BROKEN;
        engine_feed(s->engine, block, (size_t)n);
        if (n < BLOCK)
            break;
    }
    return END_NOT;
}

void io_receive(struct envoi_session *s)
{
    enum end end = receive(s);

    if (end != END_NOT)
        engine_lost(s->engine, end == END_BROKEN ? errno : 0);
}

/* The socket takes nothing any more. What the server said before it closed (a 421, the refusal of the content) may still be
 * there to be read, and is the better reason. */
static void broken(struct envoi_session *s, int error)
{
    (void)receive(s);
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
