/* SPDX-License-Identifier: MIT */
/* The options that say when and how the message shall be delivered: --deliver-by, --hold-for, --long-lines ... */
#ifndef TOOL_DELIVERY_H
#define TOOL_DELIVERY_H

#include "fault.h"
#include "options.h"

/* Sets what the options say of the message. Returns 0, or an exit code with *fault filled. */
int delivery_set(struct envoi_message *message, const struct options *options, struct fault *fault);
/* The same for the recipient with this index. */
int delivery_set_recipient(struct envoi_message *message, size_t index, const struct options *options,
                           struct fault *fault);

#endif
