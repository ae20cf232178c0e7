/* SPDX-License-Identifier: MIT */
#include "accounts/fault.h"

#include "accounts/exit_code.h"

#include <envoi/envoi.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *text_quote(const char *text, char room[TEXT_QUOTED])
{
    size_t len = strlen(text), most = TEXT_QUOTED - sizeof "'...'";
    int cut = len > most;

    /* Not in the middle of a character. */
    for (len = cut ? most : len; cut && len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80;)
        len--;
    snprintf(room, TEXT_QUOTED, "'%.*s%s'", (int)len, text, cut ? "..." : "");
    return room;
}

void text_mark_cut(char *text, size_t cap, int n)
{
    if (n < 0)
        *text = '\0';
    else if ((size_t)n >= cap)
        memcpy(text + cap - sizeof "...", "...", sizeof "...");
}

int fault_set(struct fault *fault, int exit, int error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    *fault = (struct fault){.exit = exit, .error = error};
    text_mark_cut(fault->text, sizeof fault->text, vsnprintf(fault->text, sizeof fault->text, format, args));
    va_end(args);
    return exit;
}

int fault_memory(struct fault *fault)
{
    return fault_set(fault, EXIT_LOCAL, ENVOI_E_MEMORY, "%s", envoi_error_text(ENVOI_E_MEMORY));
}
