/* SPDX-License-Identifier: MIT */
/* The rows of commands whose line the verb has made (engine.line). */
#ifndef ENGINE_CMD_LINE_H
#define ENGINE_CMD_LINE_H

#include "engine/state.h"

extern const struct command command_line_rset, command_line_mail, command_line_rcpt;
/* A command whose line the trace does not show: it may be an answer that the server has not asked for. */
extern const struct command command_line_masked;
/* AUTH by hand; the answer to a challenge; "*". */
extern const struct command command_line_auth, command_line_response, command_line_cancel;

#endif
