/* SPDX-License-Identifier: MIT */
#include "plugin/host.h"

#include "base/mem.h"
#include "base/text.h"
#include "plugin/lock.h"

#include <envoi/library.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LINE_SIZE 1024

static _Thread_local bool on_worker;

void host_on_worker(void)
{
    on_worker = true;
}

void host_silence(struct host_log *log)
{
    lock_take(LOCK_LOG);
    log->fn = NULL;
    lock_give(LOCK_LOG);
}

static void host_tell(const struct host_log *log, uint32_t level, const char *line)
{
    if (!on_worker) {
        log->fn(log->ctx, (int)level, line);
        return;
    }
    lock_take(LOCK_LOG);
    if (log->fn)
        log->fn(log->ctx, (int)level, line);
    lock_give(LOCK_LOG);
}

void host_say(const struct host_log *log, uint32_t level, const char *format, ...)
{
    char line[LINE_SIZE];
    va_list args;

    if (!on_worker && !log->fn)
        return;
    va_start(args, format);
    (void)text_format(line, sizeof line, "", format, args);
    va_end(args);
    host_tell(log, level, line);
}

static void host_log_line(const struct envoi_host *api, uint32_t level, const char *text)
{
    const struct host *host = (const struct host *)api;

    host_say(host->log, level > ENVOI_LOG_DEBUG ? ENVOI_LOG_DEBUG : level, "%s: %s", host->id, text ? text : "");
}

static void host_set_error(const struct envoi_host *api, struct envoi_errctx *errctx, int32_t code,
                           int64_t library_code, const char *text)
{
    if (!errctx) {
        host_log_line(api, ENVOI_LOG_ERROR, text);
        return;
    }
    (void)fault_set(errctx, code, errctx->phase, "%s", text ? text : envoi_error_text(code));
    errctx->library_code = library_code;
    text_make_printable(errctx->text, strlen(errctx->text), "");
}

void host_init(struct host *host, const struct host_log *log, const char *id)
{
    *host = (struct host){
        .api =
            {
                .struct_size = sizeof host->api,
                .alloc = mem_alloc,
                .realloc = mem_realloc,
                .free = mem_free,
                .wipe = mem_wipe,
                .log = host_log_line,
                .set_error = host_set_error,
            },
        .log = log,
        .id = id,
    };
}
