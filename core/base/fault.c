/* SPDX-License-Identifier: MIT */
#include "base/fault.h"

#include "base/text.h"

#include <envoi/library.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct row {
    int code;
    int class_;
    const char *name;
    const char *text;
} rows[] = {{ENVOI_OK, ENVOI_CLASS_OK, "ENVOI_OK", "done"},
#define ROW(name, number, class_, text) {number, ENVOI_CLASS_##class_, "ENVOI_E_" #name, text},
            ENVOI_ERROR_MAP(ROW)
#undef ROW
};

static const struct row *fault_row(int code)
{
    static const struct row none = {0, ENVOI_CLASS_LOCAL, "ENVOI_E_?", "not a result of envoi"};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].code == code)
            return &rows[i];
    return &none;
}

const char *envoi_error_name(int code)
{
    return fault_row(code)->name;
}

const char *envoi_error_text(int code)
{
    return fault_row(code)->text;
}

int envoi_error_class(int code)
{
    return fault_row(code)->class_;
}

void fault_clear(struct envoi_errctx *fault)
{
    fault->code = ENVOI_OK;
    fault->phase = 0;
    fault->library_code = 0;
    fault->text[0] = '\0';
}

int fault_set(struct envoi_errctx *fault, int code, int phase, const char *format, ...)
{
    va_list args;

    if (!fault)
        return code;
    fault->code = code;
    fault->phase = phase;
    fault->library_code = 0;
    va_start(args, format);
    (void)text_format(fault->text, sizeof fault->text, "\n", format, args);
    va_end(args);
    return code;
}

void fault_prefix(struct envoi_errctx *fault, const char *format, ...)
{
    char old[FAULT_TEXT_MAX], prefix[FAULT_TEXT_MAX];
    va_list args;

    if (!fault)
        return;
    memcpy(old, fault->text, sizeof old);
    va_start(args, format);
    (void)text_format(prefix, sizeof prefix, "\n", format, args);
    va_end(args);
    (void)text_print(fault->text, sizeof fault->text, "\n", "%s: %s", prefix, old);
}

void fault_append(struct envoi_errctx *fault, const char *format, ...)
{
    char more[FAULT_TEXT_MAX];
    va_list args;
    size_t used;

    if (!fault)
        return;
    va_start(args, format);
    (void)vsnprintf(more, sizeof more, format, args);
    va_end(args);
    used = strlen(fault->text);
    if (used + strlen(more) >= sizeof fault->text)
        used = sizeof fault->text - 1 - strlen(more);
    memcpy(fault->text + used, more, strlen(more) + 1);
}
