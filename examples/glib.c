/* SPDX-License-Identifier: MIT */
/* Sends the message on standard input in the main loop of GLib.
 *
 *   glib SERVER FROM TO <message */
#include "mail.h"

#include <glib-unix.h>

struct loop {
    GMainLoop *main;
    GHashTable *sources; /* one for each watched descriptor */
    guint timer;
    struct mail mail;
};

static gboolean on_timer(gpointer ctx);

/* After every call: asks the library anew how long it can wait. */
static void after(struct loop *loop, int rc)
{
    int timeout = mail_timeout(&loop->mail);

    if (loop->timer)
        g_source_remove(loop->timer);
    loop->timer = 0;
    if (rc != ENVOI_E_AGAIN)
        g_main_loop_quit(loop->main);
    else if (timeout >= 0)
        loop->timer = g_timeout_add((guint)timeout, on_timer, loop);
}

static gboolean on_timer(gpointer ctx)
{
    struct loop *loop = ctx;

    loop->timer = 0;
    after(loop, mail_ready(&loop->mail, -1, 0));
    return G_SOURCE_REMOVE;
}

/* An error or a hang-up counts as readable and writable: reading or writing finds the reason. */
static gboolean on_event(gint fd, GIOCondition condition, gpointer ctx)
{
    struct loop *loop = ctx;
    unsigned events = (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR) ? ENVOI_EVENT_READ : 0) |
                      (condition & (G_IO_OUT | G_IO_HUP | G_IO_ERR) ? ENVOI_EVENT_WRITE : 0);

    after(loop, mail_ready(&loop->mail, fd, events));
    return G_SOURCE_CONTINUE; /* a source that is not watched any more was removed already */
}

static void watch(void *ctx, int fd, unsigned events)
{
    struct loop *loop = ctx;
    GIOCondition wanted = (events & ENVOI_EVENT_READ ? G_IO_IN : 0) | (events & ENVOI_EVENT_WRITE ? G_IO_OUT : 0);
    gpointer key = GINT_TO_POINTER(fd);
    guint source = GPOINTER_TO_UINT(g_hash_table_lookup(loop->sources, key));

    if (source)
        g_source_remove(source);
    g_hash_table_remove(loop->sources, key);
    if (events) {
        source = g_unix_fd_add(fd, wanted, on_event, loop);
        g_hash_table_insert(loop->sources, key, GUINT_TO_POINTER(source));
    }
}

int main(int argc, char **argv)
{
    struct loop loop = {.main = g_main_loop_new(NULL, FALSE), .sources = g_hash_table_new(NULL, NULL)};
    int status;

    if (mail_open(&loop.mail, argc, argv, watch, &loop) == ENVOI_OK && mail_begin(&loop.mail) == ENVOI_E_AGAIN) {
        after(&loop, ENVOI_E_AGAIN);
        g_main_loop_run(loop.main);
    }
    status = mail_close(&loop.mail);
    g_hash_table_unref(loop.sources);
    g_main_loop_unref(loop.main);
    return status;
}
