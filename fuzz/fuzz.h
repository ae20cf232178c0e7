/* SPDX-License-Identifier: MIT */
/* What all fuzz targets share: a way to take an input apart, and a way to fail. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The one function of a target. Called by libFuzzer, and by corpus_main.c for every seed. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the library must keep whatever the input is. The words are for the person who reads the crash. */
#define FUZZ_CHECK(condition, ...) ((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition, __VA_ARGS__))
void fuzz_fail(const char *file, int line, const char *condition, const char *format, ...)
    __attribute__((noreturn, format(printf, 4, 5)));

/* What is left of an input. */
struct fuzz_input {
    const uint8_t *data;
    size_t len;
};

/* The next octet; 0 when there is none. */
uint8_t fuzz_octet(struct fuzz_input *in);
/* The next line, without its LF, as a string that ends at its first NUL; to be freed with fuzz_free(). */
char *fuzz_line(struct fuzz_input *in);
/* Copies that end where the octets end, so that one read too many is found out; to be freed with fuzz_free(). */
void *fuzz_copy(const void *data, size_t len);
char *fuzz_string(const void *data, size_t len);
void fuzz_free(void *copy);

/* Octets that grow, with room for all that a target can make of an input. */
struct fuzz_bytes {
    uint8_t *data;
    size_t len, cap;
};
void fuzz_add(struct fuzz_bytes *b, const void *data, size_t len);
void fuzz_add_octet(struct fuzz_bytes *b, uint8_t octet);
bool fuzz_same(const struct fuzz_bytes *a, const struct fuzz_bytes *b);
void fuzz_clear(struct fuzz_bytes *b);
void fuzz_bytes_free(struct fuzz_bytes *b);

/* Is there a control character (tab is one)? */
bool fuzz_has_control(const char *text);
/* Is it one line for a person (tabs may be in it)? */
bool fuzz_is_printable(const char *text);
/* RFC 3629, written down as its table, to compare with. */
bool fuzz_is_utf8(const char *text, size_t len);

#endif
