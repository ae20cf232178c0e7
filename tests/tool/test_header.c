/* SPDX-License-Identifier: MIT */
#include "accounts/header.h"
#include "content.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The addresses told, each with a ";" after it. */
struct told {
    char text[512];
};

static int tell(void *ctx, const char *address, struct fault *fault)
{
    struct told *told = ctx;
    (void)fault;
    strncat(told->text, address, sizeof told->text - strlen(told->text) - 2);
    strcat(told->text, ";");
    return 0;
}

Test(header, end, .timeout = 10)
{
    static const struct {
        const char *text;
        int whole;
        size_t end;
    } cases[] = {
        {"", 0, 0},
        {"", 1, 0},
        {"A: b\n\nbody", 0, 6},
        {"A: b\r\n\r\nbody", 0, 8},
        {"A: b\r\rbody", 0, 6},
        {"A: b\n\r\nbody", 0, 7},
        {"\nbody", 0, 1},
        {"A: b\r\n", 0, 0},
        {"A: b\r\n\r", 0, 0},
        {"A: b\r\n\r", 1, 7},
        {"A: b", 0, 0},
        {"A: b", 1, 4},
        {"A: b\n c\n\n\n", 0, 9},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_assert_eq(header_end(cases[i].text, strlen(cases[i].text), cases[i].whole), cases[i].end, "case %zu", i);
}

Test(header, recipients_and_bcc, .timeout = 10)
{
    static const struct {
        const char *in, *out, *told;
    } cases[] = {
        {"To: a@x, B <b@x>\nSubject: s\nBCC: c@x,\n\td@x\nCc: \"e f\"@x\n\n",
         "To: a@x, B <b@x>\nSubject: s\nCc: \"e f\"@x\n\n", "a@x;b@x;c@x;d@x;\"e f\"@x;"},
        {"bcc : a@x\r\nto:b@x\r\n\r\n", "to:b@x\r\n\r\n", "a@x;b@x;"},
        {"To: undisclosed-recipients:\n\n", "To: undisclosed-recipients:\n\n", ""},
        {"To: undisclosed-recipients:;\rBcc: a@x\r\r", "To: undisclosed-recipients:;\r\r", "a@x;"},
        {"To: g: a@x, b@x;, c@x\n\n", "To: g: a@x, b@x;, c@x\n\n", "a@x;b@x;c@x;"},
        {"X-Bcc: a@x\nBccx: b@x\nTo: root\n\n", "X-Bcc: a@x\nBccx: b@x\nTo: root\n\n", "root;"},
        {"Bcc:\nTo:\n\n", "To:\n\n", ""},
        {"Bcc: a@x", "", "a@x;"},
        {"\nBcc: a@x\n", "\nBcc: a@x\n", ""},
        {"To: J\xc3\xbcrgen <j@b\xc3\xbc.example>\n\n", "To: J\xc3\xbcrgen <j@b\xc3\xbc.example>\n\n",
         "j@b\xc3\xbc.example;"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct told told = {0};
        struct fault fault = {0};
        size_t kept = 0;
        char *text = strdup(cases[i].in);
        cr_assert_eq(header_read(text, strlen(text), &kept, tell, &told, &fault), 0, "case %zu: %s", i, fault.text);
        text[kept] = '\0';
        cr_assert_str_eq(text, cases[i].out, "case %zu: '%s'", i, text);
        cr_assert_str_eq(told.text, cases[i].told, "case %zu: '%s'", i, told.text);
        free(text);
    }
}

/* A recipient who is named and not understood must not be passed over. */
/* faults: S6, S7 */
Test(header, refused, .timeout = 10)
{
    static const char *const cases[] = {"To: a@x, foo bar, b@x\n\n",
                                        "Cc: a@x; b@x\n\n",
                                        "Bcc: a b@c\n\n",
                                        "Resent-To: a@x\nTo: b@x\n\n",
                                        "resent-bcc: a@x\n\n",
                                        "To: a:b:c@x;;\n\n",
                                        "To: (John a@x\nCc: b@y\n\n",
                                        "To: a@x <>\n\n",
                                        " Bcc: a@x\nTo: b@x\n\n",
                                        "To: b@x\n\fBcc: a@x\n\n",
                                        "To: b@x\nBcc\xe2\x80\x8b: a@x\n\n",
                                        "To: b@x\nBcc\n : a@x\n\n",
                                        "To: b@x\n: a@x\n\n",
                                        "To: b@x\nB cc: a@x\n\n",
                                        "To: b@x\nno field\n\n",
                                        "\xef\xbb\xbfTo: b@x\n\n",
                                        ("To: b@x\n\xef\xbb\xbf"
                                         "Bcc: a@x\n\n")};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct told told = {0};
        struct fault fault = {0};
        size_t kept = 0;
        char *text = strdup(cases[i]);
        cr_assert_eq(header_read(text, strlen(text), &kept, tell, &told, &fault), 65, "%s", cases[i]);
        cr_assert_eq(fault.exit, 65);
        free(text);
    }
}

/* faults: U10 */
Test(header, is_one, .timeout = 10)
{
    static const struct {
        const char *text;
        int must, rc;
    } cases[] = {
        {"Subject: x\n", 0, 0},
        {"X-Odd: x", 0, 0},
        {"Auto-Submitted: x\r\nSUBJECT : x\r\n\r\n", 0, 0},
        {"Precedence: bulk\n folded\nList-Id: x\n\n", 0, 0},
        {"\nText", 0, 0},
        {"\r\n", 0, 0},
        {"\nText", 1, 65},
        {"", 0, 65},
        {"Error: disk full\n", 0, 65},
        {"Error: disk full\n\nSubject: x\n", 0, 65},
        {"Error: disk full\nno field\nSubject: x\n", 0, 65},
        {"X-: x\n", 0, 65},
        {"Subjects: x\n", 0, 65},
        {"Hello\n\n", 0, 65},
        {" Subject: x\n", 0, 65},
        {"Subject\n : x\n", 0, 65},
        {": x\n", 0, 65},
        {"\xff\xfeS\0u\0", 0, 65},
        {"\xef\xbb\xbfSubject: x\n", 0, 65},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fault fault = {0};
        cr_assert_eq(header_check(cases[i].text, strlen(cases[i].text), cases[i].must, &fault), cases[i].rc, "%s",
                     cases[i].text);
    }
}

/* faults: F24 */
Test(header, mailbox_line, .timeout = 10)
{
    cr_assert_eq(header_mailbox_line("From x Mon Jan 1\nTo: a@x\n", 25), 17);
    cr_assert_eq(header_mailbox_line(">From x Mon Jan 1\r\n", 19), 19);
    cr_assert_eq(header_mailbox_line("From : a@x\n", 11), 0);
    cr_assert_eq(header_mailbox_line("From: a@x\n", 10), 0);
    cr_assert_eq(header_mailbox_line("", 0), 0);
}

/* faults: F25 */
Test(header, bcc, .timeout = 10)
{
    cr_assert_eq(header_has_bcc("To: a@x\nbcc : b@x\n\n", 20), 1);
    cr_assert_eq(header_has_bcc("Resent-Bcc: a@x", 15), 1);
    cr_assert_eq(header_has_bcc("To: a@x\n Bcc: x\nX-Bcc: y\n\nBcc: b@x\n", 38), 0);
}

static void write_file(char *path, const char *text, size_t len)
{
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, text, len), (ssize_t)len);
    close(fd);
}

Test(content, size_without_bcc, .timeout = 10)
{
    static char text[100000];
    static const char header[] = "To: a@x\nBcc: b@x\n\n";
    char path[] = "/tmp/envoi-test-XXXXXX";
    memset(text, 'x', sizeof text);
    memcpy(text, header, sizeof header - 1);
    write_file(path, text, sizeof text);

    const struct options options = {.read_recipients = 1};
    struct content content;
    struct told told = {0};
    struct fault fault = {0};
    cr_assert_eq(content_open(&content, path, &fault), 0);
    cr_assert_eq(content.size, (int64_t)sizeof text);
    cr_assert_eq(content_read_header(&content, &options, "", tell, &told, &fault), 0);
    cr_assert_eq(content.size, (int64_t)sizeof text - 9);
    cr_assert(content.regular);
    cr_assert_str_eq(told.text, "a@x;b@x;");
    content_close(&content);
    unlink(path);
}

Test(content, header_without_end, .timeout = 10)
{
    static char text[2 * HEADER_MAX];
    char path[] = "/tmp/envoi-test-XXXXXX";
    memset(text, 'x', sizeof text);
    memcpy(text, "To: ", 4);
    write_file(path, text, sizeof text);
    const struct options options = {.read_recipients = 1};
    struct content content;
    struct told told = {0};
    struct fault fault = {0};
    cr_assert_eq(content_open(&content, path, &fault), 0);
    cr_assert_eq(content_read_header(&content, &options, "", tell, &told, &fault), 65);
    content_close(&content);
    /* If nobody is to be read from it, it is sent as it is. */
    cr_assert_eq(content_open(&content, path, &fault), 0);
    fault = (struct fault){0};
    cr_assert_eq(content_read_header(&content, &(struct options){0}, "", tell, &told, &fault), 0);
    cr_assert_eq(content.size, (int64_t)sizeof text);
    content_close(&content);
    unlink(path);
}

/* A message from a pipe is known as a whole before it is sent: a short one in memory, a long one in a file. */
/* faults: F12 */
Test(content, of_a_pipe, .timeout = 10)
{
    static char text[120000];
    static const struct {
        size_t len;
        int whole;
    } cases[] = {{30000, 1}, {60000, 1}, {120000, 0}};
    memset(text, 'x', sizeof text);
    memcpy(text, "To: a@x\n\n", 9);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int ends[2];
        cr_assert_eq(pipe(ends), 0);
        fcntl(ends[1], F_SETPIPE_SZ, 1 << 17);
        cr_assert_eq(write(ends[1], text, cases[i].len), (ssize_t)cases[i].len);
        close(ends[1]);
        struct content content = {.fd = ends[0]};
        struct fault fault = {0};
        cr_assert_eq(content_read_header(&content, &(struct options){0}, "", tell, NULL, &fault), 0);
        cr_assert_eq(content.size, (int64_t)cases[i].len);
        cr_assert_eq(content.whole, cases[i].whole);
        cr_assert_eq(content.regular, !cases[i].whole);
        content_close(&content);
    }
}

Test(content, no_file, .timeout = 10)
{
    struct content content;
    struct fault fault = {0};
    cr_assert_eq(content_open(&content, "/nonexistent/file", &fault), 65);
    cr_assert_eq(content_open(&content, "/", &fault), 65);
    content_close(&content);
}
