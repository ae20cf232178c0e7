/* SPDX-License-Identifier: MIT */
/* Where secrets come from: one table of the options and keys that name a source. */
#ifndef ACCOUNTS_SECRET_SOURCE_H
#define ACCOUNTS_SECRET_SOURCE_H

#include "accounts/secret.h"
#include "accounts/values.h"

enum secret_kind { SECRET_PASSWORD, SECRET_TOKEN, SECRET_PASSPHRASE, SECRET_BROKER };

struct secret_source {
    enum key key;
    enum secret_kind kind;
    /* Each returns 0, or the exit code with *fault filled and the secret wiped. */
    int (*fetch)(struct secret *secret, const struct secret_request *request, struct fault *fault);
    /* Looks, without fetching it, whether the secret can be had, as far as that can be seen. */
    int (*check)(const struct secret_request *request, struct fault *fault);
    /* Tells the source that the server has accepted or refused the secret; NULL: it does not want to know. */
    int (*tell)(const struct secret *secret, const struct secret_request *request, int accepted, struct fault *fault);
    /* After a successful check: what is known. */
    const char *outlook;
};

extern const struct secret_source secret_sources[];
extern const size_t secret_source_count;

/* The source of the login's secret that the values name, with its value; NULL: they name none. "no" names none. */
const struct secret_source *secret_source_of_login(const struct values *values, const struct value **value);
/* The same of the password for the broker, in [worker]. */
const struct secret_source *secret_source_of_broker(const struct values *values, const struct value **value);
/* Fills in a request for it, with the first server as apply_server() joins it. All that is passed must outlive the
 * request. */
void secret_source_ask(struct secret_request *request, const struct values *values, const struct value *value,
                       const char *server, char label[VALUES_LABEL]);
/* The row of a key; NULL: there is none. */
const struct secret_source *secret_source_of(enum key key);

#endif
