/* SPDX-License-Identifier: MIT */
#include "counters.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void counters_add(struct counters *to, const struct counters *more)
{
#define X(name) to->name += more->name;
    COUNTERS(X)
#undef X
}

void counters_print(const struct counters *counters, FILE *out)
{
    const char *before = "{";

#define X(name)                                                                                                        \
    fprintf(out, "%s\"" #name "\": %" PRIu64, before, counters->name);                                                 \
    before = ", ";
    COUNTERS(X)
#undef X
    fputc('}', out);
}

void tally_take(struct tally *tally, const struct counters *over)
{
    counters_add(&tally->total, over);
    tally->connections++;
    if (!tally->each)
        tally->each = calloc(TALLY_EACH_MAX, sizeof *tally->each);
    if (tally->each && tally->count < TALLY_EACH_MAX)
        tally->each[tally->count++] = *over;
}

void tally_reset(struct tally *tally)
{
    free(tally->each);
    *tally = (struct tally){0};
}

void tally_print(const struct tally *tally, const struct counters *live, uint64_t live_count, FILE *out)
{
    struct counters sum = tally->total;

    counters_add(&sum, live);
    fprintf(out, "{\"connections\": %" PRIu64 ", \"total\": ", tally->connections + live_count);
    counters_print(&sum, out);
    fputs(", \"each\": [", out);
    for (size_t i = 0; i < tally->count; i++) {
        if (i)
            fputs(", ", out);
        counters_print(&tally->each[i], out);
    }
    fputs("]}", out);
}
