/* SPDX-License-Identifier: MIT */
/* Where files are. The tests have a places.c of their own, because nothing that a program or its environment says may
 * move them. */
#ifndef LIBESMTP_PLACES_H
#define LIBESMTP_PLACES_H

struct places {
    const char *conf;                  /* the administrator's file */
    const char *modules, *descriptors; /* of envoi; NULL: those that it was built for */
};

extern const struct places places;

#endif
