/* SPDX-License-Identifier: MIT */
/**
 * @file
 * All that a program needs to submit mail. See the headers of the objects:
 * library.h (what sessions share), session.h (one connection), message.h (one message), pool.h (many of both), reply.h,
 * error.h.
 *
 * @mainpage envoi: the reference
 *
 * A program includes `<envoi/envoi.h>`, which includes the rest, and links `-lenvoi`.
 *
 * | header | object | what it is |
 * |---|---|---|
 * | library.h | envoi_library | what sessions share: plugins, trust, the choice of the TLS backend |
 * | session.h | envoi_session | one connection to one server |
 * | message.h | envoi_message | envelope, content and, after a send, a verdict for each recipient |
 * | pool.h | envoi_pool | many messages, over as many connections as are worth it |
 * | reply.h | envoi_reply | what the server answered to one command |
 * | error.h | envoi_error | the one list of results |
 * | plugin.h | envoi_plugin | the ABI of plugins; programs need it for ENVOI_CRED_*, ENVOI_LOG_* and their own plugins |
 *
 * Every fallible function returns `int`: ENVOI_OK or a negative ENVOI_E_* constant. What a function returns through a
 * parameter is set only with ENVOI_OK unless it says otherwise. Texts end with NUL and are borrowed: each function says
 * how long they live.
 */
#ifndef ENVOI_ENVOI_H
#define ENVOI_ENVOI_H

#include <envoi/error.h>
#include <envoi/library.h>
#include <envoi/message.h>
#include <envoi/pool.h>
#include <envoi/reply.h>
#include <envoi/session.h>

#endif
