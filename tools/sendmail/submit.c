/* SPDX-License-Identifier: MIT */
#include "sendmail/submit.h"

#include "accounts/accounts.h"
#include "accounts/apply.h"
#include "accounts/exit_code.h"
#include "accounts/hand_over.h"
#include "connection.h"
#include "fault.h"
#include "login.h"
#include "options.h"
#include "outcome.h"
#include "portable/environment.h"
#include "sendmail/mail.h"
#include "sendmail/queue.h"
#include "sendmail/recipients.h"

#include <envoi/envoi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SENDER_MAX 1024

struct submit {
    const struct arguments *arguments;
    struct options options; /* what connection.h asks for */
    struct accounts *accounts;
    struct choice choice;
    struct values values;
    struct identity identity;
    struct mail mail;
    struct envoi_library *library;
    struct envoi_session *session;
    struct envoi_message *message;
    struct recipients recipients;
    struct login login;
    char *header_sender;     /* the first address of From; NULL: not asked for, or there is none */
    char sender[SENDER_MAX]; /* "": the null one */
    char author[SENDER_MAX]; /* the address in a From that is added */
    char server[APPLY_SERVER_MAX];
    char id[QUEUE_ID]; /* of the job that the mail became; "": none */
    int is_queued;     /* it becomes a job */
    int is_complete;   /* 1: the message has all its recipients */
    int tried;
    int error; /* the result of the send */
    struct fault fault;
};

/* ---- the account and the sender ---- */

/* Can its server be used, or the queue? */
static int submit_check_account(struct submit *s)
{
    int rc;

    s->is_queued = queue_is_wanted(&s->values);
    if (s->is_queued)
        return queue_check(&s->values, &s->fault);
    rc = hand_over(s->choice.account, HAND_OVER_SOCKET, &s->values, &s->fault);
    if (!rc)
        rc = apply_check(&s->values, &s->fault);
    if (!rc && !values_find(&s->values, KEY_HOST))
        rc = fault_set(&s->fault, EXIT_CONFIG, ENVOI_E_USAGE, "%s: the account [%s] has no host",
                       s->choice.account->place, s->choice.account->name);
    return rc;
}

static int submit_choose(struct submit *s)
{
    const struct arguments *a = s->arguments;
    const char *sender = a->sender ? a->sender : s->header_sender;
    int rc = accounts_open(a->accounts_file, &s->accounts, &s->fault);

    if (!rc)
        rc = accounts_choose(s->accounts, a->account, a->sender || a->sender_of_header ? sender : NULL, &s->choice,
                             &s->fault);
    if (!rc && !s->choice.account)
        rc = fault_set(&s->fault, EXIT_CONFIG, ENVOI_E_USAGE,
                       "there is no account that says where to send: neither %s nor a file of this user "
                       "(accounts.conf(5)); 'envoi configure' makes one",
                       accounts_system_file());
    if (!rc)
        rc = accounts_values(s->accounts, s->choice.account, &s->values, &s->fault);
    return rc ? rc : submit_check_account(s);
}

/* Does `from` of the account say that the sender is that of the header? */
static int submit_wants_header(const struct submit *s)
{
    for (const struct value *v = values_find(&s->values, KEY_FROM); v; v = values_next(&s->values, v))
        if (!strcmp(v->text, ACCOUNTS_FROM_HEADER))
            return 1;
    return s->arguments->sender_of_header;
}

static const char *submit_domain(const struct submit *s)
{
    const char *domain = values_text(&s->values, KEY_DOMAIN);

    return domain ? domain : identity_domain(&s->identity);
}

static int submit_take_sender(void *ctx, const char *address, struct fault *fault)
{
    struct submit *s = ctx;
    char shown[TEXT_QUOTED];

    if (*s->sender || strlen(address) >= SENDER_MAX)
        return fault_set(fault, EXIT_DATA, ENVOI_E_ADDRESS, "the sender %s: it is not one address",
                         text_quote(address, shown));
    (void)snprintf(s->sender, sizeof s->sender, "%s%s%s", address, strchr(address, '@') ? "" : "@",
                   strchr(address, '@') ? "" : submit_domain(s));
    return 0;
}

/* The sender: that of -f, else of the header if the account wants it, else of the account, else of $EMAIL, else this
 * user. It is never refused for want of one. */
static const char *submit_find_sender(const struct submit *s)
{
    const struct value *override = values_find(&s->values, KEY_SENDER_OVERRIDE);
    const char *sender = !override || vocabulary_flag(override->text) ? s->arguments->sender : NULL;

    if (!sender && submit_wants_header(s))
        sender = s->header_sender;
    if (!sender)
        sender = accounts_sender(&s->values);
    if (!sender && (sender = environment_get("EMAIL")) && !*sender)
        sender = NULL;
    return sender;
}

static int submit_set_sender(struct submit *s)
{
    const char *sender = submit_find_sender(s);
    char user[IDENTITY_NAME];

    /* Of nothing, or of <>, no address is told: the null sender. */
    if (sender && sender[strspn(sender, " <>")] &&
        addresses_read("the sender", sender, strlen(sender), submit_take_sender, s, &s->fault))
        return s->fault.exit;
    if (*s->sender) {
        (void)snprintf(s->author, sizeof s->author, "%s", s->sender);
        return 0;
    }
    identity_user(user);
    (void)snprintf(s->author, sizeof s->author, "%s@%s", user, submit_domain(s));
    if (!sender)
        (void)snprintf(s->sender, sizeof s->sender, "%s", s->author);
    return 0;
}

/* ---- the message ---- */

static int submit_set_options(struct submit *s)
{
    const struct arguments *a = s->arguments;
    const char *options = a->mail_options ? a->mail_options : values_text(&s->values, KEY_MAIL_OPTIONS);
    int error;

    if (options && (error = envoi_message_set_options(s->message, options)))
        return fault_from_message(&s->fault, "mail-options", s->message, error);
    if ((a->ret || a->envid) && (error = envoi_message_set_dsn(s->message, a->ret, a->envid)))
        return fault_from_message(&s->fault, "-V", s->message, error);
    /* A report that cannot be had must not keep the mail from being sent. */
    envoi_message_set_drop_options(s->message, 1);
    envoi_message_set_require_all(s->message, vocabulary_flag(values_text(&s->values, KEY_REQUIRE_ALL)));
    envoi_message_set_body(s->message, a->body);
    return 0;
}

static int submit_add_recipients(struct submit *s)
{
    const struct arguments *a = s->arguments;
    int rc = 0;

    s->recipients = (struct recipients){.message = s->message, .values = &s->values, .identity = &s->identity};
    for (int i = 0; !rc && i < a->recipient_count; i++) {
        s->recipients.options = a->recipient_options ? a->recipient_options[i] : NULL;
        rc = addresses_read("recipient", a->recipients[i], strlen(a->recipients[i]), recipients_add, &s->recipients,
                            &s->fault);
    }
    if (!rc && a->read_recipients)
        rc = edit_recipients(s->mail.head, s->mail.header, recipients_add, &s->recipients, &s->fault);
    for (size_t i = 0; !rc && a->notify && i < envoi_message_recipients(s->message); i++) {
        int error = envoi_message_set_recipient_dsn(s->message, i, a->notify, NULL);

        rc = error ? fault_from_message(&s->fault, "-N", s->message, error) : 0;
    }
    if (!rc && !envoi_message_recipients(s->message))
        rc = a->read_recipients ? fault_set(&s->fault, EXIT_DATA, ENVOI_E_ADDRESS,
                                            "the mail names no recipient in To, Cc or Bcc; nothing was sent")
                                : fault_set(&s->fault, EXIT_USAGE, ENVOI_E_USAGE,
                                            "no recipient was given; nothing was sent. -t takes those of the header");
    return rc;
}

static enum from_rule submit_from_rule(const struct submit *s)
{
    static const char *const words[] = {[FROM_AUTO] = "auto", [FROM_ALWAYS] = "always", [FROM_NEVER] = "never"};
    const char *word = values_text(&s->values, KEY_FROM_HEADER);
    enum from_rule rule = FROM_NEVER;

    while (rule != FROM_AUTO && word && strcmp(word, words[rule]) != 0)
        rule--;
    return word ? rule : FROM_AUTO;
}

static int submit_edit(struct submit *s)
{
    const struct value *rewrite = values_find(&s->values, KEY_REWRITE);
    const char *at = strrchr(s->author, '@');
    struct edit edit = {.rule = submit_from_rule(s), .from = s->author, .name = s->arguments->full_name};

    edit.domain = !rewrite || vocabulary_flag(rewrite->text) ? submit_domain(s) : NULL;
    edit.id_domain = at ? at + 1 : submit_domain(s);
    return mail_edit(&s->mail, &edit, &s->fault);
}

static int submit_make_message(struct submit *s)
{
    int error = envoi_message_new(NULL, &s->message);
    int rc;

    if (error)
        return fault_set(&s->fault, EXIT_LOCAL, error, "%s", envoi_error_text(error));
    /* The sender is set afterwards, because then the message knows why it cannot be. */
    if ((error = envoi_message_reset(s->message, s->sender)))
        return fault_from_message(&s->fault, "the sender", s->message, error);
    rc = submit_set_options(s);
    if (!rc)
        rc = submit_add_recipients(s);
    s->is_complete = !rc;
    if (!rc)
        rc = submit_edit(s);
    return rc ? rc : mail_attach(&s->mail, s->message, &s->fault);
}

/* ---- sending ---- */

/* Does all that can fail before a server is asked. */
static int submit_prepare(struct submit *s, struct source *source)
{
    int rc = mail_read(&s->mail, source, &s->fault);

    if (!rc)
        rc = edit_sender(s->mail.head, s->mail.header, &s->header_sender, &s->fault);
    if (!rc)
        rc = submit_choose(s);
    if (!rc)
        rc = submit_set_sender(s);
    if (!rc)
        rc = submit_make_message(s);
    if (rc || s->is_queued)
        return rc;
    rc = apply_server(&s->values, values_text(&s->values, KEY_HOST), s->server, &s->fault);
    if (!rc)
        rc = connection_library(&s->options, &s->values, 1, &s->library, &s->fault);
    if (!rc)
        rc = connection_session(&s->options, &s->values, s->library, 1, &s->session, &s->fault);
    return rc ? rc : login_set(&s->login, &s->values, s->server, s->session, &s->fault);
}

static int submit_queue(struct submit *s)
{
    const struct queued_mail queued = {
        .arguments = s->arguments,
        .values = &s->values,
        .account = s->choice.account->name,
        .place = s->choice.account->place,
        .sender = s->sender,
        .recipients = &s->recipients,
        .mail = &s->mail,
    };

    /* The verdicts are the worker's. */
    s->is_complete = 0;
    return queue_submit(&queued, s->id, &s->fault);
}

static int submit_transmit(struct submit *s)
{
    struct tally tally;
    int exit;

    s->tried = 1;
    if ((exit = connection_connect(&s->values, s->session, s->server, &s->fault)))
        return exit;
    s->error = envoi_session_send(s->session, s->message);
    if (s->error && s->login.fault.exit) {
        s->fault = s->login.fault;
        return s->fault.exit;
    }
    if (s->error) {
        fault_from_session(&s->fault, s->session, s->error);
        outcome_complete_fault(s->message, &s->fault);
        if (apply_blame_file(&s->values, &s->fault) == EXIT_CONFIG)
            return EXIT_CONFIG;
    }
    outcome_tally(s->message, &tally);
    exit = exit_code_of_send(s->error, s->fault.phase, s->fault.code, &tally);
    if (!s->error && exit == EXIT_UNKNOWN)
        fault_set(&s->fault, exit, ENVOI_E_UNKNOWN, "%s", envoi_error_text(ENVOI_E_UNKNOWN));
    s->fault.exit = s->error || exit == EXIT_UNKNOWN ? exit : 0;
    return exit;
}

static void submit_free(struct submit *s)
{
    envoi_session_free(s->session);
    envoi_message_free(s->message);
    recipients_free(&s->recipients);
    envoi_library_free(s->library);
    mail_free(&s->mail);
    values_free(&s->values);
    accounts_free(s->accounts);
    free(s->header_sender);
}

int submit_mail(const struct arguments *arguments, struct source *source, submit_fn *tell, void *ctx)
{
    struct submit s = {.arguments = arguments, .options.trace = arguments->trace};
    struct result result;
    int exit;

    identity_read(&s.identity);
    exit = submit_prepare(&s, source);
    if (!exit)
        exit = s.is_queued ? submit_queue(&s) : submit_transmit(&s);
    result = (struct result){.exit = result_exit(exit), .fault = s.fault, .sender = s.sender, .message = s.message};
    result.account = s.choice.account ? s.choice.account->name : NULL;
    result.server = s.tried ? s.server : NULL;
    result.queued_as = *s.id ? s.id : NULL;
    result.has_queue = s.is_queued;
    result.octets = s.mail.octets;
    result.is_complete = s.is_complete;
    result.facility = values_text(&s.values, KEY_LOG);
    result_log(&result);
    if (tell)
        tell(ctx, &result);
    else
        result_print(&result);
    /* After the result, as the reply to QUIT does not change it. */
    login_end(&s.login, s.session, s.error);
    if (envoi_session_connected(s.session))
        envoi_session_quit(s.session);
    submit_free(&s);
    return result.exit;
}
