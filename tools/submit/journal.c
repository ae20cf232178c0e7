/* SPDX-License-Identifier: MIT */
#include "journal.h"

#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>

/* More than syslogd keeps of a line. */
#define JOURNAL_LINE 2048

void journal_open(int is_verbose)
{
    openlog("envoi-submit", LOG_PID | LOG_NDELAY | (is_verbose ? LOG_PERROR : 0), LOG_MAIL);
}

void journal_write(int priority, const char *format, ...)
{
    char line[JOURNAL_LINE];
    va_list args;

    va_start(args, format);
    if (vsnprintf(line, sizeof line, format, args) < 0)
        *line = '\0';
    va_end(args);
    for (char *at = line; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = ' ';
    syslog(priority, "%s", line);
}
