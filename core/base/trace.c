/* SPDX-License-Identifier: MIT */
#include "base/trace.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The server's octets must not control a terminal, so they are copied and made printable, piece by piece. No character
 * is cut in half. */
static void trace_to_stderr(int kind, const char *text, size_t len)
{
    static const char marks[][4] = {
        [ENVOI_TRACE_INFO] = "-- ", [ENVOI_TRACE_SENT] = ">> ", [ENVOI_TRACE_RECEIVED] = "<< "};
    char piece[512];

    flockfile(stderr);
    (void)fwrite(marks[kind], 1, 3, stderr);
    for (size_t n; len > 0; text += n, len -= n) {
        n = len < sizeof piece ? len : text_cut_length(text, sizeof piece);
        memcpy(piece, text, n);
        text_make_printable(piece, n, "");
        (void)fwrite(piece, 1, n, stderr);
    }
    (void)fwrite("\n", 1, 1, stderr);
    funlockfile(stderr);
}

void trace_line(const struct trace *t, int kind, const char *text, size_t len)
{
    if (t->level <= 0 || kind < ENVOI_TRACE_INFO || kind > ENVOI_TRACE_RECEIVED)
        return;
    if (t->fn)
        t->fn(t->ctx, kind, text, len);
    else
        trace_to_stderr(kind, text, len);
}

void trace_event(const struct trace *t, const char *format, ...)
{
    char line[512];
    va_list args;
    size_t n;

    if (t->level <= 0)
        return;
    va_start(args, format);
    n = text_format(line, sizeof line, "", format, args);
    va_end(args);
    trace_line(t, ENVOI_TRACE_INFO, line, n);
}
