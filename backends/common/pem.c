/* SPDX-License-Identifier: MIT */
#include "pem.h"

#include "portable/errno_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LOOK_MAX 100000 /* lines */

struct backend_source backend_source_of(const char *file, const char *pem, const char *what)
{
    return (struct backend_source){.file = pem ? NULL : file, .pem = pem, .name = pem ? what : file};
}

struct backend_client backend_client_of(const struct envoi_tls_config *config)
{
    const char *cert_pem = ENVOI_HAS(config, key_pem) ? config->cert_pem : NULL;
    const char *key_pem = cert_pem ? config->key_pem : NULL, *key_file = cert_pem ? NULL : config->key_file;
    struct backend_source cert = backend_source_of(config->cert_file, cert_pem, "the client certificate from memory");
    struct backend_client client = {cert, cert};

    if (key_file || key_pem)
        client.key = backend_source_of(key_file, key_pem, "the client's key from memory");
    return client;
}

/* The result of a look at it. */
struct look {
    size_t octets;
    bool is_der;
    bool is_pkcs12;
    bool is_pem;
    bool is_encrypted;
    bool has[PEM_LIST + 1];
};

/* PKCS#12 (RFC 7292) begins with a SEQUENCE and the version, 3. */
static void look_at_head(struct look *look, const unsigned char *head, size_t len)
{
    size_t at = len > 1 && head[1] > 0x80 ? 2u + (head[1] & 0x7fu) : 2;

    look->is_der = len > 2 && head[0] == 0x30 && (head[1] >= 0x80 || head[1] + 2u == len);
    look->is_pkcs12 = look->is_der && at + 2 < len && head[at] == 0x02 && head[at + 1] == 1 && head[at + 2] == 3;
}

static void look_at_line(struct look *look, const char *line)
{
    static const struct {
        const char *words;
        enum backend_pem kind;
    } rows[] = {{"CERTIFICATE-----", PEM_CERTIFICATE}, {"PRIVATE KEY-----", PEM_KEY}, {"X509 CRL-----", PEM_LIST}};

    if (strncmp(line, "Proc-Type:", 10) == 0 && strstr(line, "ENCRYPTED"))
        look->is_encrypted = true;
    if (strncmp(line, "-----BEGIN ", 11) != 0)
        return;
    look->is_pem = true;
    look->is_encrypted = look->is_encrypted || strstr(line, "ENCRYPTED PRIVATE KEY");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        look->has[rows[i].kind] = look->has[rows[i].kind] || strstr(line, rows[i].words);
}

static void look_at(struct look *look, FILE *file)
{
    char line[256];
    size_t len = fread(line, 1, sizeof line, file);

    look->octets = len;
    look_at_head(look, (const unsigned char *)line, len);
    rewind(file);
    for (int i = 0; i < LOOK_MAX && fgets(line, sizeof line, file); i++)
        look_at_line(look, line);
}

static const char *explanation(const struct look *look, enum backend_pem wanted)
{
    static const char *const absent[] = {
        [PEM_CERTIFICATE] = "there is no certificate in it",
        [PEM_KEY] = "there is no private key in it",
        [PEM_LIST] = "there is no revocation list in it",
    };

    if (!look->octets)
        return "it is empty";
    if (!look->is_pem && look->is_pkcs12)
        return "it is PKCS#12 and not PEM; `openssl pkcs12 -in FILE -out FILE.pem` converts it";
    if (!look->is_pem && look->is_der)
        return "it is DER and not PEM; `openssl x509` or `openssl pkey` with `-inform DER` converts it";
    if (!look->is_pem)
        return "it is no PEM";
    if (!look->has[wanted])
        return absent[wanted];
    return wanted == PEM_KEY && look->is_encrypted ? "the key is encrypted, and no passphrase is set" : NULL;
}

bool backend_pem_explain(struct backend_text *text, const struct backend_source *source, enum backend_pem wanted)
{
    struct look look = {0};
    FILE *file = NULL;
    const char *why;

    if (source->file)
        file = fopen(source->file, "re");
    else if (*source->pem)
        file = fmemopen((void *)(uintptr_t)source->pem, strlen(source->pem), "r");
    if (!file && source->file) {
        backend_text_add(text, "it cannot be opened: ");
        backend_text_add(text, errno_text(errno));
        return true;
    }
    if (file) {
        errno = 0;
        look_at(&look, file);
        if (errno == EISDIR) {
            (void)fclose(file);
            backend_text_add(text, "it is a directory");
            return true;
        }
        (void)fclose(file);
    }
    why = explanation(&look, wanted);
    if (why)
        backend_text_add(text, why);
    return why != NULL;
}
