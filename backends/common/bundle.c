/* SPDX-License-Identifier: MIT */
#include "bundle.h"

#include "portable/memory.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX     0x1000000 /* octets; the bundle of a distribution has some 200,000 */
#define LINE_MAX_PEM 76        /* RFC 7468 section 2 says 64, older tools write 76 */

static const char begins[] = "-----BEGIN ";
static const char begin[] = "-----BEGIN CERTIFICATE-----";
static const char end[] = "-----END CERTIFICATE-----";

/* ---- the file ---- */

/* Reads a regular file; another one, such as a pipe, is not even opened. */
static int32_t read_file(const struct envoi_host *host, const char *path, uint8_t **data, size_t *len)
{
    struct stat st;
    int fd = stat(path, &st) == 0 && S_ISREG(st.st_mode) ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : -1;
    int32_t rc = ENVOI_E_NOT_SUPPORTED;
    size_t size, got = 0;
    ssize_t n = 1;

    *data = NULL;
    if (fd < 0)
        return rc;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 && st.st_size <= FILE_MAX) {
        size = (size_t)st.st_size;
        *data = host->alloc(size);
        while (*data && got < size && (n = read(fd, *data + got, size - got)) > 0)
            got += (size_t)n;
        if (!*data)
            rc = ENVOI_E_MEMORY;
        else if (got == size && read(fd, &(char){0}, 1) == 0)
            rc = ENVOI_OK; /* neither shorter nor longer than it was */
    }
    (void)close(fd);
    *len = got;
    return rc;
}

/* ---- base64 ---- */

/* The values of the digits, each plus one; 0: none. */
static const uint8_t digits[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64};

/* Decodes four digits to three octets. Returns false if one of them is none. */
static bool decode_group(const uint8_t *text, uint8_t *out)
{
    uint32_t a = digits[text[0]] - 1u, b = digits[text[1]] - 1u, c = digits[text[2]] - 1u, d = digits[text[3]] - 1u;
    uint32_t all = a << 18 | b << 12 | c << 6 | d;

    out[0] = (uint8_t)(all >> 16);
    out[1] = (uint8_t)(all >> 8);
    out[2] = (uint8_t)all;
    return (a | b | c | d) < 64;
}

/* Decodes one line, of a multiple of four digits; the last one may end with `=`. Returns false if it is none. */
static bool decode_line(const uint8_t *text, size_t len, bool last, uint8_t **out)
{
    size_t pad = last && len >= 4 && text[len - 1] == '=' ? 1u + (text[len - 2] == '=') : 0;
    size_t whole = pad ? len - 4 : len;
    uint8_t *to = *out;

    if (len == 0 || len % 4 != 0 || len > LINE_MAX_PEM)
        return false;
    for (size_t i = 0; i < whole; i += 4, to += 3)
        if (!decode_group(text + i, to))
            return false;
    if (pad) {
        const uint8_t padded[4] = {text[whole], text[whole + 1], pad == 2 ? 'A' : text[whole + 2], 'A'};

        if (!decode_group(padded, to))
            return false;
        to += 3 - pad;
    }
    *out = to;
    return true;
}

/* Decodes the lines between BEGIN and END. `out` may be the same memory: it is never ahead of the reading. */
static bool decode(const uint8_t *text, size_t len, uint8_t *out, size_t *out_len)
{
    const uint8_t *at = text, *stop = text + len;
    uint8_t *to = out;

    while (at < stop) {
        const uint8_t *newline = memchr(at, '\n', (size_t)(stop - at));
        size_t line = newline ? (size_t)(newline - at) : 0;

        if (line && at[line - 1] == '\r')
            line--;
        if (!newline || !decode_line(at, line, newline + 1 == stop, &to))
            return false;
        at = newline + 1;
    }
    *out_len = (size_t)(to - out);
    return true;
}

/* ---- DER ---- */

/* Octets that are still to be read. */
struct der {
    const uint8_t *at;
    size_t len;
};

/* Takes the next element off and gives its contents. Returns false if there is none with this tag. */
static bool der_take(struct der *from, uint8_t tag, struct der *contents)
{
    size_t head = 2, len;

    if (from->len < 2 || from->at[0] != tag)
        return false;
    len = from->at[1];
    if (len > 0x80 && len <= 0x83) {
        size_t octets = len & 0x7f;

        if (from->len < 2 + octets)
            return false;
        len = 0;
        for (size_t i = 0; i < octets; i++)
            len = len << 8 | from->at[head++];
    } else if (len >= 0x80) {
        return false;
    }
    if (len > from->len - head)
        return false;
    *contents = (struct der){from->at + head, len};
    *from = (struct der){from->at + head + len, from->len - head - len};
    return true;
}

#define FNV_START 2166136261u
#define FNV_PRIME 16777619u

/* The key of one attribute: of its type, and of the letters and digits of its value. 0: it is of a kind of string of
 * which these cannot be told, or no string. */
static uint32_t attribute_key(struct der attribute)
{
    static const uint8_t kinds[] = {0x0c, 0x13, 0x14, 0x16}; /* UTF8, Printable, T61, IA5 */
    struct der type, value;
    uint32_t key = FNV_START;
    uint8_t kind;

    if (!der_take(&attribute, 0x06, &type) || !attribute.len)
        return 0;
    kind = attribute.at[0];
    if (!memchr(kinds, kind, sizeof kinds) || !der_take(&attribute, kind, &value) || attribute.len)
        return 0;
    for (size_t i = 0; i < type.len; i++)
        key = (key ^ type.at[i]) * FNV_PRIME;
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.at[i], letter = c | 0x20;

        if ((c >= '0' && c <= '9') || (letter >= 'a' && letter <= 'z'))
            key = (key ^ letter) * FNV_PRIME;
    }
    return key | 1;
}

uint32_t backend_bundle_key(const uint8_t *name, size_t len)
{
    struct der rest = {name, len}, parts, part, attribute;
    uint32_t key = FNV_START;

    if (!der_take(&rest, 0x30, &parts) || rest.len)
        return 0;
    while (parts.len) {
        uint32_t sum = 0; /* the attributes of one part have no order */

        if (!der_take(&parts, 0x31, &part))
            return 0;
        while (part.len) {
            uint32_t one = der_take(&part, 0x30, &attribute) ? attribute_key(attribute) : 0;

            if (!one)
                return 0;
            sum += one;
        }
        key = (key ^ sum) * FNV_PRIME;
    }
    return key | 1;
}

/* Finds the subject (RFC 5280 section 4.1). */
static bool find_subject(struct backend_bundle_cert *cert)
{
    static const uint8_t before[] = {0x02, 0x30, 0x30, 0x30}; /* serial number, signature, issuer, validity */
    struct der rest = {cert->der, cert->der_len}, whole, fields, skipped;

    if (!der_take(&rest, 0x30, &whole) || rest.len || !der_take(&whole, 0x30, &fields))
        return false;
    (void)der_take(&fields, 0xa0, &skipped); /* the version; absent: 1 */
    for (size_t i = 0; i < sizeof before; i++)
        if (!der_take(&fields, before[i], &skipped))
            return false;
    cert->subject = fields.at;
    if (!der_take(&fields, 0x30, &skipped))
        return false;
    cert->subject_len = (size_t)(fields.at - cert->subject);
    cert->key = backend_bundle_key(cert->subject, cert->subject_len);
    return true;
}

/* ---- the bundle ---- */

static bool is_at(const uint8_t *at, const uint8_t *stop, const char *word, size_t len)
{
    return (size_t)(stop - at) >= len && memcmp(at, word, len) == 0;
}

/* Returns the begin of the next line, or NULL if there is more than a line end at `at`. */
static uint8_t *after_line(uint8_t *at, const uint8_t *stop)
{
    if (at < stop && *at == '\r')
        at++;
    return at < stop && *at == '\n' ? at + 1 : NULL;
}

static size_t count_blocks(const uint8_t *at, const uint8_t *stop)
{
    size_t count = 0;

    while ((at = memory_find(at, (size_t)(stop - at), begins, sizeof begins - 1)) != NULL) {
        at += sizeof begins - 1;
        count++;
    }
    return count;
}

/* Takes the block that begins at `at`, whose certificate is written to `out`. Returns the place after it, or NULL. */
static uint8_t *take_block(struct backend_bundle_cert *cert, uint8_t *at, const uint8_t *stop, uint8_t *out)
{
    uint8_t *body, *last;

    if (!is_at(at, stop, begin, sizeof begin - 1) || !(body = after_line(at + sizeof begin - 1, stop)))
        return NULL;
    last = memory_find(body, (size_t)(stop - body), end, sizeof end - 1);
    if (!last || !decode(body, (size_t)(last - body), out, &cert->der_len))
        return NULL;
    cert->der = out;
    if (!find_subject(cert))
        return NULL;
    last += sizeof end - 1;
    return last == stop ? last : after_line(last, stop);
}

/* The certificates take the place of the text. */
static bool take_blocks(struct backend_bundle *bundle, const uint8_t *stop)
{
    uint8_t *at = bundle->data, *out = bundle->data, *next;

    for (size_t i = 0; i < bundle->count; i++) {
        next = memory_find(at, (size_t)(stop - at), begins, sizeof begins - 1);
        if (!next || (next > bundle->data && next[-1] != '\n'))
            return false;
        at = take_block(&bundle->certs[i], next, stop, out);
        if (!at)
            return false;
        out += bundle->certs[i].der_len;
    }
    return true;
}

int32_t backend_bundle_read(struct backend_bundle *bundle, const struct envoi_host *host, const char *file)
{
    size_t len = 0;
    int32_t rc;

    *bundle = (struct backend_bundle){.host = host};
    rc = read_file(host, file, &bundle->data, &len);
    if (!rc) {
        bundle->count = count_blocks(bundle->data, bundle->data + len);
        rc = bundle->count && !memchr(bundle->data, '\0', len) ? ENVOI_OK : ENVOI_E_NOT_SUPPORTED;
    }
    if (!rc && !(bundle->certs = host->alloc(bundle->count * sizeof bundle->certs[0])))
        rc = ENVOI_E_MEMORY;
    if (!rc && !take_blocks(bundle, bundle->data + len))
        rc = ENVOI_E_NOT_SUPPORTED;
    if (rc)
        backend_bundle_free(bundle);
    return rc;
}

void backend_bundle_free(struct backend_bundle *bundle)
{
    if (!bundle->host)
        return;
    bundle->host->free(bundle->certs);
    bundle->host->free(bundle->data);
    *bundle = (struct backend_bundle){.host = NULL};
}
