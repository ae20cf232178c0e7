/* SPDX-License-Identifier: MIT */
/* The answer of git credential fill, which any helper may have written: the password is the value of the last line
 * password= before the empty line, one line without NUL; all else is refused, and then nothing is left of it. */
#include "accounts/git_credential.h"

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#define NOW 1000

/* Finds the password as git describes it. Returns its length; 0: there is none. */
static size_t last_password(const char *at, size_t len, const char **password)
{
    static const char key[] = "password=";
    const char *end = at + len;
    size_t found = 0;

    while (at < end && *at != '\n') {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t line = (size_t)((stop ? stop : end) - at);

        if (line >= sizeof key - 1 && !memcmp(at, key, sizeof key - 1)) {
            *password = at + sizeof key - 1;
            found = line - (sizeof key - 1);
        }
        at += line + (stop != NULL);
    }
    return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct secret_request request = {.where = "password-git", .host = "mail.example.org:587", .user = "me"};
    struct fault fault = {0};
    struct secret *secret = secret_new(&request, &fault);
    const char *password = NULL;
    size_t len;
    int rc;

    FUZZ_CHECK(secret, "out of memory");
    size = size < SECRET_MAX ? size : SECRET_MAX;
    if (size)
        memcpy(secret->text, data, size);
    secret->len = size;
    len = last_password((const char *)data, size, &password);
    rc = git_credential_read(secret, &request, NOW, &fault);
    if (rc) {
        FUZZ_CHECK(rc == fault.exit && *fault.text && !secret->len, "no reason");
    } else {
        FUZZ_CHECK(len == secret->len && !memcmp(password, secret->text, len), "another password");
        FUZZ_CHECK(!memchr(secret->text, '\r', len) && !memchr(secret->text, '\0', len), "no line");
        FUZZ_CHECK(!secret->expires || secret->expires > NOW, "out of date");
    }
    for (size_t i = secret->len; i < sizeof secret->text; i++)
        FUZZ_CHECK(!secret->text[i], "not wiped");
    secret_free(secret);
    return 0;
}
