/* SPDX-License-Identifier: MIT */
#include "sendmail/queue.h"

#include "accounts/exit_code.h"
#include "accounts/values.h"
#include "portable/memory.h"
#include "portable/pipe.h"
#include "program.h"

#include <envoi/envoi.h>
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define QUEUE_WORKER      "worker"
#define QUEUE_OUTPUT      4096
#define QUEUE_LONGEST_MS  ((int64_t)86400 * 1000) /* that `submit` waits */
#define QUEUE_FIXED_WORDS 24

extern char **environ;

int queue_is_wanted(const struct values *values)
{
    const char *queue = values_text(values, KEY_QUEUE);

    return queue && strcmp(queue, "no") != 0;
}

int queue_check(const struct values *values, struct fault *fault)
{
    const struct value *all = values_find(values, KEY_REQUIRE_ALL);
    char label[VALUES_LABEL];

    if (!all || !vocabulary_flag(all->text))
        return 0;
    return fault_set(fault, EXIT_CONFIG, ENVOI_E_USAGE,
                     "%s: with queue = amqp a mail cannot go to all recipients or none, as each is tried until the "
                     "server takes it",
                     values_label(all, label));
}

/* ---- options ---- */

/* The words of `options` but those with the names of `replaced` ("RET=", up to NULL), and behind them `added`. The
 * caller frees it. NULL: out of memory. */
static char *queue_options(const char *options, const char *const *replaced, const char *added)
{
    size_t len = options ? strlen(options) : 0;
    char *text = calloc(1, len + strlen(added) + 2), *end = text;

    if (!text)
        return NULL;
    for (const char *word = options; word && *word; word += strcspn(word, " ")) {
        size_t i = 0, length;

        word += strspn(word, " ");
        length = strcspn(word, " ");
        while (replaced[i] && strncasecmp(word, replaced[i], strlen(replaced[i])) != 0)
            i++;
        if (replaced[i] || !length)
            continue;
        if (end != text)
            *end++ = ' ';
        end = (char *)memcpy(end, word, length) + length;
    }
    if (*added) {
        if (end != text)
            *end++ = ' ';
        memcpy(end, added, strlen(added));
    }
    return text;
}

/* Those of MAIL: of -bs or the account, with those of -R and -V. */
static char *queue_mail_options(const struct queued_mail *queued)
{
    const struct arguments *a = queued->arguments;
    const char *options = a->mail_options ? a->mail_options : values_text(queued->values, KEY_MAIL_OPTIONS);
    const char *replaced[3] = {NULL};
    char added[512] = "";
    size_t count = 0, len = 0;

    if (a->ret) {
        len = (size_t)snprintf(added, sizeof added, "RET=%s", a->ret == ENVOI_RET_FULL ? "FULL" : "HDRS");
        replaced[count++] = "RET=";
    }
    if (a->envid) {
        replaced[count] = "ENVID=";
        len += (size_t)snprintf(added + len, sizeof added - len, "%sENVID=", len ? " " : "");
    }
    /* The message has taken it already, so it has at most 100 octets. As xtext (RFC 3461 section 4): */
    for (const char *c = a->envid; c && *c && len < sizeof added - 4; c++)
        len += (size_t)snprintf(added + len, sizeof added - len, *c == ' ' || *c == '+' || *c == '=' ? "+%02X" : "%c",
                                (unsigned)*c);
    return queue_options(options, replaced, added);
}

/* Those of a recipient, with those of -N. */
static char *queue_recipient_options(const struct queued_mail *queued, size_t index)
{
    static const struct {
        unsigned bit;
        const char *word;
    } words[] = {{ENVOI_NOTIFY_NEVER, "NEVER"},
                 {ENVOI_NOTIFY_SUCCESS, "SUCCESS"},
                 {ENVOI_NOTIFY_FAILURE, "FAILURE"},
                 {ENVOI_NOTIFY_DELAY, "DELAY"}};
    const char *replaced[] = {"NOTIFY=", NULL};
    unsigned notify = queued->arguments->notify;
    char added[64] = "";
    size_t len = 0;

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (notify & words[i].bit)
            len += (size_t)snprintf(added + len, sizeof added - len, "%s%s", len ? "," : "NOTIFY=", words[i].word);
    return queue_options(queued->recipients->all_options[index], notify ? replaced : replaced + 1, added);
}

/* ---- the words of the command ---- */

/* A command line in the making. It owns its words, and remembers that memory ran out. */
struct queue_words {
    char **items;
    size_t count;
    int failed;
};

/* Takes a word that was allocated. */
static void words_take(struct queue_words *words, char *word)
{
    if (word)
        words->items[words->count++] = word;
    else
        words->failed = 1;
}

static void words_put(struct queue_words *words, const char *word)
{
    words_take(words, strdup(word));
}

static void words_free(struct queue_words *words)
{
    for (size_t i = 0; i < words->count; i++)
        free(words->items[i]);
    free(words->items);
}

static void queue_put_recipients(struct queue_words *words, const struct queued_mail *queued)
{
    const struct envoi_message *message = queued->recipients->message;
    char *last = strdup("");

    for (size_t i = 0; i < envoi_message_recipients(message) && !words->failed; i++) {
        char *options = queue_recipient_options(queued, i);

        if (options && last && strcmp(options, last) != 0) {
            words_put(words, "--rcpt-options");
            words_put(words, options);
        }
        words->failed |= !options || !last;
        free(last);
        last = options;
        words_put(words, "--to");
        words_put(words, envoi_message_recipient(message, i));
    }
    free(last);
}

static void queue_put_timeout(struct queue_words *words, const struct values *values)
{
    int64_t milliseconds = vocabulary_milliseconds(values_text(values, KEY_TIMEOUT));
    char text[32];

    if (!milliseconds)
        return;
    (void)snprintf(text, sizeof text, "%lld",
                   (long long)(milliseconds < QUEUE_LONGEST_MS ? milliseconds : QUEUE_LONGEST_MS) / 1000);
    words_put(words, "--timeout");
    words_put(words, text);
}

static int queue_make_words(struct queue_words *words, const struct queued_mail *queued, const char *path)
{
    char *options = queue_mail_options(queued);

    words->items =
        calloc(4 * envoi_message_recipients(queued->recipients->message) + QUEUE_FIXED_WORDS, sizeof *words->items);
    words->failed = !words->items || !options;
    if (!words->failed) {
        words_put(words, path);
        if (queued->arguments->accounts_file) {
            words_put(words, "-C");
            words_put(words, queued->arguments->accounts_file);
        }
        words_put(words, "submit");
        words_put(words, "--account");
        words_put(words, queued->account);
        words_put(words, "--from");
        words_put(words, queued->sender);
        /* A report that cannot be had must not keep the mail from being sent. */
        words_put(words, "--drop-options");
        if (*options) {
            words_put(words, "--mail-options");
            words_put(words, options);
        }
        queue_put_timeout(words, queued->values);
        queue_put_recipients(words, queued);
    }
    free(options);
    return words->failed ? -1 : 0;
}

/* ---- running it ---- */

/* Returns 0 or an errno. */
static int queue_spawn(char *const *words, int in, int out, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);

    if (error)
        return error;
    error = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    if (!error)
        error = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    if (!error)
        error = posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
    if (!error)
        error = posix_spawn(pid, words[0], &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* Reads to the end; what does not fit is dropped. */
static void queue_read(int fd, char output[QUEUE_OUTPUT])
{
    char rest[512];
    size_t len = 0;
    ssize_t n;

    do {
        int fits = len < QUEUE_OUTPUT - 1;

        n = fits ? read(fd, output + len, QUEUE_OUTPUT - 1 - len) : read(fd, rest, sizeof rest);
        len += n > 0 && fits ? (size_t)n : 0;
    } while (n > 0 || (n < 0 && errno == EINTR));
    output[len] = '\0';
    output[strcspn(output, "\n")] = '\0';
}

/* What its end means here. Its only line is the id of the job, or says what was wrong. */
static int queue_judge(int status, const char *output, char id[QUEUE_ID], struct fault *fault)
{
    static const char name[] = "envoi-worker: ";
    const char *text = !strncmp(output, name, strlen(name)) ? output + strlen(name) : output;
    int exit = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

    if (exit < 0)
        return fault_set(fault, EXIT_DEFERRED, ENVOI_E_SYSTEM,
                         "envoi-worker was killed by signal %d; the mail may be in the queue", WTERMSIG(status));
    if (!exit && strlen(output) < QUEUE_ID && *output) {
        memcpy(id, output, strlen(output) + 1);
        return 0;
    }
    if (!exit)
        return fault_set(fault, EXIT_PROTOCOL, ENVOI_E_PROTOCOL,
                         "envoi-worker did not say under which id the mail is in the queue");
    if (exit == EXIT_REFUSED)
        exit = EXIT_DEFERRED; /* the broker is not there */
    if (exit == EXIT_USAGE)
        exit = EXIT_CONFIG; /* it does not understand what this program says */
    return fault_set(fault, exit, ENVOI_E_USAGE, "%s", *text ? text : "envoi-worker has failed and does not say why");
}

static int queue_run(struct queue_words *words, const struct queued_mail *queued, char id[QUEUE_ID],
                     struct fault *fault)
{
    int in[2] = {-1, -1}, out[2] = {-1, -1}, status = 0, rc;
    char output[QUEUE_OUTPUT];
    pid_t pid = -1;
    int error = pipe_open(in) < 0 || pipe_open(out) < 0 ? errno : queue_spawn(words->items, in[0], out[1], &pid);

    for (int i = 0; i < 2; i++) {
        if (error && in[1 - i] >= 0)
            close(in[1 - i]);
        if (error && out[i] >= 0)
            close(out[i]);
    }
    if (error == ENOENT)
        return fault_set(fault, EXIT_CONFIG, ENVOI_E_USAGE,
                         "%s: queue = amqp of the account [%s] needs envoi-worker, and '%s' is not there; it is a "
                         "package of its own",
                         queued->place, queued->account, words->items[0]);
    if (error)
        return fault_set(fault, EXIT_LOCAL, ENVOI_E_SYSTEM, "cannot run '%s': %s", words->items[0], strerror(error));
    close(in[0]);
    close(out[1]);
    rc = mail_write(queued->mail, in[1], fault);
    if (rc)
        kill(pid, SIGKILL); /* else it would take what it has got for the whole mail */
    close(in[1]);
    queue_read(out[0], output);
    close(out[0]);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return rc ? rc : queue_judge(status, output, id, fault);
}

int queue_submit(const struct queued_mail *queued, char id[QUEUE_ID], struct fault *fault)
{
    static char path[PROGRAM_PATH_MAX];
    struct queue_words words = {0};
    int rc;

    program_path(QUEUE_WORKER, path);
    rc = queue_make_words(&words, queued, path) ? fault_memory(fault) : queue_run(&words, queued, id, fault);
    words_free(&words);
    return rc;
}
