/* SPDX-License-Identifier: MIT */
/* queue FILE: does what a script says, several messages in a session, several sessions over one library object. One
 * line of the script is a word and its arguments, separated by blanks:
 *
 *   plugins DESCRIPTORS MODULES    ca FILE    ciphers TEXT         of the library, before all else
 *   server HOST:PORT    tls off|required|implicit    backend ID    login USER PASSWORD-FILE MECHANISM
 *   lmtp    trace    chunks OCTETS [wait]                          for the sessions that follow
 *   mechanism NAME    blocking    auth-timeout MILLISECONDS        the same: a login without user and password, mechanisms
 *                                                                  that may block are allowed, a deadline for logins
 *   message SENDER SOURCE FILE RECIPIENT...                        queues a message
 *   send                                                           sends the queued messages in one session
 *   loop                                                           the same in the non-blocking face
 *   tries NUMBER                                                   how often the pools that follow try a message
 *   pool CONNECTIONS IN-FLIGHT HOLD                                the same by a pool; when HOLD (not 0) messages are
 *                                                                  done, says "hold" and waits for a line on its input
 *   hold                                                           says so and waits at once
 *   alone                                                          waits until there is no thread but this one
 *
 * What happens is printed, one event a line, its fields separated by tabs:
 *
 *   session RESULT BACKEND PROTOCOL CIPHER VERIFIED RESUMED        when a session is over
 *   done NUMBER RESULT                                             a pool's message is
 *   verdict NUMBER ADDRESS VERDICT CODE ENHANCED
 *   error TEXT    trace KIND LINE    hold    pool RESULT
 *   slowest MILLISECONDS                                           of the calls of a loop
 */
#include "queue.h"

#include "queue_loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct run {
    struct envoi_library *library;
    struct settings settings;
    struct letter *letters; /* those that are queued */
    size_t count;
    unsigned long numbers;
    long tries; /* of a pool, 0: its own number */
    unsigned long done, hold;
};

static long number_of(const char *word)
{
    char *end;
    long number = strtol(word, &end, 10);

    if (end == word || *end || number < 0)
        fail("not a number", word);
    return number;
}

static void set_text(char **place, const char *text)
{
    free(*place);
    *place = copy_of(text);
}

/* ---- words that set ---- */

static void do_plugins(struct run *run, char **words, size_t count)
{
    (void)count;
    need(envoi_library_set_descriptor_directories(run->library, words[1], NULL, NULL), words[1]);
    need(envoi_library_set_module_directory(run->library, words[2]), words[2]);
}

static void do_ca(struct run *run, char **words, size_t count)
{
    (void)count;
    need(envoi_library_set_ca_file(run->library, words[1]), words[1]);
}

static void do_ciphers(struct run *run, char **words, size_t count)
{
    (void)count;
    need(envoi_library_set_ciphers(run->library, words[1]), words[1]);
}

static void do_server(struct run *run, char **words, size_t count)
{
    (void)count;
    set_text(&run->settings.server, words[1]);
}

static void do_tls(struct run *run, char **words, size_t count)
{
    static const struct {
        const char *name;
        int tls;
    } ways[] = {{"off", ENVOI_TLS_OFF}, {"required", ENVOI_TLS_REQUIRED}, {"implicit", ENVOI_TLS_IMPLICIT}};

    (void)count;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        if (strcmp(ways[i].name, words[1]) == 0) {
            run->settings.tls = ways[i].tls;
            return;
        }
    }
    fail("no such way", words[1]);
}

static void do_backend(struct run *run, char **words, size_t count)
{
    (void)count;
    set_text(&run->settings.backend, words[1]);
}

static void do_login(struct run *run, char **words, size_t count)
{
    (void)count;
    settings_login(&run->settings, words[1], words[2], words[3]);
}

static void do_mechanism(struct run *run, char **words, size_t count)
{
    (void)count;
    settings_login(&run->settings, NULL, NULL, words[1]);
}

static void do_blocking(struct run *run, char **words, size_t count)
{
    (void)words;
    (void)count;
    run->settings.blocking = 1;
}

static void do_auth_timeout(struct run *run, char **words, size_t count)
{
    (void)count;
    run->settings.auth_timeout = number_of(words[1]);
}

static void do_lmtp(struct run *run, char **words, size_t count)
{
    (void)words;
    (void)count;
    run->settings.lmtp = 1;
}

static void do_trace(struct run *run, char **words, size_t count)
{
    (void)words;
    (void)count;
    run->settings.trace = 1;
}

static void do_chunks(struct run *run, char **words, size_t count)
{
    run->settings.chunk = number_of(words[1]);
    run->settings.chunk_waits = count > 2 && strcmp(words[2], "wait") == 0;
}

static void do_tries(struct run *run, char **words, size_t count)
{
    (void)count;
    run->tries = number_of(words[1]);
}

static void do_message(struct run *run, char **words, size_t count)
{
    struct letter *more = realloc(run->letters, (run->count + 1) * sizeof *more);

    if (!more)
        fail("no memory", "message");
    run->letters = more;
    letter_make(&run->letters[run->count++], ++run->numbers, words, count);
}

/* ---- words that do ---- */

static void forget_letters(struct run *run)
{
    for (size_t i = 0; i < run->count; i++)
        letter_free(&run->letters[i]);
    run->count = 0;
}

static void print_session(const struct envoi_session *session, int rc)
{
    const char *error = envoi_session_error(session);

    if (*error)
        printf("error\t%.*s\n", (int)strcspn(error, "\r\n"), error);
    printf("session\t%s\t%s\t%s\t%s\t%d\t%d\n", envoi_error_name(rc), envoi_session_tls_backend(session),
           envoi_session_tls_protocol(session), envoi_session_tls_cipher(session), envoi_session_tls_verified(session),
           envoi_session_tls_resumed(session));
}

/* `loop` NULL: in the blocking face, where loop_finish() has nothing to do. */
static void send_letters(struct run *run, struct loop *loop)
{
    struct envoi_session *session = settings_apply(&run->settings, run->library);
    struct envoi_message **messages = calloc(run->count, sizeof *messages);
    int rc;

    if (!messages)
        fail("no memory", "send");
    if (loop)
        need(envoi_session_set_watch(session, loop_watch, loop), "watch");
    for (size_t i = 0; i < run->count; i++)
        messages[i] = run->letters[i].message;
    rc = loop_finish(loop, session, envoi_session_connect(session, run->settings.server));
    if (rc == ENVOI_OK)
        rc = loop_finish(loop, session, envoi_session_send_all(session, messages, run->count));
    if (loop)
        printf("slowest\t%ld\n", loop->slowest);
    print_session(session, rc);
    for (size_t i = 0; i < run->count; i++)
        letter_print(&run->letters[i]);
    if (envoi_session_connected(session))
        need(loop_finish(loop, session, envoi_session_quit(session)), "quit");
    free(messages);
    envoi_session_free(session);
    forget_letters(run);
}

static void do_send(struct run *run, char **words, size_t count)
{
    (void)words;
    (void)count;
    send_letters(run, NULL);
}

static void do_loop(struct run *run, char **words, size_t count)
{
    struct loop loop = {.count = 0};

    (void)words;
    (void)count;
    send_letters(run, &loop);
}

/* The pool's callback knows its message; the run is found behind it. */
struct ticket {
    struct run *run;
    const struct letter *letter;
};

static void wait_for_a_line(void)
{
    int c;

    printf("hold\n");
    fflush(stdout);
    while ((c = getchar()) != '\n' && c != EOF)
        ;
}

static void done(void *ctx, struct envoi_message *message, int result, const char *error)
{
    const struct ticket *ticket = ctx;

    (void)message;
    if (*error)
        printf("error\t%.*s\n", (int)strcspn(error, "\r\n"), error);
    printf("done\t%lu\t%s\n", ticket->letter->number, envoi_error_name(result));
    letter_print(ticket->letter);
    if (++ticket->run->done == ticket->run->hold)
        wait_for_a_line();
}

static void do_pool(struct run *run, char **words, size_t count)
{
    struct envoi_session *prototype = settings_apply(&run->settings, run->library);
    struct ticket *tickets = calloc(run->count, sizeof *tickets);
    struct envoi_pool *pool = NULL;
    size_t route;
    int rc;

    (void)count;
    if (!tickets)
        fail("no memory", "pool");
    need(envoi_pool_new(run->library, &pool), "pool");
    need(envoi_pool_set_limit(pool, ENVOI_POOL_CONNECTIONS, number_of(words[1])), words[1]);
    need(envoi_pool_set_limit(pool, ENVOI_POOL_IN_FLIGHT, number_of(words[2])), words[2]);
    if (run->tries)
        need(envoi_pool_set_limit(pool, ENVOI_POOL_TRIES, run->tries), "tries");
    run->done = 0;
    run->hold = (unsigned long)number_of(words[3]);
    need(envoi_pool_add_route(pool, prototype, run->settings.server, &route), run->settings.server);
    for (size_t i = 0; i < run->count; i++) {
        tickets[i] = (struct ticket){run, &run->letters[i]};
        need(envoi_pool_submit(pool, route, run->letters[i].message, done, &tickets[i]), "submit");
    }
    if ((rc = envoi_pool_run(pool)) == ENVOI_OK && (rc = envoi_pool_drain(pool)) == ENVOI_OK)
        rc = envoi_pool_run(pool);
    printf("pool\t%s\n", envoi_error_name(rc));
    envoi_pool_free(pool);
    envoi_session_free(prototype);
    free(tickets);
    forget_letters(run);
}

static void do_hold(struct run *run, char **words, size_t count)
{
    (void)run;
    (void)words;
    (void)count;
    wait_for_a_line();
}

static void do_alone(struct run *run, char **words, size_t count)
{
    (void)run;
    (void)words;
    (void)count;
    if (!loop_alone())
        fail("there is another thread", "alone");
}

/* ---- the script ---- */

static const struct word {
    const char *name;
    size_t least; /* arguments */
    void (*run)(struct run *run, char **words, size_t count);
} known[] = {
    {"plugins", 2, do_plugins},   {"ca", 1, do_ca},
    {"ciphers", 1, do_ciphers},   {"server", 1, do_server},
    {"tls", 1, do_tls},           {"backend", 1, do_backend},
    {"login", 3, do_login},       {"lmtp", 0, do_lmtp},
    {"trace", 0, do_trace},       {"chunks", 1, do_chunks},
    {"message", 4, do_message},   {"send", 0, do_send},
    {"pool", 3, do_pool},         {"mechanism", 1, do_mechanism},
    {"blocking", 0, do_blocking}, {"auth-timeout", 1, do_auth_timeout},
    {"loop", 0, do_loop},         {"tries", 1, do_tries},
    {"hold", 0, do_hold},         {"alone", 0, do_alone},
};

static void run_line(struct run *run, char *line)
{
    char *words[QUEUE_WORDS], *rest = NULL;
    size_t count = 0;

    for (char *word = strtok_r(line, " \r\n", &rest); word; word = strtok_r(NULL, " \r\n", &rest)) {
        if (count == QUEUE_WORDS)
            fail("too many words", words[0]);
        words[count++] = word;
    }
    if (!count)
        return;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i].name, words[0]) == 0) {
            if (count <= known[i].least)
                fail("too few words", words[0]);
            known[i].run(run, words, count);
            return;
        }
    }
    fail("no such word", words[0]);
}

int main(int argc, char **argv)
{
    struct run run = {.settings = {.chunk = -1}};
    char line[4096];
    FILE *script;

    if (argc != 2 || !(script = fopen(argv[1], "re")))
        fail("needs a script", "usage");
    need(envoi_library_new(&run.library), "library");
    while (fgets(line, sizeof line, script))
        run_line(&run, line);
    fclose(script);
    forget_letters(&run);
    free(run.letters);
    settings_free(&run.settings);
    envoi_library_free(run.library);
    printf("end\n");
    return 0;
}
