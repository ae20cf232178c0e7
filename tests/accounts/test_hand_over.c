/* SPDX-License-Identifier: MIT */
/* The account of the administrator whose secret cannot be had. */
#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "accounts/hand_over.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(hand_over, .timeout = 20);

static void write_here(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);

    cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

/* "host=/socket lmtp=yes", without places. */
static void list_values(const struct values *values, char *room, size_t cap)
{
    *room = '\0';
    for (size_t i = 0; i < values->count; i++) {
        size_t len = strlen(room);

        (void)snprintf(room + len, cap - len, "%s%s=%s", len ? " " : "", vocabulary_word(values->items[i].key)->name,
                       values->items[i].text);
    }
}

#define SERVER "host = mail\ntls = implicit\nuser = u\ntimeout = 9\nfrom = *@x\nrequire-all = yes\n"

Test(hand_over, table)
{
    static const struct {
        const char *account;
        const char *host; /* of the command line; or NULL */
        int socket;
        const char *values; /* afterwards; NULL: as before */
        const char *text;   /* of the failure; NULL: there is none */
    } cases[] = {
        {"[a]\nlock = yes\npassword-file = gone\n" SERVER, NULL, 1,
         "host=here/socket lmtp=yes lock=yes timeout=9 from=*@x require-all=yes", NULL},
        {"[a]\nlock = yes\npassword-file = gone\n" SERVER, NULL, 0, NULL,
         "gone': No such file or directory; without here/socket, the socket of envoi-submit(8)"},
        {"[a]\nlock = yes\npassword-file = there\n" SERVER, NULL, 1, NULL, NULL},
        {"[a]\nlock = no\npassword-file = gone\n" SERVER, NULL, 1, NULL, NULL},
        {"[a]\npassword-file = gone\n" SERVER, NULL, 0, NULL, NULL},
        {"[a]\nlock = yes\npassword-file = gone\n" SERVER, "other", 1, NULL, NULL},
        {"[a]\nlock = yes\npassword-credential = gone\n" SERVER, NULL, 1,
         "host=here/socket lmtp=yes lock=yes timeout=9 from=*@x require-all=yes", NULL},
        {"[a]\nlock = yes\npassword-command = false\n" SERVER, NULL, 1, NULL, NULL},
        {"[a]\nlock = yes\nhost = mail\n", NULL, 1, NULL, NULL},
    };
    char folder[] = "/tmp/envoi-accounts-XXXXXX", before[512], after[512];

    cr_assert(mkdtemp(folder) && !chdir(folder) && !mkdir("here", 0700));
    unsetenv("CREDENTIALS_DIRECTORY");
    write_here("there", "secret\n", 0600);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct accounts *accounts;
        struct fault fault = {0};
        struct values values = {0};
        int rc;

        write_here("system", cases[i].account, 0600);
        if (cases[i].socket)
            write_here("here/socket", "", 0600);
        else
            unlink("here/socket");
        cr_assert(!accounts_read(&(struct accounts_files){.system = "system"}, &accounts, &fault), "%s", fault.text);
        if (cases[i].host)
            values_add(&values, KEY_HOST, cases[i].host, VALUES_COMMAND_LINE);
        cr_assert(!accounts_values(accounts, accounts_at(accounts, 0), &values, &fault), "%s", fault.text);
        list_values(&values, before, sizeof before);
        rc = hand_over(accounts_at(accounts, 0), "here/socket", &values, &fault);
        list_values(&values, after, sizeof after);
        cr_expect_eq(rc, cases[i].text ? EXIT_CONFIG : 0, "%zu: %d", i, rc);
        cr_expect(!cases[i].text || strstr(fault.text, cases[i].text), "%zu: %s", i, fault.text);
        cr_expect_str_eq(after, cases[i].values ? cases[i].values : before, "%zu: %s", i, after);
        values_free(&values);
        accounts_free(accounts);
    }
    unlink("here/socket");
    rmdir("here");
    unlink("there");
    unlink("system");
    rmdir(folder);
}
