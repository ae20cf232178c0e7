/* SPDX-License-Identifier: MIT */
/* Content sources that read a FILE or a descriptor. The engine itself does no I/O. */
#include "base/mem.h"
#include "message/message.h"

#include <envoi/message_file.h>
#include <errno.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

struct file {
    FILE *stream; /* NULL: fd is read */
    int fd;
    off_t start;
    bool failed; /* reading failed after the octets that were returned last: the next pull reports it */
};

static void file_release(void *ctx)
{
    mem_free(ctx);
}

/* ---- descriptors ---- */

static int fd_pull(void *ctx, void *buf, size_t cap, size_t *len)
{
    const struct file *f = ctx;
    ssize_t n;

    do
        n = read(f->fd, buf, cap);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK ? ENVOI_E_AGAIN : ENVOI_E_CONTENT;
    *len = (size_t)n;
    return ENVOI_OK;
}

static int fd_rewind(void *ctx)
{
    const struct file *f = ctx;

    return lseek(f->fd, f->start, SEEK_SET) < 0 ? ENVOI_E_CONTENT : ENVOI_OK;
}

/* ---- streams ---- */

/* Why fread() returned less than was asked for. */
static int stream_state(FILE *stream, int error)
{
    if (!ferror(stream))
        return ENVOI_OK;
    if (error != EINTR && error != EAGAIN && error != EWOULDBLOCK)
        return ENVOI_E_CONTENT;
    clearerr(stream);
    return ENVOI_E_AGAIN;
}

static int stream_pull(void *ctx, void *buf, size_t cap, size_t *len)
{
    struct file *f = ctx;
    int rc, error;
    size_t n;

    if (f->failed)
        return ENVOI_E_CONTENT;
    do {
        errno = 0;
        n = fread(buf, 1, cap, f->stream);
        error = errno;
        rc = n < cap ? stream_state(f->stream, error) : ENVOI_OK;
    } while (n == 0 && rc == ENVOI_E_AGAIN && error == EINTR);
    if (n == 0 && rc)
        return rc;
    f->failed = rc == ENVOI_E_CONTENT; /* the octets before it come first */
    *len = n;
    return ENVOI_OK;
}

static int stream_rewind(void *ctx)
{
    struct file *f = ctx;

    f->failed = false;
    return fseeko(f->stream, f->start, SEEK_SET) ? ENVOI_E_CONTENT : ENVOI_OK;
}

/* ---- can it be read again, and how long is it? ---- */

/* Octets from start to the end; -1: unknown. A regular file of size 0 may be one of /proc: only reading shows its
 * length. */
static int64_t source_size(const struct stat *st, off_t start)
{
    return st->st_size > start ? (int64_t)(st->st_size - start) : -1;
}

/* A stream without a descriptor (fmemopen) can be rewound if it knows its position. */
static void source_of_stream(FILE *stream, struct file *f, struct content_source *source)
{
    int fd = fileno(stream);
    struct stat st;

    *f = (struct file){.stream = stream, .fd = -1, .start = ftello(stream)};
    source->pull = stream_pull;
    if (f->start < 0 || (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))))
        return;
    source->rewind = stream_rewind;
    if (fd >= 0)
        source->size = source_size(&st, f->start);
}

/* Only a regular file can be read again: seeking in a terminal or in /dev/zero means nothing. */
static void source_of_fd(int fd, struct file *f, struct content_source *source)
{
    struct stat st;

    *f = (struct file){.fd = fd, .start = lseek(fd, 0, SEEK_CUR)};
    source->pull = fd_pull;
    if (f->start < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return;
    source->rewind = fd_rewind;
    source->size = source_size(&st, f->start);
}

/* ---- the setters ---- */

static int source_set(struct envoi_message *m, FILE *stream, int fd)
{
    struct content_source source = {.release = file_release, .size = -1};
    struct file *f = mem_zalloc(sizeof *f);

    if (!f)
        return message_stick(m, ENVOI_E_MEMORY);
    source.ctx = f;
    if (stream)
        source_of_stream(stream, f, &source);
    else
        source_of_fd(fd, f, &source);
    message_set_source(m, &source);
    return ENVOI_OK;
}

int envoi_message_set_file(struct envoi_message *message, FILE *file)
{
    int rc = message_check(message);

    if (rc)
        return rc;
    if (!file)
        return message_misuse(message, ENVOI_DETAIL_MISSING);
    return source_set(message, file, -1);
}

int envoi_message_set_fd(struct envoi_message *message, int fd)
{
    int rc = message_check(message);

    if (rc)
        return rc;
    if (fd < 0)
        return message_misuse(message, ENVOI_DETAIL_RANGE);
    return source_set(message, NULL, fd);
}
