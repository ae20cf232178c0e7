/* SPDX-License-Identifier: MIT */
/* A program that uses the libraries below envoi for itself. */
#ifndef TEST_HOST_H
#define TEST_HOST_H

/* Uses of a library as such: each checks that it works, and that it works as the program has set it. */
struct host_library {
    const char *name;
    void (*open)(void);    /* the program's own initialisation, settings included */
    void (*use)(void);     /* what the program does with it; from any thread, many at once if `threads` */
    void (*settled)(void); /* checks that what is set for the whole process is as open() left it */
    void (*close)(void);   /* the program's own end of it */
};

extern const struct host_library host_openssl, host_gnutls, host_sasl;

#endif
