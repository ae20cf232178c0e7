/* SPDX-License-Identifier: MIT */
#include "content.h"

#include "accounts/exit_code.h"
#include "edit.h"
#include "make.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK 32768
/* A message from a pipe that is not longer is read as a whole before it is sent, so that its size is known, and whether
 * it has 8-bit octets. The library looks that far into a file too. */
#define SMALL 65536

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
    if (content->whole)
        content->size = (int64_t)content->head_len;
    else if (content->regular)
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

void content_open_file(struct content *content, int fd)
{
    *content = (struct content){.fd = fd};
    measure(content);
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

/* Reads the next octets behind the head. Returns their number, 0 at the end, -1 with *fault filled. */
static ssize_t read_more(struct content *content, struct fault *fault)
{
    char *head = realloc(content->head, content->head_len + CHUNK);
    ssize_t n;

    if (!head) {
        fault_set(fault, EXIT_LOCAL, ENVOI_E_MEMORY, "out of memory");
        return -1;
    }
    content->head = head;
    n = read_some(content, head + content->head_len, CHUNK);
    if (n < 0)
        fault_set(fault, EXIT_DATA, ENVOI_E_CONTENT, "cannot read the message: %s", strerror(content->error));
    content->head_len += n > 0 ? (size_t)n : 0;
    content->whole = n == 0;
    return n;
}

/* Reads the header, and of a pipe some more. Returns the offset of the body; 0: the header is longer than HEADER_MAX,
 * or with *fault filled. */
static size_t read_head(struct content *content, struct fault *fault)
{
    size_t body = 0;

    while (!content->whole && (!body || (!content->regular && content->head_len < SMALL))) {
        if (content->head_len >= HEADER_MAX || read_more(content, fault) < 0)
            return body;
        body = header_end(content->head, content->head_len, content->whole);
    }
    return body;
}

/* Removes the octets of the head from `from` to `to`. */
static void cut_head(struct content *content, size_t from, size_t to)
{
    memmove(content->head + from, content->head + to, content->head_len - to);
    content->head_len -= to - from;
}

/* Leaves out a line such as "From me Mon Jan  1 00:00:00 2001", where many servers would end the header. */
static size_t drop_mailbox_line(struct content *content, int trace)
{
    size_t len = header_mailbox_line(content->head, content->head_len);

    if (len && trace)
        complain("left out the first line, which belongs to a mailbox file: %.*s", (int)len - 1, content->head);
    if (len)
        cut_head(content, 0, len);
    return len;
}

/* Adds the fields that a message must have (RFC 6409 section 8), and returns where the body begins now. */
static size_t add_missing(struct content *content, size_t body, const char *from, struct fault *fault)
{
    const char *at = strrchr(from, '@');
    char host[256] = "localhost", *made;
    struct edit edit = {.rule = *from ? FROM_AUTO : FROM_NEVER, .from = from, .id_domain = at ? at + 1 : host};
    size_t made_len, header, end;
    char *head;

    if (!at)
        (void)gethostname(host, sizeof host - 1);
    if (!edit_find_end(content->head, content->head_len, content->whole, &header, &end) ||
        edit_write(content->head, header, &edit, &made, &made_len, fault))
        return body;
    head = realloc(made, made_len + content->head_len - end + 1);
    if (!head) {
        free(made);
        fault_memory(fault);
        return body;
    }
    memcpy(head + made_len, content->head + end, content->head_len - end);
    content->head_len = made_len + content->head_len - end;
    free(content->head);
    content->head = head;
    return made_len;
}

/* Writes all octets. Returns 0, or an exit code with *fault filled. */
static int write_all(int fd, const char *octets, size_t len, struct fault *fault)
{
    while (len) {
        ssize_t n = write(fd, octets, len);

        if (n < 0 && errno != EINTR)
            return fault_set(fault, EXIT_LOCAL, ENVOI_E_SYSTEM, "cannot write a temporary file: %s", strerror(errno));
        octets += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return 0;
}

/* Moves what can still be read into a file without a name, behind `len` octets. */
static int spool(struct content *content, const char *octets, size_t len, struct fault *fault)
{
    char *block = malloc(CHUNK);
    ssize_t n = 1;
    int fd, rc;

    if (!block)
        return fault_memory(fault);
    if (!(rc = make_file(&fd, fault)))
        rc = write_all(fd, octets, len, fault);
    while (!rc && !content->whole && (n = read_some(content, block, CHUNK)) > 0)
        rc = write_all(fd, block, (size_t)n, fault);
    free(block);
    if (!rc && n < 0)
        rc = fault_set(fault, EXIT_DATA, ENVOI_E_CONTENT, "cannot read the message: %s", strerror(content->error));
    if (!rc && lseek(fd, 0, SEEK_SET) < 0)
        rc = fault_set(fault, EXIT_LOCAL, ENVOI_E_SYSTEM, "%s", strerror(errno));
    if (rc && fd >= 0)
        close(fd);
    if (rc)
        return rc;
    if (content->fd > STDIN_FILENO)
        close(content->fd);
    content->fd = fd;
    return 0;
}

int content_downgrade(struct content *content, struct fault *fault)
{
    struct progress progress = content->progress;
    int fd, rc = 0;

    if (!content->whole && lseek(content->fd, content->start, SEEK_SET) < 0)
        rc = fault_set(fault, EXIT_DATA, ENVOI_E_CONTENT, "the message cannot be read again: %s", strerror(errno));
    if (!rc && !(rc = spool(content, content->head, content->head_len, fault)))
        rc = make_7bit(content->fd, &fd, fault);
    if (rc)
        return rc;
    close(content->fd);
    free(content->head);
    content_open_file(content, fd);
    content->progress = progress;
    return 0;
}

int content_read_header(struct content *content, const struct options *options, const char *from, address_fn *tell,
                        void *ctx, struct fault *fault)
{
    int edit = options->read_recipients || options->drop_bcc || options->add_missing;
    size_t body = read_head(content, fault), dropped, kept;
    int rc = fault->exit;

    if (rc)
        return rc;
    dropped = drop_mailbox_line(content, options->trace);
    rc = header_check(content->head, content->head_len, dropped > 0, fault);
    if (!rc && edit && !body)
        rc = fault_set(fault, EXIT_DATA, ENVOI_E_CONTENT, "the header of the message has no end");
    if (!rc && edit) {
        rc = header_read(content->head, body - dropped, &kept, options->read_recipients ? tell : NULL, ctx, fault);
        cut_head(content, kept, body - dropped);
        if (!rc && options->add_missing)
            add_missing(content, kept, from, fault);
        rc = fault->exit;
    } else if (!rc && !options->keep_bcc && header_has_bcc(content->head, content->head_len)) {
        complain(
            "warning: the message has a field Bcc, which all recipients will see; --drop-bcc removes it, --keep-bcc "
            "says that it is meant");
    }
    if (!rc && !content->regular && !content->whole)
        rc = spool(content, NULL, 0, fault);
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

    if (!content->whole && lseek(content->fd, content->start, SEEK_SET) < 0)
        return ENVOI_E_CONTENT;
    content->head_pos = 0;
    content->done = 0;
    return ENVOI_OK;
}

int content_attach(struct content *content, struct envoi_message *message)
{
    return envoi_message_set_callback(message, pull, content->regular || content->whole ? rewind_content : NULL,
                                      content, content->size);
}

void content_close(struct content *content)
{
    progress_end(&content->progress);
    if (content->fd > STDIN_FILENO)
        close(content->fd);
    free(content->head);
    *content = (struct content){.fd = -1};
}
