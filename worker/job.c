/* SPDX-License-Identifier: MIT */
#include "worker/job.h"

#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "accounts/moment.h"
#include "accounts/text.h"
#include "worker/job_content.h"
#include "worker/job_form.h"
#include "worker/room.h"

#include <envoi/envoi.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- refusals ---- */

int job_refuse(struct fault *fault, const char *key, const char *format, ...)
{
    char text[sizeof fault->text];
    va_list args;

    va_start(args, format);
    text_mark_cut(text, sizeof text, vsnprintf(text, sizeof text, format, args));
    va_end(args);
    return fault_set(fault, EXIT_DATA, ENVOI_E_USAGE, "%s: %s", key, text);
}

int job_refuse_value(struct fault *fault, const char *key, const char *value, const char *wants)
{
    char shown[TEXT_QUOTED];

    return job_refuse(fault, key, "%s: it is %s", text_quote(value, shown), wants);
}

/* It may quote what a producer has written. */
static void job_clean_fault(struct fault *fault)
{
    char *clean = text_clean(fault->text, ' ');

    if (clean)
        text_mark_cut(fault->text, sizeof fault->text, snprintf(fault->text, sizeof fault->text, "%s", clean));
    free(clean);
}

/* ---- texts of the envelope ---- */

static const char *const result_words[] = {
    [JOB_RESULTS_NONE] = "none", [JOB_RESULTS_FAILURES] = "failures", [JOB_RESULTS_ALL] = "all"};

const char *job_results_word(enum job_results results)
{
    return result_words[results];
}

static bool job_set_account(struct job *job, const char *value)
{
    job->account = value;
    return *value;
}

static bool job_set_from(struct job *job, const char *value)
{
    job->from = strcmp(value, "<>") != 0 ? value : "";
    return true;
}

static bool job_set_mail_options(struct job *job, const char *value)
{
    job->mail_options = *value ? value : NULL;
    return true;
}

static bool job_set_not_after(struct job *job, const char *value)
{
    return moment_read(value, &job->not_after) && job->not_after > 0;
}

static bool job_set_results(struct job *job, const char *value)
{
    for (size_t i = 0; i < sizeof result_words / sizeof *result_words; i++)
        if (!strcmp(value, result_words[i])) {
            job->results = (enum job_results)i;
            return true;
        }
    return false;
}

static const struct {
    bool (*set)(struct job *job, const char *value);
    const char *wants;
} job_texts[] = {
    [JOB_ACCOUNT] = {job_set_account, "the name of an account of accounts.conf"},
    [JOB_FROM] = {job_set_from, "the sender, an address; \"\" is the null one"},
    [JOB_MAIL_OPTIONS] = {job_set_mail_options, "parameters of MAIL with blanks between them, such as \"RET=HDRS\""},
    [JOB_NOT_AFTER] = {job_set_not_after, "a time such as 2026-12-01T08:00:00Z or 2026-12-01T09:00:00+01:00"},
    [JOB_RESULTS] = {job_set_results, "one of none, failures, all"},
};

const char *job_text_wants(enum job_text text)
{
    return job_texts[text].wants;
}

bool job_text_fits(const char *text)
{
    return strlen(text) <= JOB_TEXT_MAX && text_is_clean(text);
}

int job_text_set(struct job *job, enum job_text text, const char *key, const char *value, struct fault *fault)
{
    return job_text_fits(value) && job_texts[text].set(job, value)
               ? 0
               : job_refuse_value(fault, key, value, job_texts[text].wants);
}

/* ---- reading a job ---- */

bool job_id_fits(const char *id)
{
    size_t len = strlen(id);

    for (size_t i = 0; i < len && i <= JOB_ID_MAX; i++)
        if (id[i] <= ' ' || id[i] > '~')
            return false;
    return len && len <= JOB_ID_MAX;
}

static int job_read_id(struct job *job, struct fault *fault)
{
    const char *id = job->source.id;

    if (!*id)
        return job_refuse(fault, "message_id", "it is missing; it is the id of the job, " JOB_ID_WANTS);
    if (!job_id_fits(id))
        return job_refuse_value(fault, "message_id", id, "the id of the job, " JOB_ID_WANTS);
    memcpy(job->id, id, strlen(id));
    return 0;
}

static int job_read_mail(struct job *job, int content_root, struct fault *fault)
{
    (void)content_root;
    return job_content_of_octets("the body", job->source.body, job->source.len, &job->content, fault);
}

static const struct {
    const char *type;
    bool has_envelope; /* in the headers */
    int (*read_body)(struct job *job, int content_root, struct fault *fault);
} job_forms[] = {
    {JOB_TYPE_MAIL, true, job_read_mail},
    {JOB_TYPE_JSON, false, job_read_json},
};

static int job_read_form(struct job *job, int content_root, struct fault *fault)
{
    for (size_t i = 0; i < sizeof job_forms / sizeof *job_forms; i++) {
        if (strcasecmp(job->source.content_type, job_forms[i].type) != 0)
            continue;
        if (job_read_headers(job, job_forms[i].has_envelope, fault))
            return fault->exit;
        return job_forms[i].read_body(job, content_root, fault);
    }
    return job_refuse_value(fault, "content_type", job->source.content_type,
                            JOB_TYPE_MAIL " or " JOB_TYPE_JSON ", without parameters");
}

int job_read(const struct broker_message *message, int content_root, struct job **out, struct fault *fault)
{
    struct job *job = calloc(1, sizeof *job);
    int rc;

    *out = NULL;
    if (!job)
        return fault_memory(fault);
    job->attempt = 1;
    rc = job_copy_message(&job->room, message, &job->source, fault);
    if (!rc)
        rc = job_read_id(job, fault);
    if (!rc)
        rc = job_read_form(job, content_root, fault);
    if (rc) {
        job_clean_fault(fault);
        job_free(job);
        return rc;
    }
    *out = job;
    return 0;
}

void job_free(struct job *job)
{
    if (!job)
        return;
    job_content_free(job->content);
    json_decref(job->meta);
    room_free(job->room);
    free(job);
}
