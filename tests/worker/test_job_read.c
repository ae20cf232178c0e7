/* SPDX-License-Identifier: MIT */
/* Good and bad jobs: the files in jobs/. */
#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "tests/worker/job_cases.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(job_read, .timeout = 60);

static void check_bad(const char *file, const json_t *test, int rc, const struct fault *fault, const struct job *job)
{
    const char *error = json_string_value(json_object_get(test, "error"));

    cr_expect_eq(rc, EXIT_DATA, "%s: '%s' was expected", file, error);
    cr_expect_eq(fault->exit, rc);
    cr_expect_str_eq(fault->text, error, "%s: '%s', and not '%s'", file, fault->text, error);
    cr_expect_null(job);
}

static void check_good(const char *file, const json_t *test, int rc, const struct fault *fault, const struct job *job)
{
    json_t *is, *should;
    const char *key;

    cr_assert_eq(rc, 0, "%s: %s", file, fault->text);
    is = job_show(job);
    json_object_foreach(json_object_get(test, "is"), key, should)
    {
        char *text = json_dumps(json_object_get(is, key), JSON_ENCODE_ANY);
        cr_expect(json_equal(should, json_object_get(is, key)) || (json_is_null(should) && !json_object_get(is, key)),
                  "%s: %s is %s", file, key, text);
        free(text);
    }
    json_decref(is);
}

static void play(const char *file)
{
    json_t *root = job_cases_load(file), *cases = json_object_get(root, "cases"), *test;
    size_t i;

    cr_assert_gt(json_array_size(cases), 10);
    json_array_foreach(cases, i, test)
    {
        struct room *room = NULL;
        struct broker_message message = job_case_message(json_object_get(root, "base"), test, &room);
        struct fault fault = {0};
        struct job *job = NULL;
        int rc = job_read(&message, -1, &job, &fault);

        if (json_object_get(test, "error"))
            check_bad(file, test, rc, &fault, job);
        else
            check_good(file, test, rc, &fault, job);
        job_free(job);
        room_free(room);
    }
    json_decref(root);
}

Test(job_read, json)
{
    play("json.json");
}

Test(job_read, mail)
{
    play("mail.json");
}

/* What a producer has written is shown as one line for a person. */
Test(job_read, a_text_of_other_octets)
{
    const char *to[] = {"a\xff\n@b"};
    struct room *room = NULL;
    struct broker_message message = job_case_mail("x", "me@x", to, 1, "Subject: x\n\n", &room);
    struct fault fault = {0};
    struct job *job;

    cr_assert_eq(job_read(&message, -1, &job, &fault), EXIT_DATA);
    cr_assert_str_eq(fault.text, "x-envoi-to: 'a\xef\xbf\xbd @b': it is an address");
    room_free(room);
}

static int read_with_id(const char *id, struct fault *fault)
{
    const char *to[] = {"a@b"};
    struct room *room = NULL;
    struct broker_message message = job_case_mail(id, "me@x", to, 1, "Subject: x\n\n", &room);
    struct job *job;
    int rc = job_read(&message, -1, &job, fault);

    cr_assert(rc || !strcmp(job->id, id));
    job_free(job);
    room_free(room);
    return rc;
}

Test(job_read, the_length_of_an_id)
{
    char id[JOB_ID_MAX + 2];
    struct fault fault = {0};

    memset(id, 'i', sizeof id);
    id[JOB_ID_MAX] = '\0';
    cr_assert_eq(read_with_id(id, &fault), 0);
    id[JOB_ID_MAX] = 'i';
    id[JOB_ID_MAX + 1] = '\0';
    cr_assert_eq(read_with_id(id, &fault), EXIT_DATA);
    cr_assert(strstr(fault.text, "1 to 128 printable characters"), "%s", fault.text);
}

/* Nothing of the delivery is used after job_read() has returned. */
Test(job_read, a_job_keeps_its_own_copy)
{
    json_t *root = job_cases_load("mail.json");
    struct room *room = NULL;
    struct broker_message message = job_case_message(json_object_get(root, "base"), NULL, &room);
    struct fault fault = {0};
    struct job *job;
    size_t len;
    int error;
    char *sent;

    cr_assert_eq(job_read(&message, -1, &job, &fault), 0, "%s", fault.text);
    memset((char *)(uintptr_t)message.body, '?', message.len);
    room_free(room);
    sent = job_content_sent(job, &len, &error);
    cr_assert(strstr(sent, "Subject: hello"), "%s", sent);
    cr_assert_str_eq(job->to[1].address, "bob@example.net");
    free(sent);
    job_free(job);
    json_decref(root);
}

/* What the broker takes in one frame. */
Test(job_read, headers_beyond_their_bound)
{
    static const char *to[JOB_RECIPIENTS_MAX];
    struct job_publication dead;
    struct room *room = NULL;
    struct fault fault = {0};
    struct broker_message message;
    struct job *job;

    for (size_t i = 0; i < JOB_RECIPIENTS_MAX; i++)
        to[i] = "someone@example.net";
    message = job_case_mail("x", "me@x", to, JOB_RECIPIENTS_MAX, "\n", &room);
    cr_assert_eq(job_read(&message, -1, &job, &fault), EXIT_DATA);
    cr_assert(!strncmp(fault.text, "the headers: they have 240", 26), "%s", fault.text);
    /* Nor can it be a dead letter with all of them. */
    cr_assert_eq(job_make_invalid(&message, fault.text, &dead, &fault), 0);
    cr_assert_eq(dead.message.header_count, 3);
    cr_assert_str_eq(dead.message.headers[2].name, "x-envoi-from");
    job_publication_free(&dead);
    room_free(room);
}
