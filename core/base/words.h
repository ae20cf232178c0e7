/* SPDX-License-Identifier: MIT */
/* A list of words, separated by blanks, in which each word stands once. Adding one takes the same time however long the
 * list is. */
#ifndef BASE_WORDS_H
#define BASE_WORDS_H

#include <stddef.h>
#include <stdint.h>

/* All zero is an empty list. */
struct words {
    char *text; /* ends with NUL; NULL: empty */
    size_t len, room;
    uint32_t *slots; /* where in the text a word begins, plus 1; 0: none. By the hash of the word */
    size_t slot_count, count;
};

/* Adds the word, unless it is there in any case of ASCII letters. ENVOI_OK or ENVOI_E_MEMORY: the list is as before. */
int words_add(struct words *w, const char *word, size_t len);
/* The list; "" if it is empty. */
const char *words_text(const struct words *w);
/* Empties the list and frees its memory. */
void words_free(struct words *w);

#endif
