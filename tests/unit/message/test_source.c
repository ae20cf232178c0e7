/* SPDX-License-Identifier: MIT */
#include "message/message.h"

#include <criterion/criterion.h>
#include <envoi/message_file.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(source, .timeout = 20);

static struct envoi_message *new_message(void)
{
    struct envoi_message *m;

    cr_assert_eq(envoi_message_new("me@example.org", &m), ENVOI_OK);
    return m;
}

/* Reads the source in pieces of `cap` until something else than octets comes. */
static int drain(struct envoi_message *m, size_t cap, char *all, size_t size, size_t *len)
{
    struct content_source *s = &m->content.source;

    *len = 0;
    for (;;) {
        size_t n = 0;
        int rc = s->pull(s->ctx, all + *len, cap < size - *len ? cap : size - *len, &n);

        if (rc || n == 0)
            return rc;
        *len += n;
    }
}

static FILE *file_with(const char *text)
{
    FILE *f = tmpfile();

    cr_assert_not_null(f);
    cr_assert_eq(fwrite(text, 1, strlen(text), f), strlen(text));
    rewind(f);
    return f;
}

Test(source, a_regular_stream_from_where_it_stands)
{
    struct envoi_message *m = new_message();
    FILE *f = file_with("header\nbody\n");
    char all[64];
    size_t len;

    cr_assert_eq(fgetc(f), 'h'); /* the buffer of the stream is ahead of its descriptor now */
    cr_assert_eq(envoi_message_set_file(m, f), ENVOI_OK);
    cr_expect_eq(m->content.source.size, 11);
    cr_assert_not_null(m->content.source.rewind);
    for (size_t cap = 1; cap < 20; cap += 3) {
        cr_assert_eq(drain(m, cap, all, sizeof all, &len), ENVOI_OK);
        cr_expect_eq(len, 11);
        cr_expect_arr_eq(all, "eader\nbody\n", 11);
        cr_assert_eq(m->content.source.rewind(m->content.source.ctx), ENVOI_OK);
    }
    envoi_message_free(m);
    cr_expect_eq(fgetc(f), 'e', "the stream is the caller's, and open");
    fclose(f);
}

Test(source, a_descriptor_from_where_it_stands)
{
    struct envoi_message *m = new_message();
    FILE *f = file_with("header\nbody\n");
    int fd = fileno(f);
    char all[64];
    size_t len;

    cr_assert_eq(lseek(fd, 7, SEEK_SET), 7);
    cr_assert_eq(envoi_message_set_fd(m, fd), ENVOI_OK);
    cr_expect_eq(m->content.source.size, 5);
    cr_assert_not_null(m->content.source.rewind);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(drain(m, 2, all, sizeof all, &len), ENVOI_OK);
        cr_expect_eq(len, 5);
        cr_expect_arr_eq(all, "body\n", 5);
        cr_assert_eq(m->content.source.rewind(m->content.source.ctx), ENVOI_OK);
    }
    envoi_message_free(m);
    cr_expect_neq(fcntl(fd, F_GETFD), -1, "the descriptor is the caller's, and open");
    fclose(f);
}

Test(source, a_pipe_is_read_once_and_may_say_again)
{
    struct envoi_message *m = new_message();
    int p[2];
    char all[64];
    size_t len;

    cr_assert_eq(pipe2(p, O_NONBLOCK | O_CLOEXEC), 0);
    cr_assert_eq(envoi_message_set_fd(m, p[0]), ENVOI_OK);
    cr_expect_eq(m->content.source.size, -1);
    cr_expect_null(m->content.source.rewind);
    cr_assert_eq(write(p[1], "abc", 3), 3);
    cr_expect_eq(drain(m, 16, all, sizeof all, &len), ENVOI_E_AGAIN);
    cr_expect_eq(len, 3);
    cr_assert_eq(write(p[1], "de", 2), 2);
    close(p[1]);
    cr_expect_eq(drain(m, 16, all, sizeof all, &len), ENVOI_OK);
    cr_expect_eq(len, 2);
    envoi_message_free(m);
    close(p[0]);
}

Test(source, a_stream_over_a_pipe_that_says_again)
{
    struct envoi_message *m = new_message();
    int p[2];
    char all[64];
    size_t len;
    FILE *f;

    cr_assert_eq(pipe2(p, O_NONBLOCK | O_CLOEXEC), 0);
    f = fdopen(p[0], "r");
    cr_assert_eq(envoi_message_set_file(m, f), ENVOI_OK);
    cr_expect_eq(m->content.source.size, -1);
    cr_expect_null(m->content.source.rewind);
    cr_expect_eq(drain(m, 16, all, sizeof all, &len), ENVOI_E_AGAIN);
    cr_assert_eq(write(p[1], "abc", 3), 3);
    cr_expect_eq(drain(m, 16, all, sizeof all, &len), ENVOI_E_AGAIN);
    cr_expect_eq(len, 3, "%zu", len);
    close(p[1]);
    cr_expect_eq(drain(m, 16, all, sizeof all, &len), ENVOI_OK);
    cr_expect_eq(len, 0);
    envoi_message_free(m);
    fclose(f);
}

Test(source, a_stream_in_memory)
{
    struct envoi_message *m = new_message();
    char text[] = "one\ntwo\n", all[64];
    FILE *f = fmemopen(text, strlen(text), "r");
    size_t len;

    cr_assert_eq(envoi_message_set_file(m, f), ENVOI_OK);
    cr_assert_not_null(m->content.source.rewind);
    cr_expect_eq(m->content.source.size, -1);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(drain(m, 5, all, sizeof all, &len), ENVOI_OK);
        cr_expect_eq(len, 8);
        cr_assert_eq(m->content.source.rewind(m->content.source.ctx), ENVOI_OK);
    }
    envoi_message_free(m);
    fclose(f);
}

/* Seeking works in them, and means nothing. */
Test(source, devices_are_read_once)
{
    struct envoi_message *m = new_message();
    int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

    cr_assert_eq(envoi_message_set_fd(m, fd), ENVOI_OK);
    cr_expect_null(m->content.source.rewind);
    cr_expect_eq(m->content.source.size, -1);
    envoi_message_free(m);
    close(fd);
}

/* They say that they are empty, and are not. */
Test(source, files_of_proc_have_no_size)
{
    struct envoi_message *m = new_message();
    FILE *f = fopen("/proc/self/status", "re");
    char all[8192];
    size_t len;

    cr_assert_eq(envoi_message_set_file(m, f), ENVOI_OK);
    cr_expect_eq(m->content.source.size, -1);
    cr_assert_eq(drain(m, 4096, all, sizeof all, &len), ENVOI_OK);
    cr_expect_gt(len, 0);
    envoi_message_free(m);
    fclose(f);
}

/* faults: 51 */
Test(source, what_cannot_be_read_is_broken)
{
    struct envoi_message *m = new_message();
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    char all[8];
    size_t len;
    FILE *f;

    cr_assert_eq(envoi_message_set_fd(m, fd), ENVOI_OK);
    cr_expect_eq(drain(m, 8, all, sizeof all, &len), ENVOI_E_CONTENT);
    f = fdopen(fd, "w");
    cr_assert_eq(envoi_message_set_file(m, f), ENVOI_OK);
    cr_expect_eq(drain(m, 8, all, sizeof all, &len), ENVOI_E_CONTENT);
    envoi_message_free(m);
    fclose(f);

    f = fopen("/", "re"); /* reading a directory fails */
    m = new_message();
    cr_assert_eq(envoi_message_set_file(m, f), ENVOI_OK);
    cr_expect_eq(drain(m, 8, all, sizeof all, &len), ENVOI_E_CONTENT);
    envoi_message_free(m);
    fclose(f);
}

/* What is cut while it is sent is noticed by the engine, because it was told another size. */
/* faults: 51 */
Test(source, a_file_that_is_cut_is_shorter_than_it_said)
{
    struct envoi_message *m = new_message();
    FILE *f = file_with("a line\nanother one\n");
    char all[64];
    size_t len;

    cr_assert_eq(envoi_message_set_file(m, f), ENVOI_OK);
    cr_expect_eq(m->content.source.size, 19);
    cr_assert_eq(ftruncate(fileno(f), 7), 0);
    cr_assert_eq(drain(m, 16, all, sizeof all, &len), ENVOI_OK);
    cr_expect_eq(len, 7);
    envoi_message_free(m);
    fclose(f);
}

Test(source, wrong_arguments_stick)
{
    struct envoi_message *m = new_message();

    cr_expect_eq(envoi_message_set_file(NULL, stdin), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_fd(NULL, 0), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_fd(m, -1), ENVOI_E_USAGE);
    cr_expect_eq(m->sticky, ENVOI_E_USAGE);
    envoi_message_free(m);
    m = new_message();
    cr_expect_eq(envoi_message_set_file(m, NULL), ENVOI_E_USAGE);
    cr_expect_eq(m->sticky, ENVOI_E_USAGE);
    envoi_message_free(m);
}

/* Each source replaces the one before, which is released (ASan looks). */
Test(source, sources_replace_each_other)
{
    struct envoi_message *m = new_message();
    FILE *f = file_with("x\n");

    for (int i = 0; i < 3; i++) {
        cr_assert_eq(envoi_message_set_file(m, f), ENVOI_OK);
        cr_assert_eq(envoi_message_set_fd(m, fileno(f)), ENVOI_OK);
        cr_assert_eq(envoi_message_set_data(m, "y", 1), ENVOI_OK);
    }
    envoi_message_free(m);
    fclose(f);
}
