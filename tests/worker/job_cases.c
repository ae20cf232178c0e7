/* SPDX-License-Identifier: MIT */
#include "tests/worker/job_cases.h"

#include "accounts/fault.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *job_cases_load(const char *name)
{
    char path[512];
    json_error_t error;
    json_t *root;

    snprintf(path, sizeof path, WORKER_DATA "/jobs/%s", name);
    root = json_load_file(path, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    cr_assert(root, "%s:%d: %s", path, error.line, error.text);
    return root;
}

/* ---- a message of a case ---- */

static const json_t *member(const json_t *base, const json_t *test, const char *key)
{
    const json_t *own = json_object_get(test, key);

    return own ? own : json_object_get(base, key);
}

static struct broker_header header_of(const char *name, json_t *value, struct room **room)
{
    struct broker_header header = {.name = room_text(room, name), .kind = BROKER_OTHER};

    if (json_is_string(value)) {
        header.kind = BROKER_TEXT;
        header.text = room_text(room, json_string_value(value));
    } else if (json_is_integer(value)) {
        header.kind = BROKER_NUMBER;
        header.number = json_integer_value(value);
    } else if (json_is_array(value)) {
        const char **list = room_take(room, (json_array_size(value) + 1) * sizeof *list);
        for (size_t i = 0; i < json_array_size(value); i++)
            list[i] = room_text(room, json_string_value(json_array_get(value, i)));
        header.kind = BROKER_LIST;
        header.list = list;
        header.count = json_array_size(value);
    }
    return header;
}

static void put_headers(struct broker_message *message, struct broker_header *headers, json_t *from, struct room **room)
{
    const char *name;
    json_t *value;

    json_object_foreach(from, name, value) headers[message->header_count++] = header_of(name, value, room);
}

/* Each character is one octet. */
static void put_octets(struct broker_message *message, const json_t *text, struct room **room)
{
    const unsigned char *in = (const unsigned char *)json_string_value(text);
    char *out = room_take(room, json_string_length(text) + 1);

    message->body = out;
    for (size_t i = 0; i < json_string_length(text); i++, message->len++) {
        unsigned char c = in[i];
        if (c >= 0xc0)
            c = (unsigned char)((c & 0x3f) << 6 | (in[++i] & 0x3f));
        out[message->len] = (char)c;
    }
}

struct broker_message job_case_message(const json_t *base, const json_t *test, struct room **room)
{
    struct broker_message message = {0};
    json_t *headers = json_deep_copy(json_object_get(base, "headers"));
    json_t *body = json_deep_copy(json_object_get(base, "body")), *item;
    struct broker_header *list;
    size_t i;

    headers = headers ? headers : json_object();
    json_object_update(headers, json_object_get(test, "headers"));
    json_array_foreach(json_object_get(test, "without_headers"), i, item)
        cr_assert_eq(json_object_del(headers, json_string_value(item)), 0);
    json_array_foreach(json_object_get(test, "without"), i, item)
        cr_assert_eq(json_object_del(body, json_string_value(item)), 0);
    if (json_is_object(body))
        json_object_update(body, json_object_get(test, "body"));
    list = room_take(room,
                     (json_object_size(headers) + json_object_size(json_object_get(test, "again")) + 1) * sizeof *list);
    message.headers = list;
    put_headers(&message, list, headers, room);
    put_headers(&message, list, json_object_get(test, "again"), room);
    message.id = room_text(room, json_string_value(member(base, test, "message_id")));
    message.content_type = room_text(room, json_string_value(member(base, test, "content_type")));
    message.timestamp = json_integer_value(member(base, test, "timestamp"));
    if (json_object_get(test, "octets"))
        put_octets(&message, json_object_get(test, "octets"), room);
    else if (json_is_string(body))
        put_octets(&message, body, room);
    else {
        char *text = json_dumps(body, 0);
        message.len = strlen(text);
        message.body = room_copy(room, text, message.len);
        free(text);
    }
    json_decref(headers);
    json_decref(body);
    return message;
}

struct broker_message job_case_mail(const char *id, const char *from, const char *const *to, size_t count,
                                    const char *body, struct room **room)
{
    struct broker_header *headers = room_take(room, 2 * sizeof *headers);

    headers[0] = (struct broker_header){.name = "x-envoi-from", .kind = BROKER_TEXT, .text = from};
    headers[1] = (struct broker_header){.name = "x-envoi-to", .kind = BROKER_LIST, .list = to, .count = count};
    return (struct broker_message){.id = id,
                                   .content_type = JOB_TYPE_MAIL,
                                   .headers = headers,
                                   .header_count = 2,
                                   .body = body,
                                   .len = strlen(body)};
}

/* ---- a job that was read ---- */

static void show_text(json_t *object, const char *key, const char *text)
{
    if (text)
        json_object_set_new(object, key, json_string(text));
}

json_t *job_show(const struct job *job)
{
    static const char *const results[] = {"none", "failures", "all"};
    json_t *object = json_object(), *to = json_array();

    for (size_t i = 0; i < job->to_count; i++) {
        json_t *recipient = json_object();
        show_text(recipient, "address", job->to[i].address);
        show_text(recipient, "options", job->to[i].options);
        json_array_append_new(to, recipient);
    }
    show_text(object, "id", job->id);
    show_text(object, "account", job->account);
    show_text(object, "from", job->from);
    json_object_set_new(object, "to", to);
    show_text(object, "mail_options", job->mail_options);
    json_object_set_new(object, "drop_options", json_boolean(job->drop_options));
    show_text(object, "results", results[job->results]);
    json_object_set_new(object, "not_after", json_integer(job->not_after));
    if (job->meta)
        json_object_set(object, "meta", job->meta);
    json_object_set_new(object, "attempt", json_integer(job->attempt));
    json_object_set_new(object, "first", json_integer(job->first));
    json_object_set_new(object, "last", json_integer(job->last));
    return object;
}

/* ---- what is sent ---- */

/* The last content that was given to the library. */
static struct {
    const void *data;
    size_t len;
    envoi_pull_fn *pull;
    envoi_rewind_fn *rewind;
    void *ctx;
    int64_t size;
} given;

int __real_envoi_message_set_data(struct envoi_message *message, const void *data, size_t len);
int __wrap_envoi_message_set_data(struct envoi_message *message, const void *data, size_t len);
int __real_envoi_message_set_callback(struct envoi_message *message, envoi_pull_fn *pull, envoi_rewind_fn *rewind,
                                      void *ctx, int64_t size);
int __wrap_envoi_message_set_callback(struct envoi_message *message, envoi_pull_fn *pull, envoi_rewind_fn *rewind,
                                      void *ctx, int64_t size);

int __wrap_envoi_message_set_data(struct envoi_message *message, const void *data, size_t len)
{
    memset(&given, 0, sizeof given);
    given.data = data;
    given.len = len;
    return __real_envoi_message_set_data(message, data, len);
}

int __wrap_envoi_message_set_callback(struct envoi_message *message, envoi_pull_fn *pull, envoi_rewind_fn *rewind,
                                      void *ctx, int64_t size)
{
    memset(&given, 0, sizeof given);
    given.pull = pull;
    given.rewind = rewind;
    given.ctx = ctx;
    given.size = size;
    return __real_envoi_message_set_callback(message, pull, rewind, ctx, size);
}

static int pull_all(char *out, size_t cap, size_t piece, size_t *len)
{
    size_t n = 1;

    for (*len = 0; n; *len += n) {
        int error;

        cr_assert_leq(*len + piece, cap);
        error = given.pull(given.ctx, out + *len, piece, &n);
        if (error)
            return error;
    }
    return ENVOI_OK;
}

char *job_content_sent(struct job *job, size_t *len, int *error)
{
    struct envoi_message *message = NULL;
    struct fault fault = {0};
    size_t cap, once = 0;
    char *out;

    *error = 0;
    cr_assert_eq(job_make_message(job, &message, &fault), 0, "%s", fault.text);
    cap = given.pull ? (size_t)given.size + 70000 : given.len + 1;
    out = calloc(1, cap + 1);
    if (!given.pull) {
        memcpy(out, given.data, given.len);
        *len = given.len;
    } else {
        *error = pull_all(out, cap, 7, &once);
        given.rewind(given.ctx);
        *error = pull_all(out, cap, 65536, len);
        cr_assert(*error || (*len == once && (int64_t)*len == given.size), "%zu, %zu, %lld", *len, once,
                  (long long)given.size);
        out[*len] = '\0';
    }
    envoi_message_free(message);
    if (!*error)
        return out;
    free(out);
    return NULL;
}
