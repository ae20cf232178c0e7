/* SPDX-License-Identifier: MIT */
/* The interface of libESMTP's login, written anew; see libesmtp.h. */
#ifndef _auth_client_h
#define _auth_client_h

#ifdef __cplusplus
extern "C" {
#endif

typedef struct auth_context *auth_context_t;

#define AUTH_USER      0x0001
#define AUTH_REALM     0x0002
#define AUTH_PASS      0x0004
#define AUTH_CLEARTEXT 0x0008

struct auth_client_request {
    const char *name;
    unsigned flags;
    const char *prompt;
    unsigned size;
};
typedef const struct auth_client_request *auth_client_request_t;

/* Sets result[0] to result[fields - 1], which stay the program's; returns 0 if there are no credentials. */
typedef int (*auth_interact_t)(auth_client_request_t request, char **result, int fields, void *arg);
typedef const char *(*auth_response_t)(void *ctx, const char *challenge, int *len, auth_interact_t interact, void *arg);
typedef int (*auth_recode_t)(void *ctx, char **dstbuf, int *dstlen, const char *srcbuf, int srclen);

#define AUTH_PLUGIN_ANONYMOUS 0x01
#define AUTH_PLUGIN_PLAIN     0x02
#define AUTH_PLUGIN_EXTERNAL  0x04

void auth_client_init(void);
void auth_client_exit(void);
auth_context_t auth_create_context(void);
int auth_destroy_context(auth_context_t context);
int auth_set_mechanism_flags(auth_context_t context, unsigned set, unsigned clear);
int auth_set_mechanism_ssf(auth_context_t context, int min_ssf);
int auth_set_external_id(auth_context_t context, const char *identity);
int auth_set_interact_cb(auth_context_t context, auth_interact_t interact, void *arg);
int auth_client_enabled(auth_context_t context);

/* For libESMTP itself and its plugins, of which there are none here: they return 0, NULL or -1. */
int auth_set_mechanism(auth_context_t context, const char *name);
const char *auth_mechanism_name(auth_context_t context);
const char *auth_response(auth_context_t context, const char *challenge, int *len);
int auth_get_ssf(auth_context_t context);
void auth_encode(char **dstbuf, int *dstlen, const char *srcbuf, int srclen, void *arg);
void auth_decode(char **dstbuf, int *dstlen, const char *srcbuf, int srclen, void *arg);

#ifdef __cplusplus
}
#endif

#endif
