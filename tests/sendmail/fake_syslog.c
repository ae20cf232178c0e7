/* SPDX-License-Identifier: MIT */
/* Preloaded into envoi-sendmail: what it says to syslog is a line of the file $FAKE_SYSLOG. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>

void __vsyslog_chk(int priority, int flag, const char *format, va_list args);
void __syslog_chk(int priority, int flag, const char *format, ...);

static int facility;

void openlog(const char *ident, int option, int which)
{
    (void)ident;
    (void)option;
    facility = which;
}

void vsyslog(int priority, const char *format, va_list args)
{
    FILE *file = fopen(getenv("FAKE_SYSLOG"), "ae");

    if (!file)
        return;
    fprintf(file, "%d.%d ", (priority | facility) >> 3, priority & 7);
    vfprintf(file, format, args);
    putc('\n', file);
    fclose(file);
}

void syslog(int priority, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsyslog(priority, format, args);
    va_end(args);
}

void __vsyslog_chk(int priority, int flag, const char *format, va_list args)
{
    (void)flag;
    vsyslog(priority, format, args);
}

void __syslog_chk(int priority, int flag, const char *format, ...)
{
    va_list args;

    (void)flag;
    va_start(args, format);
    vsyslog(priority, format, args);
    va_end(args);
}
