/* SPDX-License-Identifier: MIT */
/* The message of a job, as the pool sends it. */
#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "worker/job_content.h"
#include "worker/job_form.h"

#include <ctype.h>
#include <envoi/envoi.h>
#include <stdio.h>
#include <string.h>

/* Of a sender without a domain. */
#define FALLBACK_DOMAIN "job.invalid"

#define MESSAGE_ID_MAX (3 * JOB_ID_MAX + JOB_TEXT_MAX + 4)

/* May the octet stand in a msg-id as it is? '=' may, but begins what stands for the others. A '.' may not stand at the
 * end, nor beside another one. */
static bool id_passes(const char *id, size_t at)
{
    if (id[at] == '.')
        return at > 0 && id[at + 1] && id[at + 1] != '.';
    return isalnum((unsigned char)id[at]) || strchr("!#$%&'*+-/?^_`{|}~", id[at]);
}

/* The length of the domain at the end of an address, if it can stand in a msg-id; 0: it cannot. */
static size_t domain_length(const char *domain)
{
    static const char name[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.",
                      literal[] = "[]ABCDEFIPvabcdef0123456789.:";
    size_t len = strspn(domain, *domain == '[' ? literal : name);

    /* Of "<me@example.org>" the bracket is left. */
    if (!len || (domain[len] && domain[len] != '>'))
        return 0;
    if (*domain == '[')
        return strcspn(domain, "]") == len - 1 && strcspn(domain + 1, "[") >= len - 1 ? len : 0;
    return *domain == '.' || domain[len - 1] == '.' || strstr(domain, "..") ? 0 : len;
}

/* "<ID@DOMAIN>", from the id and the sender alone. */
static void message_make_id(const struct job *job, char id[MESSAGE_ID_MAX])
{
    const char *at = strrchr(job->from, '@'), *domain = FALLBACK_DOMAIN;
    size_t len = at ? domain_length(at + 1) : 0;
    char *end = id;

    if (len)
        domain = at + 1;
    else
        len = strlen(domain);
    *end++ = '<';
    for (size_t i = 0; job->id[i]; i++)
        if (id_passes(job->id, i))
            *end++ = job->id[i];
        else
            end += snprintf(end, sizeof "=XX", "=%02X", (unsigned)job->id[i]);
    (void)snprintf(end, MESSAGE_ID_MAX - (size_t)(end - id), "@%.*s>", (int)len, domain);
}

static int message_refuse(struct fault *fault, const char *key, const struct envoi_message *message, int error)
{
    if (error == ENVOI_E_MEMORY)
        return fault_memory(fault);
    return fault_set(fault, EXIT_DATA, error, "%s: %s", key, envoi_message_error(message));
}

static int message_fill(struct job *job, struct envoi_message *message, struct fault *fault)
{
    char id[MESSAGE_ID_MAX];
    int error = envoi_message_reset(message, job->from);

    if (error)
        return message_refuse(fault, "from", message, error);
    if ((error = envoi_message_set_options(message, job->mail_options)))
        return message_refuse(fault, "mail_options", message, error);
    for (size_t i = 0; i < job->to_count; i++)
        if ((error = envoi_message_add_recipient_with(message, job->to[i].address, job->to[i].options)))
            return message_refuse(fault, "to", message, error);
    envoi_message_set_drop_options(message, job->drop_options);
    message_make_id(job, id);
    return job_content_attach(job->content, id, message, fault);
}

int job_make_message(struct job *job, struct envoi_message **out, struct fault *fault)
{
    /* The sender is set afterwards, because then the message knows why it cannot be. */
    int rc = envoi_message_new(NULL, out) ? fault_memory(fault) : message_fill(job, *out, fault);

    if (rc) {
        envoi_message_free(*out);
        *out = NULL;
    }
    return rc;
}

const char *job_file_problem(const struct job *job)
{
    return job_content_problem(job->content);
}
