/* SPDX-License-Identifier: MIT */
/* One descriptor: the text of a file `<id>.plugin` as keys, values and the lines where they stand. A descriptor says
 * nothing about other files of the same id; entry.h puts those together. */
#ifndef PLUGIN_DESCRIPTOR_H
#define PLUGIN_DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>

/* Longer lines are refused: inih would cut them silently. */
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
    KEY_COUNT
};

struct descriptor_value {
    char *text;
    char *source; /* "FILE:LINE", or the origin alone when the text came from no file */
};

struct descriptor {
    char id[DESCRIPTOR_ID_MAX + 1];
    char *origin; /* the file's path, or "built in" */
    struct descriptor_value value[KEY_COUNT];
    char *bad; /* why none of it can be used: "FILE:LINE: what"; NULL: it can */
};

/* Told what is wrong but does not spoil the file. ENVOI_OK or ENVOI_E_MEMORY. */
typedef int descriptor_warn_fn(void *ctx, const char *text);

/* text need not end with NUL. from_file: values know their line. ENVOI_OK (see `bad` for a text that cannot be used), or
 * ENVOI_E_MEMORY. */
int descriptor_parse(const char *id, const char *origin, bool from_file, const char *text, size_t len,
                     descriptor_warn_fn *warn, void *ctx, struct descriptor **out);
/* A descriptor whose file could not even be read. */
int descriptor_new_bad(const char *id, const char *origin, const char *bad, struct descriptor **out);
void descriptor_free(struct descriptor *d);
void descriptor_drop(struct descriptor *d, enum descriptor_key key);

/* The id of a file name: `[a-z0-9_-]+.plugin`, with `-` as `_`, as C has no `-` in names. False: not such a name. */
bool descriptor_id(const char *file_name, char id[DESCRIPTOR_ID_MAX + 1]);
bool descriptor_is_id(const char *id);

const char *descriptor_key_name(enum descriptor_key key);
/* What holds when no file says anything; NULL: there is no default. */
const char *descriptor_key_default(enum descriptor_key key);
/* KEY_COUNT: no such key. */
enum descriptor_key descriptor_key_of(const char *name);

#endif
