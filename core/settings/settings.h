/* SPDX-License-Identifier: MIT */
/* The settings of a session: the setters of core/session fill them, the engine reads them. */
#ifndef SETTINGS_SETTINGS_H
#define SETTINGS_SETTINGS_H

#include "base/fault.h"

#include <envoi/session.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct refusals;

struct settings {
    char *helo_name;
    int tls; /* ENVOI_TLS_* as set */
    bool lmtp;
    bool tls_name_is_ip;
    bool tls_verify;
    char *tls_backend; /* plugin id, or NULL */
    char *tls_name;    /* the name to verify; NULL: the host */
    uint8_t (*pins)[32];
    size_t pin_count;
    char *cert_file;
    char *key_file;
    char *passphrase; /* secret */
    /* the trust of this session */
    char *ca_file, *ca_pem;   /* instead of the library object's, if one of them is set */
    char *cert_pem, *key_pem; /* instead of cert_file and key_file; secret */
    char *tls_sni;            /* the name to send; NULL: the name to verify */
    int system_trust;         /* -1: not set */
    bool tls_ignore_name;     /* the chain is verified, the name is not */
    bool pin_trust;           /* a pin stands for chain and name */
    char *user;
    char *password; /* secret */
    char *token;    /* secret */
    char *authzid;
    envoi_credential_fn *credential;
    void *credential_ctx;
    char *mechanisms;               /* as envoi_session_set_mechanisms(), or NULL */
    bool cleartext_auth;            /* plaintext mechanisms are allowed without verified TLS */
    bool unannounced_auth;          /* a mechanism that is asked for need not be announced, nor EHLO said */
    bool docmd_auth;                /* docmd sends AUTH */
    unsigned password_tries;        /* how often one login presents a secret that is refused */
    struct refusals *refusals;      /* of the library object: settings/refusals.h; NULL: none is remembered */
    char *ignored_extensions;       /* names with blanks between them, or NULL */
    size_t chunk_size;              /* octets of one BDAT; 0: DATA only */
    unsigned min_ssf, max_ssf;      /* bits of a security layer */
    bool blocking_mechanisms;       /* allowed in the non-blocking face */
    bool nonblocking;               /* there is a watch function */
    bool chunk_waits;               /* the first BDAT waits for the replies to RCPT (RFC 3030 section 2) */
    bool altered;                   /* since connect: another connection would not be the same */
    int64_t timeouts[ENVOI_PHASES]; /* milliseconds, or ENVOI_TIMEOUT_NEVER */
};

/* Fills in the defaults. */
void settings_init(struct settings *s);
/* Copies all settings but `nonblocking`. `to` must hold the defaults. ENVOI_OK or ENVOI_E_MEMORY; `to` must be freed in
 * both cases. */
int settings_copy(struct settings *to, const struct settings *from);
/* Frees all members, after wiping the secrets. settings_init() makes the struct usable again. */
void settings_free(struct settings *s);
/* Sets the deadline of a phase; ENVOI_PHASE_NONE: of all. 0 milliseconds: the default. ENVOI_TIMEOUT_NEVER: none.
 * ENVOI_OK or ENVOI_E_USAGE. */
int settings_set_timeout(struct settings *s, int phase, int64_t milliseconds);
/* A credential (ENVOI_CRED_*) of the settings; NULL: it is not set. */
const char *settings_credential(const struct settings *s, uint32_t id);
/* Which of ENVOI_VERIFY_* (plugin.h) the settings ask for. */
uint32_t settings_verify(const struct settings *s);
bool settings_have_client_certificate(const struct settings *s);
/* Do they name a server or a client, or certificates to trust, which is of no use in clear? */
bool settings_ask_for_tls(const struct settings *s);
/* Do the settings ask for a login? */
bool settings_have_login(const struct settings *s);

#endif
