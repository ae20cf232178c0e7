/* SPDX-License-Identifier: MIT */
#include "rig.h"

#include <criterion/criterion.h>
#include <string.h>

struct envoi_library *library;
struct envoi_session *session;
struct server *server;

void rig_open(const char *const *script)
{
    server = server_start(script);
    cr_assert_eq(envoi_library_new(&library), ENVOI_OK);
}

void rig_session(int tls)
{
    cr_assert_eq(envoi_session_new(library, &session), ENVOI_OK);
    cr_assert_eq(envoi_session_set_tls(session, tls), ENVOI_OK);
}

void rig_begin(const char *const *script)
{
    rig_open(script);
    rig_session(ENVOI_TLS_OFF);
}

int rig_connect(void)
{
    return envoi_session_connect(session, server_where(server));
}

const char *rig_end(void)
{
    envoi_session_free(session);
    envoi_library_free(library);
    return server_stop(server);
}

void rig_finish(void)
{
    const char *wrong = rig_end();

    cr_expect_null(wrong, "%s", wrong ? wrong : "");
}

struct envoi_message *rig_message(const char *content)
{
    struct envoi_message *m;

    cr_assert_eq(envoi_message_new("me@example.org", &m), ENVOI_OK);
    cr_assert_eq(envoi_message_add_recipient(m, "you@example.net"), ENVOI_OK);
    cr_assert_eq(envoi_message_set_data(m, content, strlen(content)), ENVOI_OK);
    return m;
}
