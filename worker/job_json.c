/* SPDX-License-Identifier: MIT */
/* The form application/vnd.envoi.job+json. */
#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "worker/job_content.h"
#include "worker/job_form.h"
#include "worker/room.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JSON_VERSION 1

/* What the functions that read a value have in common. */
struct reading {
    struct job *job;
    int content_root;
    struct fault *fault;
};

/* ---- members of an object ---- */

/* `key` names the value in errors, such as "to[2].address". Returns 0; -1: it is not what its row wants; or an exit
 * code with the fault filled. */
typedef int json_fn(struct reading *r, const char *key, json_t *value);

struct member {
    const char *key;
    bool is_required;
    enum job_text text; /* if there is no function */
    json_fn *read;
    const char *wants; /* NULL: that of the text */
};

static const char *member_wants(const struct member *member)
{
    return member->wants ? member->wants : job_text_wants(member->text);
}

static int json_read_member(struct reading *r, const struct member *member, const char *key, json_t *value)
{
    int rc = -1;

    if (member->read)
        rc = member->read(r, key, value);
    else if (json_is_string(value)) {
        const char *text = room_text(&r->job->room, json_string_value(value));

        rc = text ? job_text_set(r->job, member->text, key, text, r->fault) : fault_memory(r->fault);
    }
    return rc < 0 ? job_refuse(r->fault, key, "it is %s", member_wants(member)) : rc;
}

/* Reads an object. `where` is put before the names of its members: "", or "to[2]." */
static int json_read_object(struct reading *r, const char *where, json_t *object, const struct member *members,
                            size_t count)
{
    char name[TEXT_QUOTED + 64];
    const char *key;
    json_t *value;
    int rc = 0;

    json_object_foreach(object, key, value)
    {
        char shown[TEXT_QUOTED];
        size_t i = 0;

        while (i < count && strcmp(key, members[i].key) != 0)
            i++;
        if (i < count)
            continue;
        (void)snprintf(name, sizeof name, "%s%s", where, text_quote(key, shown));
        return job_refuse(r->fault, name, "there is no such key; docs/jobs.md lists those that a job may have");
    }
    for (size_t i = 0; !rc && i < count; i++) {
        (void)snprintf(name, sizeof name, "%s%s", where, members[i].key);
        value = json_object_get(object, members[i].key);
        if (value)
            rc = json_read_member(r, &members[i], name, value);
        else if (members[i].is_required)
            rc = job_refuse(r->fault, name, "it is missing; it is %s", member_wants(&members[i]));
    }
    return rc;
}

/* ---- values ---- */

static int json_read_version(struct reading *r, const char *key, json_t *value)
{
    (void)r;
    (void)key;
    return json_is_integer(value) && json_integer_value(value) == JSON_VERSION ? 0 : -1;
}

static int json_read_id(struct reading *r, const char *key, json_t *value)
{
    (void)key;
    return json_is_string(value) && !strcmp(json_string_value(value), r->job->id) ? 0 : -1;
}

static int json_read_drop_options(struct reading *r, const char *key, json_t *value)
{
    (void)key;
    r->job->drop_options = json_is_true(value);
    return json_is_boolean(value) ? 0 : -1;
}

/* The recipient that is read stands behind those that are counted. */
static int json_read_address(struct reading *r, const char *key, json_t *value)
{
    const char *text = json_string_value(value);

    if (!text)
        return -1;
    if (!*text || !job_text_fits(text))
        return job_refuse_value(r->fault, key, text, JOB_ADDRESS_WANTS);
    r->job->to[r->job->to_count].address = text = room_text(&r->job->room, text);
    return text ? 0 : fault_memory(r->fault);
}

static int json_read_options(struct reading *r, const char *key, json_t *value)
{
    const char *text = json_string_value(value);

    if (!text)
        return -1;
    if (!job_text_fits(text))
        return job_refuse_value(r->fault, key, text, JOB_OPTIONS_WANTS);
    r->job->to[r->job->to_count].options = text = *text ? room_text(&r->job->room, text) : "";
    if (text && !*text)
        r->job->to[r->job->to_count].options = NULL;
    return text ? 0 : fault_memory(r->fault);
}

static const struct member recipient_members[] = {
    {"address", true, JOB_TEXT_COUNT, json_read_address, JOB_ADDRESS_WANTS},
    {"options", false, JOB_TEXT_COUNT, json_read_options, JOB_OPTIONS_WANTS},
};

#define COUNT(table) (sizeof table / sizeof *table)

static int json_read_to(struct reading *r, const char *key, json_t *value)
{
    size_t count = json_array_size(value);
    int rc = 0;

    if (!count || count > JOB_RECIPIENTS_MAX)
        return -1;
    r->job->to = room_take(&r->job->room, count * sizeof *r->job->to);
    if (!r->job->to)
        return fault_memory(r->fault);
    while (!rc && r->job->to_count < count) {
        json_t *recipient = json_array_get(value, r->job->to_count);
        char where[64];

        (void)snprintf(where, sizeof where, "%s[%zu].", key, r->job->to_count);
        if (!json_is_object(recipient))
            return -1;
        rc = json_read_object(r, where, recipient, recipient_members, COUNT(recipient_members));
        r->job->to_count++;
    }
    return rc;
}

/* How deep arrays and objects lie in one another; more than `most` is most + 1. */
static size_t json_depth(const json_t *value, size_t most)
{
    size_t deepest = 0, index;
    const char *key;
    json_t *item;

    if (!most || (!json_is_object(value) && !json_is_array(value)))
        return json_is_object(value) || json_is_array(value);
    json_object_foreach((json_t *)(uintptr_t)value, key, item)
    {
        size_t depth = json_depth(item, most - 1);

        deepest = depth > deepest ? depth : deepest;
    }
    json_array_foreach(value, index, item)
    {
        size_t depth = json_depth(item, most - 1);

        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}

static int json_read_meta(struct reading *r, const char *key, json_t *value)
{
    (void)key;
    if (!json_is_object(value) || json_depth(value, JOB_META_DEPTH) > JOB_META_DEPTH ||
        json_dumpb(value, NULL, 0, JSON_COMPACT) > JOB_META_MAX)
        return -1;
    r->job->meta = json_incref(value);
    return 0;
}

/* ---- the content ---- */

static int json_read_mime_text(struct reading *r, const char *key, json_t *value)
{
    char *text = room_copy(&r->job->room, json_string_value(value), json_string_length(value));

    if (!json_is_string(value))
        return -1;
    if (!text)
        return fault_memory(r->fault);
    return job_content_of_octets(key, text, json_string_length(value), &r->job->content, r->fault);
}

static int json_read_mime_base64(struct reading *r, const char *key, json_t *value)
{
    if (!json_is_string(value))
        return -1;
    return job_content_of_base64(key, json_string_value(value), &r->job->room, &r->job->content, r->fault);
}

/* These belong to the file, and are read with it. */
static int json_check_size(struct reading *r, const char *key, json_t *value)
{
    (void)r;
    (void)key;
    return json_is_integer(value) && json_integer_value(value) >= 0 ? 0 : -1;
}

static int json_check_sha256(struct reading *r, const char *key, json_t *value)
{
    (void)r;
    (void)key;
    return json_is_string(value) && json_string_length(value) == JOB_DIGEST_DIGITS &&
                   strspn(json_string_value(value), "0123456789abcdefABCDEF") == JOB_DIGEST_DIGITS
               ? 0
               : -1;
}

static int json_check_path(struct reading *r, const char *key, json_t *value)
{
    (void)r;
    (void)key;
    return json_string_length(value) && json_string_length(value) <= JOB_TEXT_MAX ? 0 : -1;
}

#define FILE_WANTS "the path of a file below content-root, with \"size\" and \"sha256\" beside it"
#define TEXT_WANTS "a text, the message"

static const struct member text_members[] = {
    {"text", true, JOB_TEXT_COUNT, json_read_mime_text, TEXT_WANTS},
};
static const struct member base64_members[] = {
    {"base64", true, JOB_TEXT_COUNT, json_read_mime_base64, "a text, the message in base64"},
};
static const struct member file_members[] = {
    {"file", true, JOB_TEXT_COUNT, json_check_path, FILE_WANTS},
    {"size", true, JOB_TEXT_COUNT, json_check_size, "a number, the octets of the file"},
    {"sha256", true, JOB_TEXT_COUNT, json_check_sha256, "a text of 64 hexadecimal digits, the digest of the file"},
};

/* The member by which it is recognised comes first. */
static const struct {
    const struct member *members;
    size_t count;
} mimes[] = {
    {text_members, COUNT(text_members)},
    {base64_members, COUNT(base64_members)},
    {file_members, COUNT(file_members)},
};

static int json_read_mime(struct reading *r, const char *key, json_t *value)
{
    struct job_file file;
    char where[64];
    size_t i = 0;
    int rc;

    while (i < COUNT(mimes) && !json_object_get(value, mimes[i].members->key))
        i++;
    if (i == COUNT(mimes))
        return -1;
    (void)snprintf(where, sizeof where, "%s.", key);
    rc = json_read_object(r, where, value, mimes[i].members, mimes[i].count);
    if (rc || mimes[i].members != file_members)
        return rc;
    file = (struct job_file){.path = json_string_value(json_object_get(value, "file")),
                             .size = json_integer_value(json_object_get(value, "size")),
                             .sha256 = json_string_value(json_object_get(value, "sha256"))};
    return job_content_of_file("mime.file", &file, r->content_root, &r->job->content, r->fault);
}

/* ---- the job ---- */

/* The content comes last: a file is read only for a job that is good otherwise. */
static const struct member job_members[] = {
    {"v", true, JOB_TEXT_COUNT, json_read_version, "1, the version of this form"},
    {"id", true, JOB_TEXT_COUNT, json_read_id, "the same text as message_id"},
    {"account", false, JOB_ACCOUNT, NULL, NULL},
    {"from", true, JOB_FROM, NULL, NULL},
    {"to", true, JOB_TEXT_COUNT, json_read_to,
     "an array of 1 to 10000 objects, such as {\"address\": \"you@example.net\"}"},
    {"mail_options", false, JOB_MAIL_OPTIONS, NULL, NULL},
    {"drop_options", false, JOB_TEXT_COUNT, json_read_drop_options, "true or false"},
    {"not_after", false, JOB_NOT_AFTER, NULL, NULL},
    {"results", false, JOB_RESULTS, NULL, NULL},
    {"meta", false, JOB_TEXT_COUNT, json_read_meta, "an object of at most 65536 octets, with at most 16 levels"},
    {"mime", true, JOB_TEXT_COUNT, json_read_mime, "an object with one of \"text\", \"base64\" and \"file\""},
};

/* jansson 2.14 reads beyond its buffers if memory runs out while it reads, or calls a good text a bad one. So it begins
 * only if there is as much as it can need at most: an element of an array and its value for every other octet. */
static bool json_has_memory(size_t len)
{
    /* A compiler may leave out what is allocated for nothing. */
    void *volatile reserve = len < (SIZE_MAX >> 6) ? malloc(len * 32 + 65536) : NULL;
    bool is_there = reserve;

    free(reserve);
    return is_there;
}

/* NULL with an empty text of the error: out of memory. */
static json_t *json_load(const struct broker_message *source, json_error_t *error)
{
    *error->text = '\0';
    return json_has_memory(source->len) ? json_loadb(source->body, source->len, JSON_REJECT_DUPLICATES, error) : NULL;
}

int job_read_json(struct job *job, int content_root, struct fault *fault)
{
    struct reading r = {.job = job, .content_root = content_root, .fault = fault};
    json_error_t error;
    json_t *root;
    int rc;

    if (memchr(job->source.body, '\0', job->source.len))
        return job_refuse(fault, "the body", "it is no JSON: it has a NUL");
    root = json_load(&job->source, &error);
    if (!root && !*error.text)
        return fault_memory(fault);
    if (!root)
        return job_refuse(fault, "the body", "it is no JSON: line %d, column %d: %s", error.line, error.column,
                          error.text);
    rc = json_is_object(root) ? json_read_object(&r, "", root, job_members, COUNT(job_members))
                              : job_refuse(fault, "the body", "it is an object");
    json_decref(root);
    return rc;
}

int job_copy_json(const struct job *job, const unsigned char *keep, struct room **room, struct broker_message *out,
                  struct fault *fault)
{
    /* It was read before, so that only memory can be missing. */
    json_error_t error;
    json_t *root = json_load(&job->source, &error), *to = json_object_get(root, "to");
    char *text = NULL;

    for (size_t i = json_array_size(to); i > 0; i--)
        if (!keep[i - 1])
            json_array_remove(to, i - 1);
    if (root)
        text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    out->len = text ? strlen(text) : 0;
    out->body = text ? room_copy(room, text, out->len) : NULL;
    free(text);
    return out->body ? 0 : fault_memory(fault);
}
