/* SPDX-License-Identifier: MIT */
/* What a program hangs on an object. */
#include "error.h"
#include "objects.h"

#include <stdlib.h>
#include <string.h>

int set_text(char **text, const char *value)
{
    char *copy = value ? strdup(value) : NULL;

    if (value && !copy)
        return 0;
    free(*text);
    *text = copy;
    return 1;
}

void app_free(struct app_data *app)
{
    if (app->data && app->release)
        app->release(app->data);
    *app = (struct app_data){0};
}

static void app_set(struct app_data *app, void *data, void (*release)(void *))
{
    app_free(app);
    app->data = data;
    app->release = release;
}

static void *app_swap(struct app_data *app, void *data)
{
    void *old = app->data;

    app->data = data;
    app->release = NULL;
    return old;
}

/* The three functions of an object. */
#define APP_FUNCTIONS(prefix, handle)                                                                                  \
    void *prefix##set_application_data(handle object, void *data)                                                      \
    {                                                                                                                  \
        if (object)                                                                                                    \
            return app_swap(&object->app, data);                                                                       \
        error_set(SMTP_ERR_INVAL);                                                                                     \
        return NULL;                                                                                                   \
    }                                                                                                                  \
    void prefix##set_application_data_release(handle object, void *data, void (*release)(void *))                      \
    {                                                                                                                  \
        if (object)                                                                                                    \
            app_set(&object->app, data, release);                                                                      \
        else                                                                                                           \
            error_set(SMTP_ERR_INVAL);                                                                                 \
    }                                                                                                                  \
    void *prefix##get_application_data(handle object)                                                                  \
    {                                                                                                                  \
        if (object)                                                                                                    \
            return object->app.data;                                                                                   \
        error_set(SMTP_ERR_INVAL);                                                                                     \
        return NULL;                                                                                                   \
    }

APP_FUNCTIONS(smtp_, smtp_session_t)
APP_FUNCTIONS(smtp_message_, smtp_message_t)
APP_FUNCTIONS(smtp_recipient_, smtp_recipient_t)
APP_FUNCTIONS(smtp_etrn_, smtp_etrn_node_t)
