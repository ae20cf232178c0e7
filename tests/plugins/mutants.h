/* SPDX-License-Identifier: MIT */
/* A good transport and a good mechanism (fake_tls, toy_mech) with one mistake in one slot: the mutation of now. */
#ifndef TEST_MUTANTS_H
#define TEST_MUTANTS_H

#include <envoi/plugin.h>

enum slot {
    SLOT_NONE,
    SLOT_CTX_NEW,
    SLOT_CONN_NEW,
    SLOT_HANDSHAKE,
    SLOT_RECV,
    SLOT_SEND,
    SLOT_INFO,
    SLOT_CERTIFICATE,
    SLOT_USABLE,
    SLOT_MECH_NEW,
    SLOT_STEP,
    SLOT_LAYER,
    SLOT_ENCODE,
    SLOT_DECODE,
    SLOTS,
};

enum mistake {
    RETURNS,      /* returns `value` and does nothing */
    NO_OBJECT,    /* succeeds, and gives no object, member or text */
    NO_OCTETS,    /* succeeds with 0 octets */
    TOO_MANY,     /* claims one octet more than there was room for */
    NO_END,       /* the list has no end */
    DEAF_TO_SINK, /* writes more than the sink takes, and goes on */
    WRONG_RESULT, /* sets a result that there is not */
    NOT_VERIFIED, /* says that `value` was verified */
};

struct mutation {
    enum slot slot;
    enum mistake mistake;
    int value; /* of RETURNS; of NO_OBJECT: which of several */
};

/* SLOT_NONE: both are good. */
void mutants_set(const struct mutation *mutation);
/* Plugin "mutanttls", with FAKE_TLS_DESCRIPTOR, and plugin "mutantauth", with TOY_MECH_DESCRIPTOR. */
const struct envoi_plugin *envoi_plugin_mutanttls(void);
const struct envoi_plugin *envoi_plugin_mutantauth(void);

#endif
