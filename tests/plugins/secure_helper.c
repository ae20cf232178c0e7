/* SPDX-License-Identifier: MIT */
/* Run by test_secure.c, set-uid: prints AT_SECURE, the transport that is chosen, and where its priority comes from. */
#include "fakes.h"
#include "plugin/registry.h"

#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>

int main(int argc, char **argv)
{
    struct registry_dirs dirs = {.user = argc > 1 ? argv[1] : NULL};
    struct envoi_errctx fault = {0};
    struct registry_transport tls;
    struct registry *r;
    int rc;

    if (registry_new(&r) != ENVOI_OK)
        return 2;
    rc = registry_set_dirs(r, &dirs);
    if (rc == ENVOI_OK && !dirs.user)
        rc = registry_use_user_dir(r);
    if (rc == ENVOI_OK)
        rc = registry_add_plugin(r, &fake_tls("alpha")->plugin, "kind: transport\nprovides: tls");
    if (rc == ENVOI_OK)
        rc = registry_add_plugin(r, &fake_tls("beta")->plugin, "kind: transport\nprovides: tls");
    if (rc == ENVOI_OK)
        rc = registry_find_transport(r, NULL, &fault, &tls);
    (void)printf("secure=%d first=%s\n", getauxval(AT_SECURE) != 0, rc == ENVOI_OK ? tls.id : fault.text);
    registry_free(r);
    return rc == ENVOI_OK ? 0 : 1;
}
