/* SPDX-License-Identifier: MIT */
/* sasl_helper MODULES DESCRIPTORS [settle]: run by test_secure.c, set-uid or with capabilities. Loads the plugin `sasl` as
 * a login would, and prints AT_SECURE and its mechanism. settle: its real and effective user and group are the same
 * then, as programs do that give up their rights. */
#include "plugin/registry.h"

#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

/* A program with more rights than its caller gets no LD_PRELOAD, so tests/support/keep_modules.c cannot help here. */
__attribute__((visibility("default"))) int __lsan_is_turned_off(void);

int __lsan_is_turned_off(void)
{
    return 1;
}

int main(int argc, char **argv)
{
    struct registry_dirs dirs = {0};
    struct envoi_errctx fault = {0};
    struct registry_mechanism m = {0};
    struct registry *r;
    int rc;

    if (argc < 3)
        return 2;
    if (argc > 3 && (setresgid(getegid(), getegid(), getegid()) || setresuid(geteuid(), geteuid(), geteuid())))
        return 2;
    if (registry_new(&r) != ENVOI_OK)
        return 2;
    dirs.modules = argv[1];
    dirs.vendor = argv[2];
    rc = registry_set_dirs(r, &dirs);
    if (rc == ENVOI_OK)
        rc = registry_find_mechanism(r, "SCRAM-SHA-256", 0, &fault, &m);
    (void)printf("secure=%d mechanism=%s\n", getauxval(AT_SECURE) != 0, rc == ENVOI_OK ? m.info.name : fault.text);
    registry_free(r);
    return rc == ENVOI_OK ? 0 : 1;
}
