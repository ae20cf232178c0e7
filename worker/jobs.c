/* SPDX-License-Identifier: MIT */
#include "worker/jobs.h"

#include "worker/outcome.h"
#include <envoi/envoi.h>
#include <stdlib.h>
#include <string.h>

static void jobs_link(struct jobs *jobs, struct hand *hand)
{
    hand->prev = jobs->last;
    hand->next = NULL;
    *(jobs->last ? &jobs->last->next : &jobs->first) = hand;
    jobs->last = hand;
    jobs->count++;
}

static void jobs_unlink(struct jobs *jobs, struct hand *hand)
{
    *(hand->prev ? &hand->prev->next : &jobs->first) = hand->next;
    *(hand->next ? &hand->next->prev : &jobs->last) = hand->prev;
    jobs->count--;
}

struct hand *jobs_add(struct jobs *jobs, uint64_t tag)
{
    struct hand *hand = calloc(1, sizeof *hand);

    if (!hand)
        return NULL;
    hand->tag = tag;
    jobs_link(jobs, hand);
    return hand;
}

void jobs_move_last(struct jobs *jobs, struct hand *hand)
{
    jobs_unlink(jobs, hand);
    jobs_link(jobs, hand);
}

void jobs_drop_letters(struct hand *hand)
{
    for (size_t i = 0; i < hand->letter_count; i++) {
        job_publication_free(&hand->letters[i].publication);
        free(hand->letters[i].body);
    }
    hand->letter_count = 0;
    hand->has_letters = 0;
}

void jobs_remove(struct jobs *jobs, struct hand *hand)
{
    jobs_unlink(jobs, hand);
    jobs_drop_letters(hand);
    envoi_message_free(hand->message);
    outcome_free(hand->outcome);
    job_free(hand->job);
    free(hand->error);
    free(hand);
}

struct hand *jobs_find(const struct jobs *jobs, const struct job *job)
{
    for (struct hand *hand = jobs->first; hand; hand = hand->next)
        if (hand->job && hand->job != job && hand->job->attempt == job->attempt && hand->job->last == job->last &&
            !strcmp(hand->job->id, job->id))
            return hand;
    return NULL;
}

struct letter *jobs_find_letter(const struct jobs *jobs, uint64_t number, struct hand **out)
{
    for (struct hand *hand = jobs->first; hand; hand = hand->next)
        for (size_t i = 0; i < hand->letter_count; i++)
            if (hand->letters[i].state == LETTER_SENT && hand->letters[i].number == number) {
                *out = hand;
                return &hand->letters[i];
            }
    return NULL;
}
