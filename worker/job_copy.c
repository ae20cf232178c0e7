/* SPDX-License-Identifier: MIT */
/* What is published of a job: a copy for another attempt, or for the dead letters; and a new job. */
#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "accounts/moment.h"
#include "worker/job_form.h"
#include "worker/room.h"

#include <envoi/envoi.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define VERDICTS_MAX ((size_t)32 * 1024)

/* ---- headers ---- */

/* A copy in the making. It remembers that memory ran out. */
struct copy {
    struct job_publication *out;
    struct broker_header *headers;
    size_t count;
    size_t octets; /* of all headers on the wire, roughly */
    bool failed;
};

/* A copy begins as its source, without headers: there is room for those of the source and `more`. */
static void copy_begin(struct copy *copy, const struct broker_message *source, size_t more, struct job_publication *out)
{
    *out = (struct job_publication){.message = {.timestamp = source->timestamp, .len = source->len}};
    *copy = (struct copy){.out = out};
    copy->headers = room_take(&out->room, (source->header_count + more) * sizeof *copy->headers);
    out->message.id = room_text(&out->room, source->id ? source->id : "");
    out->message.content_type = room_text(&out->room, source->content_type ? source->content_type : "");
    copy->failed = !copy->headers || !out->message.id || !out->message.content_type;
}

static void copy_put(struct copy *copy, struct broker_header header)
{
    copy->failed |= header.kind == BROKER_TEXT && !header.text;
    copy->failed |= header.kind == BROKER_LIST && !header.list;
    if (copy->failed)
        return;
    copy->octets += job_header_octets(&header);
    copy->headers[copy->count++] = header;
}

static void copy_put_text(struct copy *copy, const char *name, const char *text)
{
    if (text)
        copy_put(copy,
                 (struct broker_header){.name = name, .kind = BROKER_TEXT, .text = room_text(&copy->out->room, text)});
}

static void copy_put_time(struct copy *copy, const char *name, int64_t time)
{
    char text[MOMENT_TEXT];

    if (time)
        copy_put_text(copy, name, moment_write(time, text));
}

/* Those of a list that are kept. */
static const char *const *copy_list(struct copy *copy, const char *const *list, size_t count, const unsigned char *keep,
                                    size_t *kept)
{
    const char **copies = room_take(&copy->out->room, (count + 1) * sizeof *copies);

    *kept = 0;
    for (size_t i = 0; copies && i < count; i++)
        if ((!keep || keep[i]) && !(copies[(*kept)++] = room_text(&copy->out->room, list[i])))
            return NULL;
    return copies;
}

/* Headers that are not copied: those that a copy says itself, those by which a broker sends a message to more queues,
 * and what it tells of the way of a dead letter. */
static const struct {
    const char *name;
    bool is_beginning;
    bool is_attempt; /* a delivery that is no job keeps it */
} left_out[] = {
    {JOB_HEADER "attempt", false, true},
    {JOB_HEADER "first", false, true},
    {JOB_HEADER "last", false, true},
    {JOB_HEADER "reason", false, false},
    {JOB_HEADER "text", false, false},
    {JOB_HEADER "verdicts", false, false},
    {"CC", false, false},
    {"BCC", false, false},
    {"x-delivery-count", false, false},
    {"x-death", false, false},
    {"x-first-death-", true, false},
    {"x-last-death-", true, false},
};

static bool copy_leaves_out(const char *name, bool keeps_attempt)
{
    for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++)
        if (!strncmp(name, left_out[i].name, strlen(left_out[i].name) + !left_out[i].is_beginning))
            return !(left_out[i].is_attempt && keeps_attempt);
    return false;
}

/* Copies the headers of the source; of lists with one entry for each recipient those that are kept. `job`: NULL if it
 * is none, and then there may be too many of them. */
static void copy_put_headers(struct copy *copy, const struct broker_message *source, const struct job *job,
                             const unsigned char *keep)
{
    for (size_t i = 0; i < source->header_count && !copy->failed; i++) {
        struct broker_header header = source->headers[i];
        bool is_envelope = !strcmp(header.name, JOB_HEADER "to") || !strcmp(header.name, JOB_HEADER "rcpt-options");

        if (header.kind == BROKER_OTHER || copy_leaves_out(header.name, !job) ||
            copy->octets + job_header_octets(&header) > JOB_COPY_HEADERS_MAX)
            continue;
        header.name = room_text(&copy->out->room, header.name);
        copy->failed |= !header.name;
        if (header.kind == BROKER_TEXT)
            header.text = room_text(&copy->out->room, header.text);
        if (header.kind == BROKER_LIST)
            header.list = copy_list(copy, header.list, header.count, is_envelope && job ? keep : NULL, &header.count);
        copy_put(copy, header);
    }
}

static int copy_end(struct copy *copy, struct fault *fault)
{
    copy->out->message.headers = copy->headers;
    copy->out->message.header_count = copy->count;
    if (!copy->failed)
        return 0;
    job_publication_free(copy->out);
    return fault_memory(fault);
}

void job_publication_free(struct job_publication *publication)
{
    room_free(publication->room);
    *publication = (struct job_publication){0};
}

/* ---- verdicts ---- */

/* Appends the compact JSON of a value. Returns the new length; the same if it does not fit into `cap` octets. */
static size_t verdicts_add(char *text, size_t len, size_t cap, const json_t *value)
{
    size_t comma = len > 1, size = json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);

    if (!size || size >= cap - len || len + comma + size > cap)
        return len;
    if (comma)
        text[len] = ',';
    return len + comma + json_dumpb(value, text + len + comma, size, JSON_COMPACT | JSON_ENCODE_ANY);
}

/* The verdicts as compact JSON of at most `cap` octets. */
static void copy_put_verdicts(struct copy *copy, const json_t *verdicts, size_t cap)
{
    static const char last[] = ",{\"omitted\":}]";
    const size_t reserve = sizeof last + 24;
    char *text;
    size_t len = 1, fit = 0;
    json_t *item;

    if (!verdicts || cap < 2 * reserve)
        return;
    text = room_take(&copy->out->room, cap + 1);
    if (!text) {
        copy->failed = true;
        return;
    }
    text[0] = '[';
    for (size_t i = 0; i < json_array_size(verdicts); i++, fit++) {
        size_t longer = verdicts_add(text, len, cap - reserve, json_array_get(verdicts, i));

        if (longer == len)
            break;
        len = longer;
    }
    if (fit < json_array_size(verdicts)) {
        item = json_pack("{s:I}", "omitted", (json_int_t)(json_array_size(verdicts) - fit));
        len = verdicts_add(text, len, cap - 1, item);
        copy->failed |= !item;
        json_decref(item);
    }
    text[len] = ']';
    text[len + 1] = '\0';
    copy_put(copy, (struct broker_header){.name = JOB_HEADER "verdicts", .kind = BROKER_TEXT, .text = text});
}

/* ---- copies ---- */

int job_make_copy(const struct job *job, const struct job_copy *how, struct job_publication *out, struct fault *fault)
{
    const struct broker_message *source = &job->source;
    bool is_json = !strcasecmp(source->content_type, JOB_TYPE_JSON);
    struct copy copy;
    size_t left;

    copy_begin(&copy, source, 6, out);
    copy_put_headers(&copy, source, job, how->keep);
    copy_put(&copy,
             (struct broker_header){.name = JOB_HEADER "attempt", .kind = BROKER_NUMBER, .number = how->attempt});
    copy_put_time(&copy, JOB_HEADER "first", how->first);
    copy_put_time(&copy, JOB_HEADER "last", how->last);
    copy_put_text(&copy, JOB_HEADER "reason", how->reason);
    copy_put_text(&copy, JOB_HEADER "text", how->text);
    left = copy.octets < JOB_COPY_HEADERS_MAX ? JOB_COPY_HEADERS_MAX - copy.octets : 0;
    copy_put_verdicts(&copy, how->verdicts, left < VERDICTS_MAX ? left : VERDICTS_MAX);
    if (!copy.failed && is_json && how->keep)
        copy.failed = job_copy_json(job, how->keep, &out->room, &out->message, fault);
    else if (!copy.failed)
        copy.failed = !(out->message.body = room_copy(&out->room, source->body, source->len));
    return copy_end(&copy, fault);
}

int job_make_invalid(const struct broker_message *message, const char *text, struct job_publication *out,
                     struct fault *fault)
{
    struct copy copy;

    copy_begin(&copy, message, 2, out);
    copy_put_text(&copy, JOB_HEADER "reason", "invalid");
    copy_put_text(&copy, JOB_HEADER "text", text);
    copy_put_headers(&copy, message, NULL, NULL);
    out->message.body = room_copy(&out->room, message->body, message->len);
    copy.failed |= !out->message.body;
    return copy_end(&copy, fault);
}

/* ---- a new job ---- */

/* The options of all recipients: one text if they have the same, else a list. */
static void copy_put_options(struct copy *copy, const struct job *job, const char **list)
{
    bool differ = false;

    if (copy->failed || !list)
        return;
    for (size_t i = 0; i < job->to_count; i++) {
        list[i] = job->to[i].options ? job->to[i].options : "";
        differ |= strcmp(list[i], list[0]) != 0;
    }
    if (differ)
        copy_put(copy,
                 (struct broker_header){
                     .name = JOB_HEADER "rcpt-options", .kind = BROKER_LIST, .list = list, .count = job->to_count});
    else if (*list[0])
        copy_put_text(copy, JOB_HEADER "rcpt-options", list[0]);
}

int job_make_mail(const struct job *job, const void *octets, size_t len, struct job_publication *out,
                  struct fault *fault)
{
    const struct broker_message source = {.id = job->id, .content_type = JOB_TYPE_MAIL};
    const char **to, **options;
    struct copy copy;

    copy_begin(&copy, &source, 8, out);
    to = room_take(&out->room, (job->to_count + 1) * sizeof *to);
    options = room_take(&out->room, (job->to_count + 1) * sizeof *options);
    copy.failed |= !to || !options;
    for (size_t i = 0; i < job->to_count && !copy.failed; i++)
        copy.failed = !(to[i] = room_text(&out->room, job->to[i].address));
    copy_put_text(&copy, JOB_HEADER "account", job->account);
    copy_put_text(&copy, JOB_HEADER "from", job->from);
    copy_put(&copy,
             (struct broker_header){.name = JOB_HEADER "to", .kind = BROKER_LIST, .list = to, .count = job->to_count});
    copy_put_text(&copy, JOB_HEADER "mail-options", job->mail_options);
    copy_put_options(&copy, job, options);
    copy_put_text(&copy, JOB_HEADER "drop-options", job->drop_options ? "yes" : NULL);
    copy_put_time(&copy, JOB_HEADER "not-after", job->not_after);
    copy_put_text(&copy, JOB_HEADER "results", job_results_word(job->results));
    out->message.body = octets;
    out->message.len = len;
    if (copy.octets <= JOB_HEADERS_MAX || copy.failed)
        return copy_end(&copy, fault);
    job_publication_free(out);
    return fault_set(fault, EXIT_DATA, ENVOI_E_USAGE,
                     "the %zu recipients do not fit into the headers of a message of the broker, which have room for "
                     "%zu octets; submit the message several times",
                     job->to_count, JOB_HEADERS_MAX);
}
