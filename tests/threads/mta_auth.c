/* SPDX-License-Identifier: MIT */
#include "mta_auth.h"

#include "mta.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#define ROUNDS "4096"

int mta_decode(const char *base64, char out[MTA_TEXT_MAX])
{
    size_t len = strlen(base64), padding = 0;
    int n;

    if (len % 4 || len / 4 * 3 >= MTA_TEXT_MAX)
        return -1;
    n = EVP_DecodeBlock((unsigned char *)out, (const unsigned char *)base64, (int)len);
    while (padding < 2 && padding < len && base64[len - 1 - padding] == '=')
        padding++;
    n -= (int)padding; /* the library counts the padding as octets */
    if (n >= 0)
        out[n] = '\0';
    return n;
}

void mta_encode(const char *text, size_t len, char out[2 * MTA_TEXT_MAX])
{
    (void)EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)text, (int)len);
}

/* ---- PLAIN and LOGIN ---- */

static enum mta_auth_result verdict(bool good)
{
    return good ? MTA_AUTH_GOOD : MTA_AUTH_BAD;
}

static enum mta_auth_result plain(const char *answer, size_t len)
{
    static const char expected[] = "\0" MTA_USER "\0" MTA_PASSWORD;

    return verdict(len == sizeof expected - 1 && memcmp(answer, expected, len) == 0);
}

static enum mta_auth_result login(struct mta_auth *a, const char *answer, char *out)
{
    if (a->step == 1 || (a->step == 2 && strcmp(answer, MTA_USER) == 0)) {
        snprintf(out, MTA_TEXT_MAX, "%s", a->step == 1 ? "Username:" : "Password:");
        return MTA_AUTH_CHALLENGE;
    }
    return verdict(a->step == 3 && strcmp(answer, MTA_PASSWORD) == 0);
}

/* ---- CRAM-MD5 ---- */

static void hex(const unsigned char *octets, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++)
        snprintf(out + 2 * i, 3, "%02x", octets[i]);
}

static enum mta_auth_result cram(struct mta_auth *a, const char *answer, char *out)
{
    unsigned char digest[EVP_MAX_MD_SIZE], random[8];
    char text[2 * sizeof random + 1], expected[128];
    unsigned len = 0;

    if (a->step == 1) {
        RAND_bytes(random, sizeof random);
        hex(random, sizeof random, text);
        snprintf(a->challenge, sizeof a->challenge, "<%s@threads.test>", text);
        snprintf(out, MTA_TEXT_MAX, "%s", a->challenge);
        return MTA_AUTH_CHALLENGE;
    }
    HMAC(EVP_md5(), MTA_PASSWORD, sizeof MTA_PASSWORD - 1, (const unsigned char *)a->challenge, strlen(a->challenge),
         digest, &len);
    snprintf(expected, sizeof expected, MTA_USER " ");
    hex(digest, len, expected + strlen(expected));
    return verdict(strcmp(answer, expected) == 0);
}

/* ---- SCRAM-SHA-256 (RFC 5802, RFC 7677) ---- */

static void hmac(const void *key, int key_len, const char *text, unsigned char out[32])
{
    HMAC(EVP_sha256(), key, key_len, (const unsigned char *)text, strlen(text), out, NULL);
}

static enum mta_auth_result scram_first(struct mta_auth *a, const char *answer, char *out)
{
    const char *bare = strstr(answer, ",n="), *nonce = strstr(answer, ",r=");
    char salt[2 * MTA_TEXT_MAX];

    if (!bare || !nonce)
        return MTA_AUTH_BAD;
    mta_encode("salt of tests", 13, salt);
    snprintf(out, MTA_TEXT_MAX, "r=%.200sThreads,s=%.64s,i=" ROUNDS, nonce + 3, salt);
    snprintf(a->challenge, sizeof a->challenge, "%.300s,%.500s", bare + 1, out);
    return MTA_AUTH_CHALLENGE;
}

static enum mta_auth_result scram_final(struct mta_auth *a, const char *answer, char *out)
{
    unsigned char salted[32], key[32], stored[32], signature[32];
    const char *proof = strstr(answer, ",p=");
    char given[MTA_TEXT_MAX], base64[2 * MTA_TEXT_MAX], signed_text[2 * MTA_TEXT_MAX];

    if (!proof || mta_decode(proof + 3, given) != 32)
        return MTA_AUTH_BAD;
    snprintf(signed_text, sizeof signed_text, "%s,%.*s", a->challenge, (int)(proof - answer), answer);
    PKCS5_PBKDF2_HMAC(MTA_PASSWORD, sizeof MTA_PASSWORD - 1, (const unsigned char *)"salt of tests", 13, 4096,
                      EVP_sha256(), 32, salted);
    hmac(salted, 32, "Client Key", key);
    EVP_Digest(key, 32, stored, NULL, EVP_sha256(), NULL);
    hmac(stored, 32, signed_text, signature);
    for (int i = 0; i < 32; i++)
        if (((unsigned char)given[i] ^ signature[i]) != key[i])
            return MTA_AUTH_BAD;
    hmac(salted, 32, "Server Key", key);
    hmac(key, 32, signed_text, signature);
    mta_encode((const char *)signature, 32, base64);
    snprintf(out, MTA_TEXT_MAX, "v=%.64s", base64);
    return MTA_AUTH_CHALLENGE;
}

static enum mta_auth_result scram(struct mta_auth *a, const char *answer, size_t len, char *out)
{
    if (a->step == 1)
        return scram_first(a, answer, out);
    return a->step == 2 ? scram_final(a, answer, out) : verdict(a->step == 3 && len == 0);
}

enum mta_auth_result mta_auth_step(struct mta_auth *a, const char *answer, size_t len, char out[MTA_TEXT_MAX])
{
    a->step++;
    if (strcmp(a->mechanism, "PLAIN") == 0)
        return plain(answer, len);
    if (strcmp(a->mechanism, "LOGIN") == 0)
        return login(a, answer, out);
    if (strcmp(a->mechanism, "CRAM-MD5") == 0)
        return cram(a, answer, out);
    if (strcmp(a->mechanism, "X-RESIDENT") == 0)
        return verdict(strcmp(answer, "resident") == 0);
    return strcmp(a->mechanism, "SCRAM-SHA-256") == 0 ? scram(a, answer, len, out) : MTA_AUTH_BAD;
}
