/* SPDX-License-Identifier: MIT */
/* Plugins made of thin air: whole to look at, and of no use beyond being chosen. */
#ifndef TEST_FAKES_H
#define TEST_FAKES_H

#include <envoi/plugin.h>

/* Every mandatory slot is there and answers ENVOI_E_NOT_SUPPORTED. */
extern const struct envoi_transport fake_transport;
extern const struct envoi_mechanism fake_mechanism;

/* A plugin with one mechanism that offers the names of a NULL-terminated list, which is also its state. Calls to init
 * and fini are counted. The texts live as long as the plugin; the plugin lives as long as the process. */
struct fake {
    struct envoi_plugin plugin;
    struct envoi_mechanism mechanism;
    struct envoi_transport transport;
    const struct envoi_mechanism *mechanisms[2];
    const struct envoi_transport *transports[2];
};

struct fake *fake_auth(const char *id);
struct fake *fake_tls(const char *id);

/* What the fakes do and what was done with them. */
struct fake_world {
    int32_t init_result;
    int32_t probe_result;
    unsigned inits, finis, probes, lists;
    const struct envoi_host *host;
    const char *names[8]; /* what every fake_auth() offers, NULL-terminated */
    uint32_t flags;
};
extern struct fake_world fake_world;

#endif
