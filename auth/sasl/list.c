/* SPDX-License-Identifier: MIT */
#include "list.h"

#include <sasl/saslplug.h>
#include <string.h>

#define LOGIN_NEEDS (ENVOI_CRED_AUTHID | ENVOI_CRED_PASSWORD)

/* The credentials that Cyrus asks the application for, and properties of its mechanisms that it does not report. The
 * first row that matches counts; a `*` at the end matches any suffix. */
static const struct {
    const char *name;
    uint32_t needs;
    uint32_t optional;
    uint32_t flags;
    uint32_t traits;
} facts[] = {
    {"SCRAM-*", LOGIN_NEEDS, ENVOI_CRED_AUTHZID, ENVOI_MECH_MAY_TAKE_LONG, BRIDGE_SCRAM},
    {"DIGEST-MD5", LOGIN_NEEDS, ENVOI_CRED_AUTHZID | ENVOI_CRED_REALM, 0, BRIDGE_SERVER_FIRST | BRIDGE_DIGEST},
    {"CRAM-MD5", LOGIN_NEEDS, 0, 0, 0},
    {"NTLM", LOGIN_NEEDS, 0, 0, 0},
    {"LOGIN", LOGIN_NEEDS, 0, 0, 0},
    {"PLAIN", LOGIN_NEEDS, ENVOI_CRED_AUTHZID, 0, BRIDGE_WIPE_OUT},
    {"EXTERNAL", 0, ENVOI_CRED_AUTHZID, 0, BRIDGE_EXTERNAL},
    {"ANONYMOUS", 0, ENVOI_CRED_AUTHZID, ENVOI_MECH_ANONYMOUS, 0}, /* the "authzid" is the trace text */
    {"GSSAPI", 0, ENVOI_CRED_AUTHZID, ENVOI_MECH_MAY_BLOCK, BRIDGE_NO_PLUS},
    {"GSS-SPNEGO", 0, ENVOI_CRED_AUTHZID, ENVOI_MECH_MAY_BLOCK, BRIDGE_NO_PLUS},
    {"GS2-*", ENVOI_CRED_AUTHID, ENVOI_CRED_AUTHZID, ENVOI_MECH_MAY_BLOCK, 0},
    {"*", LOGIN_NEEDS, ENVOI_CRED_AUTHZID, 0, 0},
};

/* Never used: modules for these exist that crash the process, as they call the password callback with a wrong
 * signature. */
static const char *const never[] = {"XOAUTH2", "OAUTHBEARER"};

static int list_matches(const char *pattern, const char *name)
{
    size_t len = strlen(pattern);

    if (pattern[len - 1] == '*')
        return strncmp(pattern, name, len - 1) == 0;
    return strcmp(pattern, name) == 0;
}

/* RFC 4422: 1 to 20 of A-Z, 0-9, hyphen and underscore. */
static int list_wants(const struct bridge *self, const char *name)
{
    size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

    if (len == 0 || len > SASL_MECHNAMEMAX || name[len])
        return 0;
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        if (strcmp(name, never[i]) == 0)
            return 0;
    for (size_t i = 0; i < self->count; i++)
        if (strcmp(name, self->mechs[i].name) == 0)
            return 0;
    return 1;
}

static void list_describe(struct bridge_mech *mech, const sasl_client_plug_t *plug)
{
    size_t i = 0;

    while (!list_matches(facts[i].name, plug->mech_name))
        i++;
    *mech = (struct bridge_mech){
        .flags = facts[i].flags, .needs = facts[i].needs, .optional = facts[i].optional, .traits = facts[i].traits};
    memcpy(mech->name, plug->mech_name, strlen(plug->mech_name) + 1);

    if (plug->features & SASL_FEAT_SERVER_FIRST)
        mech->traits |= BRIDGE_SERVER_FIRST;
    if (!(mech->traits & BRIDGE_SERVER_FIRST))
        mech->flags |= ENVOI_MECH_CLIENT_FIRST;
    if (!(plug->security_flags & SASL_SEC_NOPLAINTEXT))
        mech->flags |= ENVOI_MECH_PLAINTEXT;
    if (!(plug->security_flags & SASL_SEC_NOANONYMOUS))
        mech->flags |= ENVOI_MECH_ANONYMOUS;
    if (plug->security_flags & SASL_SEC_MUTUAL_AUTH)
        mech->flags |= ENVOI_MECH_MUTUAL;
    if ((plug->features & SASL_FEAT_CHANNEL_BINDING) && !(mech->traits & BRIDGE_NO_PLUS))
        mech->flags |= ENVOI_MECH_CHANNEL_BINDING;
    if (plug->max_ssf > 0)
        mech->flags |= ENVOI_MECH_SECURITY_LAYER;
}

struct list_walk {
    struct bridge *bridge;
    int32_t rc;
};

static void list_add(client_sasl_mechanism_t *mech, sasl_info_callback_stage_t stage, void *rock)
{
    struct list_walk *walk = rock;
    struct bridge *self = walk->bridge;
    struct bridge_mech *grown;

    if (stage != SASL_INFO_LIST_MECH || walk->rc || !list_wants(self, mech->plug->mech_name))
        return;
    grown = self->host->realloc(self->mechs, (self->count + 1) * sizeof *grown);
    if (!grown) {
        walk->rc = ENVOI_E_MEMORY;
        return;
    }
    self->mechs = grown;
    list_describe(&grown[self->count++], mech->plug);
}

int32_t bridge_list_fill(struct bridge *self)
{
    struct list_walk walk = {.bridge = self, .rc = ENVOI_OK};

    if (sasl_client_plugin_info(NULL, list_add, &walk) != SASL_OK)
        return ENVOI_E_PLUGIN;
    return walk.rc;
}

static const struct bridge_mech *list_search(const struct bridge *self, const char *name, size_t len)
{
    for (size_t i = 0; i < self->count; i++)
        if (strncmp(self->mechs[i].name, name, len) == 0 && self->mechs[i].name[len] == '\0')
            return &self->mechs[i];
    return NULL;
}

const struct bridge_mech *bridge_list_find(const struct bridge *self, const char *name, uint32_t *plus)
{
    static const char suffix[] = "-PLUS";
    const size_t extra = sizeof suffix - 1;
    size_t len = strlen(name);
    const struct bridge_mech *mech;

    *plus = 0;
    mech = len > SASL_MECHNAMEMAX ? NULL : list_search(self, name, len);
    if (mech || len <= extra || len - extra > SASL_MECHNAMEMAX || strcmp(name + len - extra, suffix) != 0)
        return mech;
    mech = list_search(self, name, len - extra);
    if (!mech || !(mech->flags & ENVOI_MECH_CHANNEL_BINDING))
        return NULL;
    *plus = 1;
    return mech;
}
