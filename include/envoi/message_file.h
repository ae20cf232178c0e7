/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Content from a C stream. It stands apart from message.h because of FILE: the headers of the objects need nothing but
 * `<stddef.h>` and `<stdint.h>`, so that generators of bindings can read them.
 *
 * @since 0.1
 */
#ifndef ENVOI_MESSAGE_FILE_H
#define ENVOI_MESSAGE_FILE_H

#include <envoi/message.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Takes the content from a C stream, from its position to its end. Reading may block, as it does with regular files
 * and pipes. If the descriptor is O_NONBLOCK and has no octets yet, the source says ENVOI_E_AGAIN as a callback does.
 * Messages that are sent together (envoi_session_send_all(), a pool) cannot share a stream or a descriptor, because one
 * is prepared while another is read. Errors and threads are those of message.h.
 * @param message  the message
 * @param file     borrowed like memory; not closed
 * @retval ENVOI_E_USAGE   file is NULL
 * @retval ENVOI_E_MEMORY
 * @since 0.1 */
int envoi_message_set_file(struct envoi_message *message, FILE *file);

#ifdef __cplusplus
}
#endif

#endif
