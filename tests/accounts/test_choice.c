/* SPDX-License-Identifier: MIT */
/* Which account is chosen, and the values that it has. */
#include "accounts/accounts.h"
#include "accounts/exit_code.h"
#include "accounts/fault.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(choice, .timeout = 20);

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

/* The accounts of these two files, named system and user, in a directory of their own. NULL: the file is not there. */
static int load(const char *system, const char *user, struct accounts **accounts, struct fault *fault)
{
    char folder[] = "/tmp/envoi-accounts-XXXXXX";
    cr_assert(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
    unsetenv("ENVOI_ACCOUNT");
    if (system)
        write_file("system", system);
    if (user)
        write_file("user", user);
    *fault = (struct fault){0};
    int rc = accounts_read(&(struct accounts_files){.system = "system", .user = "user"}, accounts, fault);
    unlink("system");
    unlink("user");
    rmdir(folder);
    return rc;
}

/* Two accounts, of which `a` serves an address and a pattern. */
#define TWO                                                                                                            \
    "[a]\nhost = a\nfrom = me@a.example, *@a.example, post@*\n[b]\nhost = b\nfrom = you@a.example, *@b.example\n"

Test(choice, table)
{
    static const struct {
        const char *system, *user;
        const char *name, *variable, *sender;
        const char *account; /* NULL: none */
        const char *text;    /* of the choice, or of the fault */
    } cases[] = {
        {NULL, NULL, NULL, NULL, NULL, NULL, ""},
        {"[a]\n", NULL, NULL, NULL, NULL, "a", "it is the only account"},
        {"[a]\n", NULL, NULL, NULL, "x@y", "a", "it is the only account"},
        {NULL, TWO, NULL, NULL, NULL, NULL,
         "which account? There are: a, b; --account says which, or default = NAME in user and system"},
        {NULL, "default = b\n" TWO, NULL, NULL, NULL, "b", "it is the default, by user:1"},
        {"default = a\n[a]\n", "default = b\n[b]\n", NULL, NULL, NULL, "b", "it is the default, by user:1"},
        /* [worker] is no account. */
        {"[worker]\n[a]\n", "[worker]\n", NULL, NULL, NULL, "a", "it is the only account"},
        {"[worker]\n", NULL, NULL, NULL, "x@y", NULL, ""},
        {"[worker]\n[a]\n", NULL, "worker", NULL, NULL, NULL, "--account: there is no account 'worker'; there are: a"},
        {"default = a\n[a]\n", "[b]\n", NULL, NULL, NULL, "a", "it is the default, by system:1"},
        {"default = a\n[a]\n", "[b]\n", "b", "a", NULL, "b", "--account names it"},
        {"default = a\n[a]\n", "[b]\n", NULL, "b", "x@y", "b", "$ENVOI_ACCOUNT names it"},
        {"default = a\n[a]\n", "[b]\n", NULL, "", "x@y", "a", "it is the default, by system:1"},
        {NULL, "default = b\n" TWO, NULL, NULL, "me@a.example", "a",
         "it serves 'me@a.example': from = me@a.example at user:4"},
        {NULL, "default = b\n" TWO, NULL, NULL, "\"<x>\" <me@a.example>", "a",
         "it serves 'me@a.example': from = me@a.example at user:4"},
        {NULL, "default = b\n" TWO, NULL, NULL, "<ME@A.EXAMPLE>", "a",
         "it serves 'ME@A.EXAMPLE': from = me@a.example at user:4"},
        {NULL, "default = b\n" TWO, NULL, NULL, "x@a.example", "a",
         "it serves 'x@a.example': from = *@a.example at user:4"},
        /* An address goes before a pattern. */
        {NULL, "default = a\n" TWO, NULL, NULL, "you@a.example", "b",
         "it serves 'you@a.example': from = you@a.example at user:7"},
        {NULL, "default = a\n" TWO, NULL, NULL, "post@b.example", NULL,
         "several accounts serve 'post@b.example': a, b; --account says which"},
        {NULL, "default = b\n" TWO, NULL, NULL, "x@c.example", "b", "it is the default, by user:1"},
        {NULL, "default = b\n" TWO, NULL, NULL, "<>", "b", "it is the default, by user:1"},
        {NULL, TWO, "c", NULL, NULL, NULL, "--account: there is no account 'c'; there are: a, b"},
        {NULL, TWO, NULL, "c", NULL, NULL, "$ENVOI_ACCOUNT: there is no account 'c'; there are: a, b"},
        {NULL, NULL, "c", NULL, NULL, NULL, "--account: there is no account 'c', and none at all in user and system"},
        /* Inherited patterns serve nobody: the other account does that. */
        {NULL, "[a]\nfrom = *@x\n[b]\nlike = a\n", NULL, NULL, "me@x", "a", "it serves 'me@x': from = *@x at user:2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct accounts *accounts;
        struct fault fault;
        struct choice choice;
        cr_assert_eq(load(cases[i].system, cases[i].user, &accounts, &fault), 0, "%zu: %s", i, fault.text);
        if (cases[i].variable)
            setenv("ENVOI_ACCOUNT", cases[i].variable, 1);
        int rc = accounts_choose(accounts, cases[i].name, cases[i].sender, &choice, &fault);
        cr_expect_eq(rc, cases[i].account || !*cases[i].text ? 0 : EXIT_CONFIG, "%zu", i);
        cr_expect_str_eq(rc ? fault.text : choice.why, cases[i].text, "%zu: %s", i, rc ? fault.text : choice.why);
        const char *name = !rc && choice.account ? choice.account->name : "";
        cr_expect_str_eq(name, cases[i].account ? cases[i].account : "", "%zu", i);
        accounts_free(accounts);
    }
}

Test(choice, wrong_files)
{
    static const struct {
        const char *system, *user;
        const char *text;
    } cases[] = {
        {"[a]\nlock = yes\n", "[a]\n",
         "user:1: the account [a] is the administrator's alone: it is locked at system:2; choose another name"},
        {"[worker]\nlock = yes\n", "[worker]\n",
         "user:1: the section [worker] is the administrator's alone: it is locked at system:2; take it out of this "
         "file"},
        {"default = b\n[a]\n", NULL, "system:1: default: there is no account [b]"},
        {"default = worker\n[worker]\n", NULL, "system:1: default: there is no account [worker]"},
        {NULL, "default = b\n", "user:1: default: there is no account [b]"},
        {"[a]\nx = y\n", NULL, "system:2: the key `x` is unknown; accounts.conf(5) has all of them"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct accounts *accounts;
        struct fault fault;
        cr_expect_eq(load(cases[i].system, cases[i].user, &accounts, &fault), EXIT_CONFIG, "%zu", i);
        cr_expect_null(accounts);
        cr_expect_str_eq(fault.text, cases[i].text, "%s", fault.text);
    }
    struct accounts *accounts;
    struct fault fault = {0};
    cr_expect_eq(accounts_read(&(struct accounts_files){.given = "/nonexistent"}, &accounts, &fault), EXIT_CONFIG);
    cr_expect(strstr(fault.text, "/nonexistent: cannot be read: No such file or directory"), "%s", fault.text);
}

/* The values of account `a`, as "key=value@place " each. */
static char *describe(struct accounts *accounts, const char *options, struct fault *fault)
{
    static char text[2048];
    struct values values = {0};
    *text = '\0';
    if (options)
        values_add(&values, vocabulary_key(options), "option", VALUES_COMMAND_LINE);
    if (accounts_values(accounts, accounts_find(accounts, "a"), &values, fault))
        snprintf(text, sizeof text, "%s", fault->text);
    for (size_t i = 0; !fault->exit && i < values.count; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s=%s@%s", i ? " " : "",
                 vocabulary_word(values.items[i].key)->name, values.items[i].text, values.items[i].place);
    values_free(&values);
    return text;
}

Test(choice, values)
{
    static const struct {
        const char *system, *user;
        const char *option; /* one that stands on the command line */
        const char *text;
    } cases[] = {
        /* The user's account replaces the administrator's whole, and what stands at the top of his file too. */
        {"password-command = secret\n[a]\nuser = u\nhost = h\n", "[a]\nhost = other\n", NULL, "host=other@user:2"},
        {"helo = n\n[a]\nhost = h\n", "helo = m\n[b]\n", NULL, "host=h@system:3 helo=n@system:1"},
        /* like: the own value, that of the other, that of the one behind it, the top of the file. */
        {NULL,
         "timeout = 9\nhelo = t\n[c]\nuser = c\nhelo = c\nlike = b\n[a]\nuser = a\nlike = c\n[b]\nca = /b\nhelo = b\n",
         NULL, "user=a@user:8 like=c@user:9 helo=c@user:5 ca=/b@user:11 timeout=9@user:1"},
        /* A user's account may be like one of the administrator; the other way round there is no such account. */
        {"helo = t\n[b]\nhost = h\n", "[a]\nlike = b\nuser = u\n", NULL,
         "like=b@user:2 user=u@user:3 host=h@system:3 helo=t@system:1"},
        {"[a]\nlike = b\n", "[b]\nhost = h\n", NULL, "system:2: like: there is no account [b]"},
        {"[a]\nlike = b\n[b]\nhost = h\n", "[b]\nhost = other\n", NULL, "like=b@system:2 host=h@system:4"},
        {NULL, "[worker]\n[a]\nlike = worker\n", NULL, "user:3: like: there is no account [worker]"},
        {NULL, "[a]\nlike = a\n", NULL, "user:2: like: more than 8 accounts are like one another"},
        /* Not by like: a login without TLS, which is said for each account. */
        {NULL, "[a]\nlike = b\n[b]\nallow-cleartext-auth = yes\nlmtp = yes\n", NULL, "like=b@user:2 lmtp=yes@user:5"},
        /* What belongs together is taken together. */
        {NULL, "[a]\nlike = b\nhost = h\ncert = /c\n[b]\nhost = i\nport = 25\nkey = /k\npassphrase-file = /p\n", NULL,
         "like=b@user:2 host=h@user:3 cert=/c@user:4"},
        {NULL, "[a]\nlike = b\ntoken-command = x\n[b]\nuser = u\npassword-command = y\n", NULL,
         "like=b@user:2 token-command=x@user:3 user=u@user:5"},
        {NULL, "[a]\nhost = h, i\nport = 25\nallow-cleartext-auth = yes\n", "host",
         "host=option@command line allow-cleartext-auth=yes@user:4"},
        {NULL, "[a]\npassword-file = /f\nuser = u\n", "password-command",
         "password-command=option@command line user=u@user:3"},
        {NULL, "[a]\nhost = h, i\n", NULL, "host=h@user:2 host=i@user:2"},
        /* Variables. */
        {NULL, "[a]\nhost-env = HOSTS\nuser-env = ME\n", NULL, "host=x@user:2 host=y@user:2 user=me, too@user:3"},
        {NULL, "[a]\nuser-env = EMPTY\n", NULL, "user:2: user-env: the environment variable EMPTY is empty"},
        {NULL, "[a]\nuser-env = NO_SUCH\n", NULL, "user:2: user-env: the environment variable NO_SUCH is not set"},
        {NULL, "[a]\nport-env = ME\n", NULL,
         "user:2: port-env: the environment variable ME has 'me, too'; it is a number from 1 to 65535"},
        /* Only those of the account that is chosen are looked at. */
        {NULL, "[a]\nuser = u\n[b]\nuser-env = NO_SUCH\n", NULL, "user=u@user:2"},
    };
    setenv("HOSTS", "x , y", 1);
    setenv("ME", "me, too", 1);
    setenv("EMPTY", "", 1);
    unsetenv("NO_SUCH");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct accounts *accounts;
        struct fault fault;
        cr_assert_eq(load(cases[i].system, cases[i].user, &accounts, &fault), 0, "%zu: %s", i, fault.text);
        char *text = describe(accounts, cases[i].option, &fault);
        cr_expect_str_eq(text, cases[i].text, "%zu: %s", i, text);
        accounts_free(accounts);
    }
}

Test(choice, sender)
{
    struct values values = {0};
    cr_expect_null(accounts_sender(&values));
    values_add(&values, KEY_FROM, "*@x", "f:1");
    cr_expect_null(accounts_sender(&values));
    values_add(&values, KEY_FROM, "me@x", "f:1");
    values_add(&values, KEY_FROM, "you@x", "f:1");
    cr_expect_str_eq(accounts_sender(&values), "me@x");
    values_free(&values);
}

/* The accounts for all users: a default that is not among them is none, and `like` still finds the others. */
Test(choice, locked)
{
    static const struct {
        const char *system, *sender;
        const char *account; /* NULL: none */
    } cases[] = {
        {"default = a\n[a]\nfrom = a@x\n[b]\nlock = yes\n", NULL, NULL},
        {"default = a\n[a]\nfrom = a@x\n[b]\nlock = yes\n", "a@x", NULL},
        {"[a]\nfrom = a@x\n[b]\nlock = yes\nlike = a\n", "a@x", "b"},
        {"[a]\nfrom = *@x\n[b]\nlock = yes\nfrom = *@x\n", "a@x", "b"},
        {"[a]\nlock = no\n", NULL, NULL},
        {"default = b\n[a]\nlock = yes\nfrom = a@x\n[b]\nlock = yes\n", "a@x", "a"},
        {"default = b\n[a]\nlock = yes\nfrom = a@x\n[b]\nlock = yes\n", "b@x", "b"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct accounts *accounts;
        struct choice choice;
        struct fault fault;
        struct values values = {0};
        cr_assert_eq(load(cases[i].system, NULL, &accounts, &fault), 0, "%zu: %s", i, fault.text);
        accounts_keep_locked(accounts);
        cr_assert_eq(accounts_choose(accounts, NULL, cases[i].sender, &choice, &fault), 0, "%zu: %s", i, fault.text);
        if (cases[i].account) {
            cr_expect(choice.account && !strcmp(choice.account->name, cases[i].account), "%zu", i);
            cr_expect_eq(accounts_values(accounts, choice.account, &values, &fault), 0, "%zu: %s", i, fault.text);
        } else {
            cr_expect_null(choice.account, "%zu", i);
        }
        values_free(&values);
        accounts_free(accounts);
    }
}

Test(choice, allows)
{
    struct values values = {0};
    cr_expect(accounts_allows(&values, "a@x"));
    values_add(&values, KEY_FROM, "me@x", "f:1");
    values_add(&values, KEY_FROM, "*@y", "f:1");
    cr_expect(accounts_allows(&values, "ME@x"));
    cr_expect(accounts_allows(&values, "a@Y"));
    cr_expect_not(accounts_allows(&values, "a@x"));
    cr_expect_not(accounts_allows(&values, "a@y.example"));
    values_add(&values, KEY_FROM, ACCOUNTS_FROM_HEADER, "f:1");
    cr_expect(accounts_allows(&values, "a@x"));
    values_free(&values);
}

/* Whose HOME it is decides, because after sudo it is that of somebody else. */
Test(choice, home)
{
    char folder[] = "/tmp/envoi-accounts-XXXXXX", wanted[128];
    cr_assert(mkdtemp(folder));
    unsetenv("XDG_CONFIG_HOME");
    setenv("HOME", folder, 1);
    snprintf(wanted, sizeof wanted, "%s/.config/envoi/accounts.conf", folder);
    char *path = accounts_user_file();
    cr_expect_str_eq(path, wanted);
    free(path);
    setenv("XDG_CONFIG_HOME", "/nonexistent/x", 1);
    path = accounts_user_file();
    cr_expect_str_eq(path, "/nonexistent/x/envoi/accounts.conf");
    free(path);
    setenv("XDG_CONFIG_HOME", "relative", 1);
    path = accounts_user_file();
    cr_expect_str_eq(path, wanted);
    free(path);
    unsetenv("XDG_CONFIG_HOME");
    if (geteuid() == 0 && chown(folder, 12345, 12345) == 0) {
        path = accounts_user_file();
        cr_expect(path && strncmp(path, folder, strlen(folder)) != 0, "%s", path);
        free(path);
    }
    setenv("HOME", "/", 1);
    path = accounts_user_file();
    cr_expect(!path || strncmp(path, "/.config", 8) != 0, "%s", path);
    free(path);
    rmdir(folder);
}

/* The user's [worker] replaces the system's whole, so that no password goes to another broker. */
Test(choice, worker)
{
    static const struct {
        const char *system, *user;
        int rc;
        const char *text; /* "key=value@place " each, or the fault */
    } cases[] = {
        {"[worker]\nbroker = amqp://s\nbroker-password-file = /s\n", NULL, 0,
         "broker=amqp://s@system:2 broker-password-file=/s@system:3 "},
        {"[worker]\nbroker = amqp://s\nbroker-password-file = /s\n", "timeout = 9\n[worker]\nbroker = amqp://u\n", 0,
         "broker=amqp://u@user:3 "},
        {NULL, "[worker]\nbroker-env = BROKER\n", 0, "broker=amqp://e/x@user:2 "},
        {NULL, "[worker]\nprefetch-env = BROKER\n", EXIT_CONFIG,
         "user:2: prefetch-env: the environment variable BROKER has 'amqp://e/x'; it is a number from 1 to 65535"},
        {NULL, "[worker]\nbroker-env = WITH_PASSWORD\n", EXIT_CONFIG,
         "user:2: broker-env: the environment variable WITH_PASSWORD has '...@e'; no user and no password stands in "
         "the URL, which others may read; say broker-user = NAME and broker-password-file = FILE, and write an @ in "
         "the name of the vhost as %40"},
        {"[a]\n", NULL, EXIT_CONFIG,
         "there is no section [worker] in user and system; it names the broker, such as broker = "
         "amqps://broker.example.org/mail"},
    };
    setenv("BROKER", "amqp://e/x", 1);
    setenv("WITH_PASSWORD", "amqp://me:hunter2@e", 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct accounts *accounts;
        struct values values = {0};
        struct fault fault;
        char text[512] = "";
        cr_assert_eq(load(cases[i].system, cases[i].user, &accounts, &fault), 0, "%zu: %s", i, fault.text);
        cr_expect_eq(accounts_worker(accounts, &values, &fault), cases[i].rc, "%zu: %s", i, fault.text);
        for (size_t k = 0; !cases[i].rc && k < values.count; k++)
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s=%s@%s ",
                     vocabulary_word(values.items[k].key)->name, values.items[k].text, values.items[k].place);
        cr_expect_str_eq(cases[i].rc ? fault.text : text, cases[i].text, "%zu", i);
        values_free(&values);
        accounts_free(accounts);
    }
}

Test(vocabulary, nearest)
{
    static const struct {
        const char *wrong;
        enum key key;
    } cases[] = {
        {"hots", KEY_HOST},
        {"hosts", KEY_HOST},
        {"usr", KEY_USER},
        {"password_command", KEY_PASSWORD_COMMAND},
        {"tls_name", KEY_TLS_NAME},
        {"timeot", KEY_TIMEOUT},
        {"passwordcommand", KEY_PASSWORD_COMMAND},
        {"x", KEY_COUNT},
        {"frobnicate", KEY_COUNT},
        {"qeue", KEY_QUEUE},
        {"prefetsch", KEY_COUNT},
        {"a-very-long-name-that-is-in-no-table-at-all-of-them", KEY_COUNT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_expect_eq(vocabulary_nearest(cases[i].wrong, PLACE_ACCOUNT), cases[i].key, "%s", cases[i].wrong);
    cr_expect_eq(vocabulary_nearest("prefetsch", PLACE_WORKER), KEY_PREFETCH);
    cr_expect_eq(vocabulary_nearest("hots", PLACE_WORKER), KEY_COUNT);
}
