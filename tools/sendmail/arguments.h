/* SPDX-License-Identifier: MIT */
/* The command line of sendmail, as its callers write it: one letter for each option, several of them in one word,
 * values glued or apart. */
#ifndef SENDMAIL_ARGUMENTS_H
#define SENDMAIL_ARGUMENTS_H

#include "accounts/fault.h"

#define SENDMAIL "envoi-sendmail"

/* What the program is to do. */
enum mode {
    MODE_SEND,
    MODE_DIALOGUE, /* -bs: SMTP on standard input and output */
    MODE_LIST,     /* -bp, mailq: the queue, which is empty */
    MODE_NOTHING,  /* -bi, newaliases, -q: there is nothing to build and nothing to flush */
    MODE_HELP,
    MODE_VERSION,
};

struct arguments {
    enum mode mode;
    const char *sender;    /* -f, -r; NULL: not given; "" and "<>": the null one */
    const char *full_name; /* -F */
    const char *account, *accounts_file;
    int ignore_dots;     /* -i, -oi */
    int read_recipients; /* -t */
    int sender_of_header;
    int trace;
    unsigned notify; /* ENVOI_NOTIFY_*; 0: not given */
    int ret;         /* ENVOI_RET_* */
    const char *envid;
    int body; /* ENVOI_BODY_* */
    char **recipients;
    int recipient_count;
    /* Of a transaction of -bs: parameters of MAIL, and of RCPT for each recipient (NULL: none); and its own sender. */
    char *mail_options, **recipient_options, *sender_copy;
};

/* Parses the command line. argv[0] counts: mailq and newaliases. The recipients are moved to the front of argv. Returns
 * 0, or EXIT_USAGE with *fault filled. */
int arguments_parse(struct arguments *arguments, int argc, char **argv, struct fault *fault);
void arguments_print_help(void);

#endif
