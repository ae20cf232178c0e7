/* SPDX-License-Identifier: MIT */
/* A descriptor: the keys and values of one file `<id>.plugin`, with their lines. entry.h merges the descriptors of an
 * id. */
#ifndef PLUGIN_DESCRIPTOR_H
#define PLUGIN_DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>

/* Longer lines are refused, because inih would cut them silently. */
#define DESCRIPTOR_LINE_MAX 190
#define DESCRIPTOR_TEXT_MAX ((size_t)16 * 1024)
#define DESCRIPTOR_ID_MAX   64
#define DESCRIPTOR_SUFFIX   ".plugin"

enum descriptor_key {
    KEY_KIND,
    KEY_PROVIDES,
    KEY_MODULE,
    KEY_ABI,
    KEY_ENABLED,
    KEY_PRIORITY,
    KEY_CRITICAL,
    KEY_REQUIRE_TLS,
    KEY_PREFER,
    KEY_COUNT
};

struct descriptor_value {
    char *text;
    char *source; /* "FILE:LINE"; the origin alone if the text is not from a file */
};

struct descriptor {
    char id[DESCRIPTOR_ID_MAX + 1];
    char *origin; /* the path of the file, "built in" or "added by the program" */
    struct descriptor_value value[KEY_COUNT];
    char *bad; /* "FILE:LINE: reason" if the file cannot be used, and then no value of it counts; NULL: it can */
};

/* Receives a warning: a fault that does not make the file unusable. Returns ENVOI_OK or ENVOI_E_MEMORY. */
typedef int descriptor_warn_fn(void *ctx, const char *text);

/* text need not end with NUL. from_file: sources and messages have line numbers of a file. warn may be NULL. Returns
 * ENVOI_OK, also for a text that cannot be used (then `bad` is set), or ENVOI_E_MEMORY. The caller frees *out. */
int descriptor_parse(const char *id, const char *origin, bool from_file, const char *text, size_t len,
                     descriptor_warn_fn *warn, void *ctx, struct descriptor **out);
/* A descriptor with `bad` set and no values, for a file that cannot be read. ENVOI_OK or ENVOI_E_MEMORY. */
int descriptor_new_bad(const char *id, const char *origin, const char *bad, struct descriptor **out);
void descriptor_free(struct descriptor *d);
/* Removes a key and its value. */
void descriptor_drop(struct descriptor *d, enum descriptor_key key);

/* The id that a file name `[a-z0-9_-]+.plugin` stands for: each `-` becomes `_`, because a name in C has no `-`. False
 * if the name is not of that form. */
bool descriptor_id(const char *file_name, char id[DESCRIPTOR_ID_MAX + 1]);
/* Is it `[a-z0-9_]+`, and at most DESCRIPTOR_ID_MAX long? */
bool descriptor_is_id(const char *id);

const char *descriptor_key_name(enum descriptor_key key);
/* The value if no file has the key; NULL: there is no default. */
const char *descriptor_key_default(enum descriptor_key key);
/* KEY_COUNT if there is no such key. */
enum descriptor_key descriptor_key_of(const char *name);

#endif
