/* SPDX-License-Identifier: MIT */
#include "content.h"

#include "exit_code.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK 32768

static int is_standard_input(const char *path)
{
    return !path || !strcmp(path, "-");
}

/* Stores the position of fd and, for a regular file, the size of the remaining message. */
static void measure(struct content *content)
{
    struct stat status;

    content->size = -1;
    content->start = lseek(content->fd, 0, SEEK_CUR);
    content->regular = content->start >= 0 && fstat(content->fd, &status) == 0 && S_ISREG(status.st_mode);
    if (content->regular)
        content->size =
            (int64_t)content->head_len + (status.st_size > content->start ? status.st_size - content->start : 0);
}

int content_open(struct content *content, const char *path, struct fault *fault)
{
    struct stat status;
    const char *name = is_standard_input(path) ? "standard input" : path;

    *content = (struct content){.fd = STDIN_FILENO};
    if (!is_standard_input(path))
        content->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (content->fd < 0 || fstat(content->fd, &status) < 0)
        return fault_set(fault, EXIT_DATA, ENVOI_E_CONTENT, "cannot read the message '%s': %s", name, strerror(errno));
    if (S_ISDIR(status.st_mode))
        return fault_set(fault, EXIT_DATA, ENVOI_E_CONTENT, "cannot read the message '%s': it is a directory", name);
    if (isatty(content->fd))
        complain("reading the message from the terminal, until Control-D on a line of its own");
    measure(content);
    return 0;
}

/* Reads at least one octet. Returns the number of octets, 0 at the end, or -1 with content->error set. */
static ssize_t read_some(struct content *content, void *buf, size_t cap)
{
    for (;;) {
        ssize_t n = read(content->fd, buf, cap);

        if (n >= 0)
            return n;
        if (errno == EINTR)
            continue;
        content->error = errno;
        return -1;
    }
}

int content_read_recipients(struct content *content, header_address_fn *tell, void *ctx, struct fault *fault)
{
    size_t body = 0, kept = 0;
    int rc;

    for (ssize_t n = -1; !body && n != 0;) {
        char *head = content->head_len < HEADER_MAX ? realloc(content->head, content->head_len + CHUNK) : NULL;

        if (!head)
            return content->head_len < HEADER_MAX
                       ? fault_set(fault, EXIT_LOCAL, ENVOI_E_MEMORY, "out of memory")
                       : fault_set(fault, EXIT_DATA, ENVOI_E_CONTENT, "the header of the message has no end");
        content->head = head;
        n = read_some(content, head + content->head_len, CHUNK);
        if (n < 0)
            return fault_set(fault, EXIT_DATA, ENVOI_E_CONTENT, "cannot read the message: %s",
                             strerror(content->error));
        content->head_len += (size_t)n;
        body = header_end(head, content->head_len, n == 0);
    }
    rc = header_read(content->head, body, &kept, tell, ctx, fault);
    /* The part of the body that was read already moves up to the shortened header. */
    memmove(content->head + kept, content->head + body, content->head_len - body);
    content->head_len -= body - kept;
    measure(content);
    return rc;
}

static int pull(void *ctx, void *buf, size_t cap, size_t *len)
{
    struct content *content = ctx;
    size_t left = content->head_len - content->head_pos;
    ssize_t n = (ssize_t)(left < cap ? left : cap);

    if (n > 0) {
        memcpy(buf, content->head + content->head_pos, (size_t)n);
        content->head_pos += (size_t)n;
    } else {
        n = read_some(content, buf, cap);
    }
    if (n < 0)
        return ENVOI_E_CONTENT;
    content->done += (uint64_t)n;
    progress_update(&content->progress, content->done);
    *len = (size_t)n;
    return ENVOI_OK;
}

static int rewind_content(void *ctx)
{
    struct content *content = ctx;

    if (lseek(content->fd, content->start, SEEK_SET) < 0)
        return ENVOI_E_CONTENT;
    content->head_pos = 0;
    content->done = 0;
    return ENVOI_OK;
}

int content_attach(struct content *content, struct envoi_message *message)
{
    return envoi_message_set_callback(message, pull, content->regular ? rewind_content : NULL, content, content->size);
}

void content_close(struct content *content)
{
    progress_end(&content->progress);
    if (content->fd > STDIN_FILENO)
        close(content->fd);
    free(content->head);
    *content = (struct content){.fd = -1};
}
