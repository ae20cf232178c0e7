/* SPDX-License-Identifier: MIT */
#include "worker/job_content.h"

#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "accounts/header.h"
#include "portable/beneath.h"
#include "worker/job_form.h"
#include "worker/room.h"

#include <envoi/envoi.h>
#include <errno.h>
#include <fcntl.h>
#include <nettle/base16.h>
#include <nettle/base64.h>
#include <nettle/sha2.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file that is not longer is kept in memory. Of a longer one so much is read at a time. */
#define CONTENT_SMALL (256 * 1024)

struct job_content {
    const char *octets; /* all of it, or the first part of the file */
    size_t len;
    char *read;   /* the octets, if they are those of a file */
    int fd;       /* of the rest of the file; -1: there is none */
    int64_t size; /* of all of it */

    char *header; /* as it goes out */
    size_t header_len;
    size_t rest; /* the offset in the octets from which they go out as they are */

    /* The file: what it should have, and how far it is read. */
    char digest[JOB_DIGEST_DIGITS + 1];
    struct sha256_ctx hash, hash_of_octets;
    const char *problem;

    size_t at; /* of the header and the rest of the octets */
    int64_t file_at;
};

static struct job_content *content_new(struct fault *fault)
{
    struct job_content *content = calloc(1, sizeof *content);

    if (content)
        content->fd = -1;
    else
        fault_memory(fault);
    return content;
}

void job_content_free(struct job_content *content)
{
    if (!content)
        return;
    if (content->fd >= 0)
        close(content->fd);
    free(content->read);
    free(content->header);
    free(content);
}

const char *job_content_problem(const struct job_content *content)
{
    return content->problem;
}

/* ---- the header ---- */

/* Does it begin as a mail? Also checks that the header of a file is in memory. Frees the content if not. */
static int content_check(const char *key, struct job_content *content, struct job_content **out, struct fault *fault)
{
    struct fault why = {0};

    *out = NULL;
    content->rest = header_mailbox_line(content->octets, content->len);
    if (!header_check(content->octets + content->rest, content->len - content->rest, 0, &why)) {
        *out = content;
        return 0;
    }
    job_content_free(content);
    return why.exit == EXIT_DATA ? job_refuse(fault, key, "%s", why.text) : fault_memory(fault);
}

static bool content_is_blank(const char *text, size_t len)
{
    size_t i = 0;

    while (i < len && strchr(" \t\r\n", text[i]) && text[i])
        i++;
    return i == len;
}

/* Copies the header up to the first line that is no field, without the fields that are not to go out. The Message-ID
 * comes first. */
static int content_edit(struct job_content *content, const char *message_id, struct fault *fault)
{
    static const char name[] = "Message-ID: ", line_end[] = "\r\n";
    const char *octets = content->octets;
    size_t room = sizeof name + strlen(message_id) + sizeof line_end, at = content->rest, len = 0;
    bool has_id = false;
    struct header_field field;
    char *header, *fields;

    while (header_next(octets, content->len, 1, at, &field) > 0)
        at = field.end;
    header = malloc(room + at);
    if (!header)
        return fault_memory(fault);
    fields = header + room;
    for (at = content->rest; header_next(octets, content->len, 1, at, &field) > 0; at = field.end) {
        bool is_id =
            header_field_is(&field, "Message-ID") && !content_is_blank(octets + field.value, field.end - field.value);

        if (header_field_is(&field, "Bcc") || header_field_is(&field, "Resent-Bcc") ||
            (header_field_is(&field, "Message-ID") && !is_id))
            continue;
        has_id |= is_id;
        memcpy(fields + len, octets + at, field.end - at);
        len += field.end - at;
    }
    content->rest = at;
    content->header = header;
    if (!has_id) {
        char *end = stpcpy(stpcpy(stpcpy(header, name), message_id), line_end);

        content->header_len = (size_t)(end - header);
    }
    memmove(header + content->header_len, fields, len);
    content->header_len += len;
    return 0;
}

/* ---- octets in memory ---- */

int job_content_of_octets(const char *key, const char *octets, size_t len, struct job_content **out,
                          struct fault *fault)
{
    struct job_content *content = content_new(fault);

    *out = NULL;
    if (!content)
        return fault->exit;
    content->octets = octets;
    content->len = len;
    content->size = (int64_t)len;
    return content_check(key, content, out, fault);
}

int job_content_of_base64(const char *key, const char *text, struct room **room, struct job_content **out,
                          struct fault *fault)
{
    struct base64_decode_ctx decode;
    size_t digits = strlen(text), len = BASE64_DECODE_LENGTH(digits);
    uint8_t *octets = room_take(room, len + 1);

    *out = NULL;
    if (!octets)
        return fault_memory(fault);
    base64_decode_init(&decode);
    /* The decoder passes over blanks. */
    if (strcspn(text, " \t\r\n\v\f") != digits || !base64_decode_update(&decode, &len, octets, digits, text) ||
        !base64_decode_final(&decode))
        return job_refuse(fault, key, "it is no base64 (RFC 4648), padded, without blanks and line ends");
    return job_content_of_octets(key, (const char *)octets, len, out, fault);
}

/* ---- a file ---- */

static void content_digest(struct sha256_ctx hash, char digits[JOB_DIGEST_DIGITS + 1])
{
    uint8_t digest[SHA256_DIGEST_SIZE];

    sha256_digest(&hash, sizeof digest, digest);
    base16_encode_update(digits, sizeof digest, digest);
    digits[JOB_DIGEST_DIGITS] = '\0';
}

/* Reads octets of the file and hashes them. Returns how many, less than wanted at its end, or -1 with errno. */
static ssize_t content_read(const struct job_content *content, char *octets, size_t len, int64_t at,
                            struct sha256_ctx *hash)
{
    size_t got = 0;

    while (got < len) {
        ssize_t n = pread(content->fd, octets + got, len - got, (off_t)(at + (int64_t)got));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (!n)
            break;
        got += (size_t)n;
    }
    sha256_update(hash, got, (const uint8_t *)octets);
    return (ssize_t)got;
}

/* The job is at fault, or this process, which has no room. */
static int content_refuse_errno(struct fault *fault, const char *key, const char *path, int error)
{
    static const int passing[] = {EMFILE, ENFILE, ENOMEM};
    char shown[TEXT_QUOTED];
    const char *text = strerror(error);

    text_quote(path, shown);
    if (error == ELOOP || error == EXDEV)
        text = "it is not below content-root, or a symbolic link leads to it";
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
        if (passing[i] == error)
            return fault_set(fault, EXIT_LOCAL, ENVOI_E_CONTENT, "%s: %s: %s", key, shown, text);
    return job_refuse(fault, key, "%s: %s", shown, text);
}

static int content_open(const char *key, const struct job_file *file, int content_root, struct job_content *content,
                        struct fault *fault)
{
    struct stat status;
    char shown[TEXT_QUOTED];

    if (content_root < 0)
        return job_refuse(fault, key, "this worker takes no files; content-root of [worker] allows them");
    content->fd = beneath_open(content_root, file->path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (content->fd < 0 || fstat(content->fd, &status) < 0)
        return content_refuse_errno(fault, key, file->path, errno);
    text_quote(file->path, shown);
    if (!S_ISREG(status.st_mode))
        return job_refuse(fault, key, "%s: it is no regular file", shown);
    if (status.st_size != file->size)
        return job_refuse(fault, key, "%s: it has %lld octets, and not the %lld of \"size\"", shown,
                          (long long)status.st_size, (long long)file->size);
    if (file->size > JOB_FILE_MAX)
        return job_refuse(fault, key, "%s: it has more than %lld octets", shown, (long long)JOB_FILE_MAX);
    content->size = file->size;
    return 0;
}

/* Does the header end in the octets that were read? */
static bool content_has_header(const struct job_content *content)
{
    struct header_field field;
    size_t at = header_mailbox_line(content->octets, content->len);
    int more;

    while ((more = header_next(content->octets, content->len, (int64_t)content->len == content->size, at, &field)) > 0)
        at = field.end;
    return !more;
}

/* Reads all of a small file, and of another one so much that the header is in it. */
static int content_read_octets(const char *key, const struct job_file *file, struct job_content *content,
                               struct fault *fault)
{
    sha256_init(&content->hash_of_octets);
    while (!content->read || ((int64_t)content->len < content->size && !content_has_header(content))) {
        int64_t left = content->size - (int64_t)content->len;
        size_t more = left < CONTENT_SMALL ? (size_t)left : CONTENT_SMALL;
        char *octets = realloc(content->read, content->len + more + 1);
        ssize_t n;

        if (!octets)
            return fault_memory(fault);
        content->octets = content->read = octets;
        if (content->len > HEADER_MAX)
            return job_refuse(fault, key, "the header of the file is longer than 1 MiB");
        n = content_read(content, octets + content->len, more, (int64_t)content->len, &content->hash_of_octets);
        if (n < 0)
            return content_refuse_errno(fault, key, file->path, errno);
        content->len += (size_t)n;
        if ((size_t)n < more)
            return job_refuse(fault, key, "the file has become shorter");
    }
    return 0;
}

static int content_compare(const char *key, const struct job_file *file, struct job_content *content,
                           struct fault *fault)
{
    char *octets = malloc(CONTENT_SMALL), shown[TEXT_QUOTED];
    ssize_t n = 1;

    if (!octets)
        return fault_memory(fault);
    content->hash = content->hash_of_octets;
    for (int64_t at = (int64_t)content->len; at < content->size && n > 0; at += n)
        n = content_read(content, octets, CONTENT_SMALL, at, &content->hash);
    free(octets);
    if (n < 0)
        return content_refuse_errno(fault, key, file->path, errno);
    content_digest(content->hash, content->digest);
    if (strcasecmp(content->digest, file->sha256) != 0)
        return job_refuse(fault, key, "%s: its SHA-256 is %s, and not that of \"sha256\"",
                          text_quote(file->path, shown), content->digest);
    if ((int64_t)content->len == content->size) {
        close(content->fd);
        content->fd = -1;
    }
    return 0;
}

int job_content_of_file(const char *key, const struct job_file *file, int content_root, struct job_content **out,
                        struct fault *fault)
{
    struct job_content *content = content_new(fault);
    int rc;

    *out = NULL;
    if (!content)
        return fault->exit;
    rc = content_open(key, file, content_root, content, fault);
    if (!rc)
        rc = content_read_octets(key, file, content, fault);
    if (!rc)
        rc = content_compare(key, file, content, fault);
    if (!rc)
        return content_check(key, content, out, fault);
    job_content_free(content);
    return rc;
}

/* ---- sending it ---- */

/* Gives octets of a part of the content, of which the first one is at `begin`. Returns how many. */
static size_t content_give(struct job_content *content, const char *part, size_t len, size_t begin, char *buf,
                           size_t cap)
{
    size_t from = content->at - begin, n = len - from < cap ? len - from : cap;

    memcpy(buf, part + from, n);
    content->at += n;
    return n;
}

/* Gives octets of the file behind those in memory. The last ones leave only if the digest of all is right. */
static int content_give_file(struct job_content *content, char *buf, size_t cap, size_t *len)
{
    int64_t left = content->size - content->file_at;
    size_t want = (int64_t)cap < left ? cap : (size_t)left;
    char digits[JOB_DIGEST_DIGITS + 1];
    ssize_t n = content_read(content, buf, want, content->file_at, &content->hash);

    if (n < 0 || (size_t)n < want) {
        content->problem = n < 0 ? "the file of the job cannot be read any more" : "the file of the job is shorter now";
        return ENVOI_E_CONTENT;
    }
    content->file_at += n;
    *len = (size_t)n;
    if (content->file_at < content->size)
        return ENVOI_OK;
    content_digest(content->hash, digits);
    if (!strcmp(digits, content->digest))
        return ENVOI_OK;
    content->problem = "the file of the job was changed after its digest was checked";
    return ENVOI_E_CONTENT;
}

static int content_pull(void *ctx, void *buf, size_t cap, size_t *len)
{
    struct job_content *content = ctx;
    size_t rest = content->len - content->rest;

    *len = 0;
    if (content->at < content->header_len)
        *len = content_give(content, content->header, content->header_len, 0, buf, cap);
    else if (content->at < content->header_len + rest)
        *len = content_give(content, content->octets + content->rest, rest, content->header_len, buf, cap);
    else if (content->fd >= 0 && content->file_at < content->size)
        return content_give_file(content, buf, cap, len);
    return ENVOI_OK;
}

static int content_rewind(void *ctx)
{
    struct job_content *content = ctx;

    content->at = 0;
    content->file_at = (int64_t)content->len;
    content->hash = content->hash_of_octets;
    return ENVOI_OK;
}

/* Then it can be lent as it is. */
static bool content_is_unchanged(const struct job_content *content)
{
    return content->fd < 0 && content->header && content->header_len == content->rest &&
           !memcmp(content->header, content->octets, content->rest);
}

int job_content_attach(struct job_content *content, const char *message_id, struct envoi_message *message,
                       struct fault *fault)
{
    int error;

    if (!content->header && content_edit(content, message_id, fault))
        return fault->exit;
    content_rewind(content);
    error = content_is_unchanged(content)
                ? envoi_message_set_data(message, content->octets, content->len)
                : envoi_message_set_callback(message, content_pull, content_rewind, content,
                                             content->size - (int64_t)content->rest + (int64_t)content->header_len);
    return error ? fault_memory(fault) : 0;
}
