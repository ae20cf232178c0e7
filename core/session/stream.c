/* SPDX-License-Identifier: MIT */
#include "session/stream.h"

#include "portable/errno_text.h"
#include "portable/path.h"
#include "portable/sigpipe.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- checks ---- */

static int stream_option(int fd, int name)
{
    int value = 0;
    socklen_t len = sizeof value;

    return getsockopt(fd, SOL_SOCKET, name, &value, &len) < 0 ? -1 : value;
}

/* NULL, or why fd cannot be a connection. mode: O_RDONLY or O_WRONLY, what it is needed for. */
static const char *stream_wrong(int fd, int mode, bool *is_pipe)
{
    int flags = fcntl(fd, F_GETFL);
    struct stat st;

    if (flags < 0 || flags & PATH_ONLY || fstat(fd, &st) < 0)
        return "not an open descriptor";
    if ((flags & O_ACCMODE) != O_RDWR && (flags & O_ACCMODE) != mode)
        return mode == O_RDONLY ? "not open for reading" : "not open for writing";
    *is_pipe = !S_ISSOCK(st.st_mode);
    if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) || S_ISBLK(st.st_mode))
        return "a file is not a connection";
    if (*is_pipe && !S_ISFIFO(st.st_mode) &&
        !S_ISCHR(st.st_mode)) /* epoll, eventfd, timerfd: nothing would ever come */
        return "not a socket, a pipe or a terminal";
    if (!*is_pipe && stream_option(fd, SO_TYPE) != SOCK_STREAM)
        return "not a stream socket";
    if (!*is_pipe && stream_option(fd, SO_ACCEPTCONN) > 0)
        return "a listening socket is not a connection";
    return NULL;
}

/* ENVOI_OK, or an error that is reported. */
static int stream_check(struct envoi_session *s, int fd, int mode, bool *is_pipe)
{
    const char *why = stream_wrong(fd, mode, is_pipe);
    int flags = fcntl(fd, F_GETFL);

    if (why)
        return fault_misuse(&s->fault, ENVOI_DETAIL_DESCRIPTOR, ENVOI_PHASE_CONNECT, "%s: descriptor %d: %s",
                            s->target.label, fd, why);
    if ((flags & O_NONBLOCK || !fcntl(fd, F_SETFL, flags | O_NONBLOCK)) && !fcntl(fd, F_SETFD, FD_CLOEXEC))
        return ENVOI_OK;
    return fault_set(&s->fault, ENVOI_E_SYSTEM, ENVOI_PHASE_CONNECT, "%s: descriptor %d: %s", s->target.label, fd,
                     errno_text(errno));
}

/* ---- taking over ---- */

/* An address only if the kernel has one. Anything else is named by its number, which cannot be taken for an address. */
static void stream_name(struct envoi_session *s)
{
    struct sockaddr_storage peer = {0};
    socklen_t len = sizeof peer;
    struct endpoint e;
    int on = 1;

    if (s->out != s->fd) {
        (void)snprintf(s->peer, sizeof s->peer, "descriptors %d and %d", s->fd, s->out);
    } else if (getpeername(s->fd, (struct sockaddr *)&peer, &len) < 0 || peer.ss_family == AF_UNIX ||
               !endpoint_set(&e, (const struct sockaddr *)&peer, len)) {
        (void)snprintf(s->peer, sizeof s->peer, "descriptor %d", s->fd);
    } else {
        endpoint_text(&e, s->peer, sizeof s->peer);
        (void)setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* a failure costs only speed */
    }
}

int stream_adopt(struct envoi_session *s, int in, int out)
{
    bool pipe_in = false, pipe_out = false;
    int rc;

    if (out == -1)
        out = in;
    if ((rc = stream_check(s, in, O_RDONLY, &pipe_in)) || (rc = stream_check(s, out, O_WRONLY, &pipe_out))) {
        stream_refuse(s, in, out);
        return rc;
    }
    s->fd = in;
    s->out = out;
    s->pipe_in = pipe_in;
    s->pipe_out = pipe_out;
    stream_name(s);
    return ENVOI_OK;
}

void stream_refuse(const struct envoi_session *s, int in, int out)
{
    int found = errno, fds[2] = {in, out == in ? -1 : out};

    for (int i = 0; i < 2; i++)
        if (fds[i] >= 0 && !(s && (fds[i] == s->fd || fds[i] == s->out)))
            (void)close(fds[i]);
    errno = found;
}

/* ---- octets ---- */

ssize_t stream_read(const struct envoi_session *s, void *block, size_t size)
{
    return read(s->fd, block, size);
}

/* MSG_NOSIGNAL is for sockets only. */
ssize_t stream_write(const struct envoi_session *s, const struct iovec *pieces, size_t count)
{
    struct sigpipe held;
    ssize_t n;

    sigpipe_hold(&held);
    n = writev(s->out, pieces, (int)count);
    sigpipe_release(&held, n < 0 && errno == EPIPE);
    return n;
}
