/* SPDX-License-Identifier: MIT */
/* What most tests of a session begin and end with: a server that follows a script, a library and a session. */
#ifndef SESSION_RIG_H
#define SESSION_RIG_H

#include "../../peers/server.h"

#include <envoi/envoi.h>

extern struct envoi_library *library;
extern struct envoi_session *session;
extern struct server *server;

/* The server and the library alone, for a test that has settings for the library; the session. */
void rig_open(const char *const *script);
void rig_session(int tls);
/* Both, without TLS. */
void rig_begin(const char *const *script);
int rig_connect(void);
/* Ends all three, and returns what server_stop() does. */
const char *rig_end(void);
/* The same; the script was followed to its end. */
void rig_finish(void);
/* From me@example.org to you@example.net. The content lives as long as the message. */
struct envoi_message *rig_message(const char *content);

#endif
