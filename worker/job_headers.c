/* SPDX-License-Identifier: MIT */
/* The headers of a job: the envelope of the form message/rfc822, and what a copy says of the attempts before it. */
#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "accounts/moment.h"
#include "worker/job_form.h"
#include "worker/room.h"

#include <string.h>
#include <strings.h>

#define ATTEMPT_MAX 1000000

/* ---- a copy of a message ---- */

/* Copies the texts of a list. NULL: out of memory. */
static const char *const *headers_copy_list(struct room **room, const struct broker_header *header)
{
    const char **list = room_take(room, (header->count + 1) * sizeof *list);

    for (size_t i = 0; list && i < header->count; i++)
        if (!(list[i] = room_text(room, header->list[i])))
            return NULL;
    return list;
}

/* Returns false if memory ran out. */
static bool headers_copy_one(struct room **room, const struct broker_header *from, struct broker_header *to)
{
    *to = (struct broker_header){.kind = from->kind, .number = from->number, .name = room_text(room, from->name)};
    if (from->kind == BROKER_TEXT)
        to->text = room_text(room, from->text);
    if (from->kind == BROKER_LIST) {
        to->list = headers_copy_list(room, from);
        to->count = from->count;
    }
    return to->name && (from->kind != BROKER_TEXT || to->text) && (from->kind != BROKER_LIST || to->list);
}

int job_copy_message(struct room **room, const struct broker_message *message, struct broker_message *out,
                     struct fault *fault)
{
    struct broker_header *headers = room_take(room, (message->header_count + 1) * sizeof *headers);
    bool is_whole = headers;

    *out = (struct broker_message){
        .id = room_text(room, message->id ? message->id : ""),
        .content_type = room_text(room, message->content_type ? message->content_type : ""),
        .timestamp = message->timestamp,
        .headers = headers,
        .header_count = message->header_count,
        .body = room_copy(room, message->body, message->len),
        .len = message->len,
    };
    for (size_t i = 0; is_whole && i < message->header_count; i++)
        is_whole = headers_copy_one(room, &message->headers[i], &headers[i]);
    return is_whole && out->id && out->content_type && out->body ? 0 : fault_memory(fault);
}

size_t job_header_octets(const struct broker_header *header)
{
    size_t octets = strlen(header->name) + 16 + (header->kind == BROKER_TEXT ? strlen(header->text) : 0);

    for (size_t i = 0; header->kind == BROKER_LIST && i < header->count; i++)
        octets += strlen(header->list[i]) + 5;
    return octets;
}

/* ---- reading ---- */

/* Reads one header. Returns 0; -1: it is not what its row wants; or an exit code with *fault filled. */
typedef int headers_fn(struct job *job, const struct broker_header *header, struct fault *fault);

static int headers_read_to(struct job *job, const struct broker_header *header, struct fault *fault)
{
    if (header->kind != BROKER_LIST || !header->count || header->count > JOB_RECIPIENTS_MAX)
        return -1;
    job->to = room_take(&job->room, header->count * sizeof *job->to);
    if (!job->to)
        return fault_memory(fault);
    for (size_t i = 0; i < header->count; i++) {
        if (!*header->list[i] || !job_text_fits(header->list[i]))
            return job_refuse_value(fault, header->name, header->list[i], JOB_ADDRESS_WANTS);
        job->to[i].address = header->list[i];
    }
    job->to_count = header->count;
    return 0;
}

/* One text for all recipients, or a list with one for each. */
static int headers_read_rcpt_options(struct job *job, const struct broker_header *header, struct fault *fault)
{
    if (header->kind != BROKER_TEXT && (header->kind != BROKER_LIST || header->count != job->to_count))
        return -1;
    for (size_t i = 0; i < job->to_count; i++) {
        const char *options = header->kind == BROKER_TEXT ? header->text : header->list[i];

        if (!job_text_fits(options))
            return job_refuse_value(fault, header->name, options, JOB_OPTIONS_WANTS);
        job->to[i].options = *options ? options : NULL;
    }
    return 0;
}

static int headers_read_drop_options(struct job *job, const struct broker_header *header, struct fault *fault)
{
    (void)fault;
    if (header->kind != BROKER_TEXT || (strcmp(header->text, "yes") != 0 && strcmp(header->text, "no") != 0))
        return -1;
    job->drop_options = !strcmp(header->text, "yes");
    return 0;
}

static int headers_read_attempt(struct job *job, const struct broker_header *header, struct fault *fault)
{
    (void)fault;
    if (header->kind != BROKER_NUMBER || header->number < 1 || header->number > ATTEMPT_MAX)
        return -1;
    job->attempt = header->number;
    return 0;
}

static int headers_read_time(const struct broker_header *header, int64_t *time)
{
    return header->kind == BROKER_TEXT && moment_read(header->text, time) && *time > 0 ? 0 : -1;
}

static int headers_read_first(struct job *job, const struct broker_header *header, struct fault *fault)
{
    (void)fault;
    return headers_read_time(header, &job->first);
}

static int headers_read_last(struct job *job, const struct broker_header *header, struct fault *fault)
{
    (void)fault;
    return headers_read_time(header, &job->last);
}

#define TIME_WANTS "a time such as 2026-12-01T08:00:00Z"

/* In this order they are read, whatever their order in the message. */
static const struct headers_row {
    const char *name;   /* behind JOB_HEADER */
    bool is_envelope;   /* in the form message/rfc822 only */
    bool is_required;   /* there */
    enum job_text text; /* if there is no function; JOB_TEXT_COUNT: it is not read */
    headers_fn *read;   /* NULL: see `text` */
    const char *wants;  /* NULL: that of the text */
} headers_rows[] = {
    {"account", true, false, JOB_ACCOUNT, NULL, NULL},
    {"from", true, true, JOB_FROM, NULL, NULL},
    {"to", true, true, JOB_TEXT_COUNT, headers_read_to, "a list of 1 to 10000 addresses, each a text"},
    {"mail-options", true, false, JOB_MAIL_OPTIONS, NULL, NULL},
    {"rcpt-options", true, false, JOB_TEXT_COUNT, headers_read_rcpt_options,
     JOB_OPTIONS_WANTS ", or a list of as many such texts as " JOB_HEADER "to has"},
    {"drop-options", true, false, JOB_TEXT_COUNT, headers_read_drop_options, "yes or no, a text"},
    {"not-after", true, false, JOB_NOT_AFTER, NULL, NULL},
    {"results", true, false, JOB_RESULTS, NULL, NULL},
    {"attempt", false, false, JOB_TEXT_COUNT, headers_read_attempt, "a number from 1 to 1000000"},
    {"first", false, false, JOB_TEXT_COUNT, headers_read_first, TIME_WANTS},
    {"last", false, false, JOB_TEXT_COUNT, headers_read_last, TIME_WANTS},
    /* A dead job that was put back has them still. */
    {"reason", false, false, JOB_TEXT_COUNT, NULL, NULL},
    {"text", false, false, JOB_TEXT_COUNT, NULL, NULL},
    {"verdicts", false, false, JOB_TEXT_COUNT, NULL, NULL},
};

#define HEADERS_COUNT (sizeof headers_rows / sizeof *headers_rows)

static size_t headers_find(const char *name)
{
    size_t i = 0;

    while (i < HEADERS_COUNT && strcmp(name + strlen(JOB_HEADER), headers_rows[i].name) != 0)
        i++;
    return strncmp(name, JOB_HEADER, strlen(JOB_HEADER)) != 0 ? HEADERS_COUNT : i;
}

static const char *headers_wants(const struct headers_row *row)
{
    return row->wants ? row->wants : job_text_wants(row->text);
}

static int headers_read_row(struct job *job, const struct headers_row *row, const struct broker_header *header,
                            struct fault *fault)
{
    int rc = 0;

    if (row->read)
        rc = row->read(job, header, fault);
    else if (row->text != JOB_TEXT_COUNT)
        rc = header->kind == BROKER_TEXT ? job_text_set(job, row->text, header->name, header->text, fault) : -1;
    return rc < 0 ? job_refuse(fault, header->name, "it is %s", headers_wants(row)) : rc;
}

/* Sorts the headers of envoi into `found`, by their rows. */
static int headers_sort(const struct job *job, bool has_envelope, const struct broker_header **found,
                        struct fault *fault)
{
    size_t octets = 0;

    for (size_t i = 0; i < job->source.header_count; i++)
        octets += job_header_octets(&job->source.headers[i]);
    if (octets > JOB_HEADERS_MAX)
        return job_refuse(fault, "the headers",
                          "they have %zu octets, and there is room for %zu; more recipients fit into a body of the "
                          "type " JOB_TYPE_JSON,
                          octets, JOB_HEADERS_MAX);
    for (size_t i = 0; i < job->source.header_count; i++) {
        const struct broker_header *header = &job->source.headers[i];
        size_t row;

        if (strncasecmp(header->name, JOB_HEADER, strlen(JOB_HEADER)) != 0)
            continue;
        row = headers_find(header->name);
        if (row == HEADERS_COUNT)
            return job_refuse(fault, header->name, "no job has this header; docs/jobs.md lists those that it may have");
        if (!has_envelope && headers_rows[row].is_envelope)
            return job_refuse(fault, header->name, "a job of the type " JOB_TYPE_JSON " has this in its body");
        if (found[row])
            return job_refuse(fault, header->name, "it is there twice");
        found[row] = header;
    }
    return 0;
}

int job_read_headers(struct job *job, bool has_envelope, struct fault *fault)
{
    const struct broker_header *found[HEADERS_COUNT] = {NULL};
    int rc = headers_sort(job, has_envelope, found, fault);

    for (size_t i = 0; !rc && i < HEADERS_COUNT; i++) {
        const struct headers_row *row = &headers_rows[i];

        if (found[i])
            rc = headers_read_row(job, row, found[i], fault);
        else if (has_envelope && row->is_required)
            rc = fault_set(fault, EXIT_DATA, 0, JOB_HEADER "%s: the header is missing; it is %s", row->name,
                           headers_wants(row));
    }
    return rc;
}
