/* SPDX-License-Identifier: MIT */
/* A temporary directory of plugins and descriptors, with owner and modes as the rules of trust want them, wherever and
 * with whatever umask the tests were built. */
#ifndef TEST_TREE_H
#define TEST_TREE_H

#include <stddef.h>
#include <sys/types.h>

/* Makes and empties it; for .init and .fini. */
void tree_make(void);
void tree_remove(void);

/* The path of something in it; printf format. The text lives until the 16th call after. */
const char *tree_path(const char *format, ...) __attribute__((format(printf, 1, 2)));
void tree_dir(const char *name);
/* Octets (len) or text into a file of mode 0644. */
void tree_write(const char *name, const void *data, size_t len);
void tree_text(const char *name, const char *text);
/* A copy of a file, or of each file in a directory, from outside. */
void tree_copy(const char *from, const char *name);
void tree_copy_all(const char *from, const char *name);
void tree_mode(const char *name, mode_t mode);

#endif
