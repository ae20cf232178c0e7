/* SPDX-License-Identifier: MIT */
#include "account.h"
#include "accounts/addresses.h"
#include "accounts/apply.h"
#include "accounts/exit_code.h"
#include "accounts/hand_over.h"
#include "commands.h"
#include "connection.h"
#include "content.h"
#include "delivery.h"
#include "fault.h"
#include "login.h"
#include "make.h"
#include "outcome.h"
#include "report.h"
#include <envoi/envoi.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_OCTETS 998

struct send {
    const struct options *options;
    struct envoi_library *library;
    struct envoi_session *session;
    struct envoi_message *message;
    struct address_set *seen; /* the recipients of the message */
    struct content content;
    struct login login;
    struct used used;
    const char *from; /* the sender */
    char server[APPLY_SERVER_MAX];
    int tried; /* 1: transmit() was called */
    int error; /* the result of the send */
    struct fault fault;
};

/* Checks for required options, and for options that need or exclude another. With an account some are there already. */
static int send_check_usage(const struct send *send)
{
    const struct options *o = send->options;
    const struct {
        int wrong;
        const char *text;
    } checks[] = {
        {!values_find(&send->used.values, KEY_HOST),
         "--host is missing: where to? No account says it (accounts.conf(5))"},
        {!send->from, "--from is missing: who sends? ('<>' is the null sender)"},
        {send->from && !*send->from, "--from is empty; is a variable not set? ('<>' is the null sender)"},
        {!o->to.count && !o->read_recipients, "--to is missing: who is it for?"},
        {o->keep_bcc && o->drop_bcc, "--keep-bcc and --drop-bcc exclude one another"},
        {o->keep_bcc && o->read_recipients,
         "--keep-bcc and --read-recipients (-t) exclude one another: -t removes Bcc"},
        {o->keep_bcc && o->add_missing, "--keep-bcc and --add-missing exclude one another: the latter removes Bcc"},
        {make_is_wanted(o) && o->read_recipients,
         "--subject, --body and --attach make a message; -t reads one that is there"},
        {make_is_wanted(o) && send->from && !strcmp(send->from, "<>"),
         "--subject, --body and --attach need an author: --from"},
        {o->body && o->operand_count, "--body and a file with the text exclude one another"},
        {o->quiet && o->json, "--quiet and --json exclude one another"},
        {o->operand_count > 1, "there is more than one message; one is sent at a time"},
    };

    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if (checks[i].wrong) {
            complain("%s; see 'envoi send --help'", checks[i].text);
            return EXIT_USAGE;
        }
    return 0;
}

/* Adds a recipient; one who is named twice gets the message once. */
static int send_add_recipient(void *ctx, const char *address, struct fault *fault)
{
    struct send *send = ctx;
    int added = address_set_add(&send->seen, address);
    int error = ENVOI_E_MEMORY;

    if (!added)
        return 0;
    if (added > 0)
        error =
            envoi_message_add_recipient_with(send->message, address, values_text(&send->used.values, KEY_RCPT_OPTIONS));
    if (!error)
        return delivery_set_recipient(send->message, envoi_message_recipients(send->message) - 1, send->options, fault);
    return fault_from_message(fault, error == ENVOI_E_ADDRESS ? "recipient" : "--rcpt-options", send->message, error);
}

static int send_add_recipients(struct send *send)
{
    const struct list *to = &send->options->to;
    int rc = 0;

    for (size_t i = 0; !rc && i < to->count; i++) {
        const char *list = to->items[i];

        rc = list[strspn(list, " ,")]
                 ? addresses_read("--to", list, strlen(list), send_add_recipient, send, &send->fault)
                 : fault_set(&send->fault, EXIT_USAGE, ENVOI_E_USAGE, "--to is empty; is a variable not set?");
    }
    return rc;
}

static int open_content(struct send *send)
{
    const struct options *o = send->options;
    int fd, rc;

    if (!make_is_wanted(o))
        return content_open(&send->content, o->operand_count ? o->operands[0] : NULL, &send->fault);
    rc = make_message(o, send->from, &fd, &send->fault);
    content_open_file(&send->content, fd);
    return rc;
}

static int prepare_message(struct send *send)
{
    const struct options *o = send->options;
    const struct values *values = &send->used.values;
    const char *mail_options = values_text(values, KEY_MAIL_OPTIONS);
    int error = envoi_message_new(NULL, &send->message);
    int rc;

    if (error)
        return fault_set(&send->fault, EXIT_LOCAL, error, "%s", envoi_error_text(error));
    /* The sender is set afterwards, because then the message knows why it cannot be. */
    if ((error = envoi_message_reset(send->message, send->from)))
        return fault_from_message(&send->fault, "--from", send->message, error);
    if (mail_options && (error = envoi_message_set_options(send->message, mail_options)))
        return fault_from_message(&send->fault, "--mail-options", send->message, error);
    envoi_message_set_drop_options(send->message, vocabulary_flag(values_text(values, KEY_DROP_OPTIONS)));
    envoi_message_set_require_all(send->message, vocabulary_flag(values_text(values, KEY_REQUIRE_ALL)));
    rc = delivery_set(send->message, o, &send->fault);
    if (!rc)
        rc = send_add_recipients(send);
    if (!rc)
        rc = open_content(send);
    if (!rc)
        rc = content_read_header(&send->content, o, strcmp(send->from, "<>") ? send->from : "", send_add_recipient,
                                 send, &send->fault);
    if (rc)
        return rc;
    if (!envoi_message_recipients(send->message))
        return fault_set(&send->fault, EXIT_DATA, ENVOI_E_CONTENT,
                         "the message names no recipient in To, Cc or Bcc; --to names one");
    error = content_attach(&send->content, send->message);
    return error ? fault_from_setter(&send->fault, "message", "", error) : 0;
}

/* Does all that can fail before the first octet is sent. The password is not asked for here: whether it is needed
 * depends on the mechanisms that the server announces. */
static int prepare(struct send *send)
{
    const struct values *values = &send->used.values;
    int rc = apply_server(values, values_text(values, KEY_HOST), send->server, &send->fault);

    if (!rc)
        rc = connection_library(send->options, values, 1, &send->library, &send->fault);
    if (!rc)
        rc = connection_session(send->options, values, send->library, 1, &send->session, &send->fault);
    if (!rc)
        rc = prepare_message(send);
    return rc ? rc : login_set(&send->login, values, send->server, send->session, &send->fault);
}

/* Was nothing sent, because the message has 8-bit octets, and may it be encoded in another way? */
static int is_8bit_refused(const struct send *send, int error)
{
    return send->options->downgrade && error == ENVOI_E_NOT_SUPPORTED &&
           envoi_session_error_phase(send->session) == ENVOI_PHASE_MAIL &&
           !envoi_session_has_extension(send->session, "8BITMIME");
}

static int transmit(struct send *send)
{
    struct tally tally;
    int error, exit;

    send->tried = 1;
    if ((exit = connection_connect(&send->used.values, send->session, send->server, &send->fault)))
        return exit;
    progress_begin(&send->content.progress, send->content.size, !send->options->trace);
    error = envoi_session_send(send->session, send->message);
    if (is_8bit_refused(send, error)) {
        if ((exit = content_downgrade(&send->content, &send->fault)))
            return exit;
        if (send->options->trace)
            complain("the server does not announce 8BITMIME: the 8-bit parts of the message are encoded anew");
        error = content_attach(&send->content, send->message);
        if (!error)
            error = envoi_session_send(send->session, send->message);
    }
    progress_end(&send->content.progress);
    send->error = error;
    if (error && send->login.fault.exit) {
        send->fault = send->login.fault;
        return send->fault.exit;
    }
    if (error) {
        fault_from_session(&send->fault, send->session, error);
        outcome_complete_fault(send->message, &send->fault);
    }
    if (error && apply_blame_file(&send->used.values, &send->fault) == EXIT_CONFIG)
        return EXIT_CONFIG;
    outcome_tally(send->message, &tally);
    /* The error quotes one reply only. */
    if (error && tally.deferred && tally.refused)
        outcome_summary(send->message, send->fault.text, sizeof send->fault.text);
    exit = exit_code_of_send(error, send->fault.phase, send->fault.code, &tally);
    send->fault.exit = error ? exit : 0;
    if (!error && exit == EXIT_UNKNOWN)
        fault_set(&send->fault, exit, ENVOI_E_UNKNOWN, "%s", envoi_error_text(ENVOI_E_UNKNOWN));
    return exit;
}

/* A line that is longer than RFC 5322 allows is worth a word if it was asked for. */
static void warn_of_long_lines(const struct send *send)
{
    uint64_t longest = envoi_message_longest_line(send->message);

    if (!send->error && longest > LINE_MAX_OCTETS)
        complain(
            "warning: the message has a line of %llu octets, and RFC 5322 allows %d: some servers cut or refuse it",
            (unsigned long long)longest, LINE_MAX_OCTETS);
}

static void send_print(const struct send *send, int exit)
{
    json_t *report = report_new(exit, &send->fault, send->message, send->session);
    char summary[sizeof send->fault.text];

    if (send->options->json) {
        report_dump(report, stdout);
        report = NULL;
    } else if (!report || (send->tried && !(send->options->quiet && !exit) && report_print_table(report, stdout) < 0)) {
        complain("out of memory while printing the verdicts");
    }
    json_decref(report);
    fflush(stdout);
    fault_print(&send->fault, send->tried ? send->server : NULL);
    if (exit == EXIT_PARTIAL && !send->fault.exit) {
        outcome_summary(send->message, summary, sizeof summary);
        complain("%s: %s", send->server, summary);
    }
}

/* Takes the account, and checks that all is there. Prints a fault of the command line; others are left in send->fault.
 * */
static int begin(struct send *send)
{
    int rc = account_use(send->options, NULL, &send->used, &send->fault);

    if (rc)
        return rc;
    send->from = accounts_sender(&send->used.values);
    rc = send_check_usage(send);
    if (!rc && send->used.choice.account)
        rc = hand_over(send->used.choice.account, HAND_OVER_SOCKET, &send->used.values, &send->fault);
    if (!rc)
        rc = apply_check(&send->used.values, &send->fault);
    if (!rc)
        rc = account_check_secret(&send->used, &send->fault);
    if (rc == EXIT_USAGE && send->fault.exit)
        complain("%s; see 'envoi send --help'", send->fault.text);
    return rc;
}

int send_command(const struct options *options)
{
    struct send send = {.options = options, .content.fd = -1};
    int exit = begin(&send);

    if (!exit)
        exit = prepare(&send);
    else if (exit == EXIT_USAGE)
        goto end;
    if (!exit)
        exit = transmit(&send);
    /* Printed before QUIT, as its reply does not change the verdicts. */
    send_print(&send, exit);
    warn_of_long_lines(&send);
    login_end(&send.login, send.session, send.error);
    if (envoi_session_connected(send.session))
        envoi_session_quit(send.session);
end:
    envoi_session_free(send.session);
    envoi_message_free(send.message);
    address_set_free(send.seen);
    envoi_library_free(send.library);
    content_close(&send.content);
    account_free(&send.used);
    return exit;
}
