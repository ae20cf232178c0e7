/* SPDX-License-Identifier: MIT */
#include "accounts/git_credential.h"

#include "accounts/child.h"
#include "accounts/exit_code.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NO_GIT "there is no git in $PATH"

/* Whom git may ask if no helper has the password. */
enum ask { ASK_NOBODY, ASK_IN_A_WINDOW, ASK_ON_THE_TERMINAL };

/* ---- the question ---- */

/* A line end in a value would begin another key. */
static int is_line(const char *text)
{
    return text && *text && !text[strcspn(text, "\r\n")];
}

/* Writes what git is told, with the password or without (NULL). */
static int git_question(struct secret *question, const struct secret_request *request, const struct secret *password,
                        struct fault *fault)
{
    char expiry[64] = "";
    int n;

    if (!is_line(request->host) || *request->host == '/')
        return secret_refuse(question, request, fault, "git credential needs the name of the server");
    if (!is_line(request->user))
        return secret_refuse(question, request, fault, "git credential needs a user, without line ends");
    if (password && password->expires)
        snprintf(expiry, sizeof expiry, "password_expiry_utc=%lld\n", (long long)password->expires);
    n = snprintf(question->text, sizeof question->text, "protocol=smtp\nhost=%s\nusername=%s\n%s%s%s%s\n",
                 request->host, request->user, password ? "password=" : "", password ? password->text : "",
                 password ? "\n" : "", expiry);
    if (n < 0 || (size_t)n >= sizeof question->text)
        return secret_refuse(question, request, fault, "it is too long for git credential");
    question->len = (size_t)n;
    return 0;
}

/* Runs git credential VERB. The settings of a repository in the present folder are left out: a folder that somebody
 * else has made would have its helpers run. */
static int git_run(const char *verb, const struct secret *password, enum ask ask, const struct secret_request *request,
                   struct secret *answer, int *code, struct fault *fault)
{
    const char *const argv[] = {"env",
                                "GIT_TERMINAL_PROMPT=0",
                                ask ? "GIT_TERMINAL_PROMPT=0" : "GIT_ASKPASS=true",
                                "git",
                                "-C",
                                "/",
                                "credential",
                                verb,
                                NULL};
    struct secret *question = secret_new(request, fault);
    int rc = question ? git_question(question, request, password, fault) : fault->exit;

    if (!rc && !child_exists("git"))
        rc = secret_refuse(answer, request, fault, NO_GIT);
    if (!rc)
        rc = child_run(ask == ASK_ON_THE_TERMINAL ? argv + 3 : argv, question, request, answer, code, fault);
    secret_free(question);
    return rc;
}

/* ---- the answer ---- */

struct answer {
    const char *password;
    size_t len;
    int64_t expires;
};

/* Each takes a value. Returns NULL, or what is wrong with it. */
static const char *take_password(struct answer *answer, const char *value, size_t len,
                                 const struct secret_request *request, int64_t now)
{
    (void)request, (void)now;
    answer->password = value;
    answer->len = len;
    return NULL;
}

static const char *take_username(struct answer *answer, const char *value, size_t len,
                                 const struct secret_request *request, int64_t now)
{
    (void)answer, (void)now;
    return strlen(request->user) == len && !memcmp(request->user, value, len)
               ? NULL
               : "git credential answers for another user";
}

/* In seconds since 1970; git passes over a value that is no number, and so does this. */
static const char *take_expiry(struct answer *answer, const char *value, size_t len,
                               const struct secret_request *request, int64_t now)
{
    char *end, text[24] = "";
    long long expiry;

    (void)request;
    if (!len || len >= sizeof text || memchr(value, '\0', len))
        return NULL;
    memcpy(text, value, len);
    expiry = strtoll(text, &end, 10);
    if (*end)
        return NULL;
    answer->expires = expiry;
    return expiry <= now ? "the password that git credential has is out of date" : NULL;
}

static const char *take_quit(struct answer *answer, const char *value, size_t len, const struct secret_request *request,
                             int64_t now)
{
    (void)answer, (void)request, (void)now;
    return (len == 1 && *value == '1') || (len == 4 && !memcmp(value, "true", 4))
               ? "a helper of git credential says that no other may be asked"
               : NULL;
}

static const struct {
    const char *key;
    const char *(*take)(struct answer *answer, const char *value, size_t len, const struct secret_request *request,
                        int64_t now);
} keys[] = {
    {"password", take_password},
    {"username", take_username},
    {"password_expiry_utc", take_expiry},
    {"quit", take_quit},
};

static const char *take_line(struct answer *answer, const char *line, size_t len, const struct secret_request *request,
                             int64_t now)
{
    const char *equals = memchr(line, '=', len);
    size_t key = equals ? (size_t)(equals - line) : 0;

    if (!equals)
        return "git credential has printed a line without '='";
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strlen(keys[i].key) == key && !memcmp(keys[i].key, line, key))
            return keys[i].take(answer, equals + 1, len - key - 1, request, now);
    return NULL; /* protocol, host, and what later versions add */
}

int git_credential_read(struct secret *secret, const struct secret_request *request, int64_t now, struct fault *fault)
{
    struct answer answer = {0};
    const char *wrong = NULL, *at = secret->text, *end = at + secret->len;

    /* An empty line ends it. */
    while (!wrong && at < end && *at != '\n') {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((line_end ? line_end : end) - at);

        wrong = take_line(&answer, at, len, request, now);
        at += len + (line_end != NULL);
    }
    if (!wrong && !answer.len)
        wrong = "git credential knows no password";
    if (wrong)
        return secret_refuse(secret, request, fault, "%s", wrong);
    memmove(secret->text, answer.password, answer.len);
    secret->len = answer.len;
    secret->expires = answer.expires;
    return secret_finish(secret, request, "", fault);
}

/* ---- the calls ---- */

static int git_fill(struct secret *secret, enum ask ask, const struct secret_request *request, struct fault *fault)
{
    int code, rc = git_run("fill", NULL, ask, request, secret, &code, fault);

    if (rc)
        return rc;
    if (code)
        return secret_refuse(secret, request, fault, "git credential fill gave no password (exit code %d)", code);
    return git_credential_read(secret, request, time(NULL), fault);
}

int git_credential_fetch(struct secret *secret, const struct secret_request *request, struct fault *fault)
{
    return git_fill(secret, child_may_ask() ? ASK_ON_THE_TERMINAL : ASK_IN_A_WINDOW, request, fault);
}

int git_credential_check(const struct secret_request *request, struct fault *fault)
{
    return child_exists("git") ? 0 : secret_refuse(NULL, request, fault, NO_GIT);
}

int git_credential_tell(const struct secret *secret, const struct secret_request *request, int accepted,
                        struct fault *fault)
{
    const char *verb = accepted ? "approve" : "reject";
    struct secret *answer = secret_new(request, fault);
    int code = 0, rc = answer ? git_run(verb, secret, ASK_NOBODY, request, answer, &code, fault) : fault->exit;

    secret_free(answer);
    if (!rc && code)
        return secret_refuse(NULL, request, fault, "git credential %s failed with exit code %d", verb, code);
    return rc;
}

int git_credential_store(const struct secret *secret, const struct secret_request *request, struct fault *fault)
{
    int rc = git_credential_tell(secret, request, 1, fault);
    struct secret *again = rc ? NULL : secret_new(request, fault);

    if (!again)
        return fault->exit;
    rc = git_fill(again, ASK_NOBODY, request, fault);
    if (rc || again->len != secret->len || memcmp(again->text, secret->text, again->len) != 0)
        rc = secret_refuse(again, request, fault,
                           "git does not keep the password: 'git config --global credential.helper' names no helper "
                           "that does");
    secret_free(again);
    return rc;
}
