/* SPDX-License-Identifier: MIT */
/* Moves octets between the engine and the socket, without waiting. */
#ifndef SESSION_IO_H
#define SESSION_IO_H

#include "session/session.h"

/* Feeds the engine with the octets that have arrived. Call it if the socket was reported readable. */
void io_receive(struct envoi_session *s);
/* Sends the output of the engine, as far as the socket takes it. */
void io_send(struct envoi_session *s);

#endif
