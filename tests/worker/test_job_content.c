/* SPDX-License-Identifier: MIT */
/* The content of a job as it is sent: Message-ID, Bcc, files. */
#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "tests/worker/job_cases.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <fcntl.h>
#include <nettle/base16.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(job_content, .timeout = 60);

/* What is sent of a message from `from` with this id. */
static char *sent_of(const char *id, const char *from, const char *body)
{
    const char *to[] = {"a@b"};
    struct room *room = NULL;
    struct broker_message message = job_case_mail(id, from, to, 1, body, &room);
    struct fault fault = {0};
    struct job *job;
    size_t len;
    int error;
    char *sent;

    cr_assert_eq(job_read(&message, -1, &job, &fault), 0, "%s", fault.text);
    sent = job_content_sent(job, &len, &error);
    cr_assert(sent);
    job_free(job);
    room_free(room);
    return sent;
}

Test(job_content, message_id)
{
    static const struct {
        const char *id, *from, *message_id;
    } cases[] = {
        {"order-17", "me@example.org", "<order-17@example.org>"},
        {"a.b", "Me <me@example.org>", "<a.b@example.org>"},
        {".a..b.", "\"x@y\"@example.org", "<=2Ea=2E.b=2E@example.org>"},
        {"a@b<c>:d(e)=f", "me@[192.0.2.1]", "<a=40b=3Cc=3E=3Ad=28e=29=3Df@[192.0.2.1]>"},
        {"x", "me@[IPv6:2001:db8::1]", "<x@[IPv6:2001:db8::1]>"},
        {"{6ba7b810-9dad-11d1-80b4-00c04fd430c8}", "", "<{6ba7b810-9dad-11d1-80b4-00c04fd430c8}@job.invalid>"},
        {"x", "root", "<x@job.invalid>"},
        {"x",
         "me@b\xc3\xbc"
         "cher.example",
         "<x@job.invalid>"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char should[256], *sent = sent_of(cases[i].id, cases[i].from, "Subject: x\r\n\r\ntext\r\n");

        snprintf(should, sizeof should, "Message-ID: %s\r\nSubject: x\r\n\r\ntext\r\n", cases[i].message_id);
        cr_expect_str_eq(sent, should);
        free(sent);
    }
}

/* A character that stands for itself and one that is written as digits cannot meet: ids that differ stay different. */
Test(job_content, ids_stay_different)
{
    char *one = sent_of("a=40b", "me@x", "\n"), *other = sent_of("a@b", "me@x", "\n");

    cr_assert_str_neq(one, other);
    free(one);
    free(other);
}

#define ID "Message-ID: <x@example.org>\r\n"

Test(job_content, header)
{
    static const struct {
        const char *body, *sent;
    } cases[] = {
        /* Nothing to do. */
        {"Message-Id: <own>\nSubject: x\n\ntext\n.\n", "Message-Id: <own>\nSubject: x\n\ntext\n.\n"},
        {"Subject: x\nMESSAGE-ID :\n <own>\n\n", "Subject: x\nMESSAGE-ID :\n <own>\n\n"},
        /* One is added. */
        {"Subject: x\n\nMessage-ID: <in the text>\n", ID "Subject: x\n\nMessage-ID: <in the text>\n"},
        {"\ntext", ID "\ntext"},
        {"Subject: x", ID "Subject: x"},
        {"Message-ID: \t\r\nSubject: x\r\n\r\n", ID "Subject: x\r\n\r\n"},
        {"Subject: x\nMessage-ID:\n\n", ID "Subject: x\n\n"},
        /* Bcc never leaves. */
        {"Message-ID: <own>\nBcc: a@b,\n c@d\nbcc :e@f\nResent-Bcc: g@h\nTo: i@j\n\nBcc: in the text\n",
         "Message-ID: <own>\nTo: i@j\n\nBcc: in the text\n"},
        {"To: i@j\r\nBcc: a@b", ID "To: i@j\r\n"},
        /* The line of a mailbox file. */
        {"From me@x Mon Nov 30 10:00:00 2026\nMessage-ID: <own>\n\nx\n", "Message-ID: <own>\n\nx\n"},
        {"From me@x Mon Nov 30 10:00:00 2026\nTo: x\n\nx\n", ID "To: x\n\nx\n"},
        /* A header that ends with a line that is no field. */
        {"To: x\nno field\nMessage-ID: <no header>\n\n", ID "To: x\nno field\nMessage-ID: <no header>\n\n"},
        {"To: x\r\r\nmore: x", ID "To: x\r\r\nmore: x"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *sent = sent_of("x", "me@example.org", cases[i].body);

        cr_expect_str_eq(sent, cases[i].sent);
        free(sent);
    }
}

/* An address or an option that cannot be: the job is invalid, and the text says which. */
Test(job_content, what_the_library_refuses)
{
    static const struct {
        const char *from, *to, *begin;
    } cases[] = {
        {"a..b@x", "a@b", "from: "},
        {"me@x", "a b@c", "to: "},
        {"me@x", "<>", "to: "},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct room *room = NULL;
        struct broker_message message = job_case_mail("x", cases[i].from, &cases[i].to, 1, "\n", &room);
        struct envoi_message *made;
        struct fault fault = {0};
        struct job *job;

        cr_assert_eq(job_read(&message, -1, &job, &fault), 0, "%s", fault.text);
        cr_assert_eq(job_make_message(job, &made, &fault), EXIT_DATA);
        cr_assert_null(made);
        cr_expect(!strncmp(fault.text, cases[i].begin, strlen(cases[i].begin)), "%s", fault.text);
        cr_expect(strstr(fault.text, *cases[i].from == 'a' ? cases[i].from : cases[i].to), "%s", fault.text);
        job_free(job);
        room_free(room);
    }
}

/* ---- files ---- */

static char root[] = "/tmp/envoi-job-XXXXXX";
static int root_fd;

static void make_root(void)
{
    char path[128];

    cr_assert(mkdtemp(root));
    snprintf(path, sizeof path, "%s/2026", root);
    cr_assert_eq(mkdir(path, 0700), 0);
    root_fd = open(root, O_RDONLY | O_DIRECTORY);
    cr_assert_geq(root_fd, 0);
}

static void remove_root(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf %s", root);
    cr_assert_eq(system(command), 0);
    close(root_fd);
}

static void write_file(const char *name, const char *text, size_t len)
{
    int fd = openat(root_fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, text, len), (ssize_t)len);
    close(fd);
}

static void digest_of(const char *text, size_t len, char digits[65])
{
    struct sha256_ctx hash;
    uint8_t digest[SHA256_DIGEST_SIZE];

    sha256_init(&hash);
    sha256_update(&hash, len, (const uint8_t *)text);
    sha256_digest(&hash, sizeof digest, digest);
    base16_encode_update(digits, sizeof digest, digest);
    digits[64] = '\0';
}

/* With so many descriptors more than there are now; -1: with all. */
static int read_with_descriptors(const char *path, size_t size, const char *sha256, int descriptors, struct job **job,
                                 struct fault *fault)
{
    struct rlimit before, limit;
    json_t *file = json_pack("{s:s, s:I, s:s}", "file", path, "size", (json_int_t)size, "sha256", sha256);
    json_t *test = json_pack("{s:{s:o}}", "body", "mime", file), *cases = job_cases_load("json.json");
    struct room *room = NULL;
    struct broker_message message = job_case_message(json_object_get(cases, "base"), test, &room);
    int rc, next = open("/dev/null", O_RDONLY);

    close(next);
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    limit = before;
    if (descriptors >= 0)
        limit.rlim_cur = (rlim_t)(next + descriptors);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    rc = job_read(&message, root_fd, job, fault);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    room_free(room);
    json_decref(test);
    json_decref(cases);
    return rc;
}

static int read_file_job(const char *path, size_t size, const char *sha256, struct job **job, struct fault *fault)
{
    return read_with_descriptors(path, size, sha256, -1, job, fault);
}

/* A letter of so many octets. */
static char *letter(size_t len)
{
    char *text = malloc(len + 1);
    static const char header[] = "To: x\r\nBcc: secret@x\r\n\r\n";

    for (size_t i = 0; i < len; i++)
        text[i] = i < sizeof header - 1 ? header[i] : "0123456789abcdef\n"[(i * 7 + i / 256) % 17];
    text[len] = '\0';
    return text;
}

#define SENT "Message-ID: <order-17@example.org>\r\nTo: x\r\n\r\n"

Test(job_content, file, .init = make_root, .fini = remove_root)
{
    static const size_t sizes[] = {100, 262143, 262144, 262145, 1000000};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *text = letter(sizes[i]), digits[65], *sent;
        struct fault fault = {0};
        struct job *job;
        size_t len;
        int error;

        write_file("2026/x.eml", text, sizes[i]);
        digest_of(text, sizes[i], digits);
        cr_assert_eq(read_file_job("2026/x.eml", sizes[i], digits, &job, &fault), 0, "%s", fault.text);
        sent = job_content_sent(job, &len, &error);
        cr_assert(sent, "%zu: %s", sizes[i], job_file_problem(job));
        cr_assert_eq(memcmp(sent, SENT, strlen(SENT)), 0);
        cr_assert_eq(len, sizes[i] - strlen("To: x\r\nBcc: secret@x\r\n\r\n") + strlen(SENT));
        cr_assert_str_eq(sent + strlen(SENT), text + strlen("To: x\r\nBcc: secret@x\r\n\r\n"));
        cr_assert_null(job_file_problem(job));
        free(sent);
        free(text);
        job_free(job);
    }
}

/* Another size or digest, and what is no file below the root. */
Test(job_content, files_that_are_refused, .init = make_root, .fini = remove_root)
{
    char *text = letter(100), good[65], bad[65], absolute[128];
    const struct {
        const char *path;
        size_t size;
        const char *digits, *says;
    } cases[] = {
        {"x.eml", 99, good, "'x.eml': it has 100 octets, and not the 99 of \"size\""},
        {"x.eml", 100, bad, "'x.eml': its SHA-256 is "},
        {"2026/none.eml", 100, good, "'2026/none.eml': No such file or directory"},
        {"x.eml/y", 100, good, "'x.eml/y': Not a directory"},
        {"2026", 100, good, "'2026': it is no regular file"},
        {"fifo", 0, good, "'fifo': it is no regular file"},
        {"link.eml", 100, good, "'link.eml': it is not below content-root, or a symbolic link leads to it"},
        /* Without openat2() it is no directory. */
        {"loop/x.eml", 100, good, "'loop/x.eml': "},
        {"../x.eml", 100, good, "'../x.eml': it is not below content-root, or a symbolic link leads to it"},
        {"2026/../x.eml", 100, good, "'2026/../x.eml': it is not below content-root, or a symbolic link leads to it"},
        {absolute, 100, good, "it is not below content-root, or a symbolic link leads to it"},
        {"empty", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "the message is empty"},
    };
    struct fault fault = {0};
    struct job *job;

    snprintf(absolute, sizeof absolute, "%s/x.eml", root);
    write_file("x.eml", text, 100);
    write_file("empty", "", 0);
    digest_of(text, 100, good);
    memcpy(bad, good, sizeof bad);
    bad[0] = bad[0] == '0' ? '1' : '0';
    cr_assert_eq(symlinkat("x.eml", root_fd, "link.eml"), 0);
    cr_assert_eq(symlinkat(".", root_fd, "loop"), 0);
    cr_assert_eq(mkfifoat(root_fd, "fifo", 0600), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_expect_eq(read_file_job(cases[i].path, cases[i].size, cases[i].digits, &job, &fault), EXIT_DATA, "%s",
                     cases[i].path);
        cr_expect(!strncmp(fault.text, "mime.file: ", 11) && strstr(fault.text, cases[i].says), "%s: %s", cases[i].path,
                  fault.text);
        cr_expect_null(job);
    }
    /* Digits in capitals are the same. */
    for (char *c = good; *c; c++)
        *c = *c >= 'a' ? (char)(*c - 'a' + 'A') : *c;
    cr_assert_eq(read_file_job("x.eml", 100, good, &job, &fault), 0, "%s", fault.text);
    job_free(job);
    free(text);
}

/* The header of a file must be in memory. */
Test(job_content, a_file_with_a_long_header, .init = make_root, .fini = remove_root)
{
    static const struct {
        size_t header;
        int rc;
    } cases[] = {{300000, 0}, {1000000, 0}, {2000000, EXIT_DATA}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t size = cases[i].header + 500000;
        char *text = malloc(size), digits[65];
        struct fault fault = {0};
        struct job *job;

        memset(text, 'x', size);
        memcpy(text, "Subject: ", 9);
        memcpy(text + cases[i].header, "\nBcc: secret\n\n", 14);
        write_file("x.eml", text, size);
        digest_of(text, size, digits);
        cr_assert_eq(read_file_job("x.eml", size, digits, &job, &fault), cases[i].rc, "%s", fault.text);
        if (job) {
            size_t len;
            int error;
            char *sent = job_content_sent(job, &len, &error);

            cr_assert(sent);
            cr_assert_null(strstr(sent, "secret"));
            free(sent);
        } else
            cr_assert_str_eq(fault.text, "mime.file: the header of the file is longer than 1 MiB");
        job_free(job);
        free(text);
    }
}

/* After the check the file is changed or cut: not all of it leaves. */
Test(job_content, a_file_that_changes, .init = make_root, .fini = remove_root)
{
    size_t size = 500000, len;
    char *text = letter(size), digits[65];
    struct fault fault = {0};
    struct job *job;
    int error, fd;

    write_file("x.eml", text, size);
    digest_of(text, size, digits);
    cr_assert_eq(read_file_job("x.eml", size, digits, &job, &fault), 0, "%s", fault.text);
    fd = openat(root_fd, "x.eml", O_WRONLY);
    cr_assert_eq(pwrite(fd, "!", 1, 400000), 1);
    cr_assert_null(job_content_sent(job, &len, &error));
    cr_assert_eq(error, ENVOI_E_CONTENT);
    cr_assert_str_eq(job_file_problem(job), "the file of the job was changed after its digest was checked");
    cr_assert_eq(ftruncate(fd, 300000), 0);
    cr_assert_null(job_content_sent(job, &len, &error));
    cr_assert_str_eq(job_file_problem(job), "the file of the job is shorter now");
    /* Another file of that name does no harm. */
    write_file("x.eml", text, size);
    cr_assert_eq(unlinkat(root_fd, "x.eml", 0), 0);
    close(fd);
    job_free(job);
    cr_assert_eq(read_file_job("x.eml", size, digits, &job, &fault), EXIT_DATA);
    write_file("x.eml", text, size);
    cr_assert_eq(read_file_job("x.eml", size, digits, &job, &fault), 0, "%s", fault.text);
    cr_assert_eq(unlinkat(root_fd, "x.eml", 0), 0);
    write_file("x.eml", "To: other\n\n", 11);
    {
        char *sent = job_content_sent(job, &len, &error);

        cr_assert(sent);
        free(sent);
    }
    job_free(job);
    free(text);
}

/* A process without a descriptor left is no fault of the job. */
Test(job_content, no_descriptors, .init = make_root, .fini = remove_root)
{
    char *text = letter(100), digits[65];
    struct fault fault = {0};
    struct job *job;

    write_file("x.eml", text, 100);
    digest_of(text, 100, digits);
    cr_assert_eq(read_with_descriptors("x.eml", 100, digits, 0, &job, &fault), EXIT_LOCAL);
    cr_assert_str_eq(fault.text, "mime.file: 'x.eml': Too many open files");
    cr_assert_null(job);
    cr_assert_eq(read_with_descriptors("x.eml", 100, digits, 1, &job, &fault), 0, "%s", fault.text);
    job_free(job);
    free(text);
}
