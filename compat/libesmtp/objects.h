/* SPDX-License-Identifier: MIT */
/* The objects behind the handles of libesmtp.h, and the small functions that all files here use.
 *
 * The files build on one another in this order, and none uses a later one:
 *
 *   text, error, status, app         memory that grows, the number of the last failure, a reply, data of the program
 *   auth                             who logs in
 *   field, field_value, source       the header that the program set; lines of its message callback
 *   content                          header and body as envoi reads them
 *   session, message, recipient, etrn    the objects: setters, getters, life
 *   conf, files, tls                 the administrator's file, the user's certificates, the policy of TLS
 *   transaction, start               one message; smtp_start_session() */
#ifndef LIBESMTP_OBJECTS_H
#define LIBESMTP_OBJECTS_H

#define LIBESMTP_ENABLE_DEPRECATED_SYMBOLS
#include "auth-client.h"
#include "field.h"
#include "libesmtp.h"

#include <envoi/envoi.h>
#include <stdbool.h>

/* What a program hangs on an object. */
struct app_data {
    void *data;
    void (*release)(void *);
};

/* Extensions that a program asks for by a setter, in the order in which their absence is reported. */
enum {
    NEEDS_DSN = 1,
    NEEDS_CHUNKING = 2,
    NEEDS_BINARYMIME = 4,
    NEEDS_8BITMIME = 8,
    NEEDS_ETRN = 16,
};

enum { TIMEOUTS = Timeout_DATA2 + 1 };

struct smtp_recipient {
    struct smtp_recipient *next;
    struct smtp_message *message;
    char *mailbox;
    struct smtp_status status;
    bool complete; /* the server has taken it over, or refused it for good */
    enum notify_flags notify;
    char *orcpt_type, *orcpt;
    struct app_data app;
};

struct smtp_message {
    struct smtp_message *next;
    struct smtp_session *session;
    char *reverse_path; /* NULL: the null one */
    struct smtp_recipient *recipients, *last_recipient;
    struct smtp_status reverse_path_status, transfer_status;
    struct fields fields;
    smtp_messagecb_t content;
    void *content_arg;
    enum ret_flags ret;
    char *envid;
    enum e8bitmime_body body;
    unsigned long size_estimate;
    long by_time;
    enum by_mode by_mode;
    bool by_trace;
    struct app_data app;
};

struct smtp_etrn_node {
    struct smtp_etrn_node *next;
    struct smtp_session *session;
    int option;
    char *domain;
    struct smtp_status status;
    struct app_data app;
};

struct smtp_session {
    char *host, *port; /* NULL: not set; 587 */
    char *hostname;    /* after EHLO; NULL: the machine's */
    struct smtp_message *messages, *last_message;
    struct smtp_etrn_node *etrn_nodes, *last_etrn_node;
    unsigned needs; /* NEEDS_* */
    bool require_all;
    bool tls_said; /* smtp_starttls_enable() was called */
    enum starttls_option tls;
    auth_context_t auth;
    long timeouts[TIMEOUTS]; /* milliseconds; 0: not set */
    smtp_eventcb_t event;
    void *event_arg;
    smtp_monitorcb_t monitor;
    void *monitor_arg;
    bool monitor_headers;
    struct app_data app;
    /* of smtp_start_session(); made once, so that tickets and the memory of a refused password are kept */
    struct envoi_library *library;
    struct envoi_session *envoi;
    bool connected; /* as far as the program was told */
    bool give_up;   /* an event said that the session ends */
};

/* Reports an event with its arguments; NULL if it has none, which does no harm. */
#define EVENT(s, number, ...)                                                                                          \
    do {                                                                                                               \
        if ((s)->event)                                                                                                \
            (s)->event((s), (number), (s)->event_arg, __VA_ARGS__);                                                    \
    } while (0)

/* Puts an item behind all others. */
#define APPEND(first, last, item)                                                                                      \
    do {                                                                                                               \
        if (last)                                                                                                      \
            (last)->next = (item);                                                                                     \
        else                                                                                                           \
            (first) = (item);                                                                                          \
        (last) = (item);                                                                                               \
    } while (0)

/* Sets *text to a copy, NULL for NULL. 1; 0: no memory, and *text is as before. */
int set_text(char **text, const char *value);

/* Releases what the program hung on an object. */
void app_free(struct app_data *app);

void message_free(struct smtp_message *message);
void etrn_node_free(struct smtp_etrn_node *node);

#endif
