/* SPDX-License-Identifier: MIT */
/* Allocation n fails, for each n: the result is that memory ran out, nothing leaks, and the next try is good. */
#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "tests/worker/job_cases.h"
#include "tests/worker/memory.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(job_memory, .timeout = 120);

/* All that the worker does with a job. */
static int act(const struct broker_message *message, const json_t *verdicts, int root, struct fault *fault)
{
    const struct job_copy how = {.attempt = 2,
                                 .first = 1,
                                 .last = 2,
                                 .reason = "refused",
                                 .text = "no",
                                 .keep = (const unsigned char[]){1, 0},
                                 .verdicts = verdicts};
    struct job_publication copy = {0}, invalid = {0}, new = {0};
    struct envoi_message *made = NULL;
    struct job *job = NULL;
    int rc = job_read(message, root, &job, fault);

    if (!rc)
        rc = job_make_message(job, &made, fault);
    if (!rc)
        rc = job_make_copy(job, &how, &copy, fault);
    if (!rc)
        rc = job_make_invalid(message, "why", &invalid, fault);
    if (!rc)
        rc = job_make_mail(job, "\n", 1, &new, fault);
    cr_assert(rc || (made && copy.room && invalid.room && new.room));
    envoi_message_free(made);
    job_free(job);
    job_publication_free(&copy);
    job_publication_free(&invalid);
    job_publication_free(&new);
    return rc;
}

static void play(const char *file, const char *changes, int root)
{
    json_t *cases, *test, *verdicts;
    struct room *room = NULL;
    struct broker_message message;
    int n = 0, rc;

    cases = job_cases_load(file);
    test = json_loads(changes, 0, NULL);
    cr_assert(test);
    verdicts = json_pack("[{s:s}]", "address", "a@b");
    message = job_case_message(json_object_get(cases, "base"), test, &room);
    do {
        struct fault fault = {0};

        cr_assert_lt(++n, 2000);
        memory_until_failure = n;
        rc = act(&message, verdicts, root, &fault);
        memory_until_failure = memory_until_failure > 0 ? -1 : 0;
        if (memory_until_failure == 0)
            cr_assert(rc == EXIT_LOCAL || rc == 0, "allocation %d: %d %s", n, rc, fault.text);
        if (rc)
            cr_assert_eq(fault.error, ENVOI_E_MEMORY, "allocation %d: %s", n, fault.text);
    } while (rc || !memory_until_failure);
    memory_until_failure = 0;
    cr_assert_gt(n, 8);
    json_decref(cases);
    json_decref(test);
    json_decref(verdicts);
    room_free(room);
}

Test(job_memory, mail)
{
    play("mail.json", "{\"headers\": {\"x-envoi-rcpt-options\": [\"\", \"NOTIFY=NEVER\"], \"traceparent\": \"x\"}}",
         -1);
}

Test(job_memory, json)
{
    play("json.json",
         "{\"body\": {\"account\": \"work\", \"meta\": {\"a\": [1]}, \"mime\": {\"base64\": \"Cg==\"}, \"to\": "
         "[{\"address\": \"a@b\", \"options\": \"NOTIFY=NEVER\"}, {\"address\": \"c@d\"}]}}",
         -1);
}

Test(job_memory, file)
{
    int root = open(WORKER_DATA "/jobs", O_RDONLY | O_DIRECTORY);

    play("json.json",
         "{\"body\": {\"to\": [{\"address\": \"a@b\"}, {\"address\": \"c@d\"}], \"mime\": {\"file\": \"letter.eml\", "
         "\"size\": 21, \"sha256\": \"ccae5eb347df3fa7b13d319df36aff91e7c8faa2b086d2558fba28dc4ae0078c\"}}}",
         root);
    close(root);
}
