/* SPDX-License-Identifier: MIT */
#include "post.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_letter(struct post *p, size_t i, size_t domains)
{
    struct letter *l = &p->letters[i];
    char to[64];

    l->post = p;
    l->result = ENVOI_E_AGAIN;
    cr_assert_eq(envoi_message_new("me@example.org", &l->message), ENVOI_OK);
    snprintf(l->content, sizeof l->content, "Message-ID: <%zu>\r\nSubject: hello\r\n\r\nHello.\r\n", i);
    envoi_message_set_data(l->message, l->content, strlen(l->content));
    for (size_t k = 0; k < p->recipients; k++) {
        snprintf(to, sizeof to, "r%zu@d%zu.example", k, k % domains);
        cr_assert_eq(envoi_message_add_recipient(l->message, to), ENVOI_OK);
    }
}

void post_open(struct post *p, size_t count, size_t recipients, size_t domains)
{
    *p = (struct post){.count = count, .recipients = recipients};
    p->ledger = ledger_new(count, recipients);
    p->letters = calloc(count, sizeof *p->letters);
    cr_assert_eq(envoi_library_new(&p->library), ENVOI_OK);
    cr_assert_eq(envoi_session_new(p->library, &p->prototype), ENVOI_OK);
    cr_assert_eq(envoi_session_set_tls(p->prototype, ENVOI_TLS_OFF), ENVOI_OK);
    cr_assert_eq(envoi_session_set_timeout(p->prototype, ENVOI_PHASE_NONE, 20000), ENVOI_OK);
    cr_assert_eq(envoi_pool_new(p->library, &p->pool), ENVOI_OK);
    for (size_t i = 0; i < count; i++)
        write_letter(p, i, domains ? domains : 1);
}

size_t post_route(struct post *p, const char *servers)
{
    size_t route = 99;

    cr_assert_eq(envoi_pool_add_route(p->pool, p->prototype, servers, &route), ENVOI_OK);
    return route;
}

static void take_done(void *ctx, struct envoi_message *message, int result, const char *error)
{
    struct letter *l = ctx;

    cr_assert_eq(message, l->message);
    cr_assert_eq(*error != '\0', result != ENVOI_OK, "%d: \"%s\"", result, error);
    l->called++;
    l->result = result;
    l->post->done++;
    snprintf(l->error, sizeof l->error, "%s", error);
    if (l->post->on_done)
        l->post->on_done(l);
}

int post_submit(struct post *p, size_t index, size_t route)
{
    return envoi_pool_submit(p->pool, route, p->letters[index].message, take_done, &p->letters[index]);
}

void post_submit_all(struct post *p, size_t route)
{
    for (size_t i = 0; i < p->count; i++)
        cr_assert_eq(post_submit(p, i, route), ENVOI_OK);
}

static void check_letter(struct post *p, size_t i)
{
    struct letter *l = &p->letters[i];
    size_t accepted = 0, unknown = 0;

    cr_assert_eq(l->called, 1, "message %zu was done %u times", i, l->called);
    for (size_t k = 0; k < p->recipients; k++) {
        int verdict = envoi_message_verdict(l->message, k);
        unsigned taken = ledger_count(p->ledger, i, k);

        cr_assert_leq(taken, 1, "message %zu, recipient %zu was delivered %u times", i, k, taken);
        if (verdict != ENVOI_VERDICT_UNKNOWN)
            cr_assert_eq(taken, verdict == ENVOI_VERDICT_ACCEPTED,
                         "message %zu, recipient %zu: %s, but taken %u times: %s", i, k, envoi_verdict_name(verdict),
                         taken, l->error);
        accepted += verdict == ENVOI_VERDICT_ACCEPTED;
        unknown += verdict == ENVOI_VERDICT_UNKNOWN;
        p->not_attempted += verdict == ENVOI_VERDICT_NOT_ATTEMPTED;
    }
    p->accepted += accepted;
    p->unknown += unknown;
    if (unknown)
        cr_assert_eq(l->result, ENVOI_E_UNKNOWN);
    else
        cr_assert_eq(l->result == ENVOI_OK, accepted > 0, "message %zu: %s (%s)", i, envoi_error_name(l->result),
                     l->error);
}

void post_check(struct post *p)
{
    cr_assert_eq(envoi_pool_pending(p->pool), 0);
    for (size_t i = 0; i < p->count; i++)
        check_letter(p, i);
}

void post_close(struct post *p)
{
    envoi_pool_free(p->pool);
    for (size_t i = 0; i < p->count; i++)
        envoi_message_free(p->letters[i].message);
    envoi_session_free(p->prototype);
    envoi_library_free(p->library);
    ledger_free(p->ledger);
    free(p->letters);
}
