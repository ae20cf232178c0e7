/* SPDX-License-Identifier: MIT */
/**
 * @file
 * The one header that a program includes. It has all that a program needs to submit mail.
 *
 * @mainpage envoi: the reference
 *
 * A program includes `<envoi/envoi.h>`, which includes the headers of the objects, and links `-lenvoi`.
 *
 * | header         | object        | purpose                                                                 |
 * | -------------- | ------------- | ----------------------------------------------------------------------- |
 * | library.h      | envoi_library | shared by sessions: plugins, trust settings, choice of the TLS backend  |
 * | session.h      | envoi_session | one connection to one server: settings, verbs, information              |
 * | message.h      | envoi_message | envelope, content and, after a send, a verdict for each recipient       |
 * | message_file.h | envoi_message | its content from a FILE; no other header needs `<stdio.h>`              |
 * | pool.h         | envoi_pool    | many messages over as many connections as pay off                       |
 * | lookup.h       | envoi_lookup  | the servers that a mail domain names in DNS                             |
 * | reply.h        | envoi_reply   | the server's answer to one command                                      |
 * | error.h        | envoi_error   | the one list of results                                                 |
 * | plugin.h       | envoi_plugin  | the ABI of plugins; a program needs it for ENVOI_CRED_* and ENVOI_LOG_* |
 *
 * **The objects.** An arrow points to the object that must live longer.
 * @code{.unparsed}
 *    envoi_reply -----> envoi_session -----> envoi_library <----- envoi_pool
 *    (borrowed)         (one connection)                          (copies the settings of a session)
 *
 *    envoi_message      belongs to a session during a send, to a pool from submit to done, otherwise to the program
 * @endcode
 *
 * **The way of a call.** A verb does the same in both faces. In the non-blocking one the program's loop waits for it.
 * @code{.unparsed}
 *    blocking       verb() ------------------------------------------> result
 *
 *    non-blocking   verb() -> AGAIN -> the loop waits -> process() ---> result
 *                                      ^ for descriptors    |
 *                                      | or the deadline    |
 *                                      '------- AGAIN <-----'
 *
 *    envoi_session_send()  EHLO, STARTTLS, EHLO, AUTH: as needed and as the settings say
 *                          MAIL, RCPT ..., DATA or BDAT, content: pipelined if the server announces it
 *                          replies: a verdict for each recipient
 * @endcode
 *
 * **Threads.**
 *
 * | object                 | rule                                                                                    |
 * | ---------------------- | --------------------------------------------------------------------------------------- |
 * | library                | any number of threads at once, through their sessions; setters before the first session |
 * | session, pool, message | one thread at a time for each; different objects in different threads                   |
 * | callbacks              | in the thread that made the call; the log function and the allocator in any             |
 * | worker threads         | only for logins that envoi_session_allow_blocking_mechanisms() permits                  |
 *
 * **Results.** Every fallible function returns `int`: ENVOI_OK or a negative ENVOI_E_* constant. A value that is
 * returned through a parameter is set only if the result is ENVOI_OK, unless the function says otherwise. Every
 * function takes NULL for its object. A setter that fails is remembered, and the next verb fails with its error, so a
 * program may check there.
 *
 * **Texts** end with NUL. Texts given to envoi are copied, texts that it returns are borrowed: each function says how
 * long they live.
 *
 * @since 0.1
 */
#ifndef ENVOI_ENVOI_H
#define ENVOI_ENVOI_H

#include <envoi/error.h>
#include <envoi/library.h>
#include <envoi/lookup.h>
#include <envoi/message.h>
#include <envoi/message_file.h>
#include <envoi/pool.h>
#include <envoi/reply.h>
#include <envoi/session.h>

#endif
