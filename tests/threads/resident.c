/* SPDX-License-Identifier: MIT */
/* A module that leaves behind what TLS libraries leave behind: a destructor of thread-local data and an exit handler,
 * both in its own code. Whoever unloads it, crashes. It counts its lives and tells the log. */
#include <envoi/plugin.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define PASTE_(a, b) a##b
#define PASTE(a, b)  PASTE_(a, b)
#define TEXT_(a)     #a
#define TEXT(a)      TEXT_(a)

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static atomic_int inits, finis;

struct state {
    const struct envoi_host *host;
    atomic_int exchanges; /* that are going on */
};

static void at_thread_exit(void *data)
{
    free(data);
}

static void at_exit(void)
{
    (void)atomic_load(&inits);
}

static void leave_behind(void)
{
    if (pthread_key_create(&key, at_thread_exit) || atexit(at_exit))
        abort();
}

static void report(const struct envoi_host *host, const char *what, int count)
{
    char text[64];

    snprintf(text, sizeof text, "%s %d", what, count);
    host->log(host, ENVOI_LOG_INFO, text);
}

static int32_t init(const struct envoi_host *host, void **out)
{
    struct state *self;

    report(host, "init", atomic_fetch_add(&inits, 1) + 1);
    if (BROKEN) {
        host->set_error(host, NULL, ENVOI_E_SYSTEM, 0, "it does not work here");
        return ENVOI_E_SYSTEM;
    }
    (void)pthread_once(&once, leave_behind);
    if (!(self = host->alloc(sizeof *self)))
        return ENVOI_E_MEMORY;
    self->host = host;
    atomic_init(&self->exchanges, 0);
    *out = self;
    return ENVOI_OK;
}

static void fini(void *state)
{
    struct state *self = state;

    if (self->exchanges != 0)
        abort(); /* it is in use */
    report(self->host, "fini", atomic_fetch_add(&finis, 1) + 1);
    self->host->free(self);
}

static int32_t mech_at(void *state, size_t index, struct envoi_mech_info *out)
{
    (void)state;
    if (index > 0)
        return ENVOI_E_END;
    out->flags = ENVOI_MECH_CLIENT_FIRST;
    out->needs = 0;
    out->name = "X-RESIDENT";
    return ENVOI_OK;
}

static int32_t mech_new(void *state, const char *mech, const struct envoi_mech_params *params, void **ctx)
{
    (void)mech, (void)params;
    if (!pthread_getspecific(key))
        (void)pthread_setspecific(key, calloc(1, 64));
    (void)atomic_fetch_add(&((struct state *)state)->exchanges, 1);
    *ctx = state;
    return ENVOI_OK;
}

static int32_t step(void *ctx, const void *in, size_t len, const struct envoi_sink *out, uint32_t *result,
                    uint32_t *want)
{
    (void)ctx, (void)in, (void)len;
    *result = ENVOI_STEP_DONE;
    *want = 0;
    return out->write(out->ctx, "resident", 8);
}

static void mech_free(void *ctx)
{
    if (ctx)
        (void)atomic_fetch_sub(&((struct state *)ctx)->exchanges, 1);
}

static const struct envoi_mechanism mechanism = {
    .struct_size = sizeof mechanism,
    .name = "resident",
    .mech_at = mech_at,
    .mech_new = mech_new,
    .step = step,
    .mech_free = mech_free,
};

static const struct envoi_mechanism *const mechanisms[] = {&mechanism, NULL};

static const struct envoi_plugin plugin = {
    .struct_size = sizeof plugin,
    .magic = ENVOI_PLUGIN_MAGIC,
    .abi_major = ENVOI_ABI_MAJOR,
    .abi_minor = ENVOI_ABI_MINOR,
    .id = TEXT(ID),
    .version = "1",
    .license = "MIT",
    .init = init,
    .fini = fini,
    .mechanisms = mechanisms,
};

ENVOI_PLUGIN_EXPORT envoi_plugin_entry PASTE(envoi_plugin_, ID);

const struct envoi_plugin *PASTE(envoi_plugin_, ID)(void)
{
    return &plugin;
}
