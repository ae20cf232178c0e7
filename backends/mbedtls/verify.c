/* SPDX-License-Identifier: MIT */
/* Verifies the certificate of the server. Name, pins and dates of the leaf are checked here, as they must be checked on
 * resumed sessions too; the chain is checked in chain.c. */
#include "backend.h"

#include <mbedtls/error.h>
#include <mbedtls/x509_crt.h>
#include <string.h>
#include <time.h>

/* ---- the names of a certificate ---- */

void verify_names(const mbedtls_x509_crt *cert, backend_name_fn *visit, void *arg)
{
    enum { CLASS = 0xc0, CONTEXT = 0x80, NUMBER = 0x1f, DNS = 2, IP = 7 };
    const mbedtls_x509_sequence *name = &cert->subject_alt_names;

    for (bool more = name->buf.p != NULL; more && name; name = name->next) {
        int number = name->buf.tag & NUMBER;

        if ((name->buf.tag & CLASS) == CONTEXT && (number == DNS || number == IP))
            more = visit(arg, number == IP, name->buf.p, name->buf.len);
    }
}

/* ---- the reason ---- */

/* A negative code is one of the library's functions, others are flags of a certificate, of which the first is told. */
static void add_library_words(struct backend_text *text, int64_t library)
{
    char words[ERROR_TEXT] = "";

    if (library < 0)
        mbedtls_strerror((int)library, words, sizeof words);
    else
        (void)mbedtls_x509_crt_verify_info(words, sizeof words, "", (uint32_t)library);
    backend_text_add_foreign(text, words, strcspn(words, "\n"), "");
}

static void add_place(struct backend_text *text, enum backend_detail detail, const mbedtls_x509_crt *cert, int index)
{
    int64_t not_before = 0, not_after = 0;

    (void)backend_date_validity(cert->raw.p, cert->raw.len, &not_before, &not_after);
    backend_reason_place(text, index, not_before, not_after);
    if (detail != DETAIL_SUBJECT) {
        backend_text_add(text, ": ");
        info_add_dn(text, &cert->subject);
    }
    backend_text_add(text, ")");
}

int32_t verify_refuse(struct tls_connection *conn, enum backend_reason reason, const mbedtls_x509_crt *cert, int index,
                      int64_t library)
{
    struct backend_text text = backend_text_lent(conn->reason, sizeof conn->reason);
    enum backend_detail detail;
    int64_t not_before, not_after;

    backend_text_add(&text, backend_reason_text(reason, &detail));
    if (!cert && detail != DETAIL_NOTHING && detail != DETAIL_HOST)
        detail = DETAIL_LIBRARY;
    switch (detail) {
    case DETAIL_NOTHING:
        break;
    case DETAIL_NOT_BEFORE:
    case DETAIL_NOT_AFTER:
        if (backend_date_validity(cert->raw.p, cert->raw.len, &not_before, &not_after))
            backend_text_add_time(&text, detail == DETAIL_NOT_AFTER ? not_after : not_before);
        break;
    case DETAIL_SUBJECT:
        info_add_dn(&text, &cert->subject);
        break;
    case DETAIL_ISSUER:
        info_add_dn(&text, &cert->issuer);
        break;
    case DETAIL_NAMES:
        verify_names(cert, backend_name_list, &text);
        text.len--; /* the blank after the last name */
        backend_text_add(&text, ", not for ");
        backend_text_add(&text, conn->name.text);
        break;
    case DETAIL_HOST:
        backend_text_add(&text, conn->name.text);
        break;
    case DETAIL_LIBRARY:
        add_library_words(&text, library);
        break;
    }
    if (cert && index >= 0)
        add_place(&text, detail, cert, index);
    conn->reason_code = ENVOI_E_CERTIFICATE;
    conn->reason_library = library;
    return conn->reason_code;
}

int32_t verify_failed(struct tls_connection *conn, int library)
{
    struct backend_text text;

    if (library_kind(library) == FAILURE_MEMORY) {
        text = backend_text_lent(conn->reason, sizeof conn->reason);
        backend_text_add(&text, "out of memory");
        conn->reason_library = library;
        return conn->reason_code = ENVOI_E_MEMORY;
    }
    if (conn->checked && conn->reason[0]) /* see check_server() */
        return conn->reason_code = ENVOI_E_CERTIFICATE;
    return verify_refuse(conn, REASON_UNVERIFIABLE, NULL, -1, library);
}

/* ---- the leaf ---- */

bool verify_has_chain(const struct tls_connection *conn)
{
    return conn->verify == ENVOI_VERIFY_ALL || conn->verify == ENVOI_VERIFY_CHAIN;
}

static int32_t check_dates(struct tls_connection *conn, const mbedtls_x509_crt *leaf)
{
    int64_t not_before, not_after, now = time(NULL);

    if (!backend_date_validity(leaf->raw.p, leaf->raw.len, &not_before, &not_after))
        return verify_refuse(conn, REASON_UNVERIFIABLE, leaf, 0, MBEDTLS_ERR_X509_INVALID_DATE);
    if (now < not_before)
        return verify_refuse(conn, REASON_NOT_YET, leaf, 0, MBEDTLS_X509_BADCERT_FUTURE);
    if (now > not_after)
        return verify_refuse(conn, REASON_EXPIRED, leaf, 0, MBEDTLS_X509_BADCERT_EXPIRED);
    return ENVOI_OK;
}

static int32_t check_name(struct tls_connection *conn, const mbedtls_x509_crt *leaf)
{
    struct backend_match match = {.name = &conn->name};

    verify_names(leaf, backend_name_match, &match);
    if (match.found)
        return ENVOI_OK;
    return verify_refuse(conn, match.seen ? REASON_OTHER_HOST : REASON_NAMELESS, leaf, -1,
                         MBEDTLS_X509_BADCERT_CN_MISMATCH);
}

bool verify_key(const mbedtls_x509_crt *cert, uint8_t digest[32])
{
    return library_sum(MBEDTLS_MD_SHA256, cert->pk_raw.p, cert->pk_raw.len, digest) == 32;
}

static int32_t check_pins(struct tls_connection *conn, const mbedtls_x509_crt *leaf)
{
    uint8_t digest[32];
    bool known = verify_key(leaf, digest), found = false;

    for (uint32_t i = 0; known && i < conn->pin_count; i++)
        found = found || memcmp(conn->pins[i], digest, sizeof digest) == 0;
    return found ? ENVOI_OK : verify_refuse(conn, REASON_PIN, leaf, -1, MBEDTLS_X509_BADCERT_OTHER);
}

static int32_t check_leaf(struct tls_connection *conn, const mbedtls_x509_crt *leaf)
{
    int32_t rc = ENVOI_OK;

    if (verify_has_chain(conn))
        rc = check_dates(conn, leaf);
    if (!rc && conn->verify == ENVOI_VERIFY_ALL)
        rc = check_name(conn, leaf);
    if (!rc && (conn->pin_count > 0 || conn->verify == ENVOI_VERIFY_PIN))
        rc = check_pins(conn, leaf);
    return rc;
}

/* Called by the library for each certificate that it finds in the chain, the leaf last. Its flags do not
 * count: it is told to trust none. By the flags it chooses the alert to the server. */
static int check_server(void *conn_, mbedtls_x509_crt *cert, int depth, uint32_t *flags)
{
    struct tls_connection *conn = conn_;
    int32_t rc = ENVOI_OK;

    *flags = 0;
    if (depth > 0)
        return 0;
    conn->shown = true;
    if (verify_has_chain(conn))
        rc = chain_check(conn, cert);
    if (!rc)
        rc = check_leaf(conn, cert);
    conn->checked = !rc;
    if (rc && (!verify_has_chain(conn) || conn->reason_library < 0))
        return MBEDTLS_ERR_X509_FATAL_ERROR;
    if (rc)
        *flags = (uint32_t)conn->reason_library;
    /* The library alone knows what the key is used for. It may refuse the certificate for that, when this is gone. */
    if (!rc && mbedtls_x509_crt_check_key_usage(cert, MBEDTLS_X509_KU_DIGITAL_SIGNATURE |
                                                          MBEDTLS_X509_KU_KEY_ENCIPHERMENT) != 0) {
        (void)verify_refuse(conn, REASON_PURPOSE, cert, 0, MBEDTLS_X509_BADCERT_KEY_USAGE);
        conn->reason_code = ENVOI_OK;
    }
    return 0;
}

void verify_setup(struct tls_connection *conn)
{
    mbedtls_ssl_set_verify(&conn->library, check_server, conn);
}

int32_t verify_finish(struct tls_connection *conn)
{
    const mbedtls_x509_crt *leaf = info_peer(conn);

    if (!conn->verify && conn->pin_count == 0)
        return ENVOI_OK;
    if (leaf && !conn->shown)
        return check_leaf(conn, leaf);
    if (leaf && conn->checked)
        return ENVOI_OK;
    return verify_refuse(conn, REASON_ABSENT, NULL, -1, MBEDTLS_X509_BADCERT_MISSING);
}
