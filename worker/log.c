/* SPDX-License-Identifier: MIT */
#include "worker/log.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_LINE 4096

static int log_is_journal;

/* $JOURNAL_STREAM is DEVICE:INODE of the stream to the journal (systemd.exec(5)). */
void log_open(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    char ours[64];
    struct stat st;

    if (!stream || fstat(STDERR_FILENO, &st))
        return;
    (void)snprintf(ours, sizeof ours, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    log_is_journal = !strcmp(stream, ours);
}

void log_write(int priority, const char *format, ...)
{
    char line[LOG_LINE] = "envoi-worker: ";
    size_t begin;
    va_list args;

    if (log_is_journal)
        (void)snprintf(line, sizeof line, "<%d>", priority);
    begin = strlen(line);
    va_start(args, format);
    if (vsnprintf(line + begin, sizeof line - begin - 1, format, args) < 0)
        line[begin] = '\0';
    va_end(args);
    for (char *at = line; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = ' ';
    fprintf(stderr, "%s\n", line);
}
