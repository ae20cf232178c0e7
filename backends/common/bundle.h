/* SPDX-License-Identifier: MIT */
/* The certificates of a PEM file, without having parsed them. A system trusts some 150 CAs, and a connection needs one
 * of them; to parse all takes most of the time of a program that sends one message. So only the subject of each is
 * looked up here, and the library parses those that are asked for.
 *
 * Nothing but certificates may be in the file, in the form that every tool writes. Any doubt makes it "no bundle": then
 * the library reads the whole file by itself, and finds what it always found. The content is a copy, so a bundle does
 * not change when the file does. */
#ifndef BACKEND_BUNDLE_H
#define BACKEND_BUNDLE_H

#include <envoi/plugin.h>

/* Points into the bundle. */
struct backend_bundle_cert {
    const uint8_t *der;
    size_t der_len;
    const uint8_t *subject; /* a Name in DER, inside of der */
    size_t subject_len;
    uint32_t key; /* of the subject */
};

struct backend_bundle {
    const struct envoi_host *host; /* NULL: there is no bundle, and count is 0 */
    uint8_t *data;
    struct backend_bundle_cert *certs;
    size_t count;
};

/* Reads a file. Returns ENVOI_OK; ENVOI_E_MEMORY; or ENVOI_E_NOT_SUPPORTED, if it is no bundle or cannot be read. */
int32_t backend_bundle_read(struct backend_bundle *bundle, const struct envoi_host *host, const char *file);

/* Returns a number that is equal for names which a library may take as equal, whatever their case, blanks and kind of
 * string (RFC 5280 section 7.1), and nearly always differs otherwise. 0: the name may equal any other. */
uint32_t backend_bundle_key(const uint8_t *name, size_t len);

/* One that was never read may be freed, too, if it is zero. */
void backend_bundle_free(struct backend_bundle *bundle);

#endif
