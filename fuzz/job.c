/* SPDX-License-Identifier: MIT */
/* A delivery that anybody may have published. Input: the message_id; a line that begins with "j" or "m", the type of the
 * content; headers, a line each ("tNAME VALUE" a text, "nNAME VALUE" a number, "lNAME VALUE,VALUE" a list, "oNAME" any
 * other type); an empty line; the body. */
#include "worker/job.h"

#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "fuzz.h"

#include <envoi/envoi.h>
#include <stdlib.h>
#include <string.h>

#define HEADERS_MAX 24
#define LIST_MAX    16

struct input {
    struct broker_header headers[HEADERS_MAX];
    const char *lists[HEADERS_MAX][LIST_MAX];
    char *lines[HEADERS_MAX]; /* the headers point into them */
    char *id;
    uint8_t *body;
    struct broker_message message;
};

static void take_list(struct broker_header *header, const char **list, char *value)
{
    header->list = list;
    for (char *item; header->count < LIST_MAX && (item = strsep(&value, ","));)
        list[header->count++] = item;
}

static void take_header(struct input *input, char *line)
{
    struct broker_header *header = &input->headers[input->message.header_count];
    char *value = strchr(line, ' ');

    if (value)
        *value++ = '\0';
    *header = (struct broker_header){.name = line + 1, .kind = BROKER_OTHER};
    if (value && *line == 't') {
        header->kind = BROKER_TEXT;
        header->text = value;
    } else if (value && *line == 'n') {
        header->kind = BROKER_NUMBER;
        header->number = strtoll(value, NULL, 10);
    } else if (value && *line == 'l') {
        header->kind = BROKER_LIST;
        take_list(header, input->lists[input->message.header_count], value);
    }
    input->lines[input->message.header_count++] = line;
}

static void take_input(struct input *input, const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    char *line;

    input->id = fuzz_line(&in);
    line = fuzz_line(&in);
    input->message.content_type = *line == 'j' ? JOB_TYPE_JSON : JOB_TYPE_MAIL;
    fuzz_free(line);
    for (line = fuzz_line(&in); *line && input->message.header_count < HEADERS_MAX; line = fuzz_line(&in))
        take_header(input, line);
    fuzz_free(line);
    input->body = fuzz_copy(in.data, in.len);
    input->message.id = input->id;
    input->message.headers = input->headers;
    input->message.body = input->body;
    input->message.len = in.len;
}

static void free_input(struct input *input)
{
    for (size_t i = 0; i < input->message.header_count; i++)
        fuzz_free(input->lines[i]);
    fuzz_free(input->id);
    fuzz_free(input->body);
}

static void check_fault(int rc, const struct fault *fault)
{
    FUZZ_CHECK(rc == EXIT_DATA && fault->exit == rc, "%d, %s", rc, fault->text);
    FUZZ_CHECK(*fault->text && fuzz_is_printable(fault->text), "'%s'", fault->text);
}

static void check_bounds(const struct job *job)
{
    size_t len = strlen(job->id);

    FUZZ_CHECK(len && len <= JOB_ID_MAX && strspn(job->id, " ") == 0, "'%s'", job->id);
    FUZZ_CHECK(job->to_count && job->to_count <= JOB_RECIPIENTS_MAX, "%zu recipients", job->to_count);
    FUZZ_CHECK(job->from && strlen(job->from) <= JOB_TEXT_MAX && !fuzz_has_control(job->from), "'%s'", job->from);
    FUZZ_CHECK(!job->account || *job->account, "an account without a name");
    FUZZ_CHECK(job->attempt > 0 && job->not_after >= 0 && job->first >= 0 && job->last >= 0,
               "a number below its bounds");
    for (size_t i = 0; i < job->to_count; i++)
        FUZZ_CHECK(*job->to[i].address && strlen(job->to[i].address) <= JOB_TEXT_MAX &&
                       !fuzz_has_control(job->to[i].address),
                   "'%s'", job->to[i].address);
}

static bool same_text(const char *one, const char *other)
{
    return one && other ? !strcmp(one, other) : one == other;
}

/* Has it headers that its dead letter does not have as they are? */
static bool loses_headers(const struct broker_message *message)
{
    static const char *const own[] = {"x-envoi-reason", "x-envoi-text", "x-envoi-verdicts"};

    for (size_t i = 0; i < message->header_count; i++) {
        if (message->headers[i].kind == BROKER_OTHER)
            return true;
        for (size_t j = 0; j < sizeof own / sizeof *own; j++)
            if (!strcmp(message->headers[i].name, own[j]))
                return true;
    }
    return false;
}

/* The copy is the job, with these recipients. */
static void check_same(const struct job *job, const struct job *copy, const unsigned char *keep)
{
    size_t at = 0;

    FUZZ_CHECK(!strcmp(job->id, copy->id) && same_text(job->account, copy->account) && !strcmp(job->from, copy->from) &&
                   same_text(job->mail_options, copy->mail_options) && job->drop_options == copy->drop_options &&
                   job->results == copy->results && job->not_after == copy->not_after,
               "the envelope of a copy");
    FUZZ_CHECK(!job->meta == !copy->meta && (!job->meta || json_equal(job->meta, copy->meta)), "meta of a copy");
    for (size_t i = 0; i < job->to_count; i++) {
        if (!keep[i])
            continue;
        FUZZ_CHECK(at < copy->to_count, "%zu recipients", copy->to_count);
        FUZZ_CHECK(!strcmp(job->to[i].address, copy->to[at].address) &&
                       same_text(job->to[i].options, copy->to[at].options),
                   "recipient %zu", i);
        at++;
    }
    FUZZ_CHECK(at == copy->to_count, "%zu recipients", copy->to_count);
}

/* A copy reads back as the job, and a copy of the copy is the same, octet by octet. */
static void check_copies(const struct job *job, unsigned choice)
{
    unsigned char *keep = calloc(job->to_count, 1), *all = malloc(job->to_count);
    struct job_publication once, twice;
    struct job *copy, *again;
    struct job_copy how = {.keep = keep, .attempt = job->attempt, .first = 1000, .last = 2000};
    struct fault fault = {0};

    FUZZ_CHECK(keep && all, "memory");
    memset(all, 1, job->to_count);
    for (size_t i = 0; i < job->to_count; i++)
        keep[i] = i == choice % job->to_count || (choice >> i % 8 & 1);
    FUZZ_CHECK(!job_make_copy(job, &how, &once, &fault), "%s", fault.text);
    FUZZ_CHECK(!job_read(&once.message, -1, &copy, &fault), "%s", fault.text);
    check_same(job, copy, keep);
    FUZZ_CHECK(copy->attempt == how.attempt && copy->first == 1000 && copy->last == 2000, "the attempt of a copy");
    how.keep = all;
    FUZZ_CHECK(!job_make_copy(copy, &how, &twice, &fault), "%s", fault.text);
    FUZZ_CHECK(once.message.len == twice.message.len &&
                   !memcmp(once.message.body, twice.message.body, once.message.len),
               "the body of the copy of a copy");
    FUZZ_CHECK(!job_read(&twice.message, -1, &again, &fault), "%s", fault.text);
    check_same(copy, again, all);
    job_free(copy);
    job_free(again);
    job_publication_free(&once);
    job_publication_free(&twice);
    free(keep);
    free(all);
}

/* As a dead letter it has the same fault. */
static void check_invalid(const struct broker_message *message, const char *text)
{
    struct job_publication dead;
    struct fault fault = {0};
    struct job *job;

    FUZZ_CHECK(!job_make_invalid(message, text, &dead, &fault), "%s", fault.text);
    if (!loses_headers(message)) {
        check_fault(job_read(&dead.message, -1, &job, &fault), &fault);
        FUZZ_CHECK(!strcmp(fault.text, text), "'%s', and then '%s'", text, fault.text);
    }
    job_publication_free(&dead);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {0};
    struct envoi_message *message;
    struct fault fault = {0};
    struct job *job;
    int rc;

    take_input(&input, data, size);
    rc = job_read(&input.message, -1, &job, &fault);
    if (rc) {
        check_fault(rc, &fault);
        check_invalid(&input.message, fault.text);
    } else {
        check_bounds(job);
        check_copies(job, (unsigned)size);
        rc = job_make_message(job, &message, &fault);
        if (rc)
            check_fault(rc, &fault);
        else
            FUZZ_CHECK(envoi_message_recipients(message) == job->to_count, "recipients");
        envoi_message_free(message);
        job_free(job);
    }
    free_input(&input);
    return 0;
}
