/* SPDX-License-Identifier: MIT */
#include "serve.h"

#include "smtp_server.h"
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#define PIECE ((size_t)16 * 1024)

/* Waits until the descriptor is ready. Returns 0, or how the dialogue ends. */
static enum serve_end serve_wait(int fd, short events, int idle_ms)
{
    struct pollfd item = {.fd = fd, .events = events};
    int n;

    /* A signal begins the wait anew. */
    do
        n = poll(&item, 1, idle_ms);
    while (n < 0 && errno == EINTR);
    if (!n)
        return SERVE_IDLE;
    return n < 0 ? SERVE_GONE : SERVE_OVER;
}

/* Writes all the replies. Returns SERVE_OVER, or why it cannot. */
static enum serve_end serve_write(struct smtp_server *server, int out, int idle_ms)
{
    const char *text;
    size_t len;

    while (text = smtp_server_output(server, &len), len > 0) {
        enum serve_end end = serve_wait(out, POLLOUT, idle_ms);
        ssize_t n;

        if (end)
            return end;
        n = write(out, text, len);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return SERVE_GONE;
        if (n > 0)
            smtp_server_sent(server, (size_t)n);
    }
    return SERVE_OVER;
}

/* Reads what is there. */
static enum serve_end serve_read(struct smtp_server *server, int in, int idle_ms)
{
    char piece[PIECE];
    enum serve_end end = serve_wait(in, POLLIN, idle_ms);
    ssize_t n;

    if (end)
        return end;
    n = read(in, piece, sizeof piece);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return SERVE_OVER;
    if (n <= 0)
        return SERVE_GONE;
    smtp_server_feed(server, piece, (size_t)n);
    return SERVE_OVER;
}

enum serve_end serve(struct smtp_server *server, int in, int out, int idle_ms)
{
    enum serve_end end = serve_write(server, out, idle_ms);

    while (!end && !smtp_server_is_over(server)) {
        end = serve_read(server, in, idle_ms);
        if (end == SERVE_IDLE)
            smtp_server_close(server, "nothing came for too long");
        if (end != SERVE_GONE && serve_write(server, out, idle_ms) && !end)
            end = SERVE_GONE;
    }
    return end;
}
