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

static const struct detail_row {
    int number;
    const char *name;
    const char *text;
} details[] = {
#define ROW(name, number, text) {number, "ENVOI_DETAIL_" #name, text},
    ENVOI_DETAIL_MAP(ROW)
#undef ROW
};

static const struct detail_row *fault_detail_row(int detail)
{
    static const struct detail_row none = {0, "ENVOI_DETAIL_?", ""};

    for (size_t i = 0; i < sizeof details / sizeof details[0]; i++)
        if (details[i].number == detail)
            return &details[i];
    return &none;
}

const char *envoi_error_detail_name(int detail)
{
    return fault_detail_row(detail)->name;
}

const char *envoi_error_detail_text(int detail)
{
    return fault_detail_row(detail)->text;
}

void fault_clear(struct envoi_errctx *fault)
{
    fault->code = ENVOI_OK;
    fault->phase = 0;
    fault->detail = ENVOI_DETAIL_NONE;
    fault->library_code = 0;
    fault->text[0] = '\0';
}

static __attribute__((format(printf, 5, 0))) void fault_put(struct envoi_errctx *fault, int code, int detail, int phase,
                                                            const char *format, va_list args)
{
    if (!fault)
        return;
    fault->code = code;
    fault->detail = detail;
    fault->phase = phase;
    fault->library_code = 0;
    (void)text_format(fault->text, sizeof fault->text, "\n", format, args);
}

int fault_set(struct envoi_errctx *fault, int code, int phase, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fault_put(fault, code, ENVOI_DETAIL_NONE, phase, format, args);
    va_end(args);
    return code;
}

int fault_misuse(struct envoi_errctx *fault, int detail, int phase, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fault_put(fault, ENVOI_E_USAGE, detail, phase, format, args);
    va_end(args);
    return ENVOI_E_USAGE;
}

int fault_detail(struct envoi_errctx *fault, int detail)
{
    fault->detail = detail;
    return fault->code;
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
    char old[FAULT_TEXT_MAX], more[FAULT_TEXT_MAX / 2];
    size_t keep;
    va_list args;

    if (!fault)
        return;
    memcpy(old, fault->text, sizeof old);
    va_start(args, format);
    (void)text_format(more, sizeof more, "\n", format, args);
    va_end(args);
    keep = strlen(old);
    if (keep + strlen(more) < sizeof old) {
        (void)text_print(fault->text, sizeof fault->text, "\n", "%s%s", old, more);
        return;
    }
    keep = text_cut_length(old, sizeof old - 1 - strlen(more) - strlen("..."));
    (void)text_print(fault->text, sizeof fault->text, "\n", "%.*s...%s", (int)keep, old, more);
}
