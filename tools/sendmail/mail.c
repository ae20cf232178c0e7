/* SPDX-License-Identifier: MIT */
#include "sendmail/mail.h"

#include "accounts/exit_code.h"
#include "accounts/header.h"

#include <envoi/envoi.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK 32768
/* A mail from a pipe that is not longer is read as a whole before it is sent, so that its size is known, and whether it
 * has 8-bit octets. */
#define SMALL 65536

/* Reads the next octets behind the head. */
static int mail_read_more(struct mail *mail, struct fault *fault)
{
    char *head = realloc(mail->head, mail->len + CHUNK);
    ssize_t n;

    if (!head)
        return fault_memory(fault);
    mail->head = head;
    n = source_read(mail->source, head + mail->len, CHUNK);
    if (n < 0)
        return fault_set(fault, EXIT_DATA, ENVOI_E_CONTENT, "cannot read the mail from standard input: %s",
                         strerror(errno));
    mail->len += (size_t)n;
    mail->whole = n == 0;
    return 0;
}

/* Is there enough to know the first line, and whether it is that of a mailbox file? */
static int has_first_line(const struct mail *mail)
{
    return mail->whole || (mail->len && memchr(mail->head, '\n', mail->len)) || mail->len >= SMALL;
}

int mail_read(struct mail *mail, struct source *source, struct fault *fault)
{
    size_t skipped = 0;
    int found = 0;

    *mail = (struct mail){.source = source};
    while (!mail->whole && (!found || (source->start < 0 && mail->len < SMALL))) {
        if (!found && mail->len >= HEADER_MAX)
            return fault_set(fault, EXIT_DATA, ENVOI_E_CONTENT, "the header of the mail is longer than 1 MiB");
        if (mail_read_more(mail, fault))
            return fault->exit;
        if (!has_first_line(mail))
            continue;
        skipped = header_mailbox_line(mail->head, mail->len);
        found = edit_find_end(mail->head + skipped, mail->len - skipped, mail->whole, &mail->header, &mail->body);
    }
    if (skipped) {
        memmove(mail->head, mail->head + skipped, mail->len - skipped);
        mail->len -= skipped;
        /* Offsets in the file are those of the head and of what follows it. */
        source->start += source->start >= 0 ? (int64_t)skipped : 0;
        source->size -= source->size >= 0 ? (int64_t)skipped : 0;
    }
    return 0;
}

int mail_edit(struct mail *mail, const struct edit *edit, struct fault *fault)
{
    return edit_write(mail->head, mail->header, edit, &mail->edited, &mail->edited_len, fault);
}

/* Gives octets of a text whose first one is at `begin` of the mail. */
static size_t mail_copy(struct mail *mail, const char *text, size_t len, size_t begin, char *buf, size_t cap)
{
    size_t from = mail->at - begin;
    size_t n = len - from < cap ? len - from : cap;

    memcpy(buf, text + from, n);
    mail->at += n;
    return n;
}

static int mail_pull(void *ctx, void *buf, size_t cap, size_t *len)
{
    struct mail *mail = ctx;
    size_t rest = mail->len - mail->body;
    ssize_t n = 0;

    if (mail->at < mail->edited_len)
        n = (ssize_t)mail_copy(mail, mail->edited, mail->edited_len, 0, buf, cap);
    else if (mail->at < mail->edited_len + rest)
        n = (ssize_t)mail_copy(mail, mail->head + mail->body, rest, mail->edited_len, buf, cap);
    else if (!mail->whole)
        n = source_read(mail->source, buf, cap);
    if (n < 0) {
        mail->error = errno;
        return ENVOI_E_CONTENT;
    }
    mail->octets += (uint64_t)n;
    *len = (size_t)n;
    return ENVOI_OK;
}

static int mail_rewind(void *ctx)
{
    struct mail *mail = ctx;

    if (!mail->whole && source_seek(mail->source, (int64_t)mail->len) < 0)
        return ENVOI_E_CONTENT;
    mail->at = 0;
    mail->octets = 0;
    return ENVOI_OK;
}

int mail_attach(struct mail *mail, struct envoi_message *message, struct fault *fault)
{
    int can_rewind = mail->whole || mail->source->start >= 0;
    int64_t size = mail->whole ? (int64_t)mail->len : mail->source->size;
    int error;

    if (size >= 0)
        size += (int64_t)mail->edited_len - (int64_t)mail->body;
    error = envoi_message_set_callback(message, mail_pull, can_rewind ? mail_rewind : NULL, mail, size);
    return error ? fault_set(fault, EXIT_LOCAL, error, "%s", envoi_error_text(error)) : 0;
}

/* Returns 0 or an errno. */
static int mail_write_all(int fd, const char *octets, size_t len)
{
    while (len) {
        ssize_t n = write(fd, octets, len);

        if (n < 0 && errno != EINTR)
            return errno;
        octets += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return 0;
}

int mail_write(struct mail *mail, int fd, struct fault *fault)
{
    char *octets = malloc(CHUNK);
    int error = 0;
    size_t len = 1;

    if (!octets)
        return fault_memory(fault);
    while (!error && len) {
        if (mail_pull(mail, octets, CHUNK, &len)) {
            fault_set(fault, EXIT_DATA, ENVOI_E_CONTENT, "cannot read the mail from standard input: %s",
                      strerror(mail->error));
            break;
        }
        error = mail_write_all(fd, octets, len);
    }
    free(octets);
    if (error && error != EPIPE)
        fault_set(fault, EXIT_LOCAL, ENVOI_E_SYSTEM, "cannot pass the mail on: %s", strerror(error));
    return fault->exit;
}

void mail_free(struct mail *mail)
{
    free(mail->head);
    free(mail->edited);
    *mail = (struct mail){0};
}
