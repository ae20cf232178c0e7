/* SPDX-License-Identifier: MIT */
/* Copies of jobs: what they have of their source, and that each reads back as the job that it is a copy of. */
#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "tests/worker/job_cases.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(job_copy, .timeout = 60);

static const struct broker_header *header_of(const struct broker_message *message, const char *name)
{
    const struct broker_header *found = NULL;

    for (size_t i = 0; i < message->header_count; i++)
        if (!strcmp(message->headers[i].name, name)) {
            cr_assert_null(found, "%s is there twice", name);
            found = &message->headers[i];
        }
    return found;
}

static const char *text_of(const struct job_publication *publication, const char *name)
{
    const struct broker_header *header = header_of(&publication->message, name);

    cr_assert(header && header->kind == BROKER_TEXT, "%s", name);
    return header->text;
}

/* Reads a good job of a file. */
static struct job *read_case(const char *file, const char *changes)
{
    json_t *cases = job_cases_load(file), *test = changes ? json_loads(changes, 0, NULL) : NULL;
    struct room *room = NULL;
    struct broker_message message = job_case_message(json_object_get(cases, "base"), test, &room);
    struct fault fault = {0};
    struct job *job;

    cr_assert_eq(!test, !changes);
    cr_assert_eq(job_read(&message, -1, &job, &fault), 0, "%s", fault.text);
    room_free(room);
    json_decref(cases);
    json_decref(test);
    return job;
}

/* Makes a copy, and reads it as a job. */
static struct job *copy_and_read(const struct job *job, const struct job_copy *how, struct job_publication *out)
{
    struct fault fault = {0};
    struct job *again;

    cr_assert_eq(job_make_copy(job, how, out, &fault), 0, "%s", fault.text);
    cr_assert_eq(job_read(&out->message, -1, &again, &fault), 0, "%s", fault.text);
    cr_assert_eq(out->message.timestamp, job->source.timestamp);
    cr_assert_str_eq(out->message.content_type, job->source.content_type);
    return again;
}

/* The whole job comes back, but for `attempt`, `first`, `last` and the recipients that are not kept. */
static void check_copy(const struct job *job, const struct job_copy *how)
{
    struct job_publication out;
    struct job *again = copy_and_read(job, how, &out);
    json_t *should = job_show(job), *is = job_show(again), *to = json_object_get(should, "to");
    char *one, *other;
    size_t len, length;
    int error;

    for (size_t i = json_array_size(to); i > 0; i--)
        if (how->keep && !how->keep[i - 1])
            json_array_remove(to, i - 1);
    json_object_set_new(should, "attempt", json_integer(how->attempt));
    json_object_set_new(should, "first", json_integer(how->first));
    json_object_set_new(should, "last", json_integer(how->last));
    one = json_dumps(should, 0);
    other = json_dumps(is, 0);
    cr_assert_str_eq(other, one);
    free(one);
    free(other);
    json_decref(should);
    json_decref(is);
    one = job_content_sent((struct job *)(uintptr_t)job, &len, &error);
    other = job_content_sent(again, &length, &error);
    cr_assert(len == length && !memcmp(one, other, len), "the content is the same, with the same Message-ID");
    free(one);
    free(other);
    job_free(again);
    job_publication_free(&out);
}

static const char full_mail[] =
    "{\"headers\": {\"x-envoi-to\": [\"a@x\", \"b@x\", \"c@x\"], \"x-envoi-rcpt-options\": [\"NOTIFY=NEVER\", \"\", "
    "\"NOTIFY=FAILURE\"], \"x-envoi-account\": \"work\", \"x-envoi-mail-options\": \"RET=HDRS\", "
    "\"x-envoi-results\": \"all\", \"x-envoi-not-after\": \"2026-12-01T00:00:00Z\", \"x-envoi-drop-options\": \"yes\","
    "\"x-envoi-attempt\": 4, \"x-envoi-first\": \"2026-11-30T10:00:00Z\", \"x-envoi-last\": \"2026-11-30T11:00:00Z\"}}";
static const char full_json[] =
    "{\"body\": {\"to\": [{\"address\": \"a@x\", \"options\": \"NOTIFY=NEVER\"}, {\"address\": \"b@x\"}, "
    "{\"address\": \"c@x\", \"options\": \"\"}], \"account\": \"work\", \"mail_options\": \"RET=HDRS\", "
    "\"results\": \"all\", \"not_after\": \"2026-12-01T00:00:00Z\", \"drop_options\": true, "
    "\"meta\": {\"\u00fc\": [1.5, 9007199254740993, \"\\n\"]}}}";

Test(job_copy, reads_back_as_the_job)
{
    static const unsigned char keeps[][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {1, 0, 1}, {1, 1, 1}};
    struct job *jobs[] = {read_case("mail.json", full_mail), read_case("json.json", full_json)};
    struct job_copy how = {.attempt = 5, .first = 1796032800, .last = 1796040000};

    for (size_t j = 0; j < 2; j++) {
        check_copy(jobs[j], &how);
        for (size_t i = 0; i < sizeof keeps / sizeof *keeps; i++) {
            how.keep = keeps[i];
            check_copy(jobs[j], &how);
        }
        how.keep = NULL;
        job_free(jobs[j]);
    }
}

/* One text of options for all recipients stays that. */
Test(job_copy, options_of_all)
{
    struct job *job = read_case("mail.json", "{\"headers\": {\"x-envoi-rcpt-options\": \"NOTIFY=NEVER\"}}"), *again;
    const struct job_copy how = {.attempt = 2, .keep = (const unsigned char[]){0, 1}};
    struct job_publication out;

    again = copy_and_read(job, &how, &out);
    cr_assert_str_eq(text_of(&out, "x-envoi-rcpt-options"), "NOTIFY=NEVER");
    cr_assert_eq(again->to_count, 1);
    cr_assert_str_eq(again->to[0].address, "bob@example.net");
    cr_assert_str_eq(again->to[0].options, "NOTIFY=NEVER");
    job_free(again);
    job_publication_free(&out);
    job_free(job);
}

/* The reason of a dead job; headers of others stay, but not those that the broker acts on or has added. */
Test(job_copy, headers)
{
    static const char changes[] =
        "{\"headers\": {\"x-envoi-reason\": \"old\", \"x-envoi-text\": \"old\", \"x-envoi-verdicts\": \"old\", "
        "\"traceparent\": \"00-1\", \"count\": 7, \"tags\": [\"a\", \"b\"], \"odd\": null, \"CC\": [\"other\"], "
        "\"BCC\": [\"other\"], \"x-death\": null, \"x-first-death-queue\": \"q\", \"x-last-death-queue\": \"q\", "
        "\"x-delivery-count\": 3}}";
    static const char *const gone[] = {"odd",
                                       "CC",
                                       "BCC",
                                       "x-death",
                                       "x-first-death-queue",
                                       "x-last-death-queue",
                                       "x-delivery-count",
                                       "x-envoi-first",
                                       "x-envoi-last"};
    json_t *verdicts = json_pack("[{s:s, s:i}]", "address", "you@example.net", "code", 550);
    struct job_copy how = {.attempt = 1, .reason = "refused", .text = "550 no", .verdicts = verdicts};
    struct job *job = read_case("mail.json", changes), *again;
    struct job_publication out;

    again = copy_and_read(job, &how, &out);
    cr_assert_str_eq(text_of(&out, "x-envoi-reason"), "refused");
    cr_assert_str_eq(text_of(&out, "x-envoi-text"), "550 no");
    cr_assert_str_eq(text_of(&out, "x-envoi-verdicts"), "[{\"address\":\"you@example.net\",\"code\":550}]");
    cr_assert_str_eq(text_of(&out, "traceparent"), "00-1");
    cr_assert_eq(header_of(&out.message, "count")->number, 7);
    cr_assert_eq(header_of(&out.message, "tags")->count, 2);
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
        cr_assert_null(header_of(&out.message, gone[i]), "%s", gone[i]);
    job_free(again);
    job_publication_free(&out);
    how = (struct job_copy){.attempt = 1};
    again = copy_and_read(job, &how, &out);
    cr_assert_null(header_of(&out.message, "x-envoi-reason"));
    cr_assert_null(header_of(&out.message, "x-envoi-verdicts"));
    job_free(again);
    job_publication_free(&out);
    job_free(job);
    json_decref(verdicts);
}

static size_t octets_of_headers(const struct broker_message *message)
{
    size_t octets = 0;

    for (size_t i = 0; i < message->header_count; i++) {
        const struct broker_header *header = &message->headers[i];

        octets += strlen(header->name) + (header->kind == BROKER_TEXT ? strlen(header->text) : 0);
        for (size_t j = 0; header->kind == BROKER_LIST && j < header->count; j++)
            octets += strlen(header->list[j]) + 5;
    }
    return octets;
}

/* A frame of the broker has its bound, and many long verdicts do not break it. */
Test(job_copy, many_verdicts)
{
    static const size_t counts[] = {1, 90, 1000, 2500};

    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        size_t count = counts[c];
        json_t *to = json_array(), *verdicts = json_array(), *test, *read;
        struct job_copy how = {.attempt = 1, .reason = "refused", .verdicts = verdicts};
        struct job_publication out;
        struct job *job, *again;
        char *changes, text[300];
        size_t shown;

        memset(text, 'x', sizeof text);
        text[sizeof text - 1] = '\0';
        for (size_t i = 0; i < count; i++) {
            json_array_append_new(to, json_sprintf("recipient-%zu@example.net", i));
            json_array_append_new(verdicts, json_pack("{s:i, s:s}", "n", (int)i, "text", text));
        }
        test = json_pack("{s:{s:o}}", "headers", "x-envoi-to", to);
        changes = json_dumps(test, 0);
        job = read_case("mail.json", changes);
        again = copy_and_read(job, &how, &out);
        cr_assert_lt(octets_of_headers(&out.message), 125000);
        read = json_loads(text_of(&out, "x-envoi-verdicts"), 0, NULL);
        shown = json_array_size(read);
        cr_assert(shown == count || (shown > 1 && (json_int_t)(count - shown + 1) ==
                                                      json_integer_value(
                                                          json_object_get(json_array_get(read, shown - 1), "omitted"))),
                  "%zu of %zu", shown, count);
        job_free(again);
        job_free(job);
        job_publication_free(&out);
        json_decref(read);
        json_decref(verdicts);
        json_decref(test);
        free(changes);
    }
}

/* A delivery that is no job goes to the dead letters as it came. */
Test(job_copy, invalid)
{
    json_t *cases = job_cases_load("mail.json");
    json_t *test =
        json_loads("{\"message_id\": \"\", \"content_type\": \"text/plain\", \"octets\": \"\\u00ff\\u0001x\", "
                   "\"headers\": {\"x-envoi-to\": 7, \"x-envoi-reason\": \"old\", \"odd\": null}}",
                   0, NULL);
    struct room *room = NULL;
    struct broker_message message = job_case_message(json_object_get(cases, "base"), test, &room);
    struct job_publication out;
    struct fault fault = {0};

    cr_assert_eq(job_make_invalid(&message, "why", &out, &fault), 0);
    cr_assert_str_eq(out.message.id, "");
    cr_assert_str_eq(out.message.content_type, "text/plain");
    cr_assert_eq(out.message.timestamp, message.timestamp);
    cr_assert(out.message.len == 3 && !memcmp(out.message.body, "\xff\x01x", 3));
    cr_assert_eq(header_of(&out.message, "x-envoi-to")->number, 7);
    cr_assert_str_eq(text_of(&out, "x-envoi-from"), "me@example.org");
    cr_assert_str_eq(text_of(&out, "x-envoi-reason"), "invalid");
    cr_assert_str_eq(text_of(&out, "x-envoi-text"), "why");
    job_publication_free(&out);
    job_publication_free(&out);
    room_free(room);
    json_decref(test);
    json_decref(cases);
}

/* A new job for `submit` reads as what it was made from. */
Test(job_copy, a_new_job)
{
    static const char octets[] = "Subject: x\n\ntext\n";
    struct job_recipient to[] = {{"a@x", "NOTIFY=NEVER"}, {"b@x", "NOTIFY=NEVER"}, {"c@x", NULL}};
    struct job new = {.account = "work",
                      .from = "me@x",
                      .to = to,
                      .to_count = 3,
                      .mail_options = "RET=HDRS",
                      .not_after = 1796083200,
                      .results = JOB_RESULTS_ALL,
                      .drop_options = 1,
                      .id = "x-1"};
    struct job_publication out;
    struct fault fault = {0};
    struct job *job;

    for (new.to_count = 3; new.to_count >= 2; new.to_count--) {
        json_t *one, *other;
        char *text;

        cr_assert_eq(job_make_mail(&new, octets, strlen(octets), &out, &fault), 0, "%s", fault.text);
        cr_assert_eq(header_of(&out.message, "x-envoi-rcpt-options")->kind,
                     new.to_count == 3 ? BROKER_LIST : BROKER_TEXT);
        cr_assert_eq(job_read(&out.message, -1, &job, &fault), 0, "%s", fault.text);
        new.attempt = 1;
        one = job_show(&new);
        other = job_show(job);
        text = json_dumps(other, 0);
        cr_assert(json_equal(one, other), "%s", text);
        free(text);
        json_decref(one);
        json_decref(other);
        job_free(job);
        job_publication_free(&out);
    }
}

Test(job_copy, a_new_job_for_too_many)
{
    struct job new = {.from = "me@x", .id = "x-1", .to_count = 5000};
    struct job_publication out;
    struct fault fault = {0};

    new.to = calloc(new.to_count, sizeof *new.to);
    for (size_t i = 0; i < new.to_count; i++)
        new.to[i].address = "somebody-with-a-long-name@example.net";
    cr_assert_eq(job_make_mail(&new, "\n", 1, &out, &fault), EXIT_DATA);
    cr_assert(strstr(fault.text, "the 5000 recipients do not fit"), "%s", fault.text);
    cr_assert_null(out.room);
    free(new.to);
}
