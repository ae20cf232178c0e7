/* SPDX-License-Identifier: MIT */
/* The account of an address: server, login, section. */
#include "accounts/apply.h"
#include "accounts/exit_code.h"
#include "accounts/secret_source.h"
#include "accounts/secret_store.h"
#include "configure/autoconfig.h"
#include "configure/candidate.h"
#include "configure/configure.h"
#include "configure/dialogue.h"
#include "configure/visit.h"
#include "fault.h"
#include "terminal.h"

#include <envoi/envoi.h>
#include <stdlib.h>
#include <string.h>

struct task {
    const struct arguments *arguments;
    const char *address, *domain; /* the domain points into the address */
    int talks;                    /* a person can be asked */
    FILE *words; /* for all but the account: standard output, or standard error if the account is printed there */
    struct candidates candidates;
    const struct candidate *candidate; /* the one that is taken */
    struct visit visit;
    char user[400];
    int is_token;
    struct secret *secret;            /* NULL: none */
    const struct secret_store *store; /* where it is to be kept; NULL: nowhere */
    char *directory;                  /* of accounts.conf, if there is a store */
    struct values values;             /* the account */
    char name[128];
    struct stanza_file file;
    char *path;
    const char *remark;
    struct fault fault;
};

static int task_add_value(struct task *t, enum key key, const char *text)
{
    return values_add(&t->values, key, text, VALUES_COMMAND_LINE) ? fault_memory(&t->fault) : 0;
}

/* ---- the server ---- */

static int task_library(struct task *t)
{
    const struct arguments *a = t->arguments;
    char *descriptors = a->plugins_d ? realpath(a->plugins_d, NULL) : NULL;
    char *modules = a->module_dir ? realpath(a->module_dir, NULL) : NULL;
    int error = envoi_library_new(&t->visit.library);

    if (!error && a->plugins_d)
        error = descriptors ? envoi_library_set_vendor_directory(t->visit.library, descriptors) : ENVOI_E_USAGE;
    else if (!error)
        error = envoi_library_use_user_descriptors(t->visit.library);
    if (!error && a->module_dir)
        error = modules ? envoi_library_set_module_directory(t->visit.library, modules) : ENVOI_E_USAGE;
    free(descriptors);
    free(modules);
    if (!error)
        return apply_library(&a->given, t->visit.library, &t->fault);
    return fault_set(&t->fault, EXIT_CONFIG, error, "the plugins cannot be used: %s", envoi_error_text(error));
}

/* The one candidate that --host names. */
static int task_given_host(struct task *t, const char *text)
{
    struct candidate one = {.source = "--host"};
    const char *port = values_text(&t->arguments->given, KEY_PORT), *end = strrchr(text, ':');
    int tls = vocabulary_tls(values_text(&t->arguments->given, KEY_TLS));
    int has_port = end && strchr(text, ':') == end;
    size_t len = has_port ? (size_t)(end - text) : strlen(text);

    if (*text == '[' && (end = strchr(text, ']'))) {
        has_port = end[1] == ':';
        len = (size_t)(end - ++text);
        end++;
    }
    if (has_port)
        port = end + 1;
    if (!port)
        port = tls == ENVOI_TLS_IMPLICIT ? "465" : "587";
    if (!len || len >= sizeof one.host || strspn(port, "0123456789") != strlen(port) || strlen(port) > 5 ||
        *text == '/' || tls == ENVOI_TLS_OFF || tls == ENVOI_TLS_OPPORTUNISTIC)
        return fault_set(&t->fault, EXIT_USAGE, ENVOI_E_USAGE,
                         "--host: it is a name or an address, with :PORT behind it if need be, and TLS is required");
    memcpy(one.host, text, len);
    one.port = (unsigned)strtoul(port, NULL, 10);
    one.tls = tls == ENVOI_TLS_IMPLICIT || (tls == ENVOI_TLS_DEFAULT && one.port == 465) ? ENVOI_TLS_IMPLICIT
                                                                                         : ENVOI_TLS_REQUIRED;
    candidates_add(&t->candidates, &one);
    return 0;
}

static int task_search(struct task *t)
{
    const char *host = values_text(&t->arguments->given, KEY_HOST);

    if (host)
        return task_given_host(t, host);
    if (t->arguments->autoconfig)
        return autoconfig_read(&t->candidates, t->arguments->autoconfig, t->domain, &t->fault);
    return candidates_of_domain(&t->candidates, t->visit.library, t->domain,
                                (long)vocabulary_milliseconds(values_text(&t->arguments->given, KEY_TIMEOUT)),
                                &t->fault);
}

/* A server of another domain: its certificate is for the domain of the address, or a person agrees (RFC 6186 section
 * 6). Nothing secret is said before that. */
static int task_visit_outside(struct task *t, const struct candidate *c)
{
    char question[512];

    if (!values_find(&t->arguments->given, KEY_TLS_NAME) && !visit_open(&t->visit, c, t->domain)) {
        t->visit.domain_verified = 1;
        return 0;
    }
    snprintf(question, sizeof question,
             "%s names the server %s:%u, which is not of %s, and nothing proves that it is meant.\n"
             "Is it the right one? [y/N] ",
             c->source, c->host, c->port, t->domain);
    if (!t->arguments->yes && !(t->talks && dialogue_agrees(question)))
        return fault_set(&t->visit.fault, EXIT_PROTOCOL, ENVOI_E_CERTIFICATE,
                         "it is not of %s, and nobody said that it is right; --yes says so", t->domain);
    return visit_open(&t->visit, c, NULL);
}

/* Why no server is taken: of all failures the one that tells most. */
static int task_rank(const struct fault *fault)
{
    static const int order[] = {EXIT_CONNECTION, EXIT_DEFERRED, EXIT_REFUSED, EXIT_PROTOCOL, EXIT_USAGE};
    int n = sizeof order / sizeof *order;

    while (n && order[n - 1] != fault->exit)
        n--;
    return n;
}

static int task_nothing(struct task *t)
{
    const struct candidates *c = &t->candidates;

    if (c->advice)
        return fault_set(&t->fault, EXIT_NO_HOST, ENVOI_E_NOT_SUPPORTED, "%s: %s", c->provider, c->advice);
    if (t->fault.exit && t->fault.exit != EXIT_NO_HOST && t->fault.exit != EXIT_CONNECTION)
        return t->fault.exit;
    if (c->error)
        return fault_set(&t->fault, EXIT_DEFERRED, c->error, "%s", c->why);
    if (t->fault.exit == EXIT_CONNECTION)
        return t->fault.exit;
    return fault_set(&t->fault, EXIT_NO_HOST, ENVOI_E_NOT_SUPPORTED,
                     "no server was found that takes mail from the users of %s; --host names one", t->domain);
}

static int task_choose(struct task *t)
{
    for (size_t i = 0; i < t->candidates.count; i++) {
        const struct candidate *c = &t->candidates.list[i];
        struct fault *fault = &t->visit.fault;
        int rc = c->outside ? task_visit_outside(t, c) : visit_open(&t->visit, c, NULL);

        if (!rc) {
            t->candidate = c;
            fprintf(t->words, "%s:%u (%s): %s, login by %s\n", c->host, c->port, c->source,
                    envoi_session_tls_protocol(t->visit.session), visit_mechanisms(&t->visit));
            return 0;
        }
        /* A usual name that does not exist is no news. */
        if (rc != EXIT_NO_HOST)
            fprintf(t->words, "%s:%u (%s): %s\n", c->host, c->port, c->source, fault->text);
        if (task_rank(fault) > task_rank(&t->fault)) {
            struct fault named = *fault;

            fault_set(&t->fault, named.exit, named.error, "%s:%u: %.1500s", c->host, c->port, named.text);
        }
    }
    return task_nothing(t);
}

/* ---- the login ---- */

static void task_user(struct task *t)
{
    const char *given = values_text(&t->arguments->given, KEY_USER);
    int len = t->candidate->user == PROVIDER_LOCAL ? (int)(t->domain - 1 - t->address) : (int)strlen(t->address);

    if (given)
        snprintf(t->user, sizeof t->user, "%s", given);
    else
        snprintf(t->user, sizeof t->user, "%.*s", len, t->address);
}

/* The option that names a source of the secret; NULL: none is given. */
static const struct secret_source *task_given_source(const struct task *t, const struct value **value)
{
    for (size_t i = 0; i < secret_source_count; i++) {
        if (secret_sources[i].kind != SECRET_PASSPHRASE &&
            (*value = values_find(&t->arguments->given, secret_sources[i].key)))
            return &secret_sources[i];
    }
    return NULL;
}

static void task_make_request(const struct task *t, const char *where, const char *value, char host[CANDIDATE_SERVER],
                              struct secret_request *request)
{
    candidate_server(t->candidate, host);
    *request = (struct secret_request){.where = where, .value = value, .host = host, .user = t->user};
}

static int task_fetch(struct task *t, const struct secret_source *source, const char *value)
{
    char host[CANDIDATE_SERVER], where[64];
    struct secret_request request;

    snprintf(where, sizeof where, "--%s", vocabulary_word(source->key)->name);
    task_make_request(t, where, value, host, &request);
    if (!(t->secret = secret_new(&request, &t->fault)))
        return t->fault.exit;
    t->is_token = source->kind == SECRET_TOKEN;
    return source->fetch(t->secret, &request, &t->fault);
}

/* An account that takes tokens only: the command that prints one is asked for. */
static int task_ask_token(struct task *t)
{
    char command[1024];

    fprintf(t->words, "%s takes no password, but an OAuth 2.0 token.\n", t->candidate->host);
    if (dialogue_ask("Command that prints a token: ", command, sizeof command) || !*command)
        return fault_set(&t->fault, EXIT_LOGIN, ENVOI_E_CANCELLED, "no command for a token was given");
    if (task_add_value(t, KEY_TOKEN_COMMAND, command))
        return t->fault.exit;
    return task_fetch(t, secret_source_of(KEY_TOKEN_COMMAND), command);
}

static int task_ask_password(struct task *t)
{
    struct secret_request request = {.where = "password"};
    char prompt[512];

    snprintf(prompt, sizeof prompt, "Password of %.200s at %.200s: ", t->user, t->candidate->host);
    if (!(t->secret = secret_new(&request, &t->fault)))
        return t->fault.exit;
    return secret_from_terminal(t->secret, prompt, &t->fault);
}

static int task_secret(struct task *t)
{
    const struct value *value = NULL;
    const struct secret_source *source = task_given_source(t, &value);
    int token = t->candidate->token || visit_wants_token(&t->visit);

    if (t->candidate->advice)
        fprintf(t->words, "%s: %s\n", t->candidate->source, t->candidate->advice);
    if (source)
        return task_fetch(t, source, value->text);
    if (t->talks)
        return token ? task_ask_token(t) : task_ask_password(t);
    t->remark = token ? "token-command = COMMAND that prints a token; or token-file = FILE"
                      : "password-command = COMMAND that prints the password; or password-file, password-keyring ...";
    return 0;
}

/* Asking may have taken longer than the server waits, so the login is on a new connection. It is tried once. */
static int task_login(struct task *t)
{
    int rc;

    if (!t->secret)
        return 0;
    t->visit.patient = 1;
    rc = visit_open(&t->visit, t->candidate, t->visit.domain_verified ? t->domain : NULL);
    if (!rc)
        rc = visit_login(&t->visit, t->user, t->secret->text, t->is_token);
    if (!rc) {
        fprintf(t->words, "logged in as %s by %s\n", t->user, envoi_session_mechanism(t->visit.session));
        return 0;
    }
    t->fault = t->visit.fault;
    return rc;
}

/* ---- the account ---- */

/* The domain is the name, unless another address has it already. */
static void task_name(struct task *t)
{
    char *from = NULL;

    /* The reader of accounts.conf takes so long a name, and no longer one. */
    snprintf(t->name, sizeof t->name, t->arguments->name ? "%s" : "%.48s",
             t->arguments->name ? t->arguments->name : t->domain);
    if (!t->arguments->name && stanza_file_find(&t->file, t->name, &from) && (!from || strcmp(from, t->address) != 0))
        snprintf(t->name, sizeof t->name, "%.48s", t->address);
    free(from);
}

/* Adds a value of the command line. A path is absolute in the file, where a relative one would mean another place. */
static int task_add_given(struct task *t, const struct value *given)
{
    char *path = vocabulary_word(given->key)->kind == KIND_PATH ? realpath(given->text, NULL) : NULL;
    int rc = task_add_value(t, given->key, path ? path : given->text);

    free(path);
    return rc;
}

static int task_given(struct task *t)
{
    const struct values *all = &t->arguments->given;
    struct values own = {0};
    int rc = values_take(&own, &t->values, 1) ? fault_memory(&t->fault) : 0;

    for (size_t i = 0; !rc && i < all->count; i++)
        if (all->items[i].key != KEY_PORT && !values_find(&own, all->items[i].key))
            rc = task_add_given(t, &all->items[i]);
    values_free(&own);
    return rc;
}

static int task_values(struct task *t)
{
    const struct candidate *c = t->candidate;
    const char *mechanism = t->secret ? envoi_session_mechanism(t->visit.session) : NULL;
    char host[CANDIDATE_SERVER];
    int rc;

    candidate_server(c, host);
    rc = task_add_value(t, KEY_HOST, host);
    if (!rc)
        rc = task_add_value(t, KEY_TLS, c->tls == ENVOI_TLS_IMPLICIT ? "implicit" : "required");
    if (!rc && t->visit.domain_verified)
        rc = task_add_value(t, KEY_TLS_NAME, t->domain);
    if (!rc)
        rc = task_add_value(t, KEY_USER, t->user);
    if (!rc && mechanism && *mechanism)
        rc = task_add_value(t, KEY_MECHANISM, mechanism);
    if (!rc)
        rc = task_add_value(t, KEY_FROM, t->address);
    return rc ? rc : task_given(t);
}

/* Where the typed password is kept. NULL: the answer is none of the places. */
static const struct secret_store *task_ask_store(const struct task *t)
{
    char answer[32] = "";
    const char *first = NULL;

    if (t->arguments->store)
        return secret_store_of(t->arguments->store);
    fputs("The password can be kept by:", stdout);
    for (size_t i = 0; i < secret_store_count; i++)
        if (secret_store_is_there(&secret_stores[i])) {
            first = first ? first : secret_stores[i].name;
            printf(" %s", secret_stores[i].name);
        }
    printf("\nWhich one? [%s] ", first);
    if (dialogue_ask("", answer, sizeof answer))
        return NULL;
    return secret_store_of(*answer ? answer : first);
}

/* What of the deposit is known before and after the question. */
static void task_deposit(const struct task *t, char host[CANDIDATE_SERVER], struct secret_deposit *deposit)
{
    *deposit = (struct secret_deposit){.account = t->name, .directory = t->directory};
    task_make_request(t, t->store->name, NULL, host, &deposit->request);
}

/* Chooses where later sends find the typed password, and adds the key that names the place. */
static int task_place(struct task *t)
{
    char host[CANDIDATE_SERVER], value[SECRET_STORE_VALUE];
    struct secret_deposit deposit;
    const struct value *given = NULL;
    int rc;

    if (!t->secret || t->is_token || task_given_source(t, &given) || t->arguments->dry_run)
        return 0;
    if (!(t->store = task_ask_store(t)))
        return fault_set(&t->fault, EXIT_USAGE, ENVOI_E_USAGE, "--store: it is one of keyring, pass, git and file");
    if (!(t->directory = strndup(t->path, (size_t)(strrchr(t->path, '/') - t->path))))
        return fault_memory(&t->fault);
    task_deposit(t, host, &deposit);
    rc = t->store->locate(&deposit, value, &t->fault);
    return rc ? rc : task_add_value(t, t->store->key, value);
}

static int task_store(struct task *t)
{
    char host[CANDIDATE_SERVER];
    struct secret_deposit deposit;
    int rc;

    if (!t->store)
        return 0;
    task_deposit(t, host, &deposit);
    rc = stanza_file_prepare(&t->file, &t->fault);
    return rc ? rc : t->store->put(t->secret, &deposit, values_text(&t->values, t->store->key), &t->fault);
}

static int task_write(struct task *t)
{
    int rc = task_values(t);

    if (!rc && !configure_writes(t->arguments)) {
        stanza_print(t->name, &t->values, t->secret ? NULL : t->remark, stdout);
        return 0;
    }
    if (!rc)
        rc = task_place(t);
    if (!rc)
        rc = stanza_file_put(&t->file, t->name, &t->values, 0, &t->fault);
    if (rc || !configure_agrees(t->arguments, &t->file))
        return rc;
    rc = task_store(t);
    return rc ? rc : configure_finish(&t->file, &t->fault);
}

static int task_test(struct task *t)
{
    int rc;

    if (!t->arguments->test)
        return 0;
    rc = visit_test(&t->visit, t->address);
    if (rc)
        t->fault = t->visit.fault;
    else
        fprintf(t->words, "a mail to %s was sent\n", t->address);
    return rc;
}

static int task_address(struct task *t)
{
    const char *at = strrchr(t->address, '@');

    if (!at || at == t->address || !at[1] || strlen(t->address) > 320 || strpbrk(t->address, " \t\r\n<>,;#"))
        return fault_set(&t->fault, EXIT_DATA, ENVOI_E_ADDRESS, "'%.100s' is not a mail address", t->address);
    t->domain = at + 1;
    return 0;
}

int configure_address(const struct arguments *arguments)
{
    static int (*const steps[])(struct task *) = {task_address, task_library, task_search, task_choose, NULL};
    struct task *t = calloc(1, sizeof *t);
    int rc = 0;

    if (!t) {
        complain("out of memory");
        return EXIT_LOCAL;
    }
    t->arguments = arguments;
    t->address = arguments->operand;
    t->talks = dialogue_is_possible();
    t->words = configure_writes(arguments) ? stdout : stderr;
    t->visit.given = &arguments->given;
    for (size_t i = 0; !rc && steps[i]; i++)
        rc = steps[i](t);
    if (!rc)
        rc = configure_open(arguments, &t->file, &t->path, &t->fault);
    if (!rc) {
        task_name(t);
        task_user(t);
        rc = task_secret(t);
    }
    if (!rc)
        rc = task_login(t);
    if (!rc)
        rc = task_write(t);
    if (!rc)
        rc = task_test(t);
    fault_print(&t->fault, NULL);
    visit_close(&t->visit);
    envoi_library_free(t->visit.library);
    secret_free(t->secret);
    values_free(&t->values);
    stanza_file_free(&t->file);
    free(t->directory);
    free(t->path);
    free(t);
    return rc;
}
